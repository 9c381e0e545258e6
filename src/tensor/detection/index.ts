/** `detection`: boxes, average precision, features of regions. */
export {
  type AnchorOptions,
  anchors,
  type Box,
  boxArea,
  boxOffsets,
  clipBox,
  iou,
  moveBox,
  type NmsOptions,
  nms,
} from './boxes.ts';
export {
  type ApMode,
  averagePrecision,
  type Detection,
  type GroundTruth,
  meanAveragePrecision,
  rankDetections,
} from './precision.ts';
export { type Region, type RoiAlignOptions, type RoiOptions, roiAlign, roiPool } from './roi.ts';

/** The pictures that a chart library draws. They are loaded when they are asked for: it takes longer to load than most commands to run. */
export { barsPicture } from './bars.ts';
export {
  ACTIVATION_NAMES,
  activationCurves,
  activationPicture,
  curvesText,
  linesPicture,
  trainingPicture,
  utilisationCurves,
  utilisationPicture,
} from './curves.ts';
export { energyPicture, energyText } from './energyChart.ts';
export { rooflinePicture, rooflineText, roofsOf } from './roofline.ts';
export { type ScatterPoint, scatterPicture } from './scatter.ts';

/** SCALE-Sim's reports of layers on a systolic array. */
export type { ArrayDesign, ArrayLayer } from './arrayFolds.ts';
export { type LayerUse, layerUse, type SparseStorage } from './layerUse.ts';
export { type ScaleSimTable, scaleSimCsv, scaleSimTables } from './reports.ts';
export { scaleSimText } from './scaleSimText.ts';

/** Layer `report`: what a run cost, against what it had to cost; what a network holds. Plain data, text, JSON. */
export type { Advice, AdviceReport, AdviceTotals, Texts, TriedChange } from './advice.ts';
export { adviceCost, adviceCycles, adviceSaving, eachSample } from './adviceText.ts';
export * from './analytic/index.ts';
export { comparisonText, cyclesOfPair, pairLayers, pairName, type Total, totalsOf } from './comparison.ts';
export { type EnergyReport, type EnergySink, type EnergySplit, energyReport } from './energy.ts';
export { type FusionReport, fusionReport, fusionSpeedUp, type Traffic } from './fusion.ts';
export * from './groups.ts';
export type { PageRun } from './html/data.ts';
export { reportDocument } from './html/document.ts';
export { isReportObject, type PageParts, pageRun, reportOfJson } from './html/pageRun.ts';
export { SliceRecorder } from './html/slices.ts';
export * from './json.ts';
export { count, fields, type Printable, real, shape } from './jsonFields.ts';
export * from './layers.ts';
export * from './layerwiseBound.ts';
export { type InstructionLoad, LoadRecorder, type LoadReport, type UnitLoads } from './loads.ts';
export { marketText } from './marketText.ts';
export { reportPage } from './page.ts';
export * from './parallel/index.ts';
export * from './physicalBound.ts';
export { blockDiagram } from './pictures/blockDiagram.ts';
/** Charts, loaded when they are first asked for. */
export const charts = () => import('./pictures/charts.ts');
export * from './analytic/schema.ts';
export type { Curve } from './pictures/curves.ts';
export { type Lifetime, MemoryRecorder, memoryMap, memoryMapText } from './pictures/memoryMap.ts';
export type { RooflinePoint } from './pictures/roofline.ts';
export { curveSchema, lifetimeSchema, rooflinePointSchema, roofsSchema, spanSchema } from './pictures/schema.ts';
export { tileWalkPicture, tileWalkText } from './pictures/tileWalk.ts';
export {
  type TimelineOptions,
  TimelineRecorder,
  type TimelineSpan,
  timeline,
  timelineText,
} from './pictures/timeline.ts';
export { bytesText, errorText, grouped, joulesText, percent } from './quantities.ts';
export * from './runReport.ts';
export {
  energySchema,
  keptSchema,
  loopSchema,
  runReportSchema,
  sparseSchema,
  winogradSchema,
} from './runReportSchema.ts';
export * from './scalesim/index.ts';
export { scaleSimSchema } from './scalesim/schema.ts';
export { CONVENTIONS, type ConventionName, countBy } from './summary/conventions.ts';
export { countingPage } from './summary/countingPage.ts';
export { summarySchema } from './summary/schema.ts';
export * from './summary/summary.ts';
export { type SummaryTextOptions, summaryCsv, summaryMarkdown, summaryText } from './summary/text.ts';
export { type Palette, PLAIN, table } from './table.ts';
export { reportText, type TextOptions } from './text.ts';
export * from './tilings/index.ts';
export { tilingSchema } from './tilings/schema.ts';

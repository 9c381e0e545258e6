/** Layer `report`: what a run cost, against what it had to cost; what a network holds. Plain data, text, JSON. */
export * from './analytic/index.ts';
export { type EnergyReport, type EnergySink, type EnergySplit, energyReport } from './energy.ts';
export { type FusionReport, fusionReport, fusionSpeedUp, type Traffic } from './fusion.ts';
export * from './groups.ts';
export * from './json.ts';
export * from './layers.ts';
export * from './layerwiseBound.ts';
export { type InstructionLoad, LoadRecorder, type LoadReport, type UnitLoads } from './loads.ts';
export { marketText } from './marketText.ts';
export { reportPage } from './page.ts';
export * from './physicalBound.ts';
export { blockDiagram } from './pictures/blockDiagram.ts';
export { type TimelineOptions, TimelineRecorder, type TimelineSpan, timeline } from './pictures/timeline.ts';
export * from './runReport.ts';
export * from './summary.ts';
export { type SummaryTextOptions, summaryText } from './summaryText.ts';
export type { Palette } from './table.ts';
export { reportText, type TextOptions } from './text.ts';

/** Closed formulae over sizes, apart from everything that is run or simulated. */

export { PAPER_ALEXNET } from './alexnet.ts';
export { networkSpeedUp, type SpeedUp, type TimeModel } from './amdahl.ts';
export { fullyConnectedText, fusionText, speedUpText } from './estimatesText.ts';
export { type FullyConnectedSpeedUp, fullyConnectedSpeedUp } from './fullyConnected.ts';
export * from './layers.ts';
export { countLoads, type LoadBalance, type LoadCounts, loadBalance, splitLoad, splitLoads } from './loadBalance.ts';
export { type AnalyticRoofline, analyticRoofline } from './networkRoofline.ts';
export { analyticRooflineText } from './networkRooflineText.ts';
export * from './roofline.ts';
export { SCALAR_TRAFFIC, type ScalarMac } from './scalarMac.ts';
export * from './utilisation.ts';
export { type UtilisationReport, type UtilisationTextOptions, utilisationText } from './utilisationText.ts';
export { MAPPINGS, VECTOR_TRAFFIC, type VectorMac } from './vectorMac.ts';

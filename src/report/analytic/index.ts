/** Closed formulae over sizes, apart from everything that is run or simulated. */
export { PAPER_ALEXNET } from './alexnet.ts';
export * from './layers.ts';
export { countLoads, type LoadBalance, type LoadCounts, loadBalance, splitLoad, splitLoads } from './loadBalance.ts';
export * from './roofline.ts';
export { SCALAR_TRAFFIC, type ScalarMac } from './scalarMac.ts';
export * from './utilisation.ts';
export { type UtilisationReport, type UtilisationTextOptions, utilisationText } from './utilisationText.ts';
export { MAPPINGS, VECTOR_TRAFFIC, type VectorMac } from './vectorMac.ts';

/** Layer `timing`: the cost of every queue entry, host call and transfer in whole cycles; see ARCHITECTURE.md, "Time". */
export * from './actions.ts';
export * from './control.ts';
export * from './decode/index.ts';
export * from './dma.ts';
export * from './dram/index.ts';
export * from './frontEnd.ts';
export * from './host.ts';
export * from './lanes.ts';
export * from './linear.ts';
export * from './link.ts';
export * from './matrix.ts';
export * from './rate.ts';
export * from './record.ts';
export * from './sparse.ts';
export * from './unitStates.ts';
export * from './vector.ts';
export * from './winograd.ts';

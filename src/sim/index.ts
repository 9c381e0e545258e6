/** Layer `sim`: functional model, cycle model, DRAM, hazards, events. */
export { accessesOf, MEMORIES, type Memory, memoryBytes } from './accesses.ts';
export * from './counters.ts';
export * from './cycle.ts';
export { type Breakpoint, Breakpoints, type Hit } from './debugger/breakpoints.ts';
export * from './debugger/views.ts';
export * from './debugger.ts';
export * from './dram.ts';
export * from './entries.ts';
export * from './events.ts';
export * from './functional.ts';
export { createKernels } from './kernels/index.ts';
export * from './run.ts';
export * from './state.ts';
export { type CorePlace, type Topology, topologyOf } from './topology.ts';
export * from './trace.ts';
export { chromeTrace } from './traces/chrome.ts';
export { perfettoTrace } from './traces/perfetto.ts';
export type { Trace } from './traces/timeline.ts';

/** The rules of the advisor, in the order of docs/advice.md: a file for those of one subject, a line for each. */
import type { Rule } from './rule.ts';
import { arrayPreload, operandPorts } from './rules/arrays.ts';
import { scratchpadBanks } from './rules/banks.ts';
import { batch } from './rules/batch.ts';
import { compileOptions } from './rules/compileOptions.ts';
import { controlRate, queueDepth } from './rules/control.ts';
import { fewerCores, moreCores } from './rules/cores.ts';
import { halfPrecision, integerPrecision } from './rules/dataTypes.ts';
import { dramBandwidth } from './rules/dramBandwidth.ts';
import { hostNodes } from './rules/hostNodes.ts';
import { matrixMacs, matrixShape } from './rules/matrixUnit.ts';
import { accumulatorCapacity, nramCapacity, sharedCapacity, wramCapacity } from './rules/scratchpads.ts';
import { spareLanes, spareMemory } from './rules/spare.ts';
import { sparseWeights } from './rules/sparseWeights.ts';
import { transferOverhead, transferQueues } from './rules/transfers.ts';
import { vectorLanes } from './rules/vectorLanes.ts';
import { winogradUnit } from './rules/winogradUnit.ts';

export const adviceRules: readonly Rule[] = [
  // What costs no hardware.
  compileOptions,
  halfPrecision,
  integerPrecision,
  batch,
  fewerCores,
  // Memory.
  dramBandwidth,
  wramCapacity,
  nramCapacity,
  accumulatorCapacity,
  sharedCapacity,
  transferQueues,
  transferOverhead,
  scratchpadBanks,
  // Computation.
  matrixMacs,
  matrixShape,
  arrayPreload,
  operandPorts,
  vectorLanes,
  winogradUnit,
  sparseWeights,
  moreCores,
  // Control and host.
  queueDepth,
  controlRate,
  hostNodes,
  // Hardware that is not needed.
  spareMemory,
  spareLanes,
];

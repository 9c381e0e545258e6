/** The object of `--json` of `run`, `exec` and `sim` (`json.ts`, docs/report.md) as a schema. */
import * as z from 'zod';
import { DATA_TYPES } from '#ir';
import type { GroupBound, HostNode, KeptValue, LoopPlan, MemoryUse, WinogradPlan } from '#isa';
import type { UnitResult } from '#sim';
import type { LoadBalance } from './analytic/loadBalance.ts';
import type { DramReport } from './dramReport.ts';
import { ENERGY_SINKS, type EnergyReport, type EnergySplit } from './energy.ts';
import { count, fields, real, shape } from './jsonFields.ts';
import type { LayerReport, SparseReport } from './layers.ts';
import type { InstructionLoad, LoadReport, UnitLoads } from './loads.ts';
import type { CheckFacts, RunReport } from './runReport.ts';

const readWrite = z.strictObject({ read: count, write: count });
const share = z.number();

export const lanesSchema = z.strictObject({
  ...{ available: count, used: count, pipeline: count, fill: count, drain: count, ragged: count },
});

const hostNode = fields<HostNode>()({
  name: z.string(),
  op: z.string(),
  merged: z.array(z.string()).describe('nodes that the passes had merged into it'),
  reason: z.string(),
  estimate: z.string().nullable().describe('why its cost is an estimate; null where it is known'),
});

export const loopSchema = fields<LoopPlan>()({
  ...{ dim: z.string(), tiles: count, size: count },
  cores: count.optional().describe('cores or clusters to which its tiles are dealt'),
});

export const keptSchema = fields<KeptValue>()({
  ...{ value: z.string(), bytes: count, memory: z.enum(['nram', 'wram', 'shared']), access: z.enum(['read', 'write']) },
});

export const sparseSchema = fields<SparseReport>()({
  form: z.enum(['stream', 'two4', 'bitmap']),
  density: share,
  ...{ weights: count, nonzero: count, bytes: count, bytesSpared: z.number(), macsExecuted: count, macsSkipped: count },
});

export const winogradSchema = fields<WinogradPlan>()({
  tile: z.string(),
  weights: z.enum(['ahead', 'onChip']),
  roundings: count,
  error: real,
  reach: real,
});

const layer = fields<LayerReport>()({
  name: z.string().describe('its main node'),
  op: z.string().describe('operators, with what is fused'),
  nodes: z.array(z.string()),
  where: z.enum(['matrix', 'vector', 'winograd', 'dma', 'host', 'none']),
  onHost: z.array(hostNode),
  shape,
  cycles: count.describe('from the end of all layers before it to its own'),
  macs: count,
  vectorOps: count,
  bytes: readWrite,
  bound: z.enum(['compute', 'memory', 'host', 'none']),
  utilisation: share.nullable(),
  lanes: z.record(z.string(), lanesSchema).describe('by unit'),
  loops: z.array(loopSchema),
  winograd: winogradSchema.nullable(),
  kept: z.array(keptSchema),
  sparse: sparseSchema.nullable(),
});

const causes = z.strictObject({
  ...{ channel: count, dram: count, tail: count, host: count, sync: count, empty: count },
  ...{ dependence: count, bank: count, semaphore: count },
});

const unit = fields<UnitResult>()({
  name: z.string(),
  core: count.optional(),
  busy: count.describe('busy + idle = cycles'),
  idle: count,
  idleBy: causes,
  waits: z.record(z.string(), count).describe('by producer'),
  lanes: lanesSchema.optional(),
  entries: count,
});

const checkOutput = fields<CheckFacts['outputs'][number]>()({
  name: z.string(),
  ok: z.boolean(),
  tolerance: real,
  rounding: z.enum(['float16', 'bfloat16', 'int8']).optional(),
  ...{ maxAbs: real, maxRel: real, wrong: count, elements: count },
});

const check = fields<CheckFacts>()({
  ok: z.boolean(),
  engine: z.enum(['native', 'wasm']),
  ...{ tolerance: real, maxAbs: real, maxRel: real },
  outputs: z.array(checkOutput),
});

const group = fields<GroupBound>()({
  name: z.string(),
  op: z.string(),
  nodes: z.array(z.string()),
  ...{ macs: count, vectorOps: count, bytes: z.number(), cycles: z.number() },
  bound: z.enum(['compute', 'vector', 'memory', 'host']),
});

const split = {
  total: z.number(),
  by: z.strictObject(
    Object.fromEntries(ENERGY_SINKS.map((s) => [s, z.number()])) as Record<(typeof ENERGY_SINKS)[number], z.ZodNumber>,
  ),
};

export const energySchema = fields<EnergyReport>()({
  technologyNanometres: z.number(),
  ...split,
  layers: z.array(fields<EnergyReport['layers'][number]>()({ ...split, name: z.string() })),
  rest: fields<EnergySplit>()(split),
});

const dram = fields<DramReport>()({
  device: z.string(),
  ...{ channels: count, hits: count, misses: count, conflicts: count, cycles: count },
  ...{ readBytes: count, writeBytes: count, refreshes: count, refreshCycles: count },
  hitRate: share.nullable(),
  ...{ peak: z.number(), achieved: z.number(), achievedHeld: z.number() },
});

const balance = {
  ...{ count, mean: real, max: real },
  ...{ maxOverMean: z.number().nullable(), maxOverMin: z.number().nullable() },
};

const loads = fields<LoadReport>()({
  tile: count,
  instructions: z.array(
    fields<InstructionLoad>()({
      ...balance,
      instruction: count,
      text: z.string(),
      unit: z.string(),
      min: real,
      cycles: count,
    }),
  ),
  units: z.array(
    fields<UnitLoads>()({
      unit: z.string(),
      balance: fields<LoadBalance>()(balance),
      split: fields<LoadBalance>()(balance),
    }),
  ),
});

const memory = fields<MemoryUse>()({
  memory: z.string(),
  judged: z.boolean(),
  usedBytes: count.nullable(),
  capacity: count,
});

const value = { name: z.string(), dtype: z.enum(DATA_TYPES), shape };
/** Elements in row-major order; 64-bit integers are strings. */
const data = z.array(z.union([z.number(), z.boolean(), z.string()]));

export const runReportSchema = fields<RunReport>()({
  model: z.string().describe('the network or program, as it was named'),
  machine: z.string(),
  machineFile: z.string().nullable().describe('null for a preset'),
  cores: count,
  parkedCores: count,
  dtype: z.string().nullable(),
  fidelity: z.enum(['timing', 'data']),
  frequency: z.number().describe('Hz'),
  inputs: z.array(z.strictObject({ ...value, source: z.string().nullable() })),
  cycles: count,
  seconds: z.number(),
  macs: count,
  otherOps: count,
  bytes: readWrite,
  instructions: z.strictObject({ program: count, executed: count }),
  bound: z.strictObject({
    physical: z.number(),
    physicalUnit: z.enum(['matrix', 'vector', 'memory', 'host']),
    physicalBy: z.strictObject({ matrix: z.number(), vector: z.number(), memory: z.number(), host: z.number() }),
    layerwise: z.number().nullable(),
    groups: z.array(group),
  }),
  efficiency: z.number().nullable(),
  check: check.nullable(),
  outputs: z.array(z.strictObject({ ...value, data: data.nullable() })),
  layers: z.array(layer),
  rest: count,
  units: z.array(unit),
  memories: z.array(memory).nullable(),
  control: z.record(z.string(), count).describe('cycles of control by what they went to'),
  loads: loads.nullable(),
  dram: dram.nullable(),
  energy: energySchema.nullable(),
  host: z.strictObject({ cycles: count, nodes: z.array(hostNode) }),
  notices: z.array(z.strictObject({ code: z.string(), node: z.string().optional(), message: z.string() })),
});

/**
 * The report of one run: plain numbers and names derived from program, run and model. `text.ts` writes it for people,
 * `json.ts` as the object of `--json`.
 */
import type { Notice } from '#base';
import type { Tensor } from '#ir';
import {
  type GroupBound,
  type HostNode,
  LINEAR_NAMES,
  type MemoryUse,
  memoryUses,
  type Program,
  type TensorSlot,
  timingOnlyAt,
} from '#isa';
import { coresOf, MATRIX_MODES } from '#machine';
import type { ControlCycles, SimulationResult, UnitResult, Work } from '#sim';
import { type DramReport, dramReport } from './dramReport.ts';
import { type EnergyReport, energyReport } from './energy.ts';
import { type LayerReport, layerReports } from './layers.ts';
import type { LoadReport } from './loads.ts';
import { assertAbovePhysicalBound, type BoundUnit, physicalBound } from './physicalBound.ts';

/** The comparison with the host engine, as `flow` makes it. */
export interface CheckFacts {
  readonly ok: boolean;
  /** The engine compared with. */
  readonly engine: 'native' | 'wasm';
  readonly tolerance: number;
  readonly maxAbs: number;
  readonly maxRel: number;
  readonly outputs: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly tolerance: number;
    /** The type whose rounding widens the tolerance. */
    readonly rounding?: 'float16' | 'bfloat16' | 'int8';
    readonly maxAbs: number;
    readonly maxRel: number;
    readonly wrong: number;
    readonly elements: number;
  }[];
}

/** What a run leaves behind. */
export interface RunFacts {
  /** The network, as the user named it. */
  readonly name: string;
  readonly program: Program;
  readonly result: SimulationResult;
  /** The file that the user described the machine in; absent for a preset. */
  readonly machineFile?: string;
  /** Timing only, or with data. */
  readonly fidelity: 'timing' | 'data';
  /** Where the data of each input came from, in words, by input. */
  readonly sources?: ReadonlyMap<string, string>;
  readonly check?: CheckFacts;
  /** What instructions kept their units busy for, if that was recorded. */
  readonly loads?: LoadReport;
  readonly outputs?: ReadonlyMap<string, Tensor>;
  readonly notices?: readonly Notice[];
}

interface ValueReport {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface RunReport {
  readonly model: string;
  readonly machine: string;
  /** null for a preset. */
  readonly machineFile: string | null;
  /** Cores that ran the program: totals hold the work of all, cycles of a unit are those of one. */
  readonly cores: number;
  /** Cores of the machine that the program leaves alone. */
  readonly parkedCores: number;
  /** Types of the multiply-accumulates, float32 where there are none; null where a program has sizes only. */
  readonly dtype: string | null;
  readonly fidelity: 'timing' | 'data';
  /** Hz. */
  readonly frequency: number;
  readonly inputs: readonly (ValueReport & { readonly source: string | null })[];
  readonly cycles: number;
  readonly seconds: number;
  /** Multiply-accumulates that the network needs, on processor and host: the sum of its layers (and of what runs outside of them). */
  readonly macs: number;
  /** Operations of the matrix unit that are not multiply-accumulates. */
  readonly otherOps: number;
  readonly bytes: { readonly read: number; readonly write: number };
  readonly instructions: { readonly program: number; readonly executed: number };
  readonly bound: {
    readonly physical: number;
    readonly physicalUnit: BoundUnit;
    readonly physicalBy: Readonly<Record<BoundUnit, number>>;
    /** null where there was no network (assembly). */
    readonly layerwise: number | null;
    readonly groups: readonly GroupBound[];
  };
  /** Layer-wise bound ÷ cycles; null where there is no bound, or nothing to do. */
  readonly efficiency: number | null;
  readonly check: CheckFacts | null;
  /** `tensor` is null in a run without data. */
  readonly outputs: readonly (ValueReport & { readonly tensor: Tensor | null })[];
  readonly layers: readonly LayerReport[];
  /** Cycles of instructions that belong to no layer: what ends the program, and unnamed parts of hand-written ones. */
  readonly rest: number;
  readonly units: readonly UnitResult[];
  /** Of a program in the textbook's dialect: the memories that it uses, and which of them were judged; else null. */
  readonly memories: readonly MemoryUse[] | null;
  /** Cycles of control by what it spent them on; they add up to `cycles`, of several cores to as many times `cycles`. */
  readonly control: ControlCycles;
  /** null where they were not recorded. */
  readonly loads: LoadReport | null;
  /** null where DRAM has no banks. */
  readonly dram: DramReport | null;
  /** In joules, without the host; null where the machine has no figures. */
  readonly energy: EnergyReport | null;
  readonly host: { readonly cycles: number; readonly nodes: readonly HostNode[] };
  readonly notices: readonly Notice[];
}

/** Of a program in the textbook's dialect. */
function notJudged(memories: readonly MemoryUse[]): readonly Notice[] {
  const unknown = memories.filter((m) => !m.judged).map((m) => LINEAR_NAMES[m.memory]);
  if (unknown.length === 0) return [];
  const all = unknown.length === memories.length;
  const notice: Notice = {
    code: 'SYS-REPORT-004',
    en: all
      ? 'the program says how much is moved, not where: whether buffers are large enough, and ready when they are used, was not ' +
        'judged. Addresses in brackets, as in NRAM[0], let it be judged.'
      : `the program does not say where all operands in ${unknown.join(', ')} lie: whether buffers there are large enough, and ready ` +
        'when they are used, was not judged.',
    zh: all
      ? '程序只说明传输多少，而未说明位置：未判断缓冲区是否足够大，以及使用时是否就绪。用方括号写出地址（如 NRAM[0]）即可检查。'
      : `程序未说明 ${unknown.join('、')} 中全部操作数的位置：未判断其中缓冲区是否足够大，以及使用时是否就绪。`,
  };
  return [notice];
}

/** @throws SYS-REPORT-001 where the run was faster than physics */
export function runReport(facts: RunFacts): RunReport {
  const { program, result } = facts;
  const { machine, layerwise } = program;
  assertAbovePhysicalBound(program, result);
  const physical = physicalBound(program, result);
  const layers = layerReports(program, result);
  const memories = timingOnlyAt(program) === undefined ? null : memoryUses(program);
  return {
    model: facts.name,
    machine: machine.name,
    machineFile: facts.machineFile ?? null,
    cores: program.cores ?? coresOf(machine),
    parkedCores: program.cores === undefined ? 0 : coresOf(machine) - program.cores,
    dtype: memories === null ? typesText(result.total, program) : null,
    fidelity: facts.fidelity,
    frequency: machine.frequency,
    inputs: program.inputs.map((slot) => ({ ...slotValue(slot), source: facts.sources?.get(slot.name) ?? null })),
    cycles: result.cycles,
    seconds: result.cycles / machine.frequency,
    macs: layers.reduce((n, layer) => n + layer.macs, result.rest.macs),
    otherOps: result.total.otherOps,
    bytes: { read: result.total.readBytes, write: result.total.writeBytes },
    instructions: { program: program.words.length, executed: result.dynamicInstructions },
    bound: {
      physical: physical.cycles,
      physicalUnit: physical.unit,
      physicalBy: physical.by,
      layerwise: layerwise?.cycles ?? null,
      groups: layerwise?.groups ?? [],
    },
    efficiency: !layerwise?.cycles || result.cycles === 0 ? null : layerwise.cycles / result.cycles,
    check: facts.check ?? null,
    outputs: program.outputs.map((slot) => ({ ...slotValue(slot), tensor: facts.outputs?.get(slot.name) ?? null })),
    layers,
    rest: result.rest.cycles,
    units: result.units,
    memories,
    control: result.control,
    loads: facts.loads ?? null,
    dram: dramReport(machine, result),
    energy: energyReport(program, result),
    host: { cycles: result.total.hostCycles, nodes: program.layers.flatMap((layer) => layer.onHost ?? []) },
    notices: [...notJudged(memories ?? []), ...(facts.notices ?? [])],
  };
}

const TYPE_NAMES = { f16: 'float16', bf16: 'bfloat16', i8: 'int8', i16: 'int16' } as const;

/** Types of what was multiplied; where nothing was, of the floats that go in and out, or of all that does; null where nothing does. */
function typesText(work: Work, { inputs, outputs }: Program): string | null {
  if (work.macs === 0) {
    const types = [...new Set([...inputs, ...outputs].map((slot) => slot.dtype))];
    const floats = types.filter((dtype) => /float|double/.test(dtype));
    return types.length === 0 ? null : (floats.length > 0 ? floats : types).join(', ');
  }
  const others = MATRIX_MODES.filter((mode) => work[`${mode}Macs`] > 0);
  const isF32 = others.reduce((rest, mode) => rest - work[`${mode}Macs`], work.macs) > 0 || others.length === 0;
  return [...(isF32 ? ['float32'] : []), ...others.map((mode) => TYPE_NAMES[mode])].join(', ');
}

const slotValue = ({ name, dtype, dims }: TensorSlot): ValueReport => ({ name, dtype, shape: dims });

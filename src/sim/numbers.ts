/**
 * The numbers of a run: contents of DRAM, SharedRAM, scratchpads and accumulators, and what moves and computes them. A run that counts
 * time only has none. Data goes in and out as dense row-major bytes of tensors in DRAM.
 */
import { diagnostic, type Place } from '#base';
import type { Program, TensorSlot } from '#isa';
import { SIZE } from '#timing';
import type { Memory } from './accesses.ts';
import { DramMemory, type DramState } from './dram.ts';
import type { DataEntry, Kernels } from './entries.ts';
import { createKernels } from './kernels/index.ts';
import { SharedMemory } from './sharedMemory.ts';
import { readSlot, writeSlot } from './slots.ts';
import { malformedStream, overfullFilter } from './sparseFaults.ts';
import type { Topology } from './topology.ts';

const unknownTensor = diagnostic<{ name: string; kind: 'input' | 'output'; known: readonly string[] }>(
  'SYS-SIM-006',
  'usage',
  {
    en: (p) => `the program has no ${p.kind} '${p.name}': its ${p.kind}s are ${p.known.join(', ') || '(none)'}.`,
    zh: (p) =>
      `程序没有名为“${p.name}”的${p.kind === 'input' ? '输入' : '输出'}：可用的有 ${p.known.join('、') || '（无）'}。`,
  },
);
const missingInput = diagnostic<{ name: string }>('SYS-SIM-007', 'usage', {
  en: (p) => `input '${p.name}' was not given: write it before the run.`,
  zh: (p) => `未给出输入“${p.name}”：请在运行前写入。`,
});

const noData = diagnostic<{ name: string }>('SYS-SIM-008', 'usage', {
  en: (p) => `tensor '${p.name}' has no values: the simulation counts time only. Create it with data.`,
  zh: (p) => `张量“${p.name}”没有数值：该仿真只计时间。请以带数据方式创建。`,
});

/** A memory on chip written out, in pieces of PIECE_BYTES, so that what did not change is held once. */
type PadState = readonly Uint8Array[];
const PIECE_BYTES = 2 ** 14;

const PADS = ['nram', 'wram', 'aram'] as const;
type Pads<T> = Readonly<Record<(typeof PADS)[number], T>>;

/** The numbers written out: plain data. */
export interface NumbersState {
  readonly dram: DramState;
  /** By cluster. */
  readonly shared: readonly PadState[];
  /** By core. */
  readonly pads: readonly Pads<PadState>[];
  /** Inputs that have not been written yet. */
  readonly missing: readonly string[];
}

export class Numbers {
  readonly dram: DramMemory;
  /** By cluster. */
  readonly shared: readonly SharedMemory[];
  /** By core. */
  readonly kernels: readonly Kernels[];
  readonly #topology: Topology;
  readonly #pads: readonly Pads<Uint8Array>[];
  #missing: Set<string>;

  constructor(program: Program, topology: Topology) {
    const { machine } = program;
    const sharedBytes = machine.cluster?.sharedRam.bytes ?? 0;
    this.#topology = topology;
    this.dram = new DramMemory(program.constants);
    this.shared = Array.from({ length: topology.clusters }, () => new SharedMemory(sharedBytes));
    this.kernels = topology.places.map(({ cluster }) => createKernels(machine, this.shared[cluster]!.bytes));
    this.#missing = new Set(program.inputs.map((slot) => slot.name));
    this.#pads = this.kernels.map(({ nram, wram, aram }) => ({ nram, wram, aram }));
  }

  /** A memory as a core has it. */
  bytesOf(memory: Exclude<Memory, 'dram'>, core: number): Uint8Array {
    return memory === 'shared' ? this.shared[this.#topology.places[core]!.cluster]!.bytes : this.#pads[core]![memory];
  }

  writeInput(slot: TensorSlot, bytes: Uint8Array): void {
    this.write(slot, bytes);
    this.#missing.delete(slot.name);
  }

  /** @throws SYS-SIM-007 an input that was not written */
  checkInputs(): void {
    for (const name of this.#missing) throw missingInput({ name });
  }

  read(slot: TensorSlot): Uint8Array {
    return readSlot(this.dram, slot);
  }

  write(slot: TensorSlot, bytes: Uint8Array): void {
    writeSlot(this.dram, slot, bytes);
  }

  /**
   * What an entry of a core does to them.
   * @throws SYS-SIM-170 and -171 data that is not what the instruction says of it
   */
  apply(entry: DataEntry, core: number, place: () => Place): void {
    const kernels = this.kernels[core]!;
    switch (entry.kind) {
      case 'load':
        kernels.load(entry, this.dram);
        break;
      case 'store':
        kernels.store(entry, this.dram);
        break;
      case 'get':
        kernels.load(entry, this.#sharedOf(core));
        break;
      case 'put':
        kernels.store(entry, this.#sharedOf(core));
        break;
      case 'mma':
        kernels.mma(entry);
        break;
      case 'vec':
        kernels.vec(entry);
        break;
      case 'winograd':
        kernels.winograd(entry);
        break;
      case 'loadSparse': {
        const fault = kernels.loadSparse(entry, this.dram);
        if (fault !== undefined) throw malformedStream(entry, fault, place());
        break;
      }
      case 'mmaSparse': {
        const overfull = kernels.mmaSparse(entry);
        if (overfull !== undefined) throw overfullFilter({ ...overfull, rows: entry.pixels[16 + SIZE]! }, place());
        break;
      }
    }
  }

  #sharedOf(core: number): SharedMemory {
    return this.shared[this.#topology.places[core]!.cluster]!;
  }

  /** @param before an earlier one, with which it shares what is equal */
  save(before: NumbersState | undefined): NumbersState {
    return {
      dram: this.dram.save(),
      shared: this.shared.map(({ bytes }, k) => savePad(bytes, before?.shared[k])),
      pads: this.#pads.map((pads, core) => ({
        nram: savePad(pads.nram, before?.pads[core]?.nram),
        wram: savePad(pads.wram, before?.pads[core]?.wram),
        aram: savePad(pads.aram, before?.pads[core]?.aram),
      })),
      missing: [...this.#missing],
    };
  }

  restore(state: NumbersState): void {
    this.dram.restore(state.dram);
    state.shared.forEach((pieces, k) => {
      restorePad(this.shared[k]!.bytes, pieces);
    });
    state.pads.forEach((pads, core) => {
      for (const pad of PADS) restorePad(this.#pads[core]![pad], pads[pad]);
    });
    this.#missing = new Set(state.missing);
  }
}

/** @throws SYS-SIM-008 where only time is counted */
export function numbersFor({ name }: TensorSlot, numbers: Numbers | undefined): Numbers {
  if (numbers === undefined) throw noData({ name });
  return numbers;
}

/** @throws SYS-SIM-006 */
export function findSlot(program: Program, kind: 'input' | 'output', name: string): TensorSlot {
  const slots = kind === 'input' ? program.inputs : program.outputs;
  const slot = slots.find((s) => s.name === name);
  if (slot === undefined) throw unknownTensor({ name, kind, known: slots.map((s) => s.name) });
  return slot;
}

function savePad(bytes: Uint8Array, before: PadState | undefined): PadState {
  return Array.from({ length: Math.ceil(bytes.length / PIECE_BYTES) }, (_, i) => {
    const piece = bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES);
    const old = before?.[i];
    return old !== undefined && equal(old, piece) ? old : piece.slice();
  });
}

function restorePad(bytes: Uint8Array, pieces: PadState): void {
  pieces.forEach((piece, i) => {
    bytes.set(piece, i * PIECE_BYTES);
  });
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

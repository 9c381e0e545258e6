/**
 * The numbers of a run: contents of DRAM, scratchpads and accumulators, and what moves and computes them. A run that counts
 * time only has none. Data goes in and out as dense row-major bytes of tensors in DRAM.
 */
import { diagnostic, type Place } from '#base';
import type { Program, TensorSlot } from '#isa';
import { SIZE } from '#timing';
import { DramMemory, type DramState } from './dram.ts';
import type { DataEntry, Kernels } from './entries.ts';
import { createKernels } from './kernels/index.ts';
import { readSlot, writeSlot } from './slots.ts';
import { malformedStream, overfullFilter } from './sparseFaults.ts';

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

/** A scratchpad written out, in pieces of PIECE_BYTES, so that what did not change is held once. */
type PadState = readonly Uint8Array[];
const PIECE_BYTES = 2 ** 14;

/** The numbers written out: plain data. */
export interface NumbersState {
  readonly dram: DramState;
  readonly nram: PadState;
  readonly wram: PadState;
  readonly aram: PadState;
  /** Inputs that have not been written yet. */
  readonly missing: readonly string[];
}

const PADS = ['nram', 'wram', 'aram'] as const;

export class Numbers {
  readonly dram: DramMemory;
  readonly kernels: Kernels;
  readonly #pads: Readonly<Record<(typeof PADS)[number], Uint8Array>>;
  #missing: Set<string>;

  constructor(program: Program) {
    this.kernels = createKernels(program.machine);
    this.dram = new DramMemory(program.constants);
    this.#missing = new Set(program.inputs.map((slot) => slot.name));
    const { nram, wram, aram } = this.kernels;
    this.#pads = { nram, wram, aram };
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
   * What an entry does to them.
   * @throws SYS-SIM-170 and -171 data that is not what the instruction says of it
   */
  apply(entry: DataEntry, place: () => Place): void {
    switch (entry.kind) {
      case 'load':
        this.kernels.load(entry, this.dram);
        break;
      case 'store':
        this.kernels.store(entry, this.dram);
        break;
      case 'mma':
        this.kernels.mma(entry);
        break;
      case 'vec':
        this.kernels.vec(entry);
        break;
      case 'winograd':
        this.kernels.winograd(entry);
        break;
      case 'loadSparse': {
        const fault = this.kernels.loadSparse(entry, this.dram);
        if (fault !== undefined) throw malformedStream(entry, fault, place());
        break;
      }
      case 'mmaSparse': {
        const overfull = this.kernels.mmaSparse(entry);
        if (overfull !== undefined) throw overfullFilter({ ...overfull, rows: entry.pixels[16 + SIZE]! }, place());
        break;
      }
    }
  }

  /** @param before an earlier one, with which it shares what is equal */
  save(before: NumbersState | undefined): NumbersState {
    const { nram, wram, aram } = this.#pads;
    return {
      dram: this.dram.save(),
      nram: savePad(nram, before?.nram),
      wram: savePad(wram, before?.wram),
      aram: savePad(aram, before?.aram),
      missing: [...this.#missing],
    };
  }

  restore(state: NumbersState): void {
    this.dram.restore(state.dram);
    for (const pad of PADS) {
      state[pad].forEach((piece, i) => {
        this.#pads[pad].set(piece, i * PIECE_BYTES);
      });
    }
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

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

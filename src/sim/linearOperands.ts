/**
 * Operands of `dma.linear` and `mac.linear` where the program says where they lie: their accesses, which the detector judges, and
 * their addresses, which follow from how often the instruction has been executed. Of a memory that is not told of in full nothing
 * is judged, so its operands are left out here.
 */
import { type LinearOperand, memoryUses, type Program } from '#isa';
import { Access } from './accesses.ts';
import { RegionBuilder } from './region.ts';

export class LinearOperands {
  readonly #operands: ReadonlyMap<number, readonly LinearOperand[]>;
  #executions = new Map<number, number>();

  constructor(program: Program) {
    const { operands = [] } = program;
    const judged = new Set(
      operands.length === 0 ? [] : memoryUses(program).flatMap((m) => (m.judged ? [m.memory] : [])),
    );
    this.#operands = Map.groupBy(
      operands.filter((o) => judged.has(o.memory)),
      (o) => o.instruction,
    );
  }

  /** Whether the program says where anything lies. */
  get any(): boolean {
    return this.#operands.size > 0;
  }

  accesses(pc: number): readonly Access[] {
    return (this.#operands.get(pc) ?? [])
      .toSorted((x, y) => rank(x) - rank(y))
      .map(({ memory, mode, bytes }, i) => {
        const region = new RegionBuilder().region(bytes);
        return new Access(memory, mode, String(i + 1), i, [region], 1);
      });
  }

  /** Addresses of the next execution, in the order of the accesses; counts it. */
  next(pc: number): readonly number[] | undefined {
    const operands = this.#operands.get(pc);
    if (operands === undefined) return undefined;
    const k = this.#executions.get(pc) ?? 0;
    this.#executions.set(pc, k + 1);
    return operands
      .toSorted((x, y) => rank(x) - rank(y))
      .map(({ addresses, step }) => addresses[k % addresses.length]! + step * Math.floor(k / addresses.length));
  }

  /** How often each instruction has been executed. */
  save(): readonly (readonly [number, number])[] {
    return [...this.#executions];
  }

  restore(executions: readonly (readonly [number, number])[]): void {
    this.#executions = new Map(executions);
  }
}

/** Reads stand before writes, as the detector wants them. */
const rank = (o: LinearOperand): number => (o.mode === 'read' ? 0 : 1);

/** What of DRAM is filled before the run. A program in the textbook's dialect has no constants: it finds there what it moves. */
export const filledBefore = ({ operands, constants, dramBytes }: Program): Program['constants'] =>
  operands === undefined ? constants : [{ name: 'DRAM', address: 0, bytes: dramBytes, data: () => new Uint8Array(0) }];

/**
 * What can be judged of a program in the textbook's dialect: a memory whose every operand has its place. Where one has none, what it
 * overwrites and whether it had been written is not known, so nothing is said of that memory.
 */
import { decode } from '../encode.ts';
import { LINEAR_SPACES, type LinearSpace } from '../fields.ts';
import { dmaLinear, macLinear } from '../instructions/linear.ts';
import { loopi } from '../instructions/loop.ts';
import type { LinearOperand, Program } from '../program.ts';
import { capacityOf, reachOf } from './operands.ts';

/** A memory that the program uses. */
export interface MemoryUse {
  readonly memory: LinearSpace;
  /** Whether races, and reads of what nobody wrote, are looked for in it. */
  readonly judged: boolean;
  /** Bytes from the first to the last that operands take, counted once; null where it is not judged. */
  readonly usedBytes: number | null;
  /** Of the machine. */
  readonly capacity: number;
}

/** Memories of a program of `dma.linear` and `mac.linear`, in the order of their codes. */
export function memoryUses({ words, operands = [], machine }: Program): readonly MemoryUse[] {
  const used = new Set<LinearSpace>();
  const unknown = new Set<LinearSpace>();
  const placed = Map.groupBy(operands, (o) => o.instruction);
  words.forEach((word, instruction) => {
    const opcode = Number(word >> 56n);
    const own = placed.get(instruction) ?? [];
    if (opcode === dmaLinear.opcode) {
      const { fields } = decode(word);
      for (const space of [LINEAR_SPACES[fields.from!]!, LINEAR_SPACES[fields.to!]!]) {
        used.add(space);
        if (!own.some((o) => o.memory === space)) unknown.add(space);
      }
    } else if (opcode === macLinear.opcode) {
      for (const { memory } of own) used.add(memory);
      if (own.length === 0) for (const space of ['nram', 'wram'] as const) unknown.add(space);
    }
  });
  const executions = executionsOf(words);
  return LINEAR_SPACES.filter((space) => used.has(space)).map((memory) => {
    const judged = !unknown.has(memory);
    const own = operands.filter((o) => o.memory === memory);
    return {
      memory,
      judged,
      usedBytes: judged ? unionOf(own, executions) : null,
      capacity: capacityOf(machine, memory),
    };
  });
}

/** How often each instruction of nested `loopi` is executed. */
function executionsOf(words: BigUint64Array): readonly number[] {
  const times = new Array<number>(words.length).fill(1);
  words.forEach((word, at) => {
    if (Number(word >> 56n) !== loopi.opcode) return;
    const { count, target } = decode(word).fields;
    for (let i = at + 1; i < Math.min(words.length, at + target!); i++) times[i]! *= count!;
  });
  return times;
}

/** Bytes that at least one operand reaches. */
function unionOf(operands: readonly LinearOperand[], executions: readonly number[]): number {
  const reaches = operands
    .flatMap((o) =>
      o.addresses.map((address, i) => {
        const times = Math.ceil((executions[o.instruction]! - i) / o.addresses.length);
        return times > 0 ? reachOf({ ...o, addresses: [address] }, times) : { from: 0, to: 0 };
      }),
    )
    .sort((x, y) => x.from - y.from);
  let end = 0;
  let bytes = 0;
  for (const { from, to } of reaches) {
    bytes += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return bytes;
}

/** Assembled programs for the vector unit over tensors: bytes in, bytes out, from both models, which must agree. */
import { expect } from 'vitest';
import { assembleProgram, ELEMENT_BYTES, type ElementType } from '#isa';
import type { Machine } from '#machine';
import { createSimulation, runFunctional } from '#sim';

/** A tensor in NRAM: its name is the register that holds its address. */
export interface Operand {
  readonly register: string;
  readonly type: ElementType;
  readonly bytes: Uint8Array;
}

export interface VectorRun {
  readonly bytes: Uint8Array;
  readonly cycles: number;
  /** Cycles that the vector unit was busy. */
  readonly busy: number;
}

/** Each operand has so many bytes of NRAM and DRAM for itself. */
const ROOM = 32768;

/**
 * Loads the operands to NRAM, runs `body`, and reads `count` elements from where r1 points to, which lies behind the operands.
 * @param body `r0` 0, `r1` the result, and the operands' registers
 */
export async function runVector(
  machine: Machine,
  operands: readonly Operand[],
  result: { readonly type: ElementType; readonly count: number },
  body: string,
): Promise<VectorRun> {
  const at = (i: number): number => i * ROOM;
  const loads = operands.map(({ register, type, bytes }, i) => {
    const size = ELEMENT_BYTES[type];
    return `cfg.dimi R30, 0, ${bytes.length / size}, ${size}
      li ${register}, ${at(i)}
      load nram, ${register}, ${register}, R30, R30, ${type}`;
  });
  const out = at(operands.length);
  const size = ELEMENT_BYTES[result.type];
  const text = `.dram ${out + ROOM}
    .output y, ${out}, ${result.type}[${result.count}]
    ${loads.join('\n')}
    li r1, ${out}
    sync
    ${body}
    sync
    cfg.dimi R30, 0, ${result.count}, ${size}
    li r1, ${out}
    store nram, r1, r1, R30, R30, ${result.type}
    halt`;
  const constants = operands.map(({ register, bytes }, i) => ({
    name: register,
    address: at(i),
    bytes: bytes.length,
    data: () => bytes,
  }));
  const program = { ...assembleProgram(text, { file: 'vector.s', machine }), constants };
  const simulation = createSimulation(program, { data: true });
  const state = simulation.run();
  if (state.state !== 'done') throw new Error('no host here');
  const bytes = simulation.readOutput('y');
  const functional = (await runFunctional(program)).outputs.get('y')!;
  expect(numbers(result.type, bytes), 'both models').toEqual(numbers(result.type, functional));
  const { busy } = state.result.units.find((u) => u.name === 'vector')!;
  return { bytes, cycles: state.result.cycles, busy };
}

/** Elements for comparison: floats of 16 bits as their bits, all NaNs alike. */
export function numbers(type: ElementType, bytes: Uint8Array): ArrayLike<number> {
  const { buffer } = bytes.slice();
  switch (type) {
    case 'f32':
      return new Float32Array(buffer);
    case 'f16':
    case 'bf16': {
      const infinity = type === 'f16' ? 0x7c00 : 0x7f80;
      return new Uint16Array(buffer).map((bits) => ((bits & 0x7fff) > infinity ? infinity + 1 : bits));
    }
    case 'i8':
      return new Int8Array(buffer);
    case 'u8':
      return bytes.slice();
    case 'i16':
      return new Int16Array(buffer);
    case 'i32':
      return new Int32Array(buffer);
    case 'i64':
      throw new Error('nothing computes i64');
  }
}

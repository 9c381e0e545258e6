/**
 * Programs for `vec`: every function with every type that it is defined for, every mode of B, accumulation, reduction and flag,
 * BATCH of them in each. They stand between what `instructions.test.ts` writes around them: NRAM holds 16 f32 from 0, R1 is eight
 * words, r1 = 7, r2 = −3. Each leaves eight words behind those of the one before, from where r5 points to in the end.
 */
import { ACCUMULATIONS, BINARY_FUNCTIONS, SELECTING_FUNCTIONS, scalarIsFloat, type VectorFunction } from '#isa';
import { bytesOf, functionsOf, mayISaturate, type Types, written } from './vectorTypes.ts';

const BATCH = 64;
/** Words that a batch leaves. */
export const VECTOR_WORDS = 8 * BATCH;
const FIRST = 128;

/** What stands before each: operands of any type, f32 as C, of which a narrower result leaves some bytes. */
function around(name: VectorFunction, { type }: Types, mode: string, cStride: number): string {
  // Of narrow types the upper halves, in which the bits of f32 differ.
  const first = bytesOf(type) < 4 ? 2 : 0;
  const scalar = scalarIsFloat(name, type) ? '0.5f' : '-3';
  const second = name === 'quant' || name === 'dequant' ? 4 : 4 + first;
  return `cfg.dimi R4, 0, 8, 4
    cfg.dimi R6, 0, 8, ${cStride}
    cfg.zero r1
    addi r5, r5, 32
    li r7, ${first}
    li r6, ${mode === 'scalar' ? scalar : second}
    load nram, r5, r0, R1, R1, f32
    sync
    vec.${name} r5, r7, r6, R4, R4, R6, `;
}

const everywhere = functionsOf().flatMap(({ name, types }) =>
  types.flatMap((t) =>
    (BINARY_FUNCTIONS.has(name) ? ['record', 'scalar'] : ['']).flatMap((mode) =>
      (mayISaturate(t) ? ['', 'sat'] : ['']).map(
        (sat) => around(name, t, mode, bytesOf(t.result)) + written(t, mode, sat),
      ),
    ),
  ),
);

/** Accumulating and reducing, where that is not what `select` does. */
const accumulating = functionsOf(({ type, result }) => type !== 'bf16' && result !== 'u8')
  .filter(({ name }) => ['mov', 'mul', 'quant', 'dequant'].includes(name))
  .flatMap(({ name, types }) =>
    types.flatMap((t, i) =>
      ACCUMULATIONS.slice(1).flatMap((op) =>
        [bytesOf(t.result), 0].flatMap((cStride) =>
          ['', 'init'].map((init) => {
            const mode = BINARY_FUNCTIONS.has(name) ? 'record' : '';
            const sat = mayISaturate(t) && i % 2 === 0 ? 'sat' : '';
            return around(name, t, mode, cStride) + written(t, mode, op, init, sat);
          }),
        ),
      ),
    ),
  );

/** All results for one element: the last that is chosen stays. */
const selecting = functionsOf()
  .filter(({ name }) => SELECTING_FUNCTIONS.has(name))
  .flatMap(({ name, types }) => types.map((t) => around(name, t, 'record', 0) + written(t, 'record')));

const all = [...everywhere, ...accumulating, ...selecting];

/** The last batch begins again with the first, so that every one is full. */
const batch = (i: number): string[] => Array.from({ length: BATCH }, (_, k) => all[(i * BATCH + k) % all.length]!);

export const VECTOR_BODIES: readonly string[] = Array.from({ length: Math.ceil(all.length / BATCH) }, (_, i) =>
  [`li r5, ${FIRST - 32}`, ...batch(i), `li r5, ${FIRST}`].join('\n'),
);

/**
 * What a matrix unit is for each type of operands. The figures at the top of `matrix` are those of f32; `matrix.types` gives
 * the geometry of every other type that the unit computes. i8 stands for u8, too: operands of 8 bits are 9-bit signed inside.
 *
 *   operands    accumulators                        bytes of one
 *   f32         f32                                 4
 *   f16, bf16   f32                                 4
 *   i8, u8      i32, wrap-around                    4
 *   i16         i64, wrap-around                    8
 */
import { internalError } from '#base';
import type { Machine } from './schema.ts';

export type MatrixUnit = Machine['matrix'];
export type SystolicUnit = Extract<MatrixUnit, { readonly kind: 'systolic' }>;
export type ScalarUnit = Extract<MatrixUnit, { readonly kind: 'scalar' }>;

/** Types of operands that a matrix unit may compute. */
export const MATRIX_TYPES = ['f32', 'f16', 'bf16', 'i8', 'u8', 'i16'] as const;
export type MatrixType = (typeof MATRIX_TYPES)[number];
/** What `matrix.types` lists, beside f32 which every unit computes. */
export const MATRIX_MODES = ['f16', 'bf16', 'i8', 'i16'] as const;
export type MatrixMode = 'f32' | (typeof MATRIX_MODES)[number];

/** The mode in which a type is computed. */
export const modeOf = (type: MatrixType): MatrixMode => (type === 'u8' ? 'i8' : type);

/** Modes of a unit, f32 first. */
export const modesOf = (m: MatrixUnit): readonly MatrixMode[] => [
  'f32',
  ...MATRIX_MODES.filter((mode) => m.types?.[mode] !== undefined),
];

/** Types of operands that a unit computes. */
export const typesOf = (m: MatrixUnit): readonly MatrixType[] =>
  MATRIX_TYPES.filter((type) => modesOf(m).includes(modeOf(type)));

/** Units as they compute each mode, by the unit that has them all. */
const units = new WeakMap<MatrixUnit, Map<MatrixMode, MatrixUnit>>();

/** The unit with the geometry that it has for a type, which it must compute. */
export function unitFor(m: MatrixUnit, type: MatrixType = 'f32'): MatrixUnit {
  const mode = modeOf(type);
  if (mode === 'f32') return m;
  const made = units.get(m)?.get(mode);
  if (made !== undefined) return made;
  const geometry = m.types?.[mode];
  if (geometry === undefined) throw internalError({ what: `the geometry for ${type} of a matrix unit that has none` });
  // The geometry of a kind's modes has the keys of that kind; the union alone does not know that.
  const unit = { ...m, ...geometry, types: undefined } as unknown as MatrixUnit;
  units.set(m, new Map([...(units.get(m) ?? []), [mode, unit]]));
  return unit;
}

/** Filters of a group, whose weights lie side by side and whose sums make one accumulator entry. */
export function filtersOf(m: MatrixUnit, type: MatrixType = 'f32'): number {
  const unit = unitFor(m, type);
  if (unit.kind === 'dot') return unit.tn;
  return unit.kind === 'systolic' ? unit.columns : 1;
}

/** Whether a chunk of a reduction may cross the end of its innermost run. */
export const packingOf = (m: MatrixUnit): 'run' | 'flat' => (m.kind === 'scalar' ? 'flat' : m.lanePacking);

/** Reduction elements of one chunk: what is summed before it meets the accumulator. */
export function lanesOf(m: MatrixUnit, type: MatrixType = 'f32'): number {
  const unit = unitFor(m, type);
  if (unit.kind === 'dot') return unit.ti;
  return unit.kind === 'scalar' || unit.dataflow === 'output-stationary' ? 1 : unit.rows;
}

/** Bytes of one accumulator. */
export const accumulatorWidth = (type: MatrixType = 'f32'): number => (type === 'i16' ? 8 : 4);

/** Bytes of an accumulator entry: one accumulator for each filter of a group. */
export const entryBytes = (m: MatrixUnit, type: MatrixType = 'f32'): number =>
  accumulatorWidth(type) * filtersOf(m, type);

/** Whole accumulator entries that the unit holds. */
export const accumulatorEntries = (m: MatrixUnit, type: MatrixType = 'f32'): number =>
  Math.floor(m.accumulatorBytes / entryBytes(m, type));

/** Bytes of the accumulators that entries of any type reach. */
export const aramBytes = (m: MatrixUnit): number =>
  Math.max(...modesOf(m).map((mode) => accumulatorEntries(m, mode) * entryBytes(m, mode)));

/** Multiply-accumulates a cycle of one core at best. */
export function macsPerCycle(m: MatrixUnit, type: MatrixType = 'f32'): number {
  const unit = unitFor(m, type);
  return unit.kind === 'dot' ? unit.tn * unit.ti : unit.rows * unit.columns;
}

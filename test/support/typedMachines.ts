/** Machines that compute more than f32: each type with a geometry and a number of lanes of its own, some types left out. */
import { Random } from '#base';
import { capacityErrors, type Machine, machineSchema } from '#machine';

const MATRIX = ['f16', 'bf16', 'i8'] as const;
const VECTOR = ['f16', 'bf16', 'i8', 'u8', 'i16', 'i32'] as const;

/**
 * A machine with types beside f32, drawn by a seed.
 * @param all whether none is left out
 */
export function withTypes(machine: Machine, seed: number, all = true): Machine {
  const r = new Random(seed);
  const { matrix, vector } = machine;
  const size = (of: number): number => Math.max(1, r.pick([of, of, 2 * of, Math.ceil(of / 2), of + 1]));
  const kept = <T>(types: readonly T[]): readonly T[] => types.filter(() => all || r.integer(0, 3) > 0);
  const geometry = (): object =>
    matrix.kind === 'dot'
      ? { tn: size(matrix.tn), ti: 2 ** r.integer(0, 4) }
      : { rows: matrix.kind === 'systolic' ? 2 ** r.integer(0, 4) : size(matrix.rows), columns: size(matrix.columns) };
  const modes = kept(MATRIX);
  // What a multiply-accumulate of other types takes nobody asks here.
  const { energy: _, ...rest } = machine;
  const typed = {
    ...rest,
    name: `${machine.name}-types-${seed}`,
    matrix: { ...matrix, types: Object.fromEntries(modes.map((m) => [m, geometry()])) },
    vector: {
      ...vector,
      types: Object.fromEntries(kept(VECTOR).map((t) => [t, { lanes: vector.lanes * r.pick([1, 1, 2, 4]) }])),
    },
  };
  const parsed = machineSchema.parse(typed);
  const [error] = capacityErrors(parsed, () => ({}));
  // Where scratchpads do not hold what a wider unit takes at once they are made larger.
  return error === undefined
    ? parsed
    : withTypes(
        {
          ...machine,
          nram: { ...machine.nram, bytes: 2 * machine.nram.bytes },
          wram: { ...machine.wram, bytes: 2 * machine.wram.bytes },
          matrix: { ...matrix, accumulatorBytes: 2 * matrix.accumulatorBytes },
        },
        seed,
        all,
      );
}

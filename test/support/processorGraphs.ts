/**
 * Random small graphs of the operators that run on the processor, now and then with a node between that must go to the
 * host. A graph follows from its seed alone. Values stay of the order of 1, and functions with poles are fed away from
 * them, so that an error of the compiler is not mistaken for rounding, nor rounding for one.
 */
import type { DataType, Model, Tensor } from '#ir';
import { expandedRules } from './expandedRules.ts';
import { GraphBuilder } from './graphBuilder.ts';
import { matrixRules } from './matrixRules.ts';
import { movementRules } from './movementRules.ts';
import { vectorRules } from './vectorRules.ts';

const OPSETS = [9, 11, 13, 18, 21, 23];
/** Elements of any value, times the scale. */
const MOST_ELEMENTS = 6000;

/** Values are of the order of 1, so this much is f32 rounding in sums that cancel. */
export const ROUNDING = 2e-6;

const OTHER_TYPES: readonly DataType[] = ['int64', 'int32', 'bool', 'uint8', 'float64', 'float16'];
const RULES = Object.values({ ...matrixRules, ...vectorRules, ...movementRules, ...expandedRules });

/** Dims of an input: images mostly, then everything from scalars to five dimensions. */
function inputDims(b: GraphBuilder, scale: number): number[] {
  const d = (most: number): number => b.random.integer(1, Math.round(most * scale));
  switch (b.random.integer(0, 9)) {
    case 0:
      return [];
    case 1:
      return [d(30)];
    case 2:
    case 3:
      return [d(9), d(30)];
    case 4:
      return [d(3), d(6), d(20)];
    case 5:
      return [d(2), d(3), d(4), d(5), d(6)];
    default:
      return [d(3), d(b.oneIn(4) ? 17 : 6), d(12), d(12)];
  }
}

export interface RandomGraph {
  readonly seed: number;
  readonly model: Model;
  readonly feeds: Map<string, Tensor>;
  readonly operators: readonly string[];
}

/** The graph of a seed. @param scale of the sizes of its inputs */
export function randomProcessorGraph(seed: number, scale = 1): RandomGraph {
  const b = new GraphBuilder(seed, 21);
  const builder = new GraphBuilder(seed, b.random.pick(OPSETS));
  const { random } = builder;
  const main = builder.input(inputDims(builder, scale));
  if (builder.oneIn(3)) builder.input(builder.oneIn(2) ? main.dims : inputDims(builder, scale));
  if (builder.oneIn(6)) builder.input(inputDims(builder, scale), random.pick(OTHER_TYPES));
  const steps = random.integer(1, 6);
  for (let made = 0, tried = 0; made < steps && tried < 200; tried++) {
    // Mostly from the newest value, so that chains grow; now and then from anywhere, so that values are read twice.
    const x = builder.oneIn(3) ? random.pick(builder.values) : builder.values.at(-1)!;
    // Every rule begins some graphs.
    const rule = tried === 0 ? RULES[seed % RULES.length]! : random.pick(RULES);
    if (builder.attempt(() => rule(builder, x), MOST_ELEMENTS * scale ** 3)) made++;
  }
  const inner = builder.values.slice(builder.inputs.length);
  const outputs = new Set([inner.at(-1)!.name]);
  while (builder.oneIn(3)) outputs.add(random.pick(inner).name);
  const model = builder.model([...outputs]);
  return { seed, model, feeds: builder.feeds(), operators: builder.nodes.map((n) => n.op) };
}

/** Random small convolutions, of floats and of integers of 8 bits, with every way to do them timed: what `auto` takes is held against those that can be asked for. */
import { Random } from '#base';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { type Attribute, int, ints, type Model, type Tensor, tensorOf, tensorType } from '#ir';
import { CONVOLUTION_CHOICES, type ConvolutionChoice } from '#lower';
import { type Machine, presets } from '#machine';
import { modelOf } from '#onnx';
import { inferTypes } from '#ops';
import { GraphBuilder } from './graphBuilder.ts';
import { MACHINES } from './machines.ts';
import { byteTensor } from './randomQuantised.ts';

/** A window that fits, and its attributes. */
function windowOf(r: Random, group: number) {
  const kernel = [r.pick([1, 2, 3, 3, 4, 5]), r.pick([1, 2, 3, 3, 5, 7])];
  const dilations = kernel.map(() => r.pick([1, 1, 1, 2]));
  const size = kernel.map((k, i) => r.integer((k - 1) * dilations[i]! + 1, (k - 1) * dilations[i]! + 18));
  const attributes: Record<string, Attribute> = {
    group: int(group),
    strides: ints(kernel.map(() => r.pick([1, 1, 2, 3]))),
    dilations: ints(dilations),
    pads: ints([...kernel, ...kernel].map((k) => r.integer(0, k - 1))),
  };
  return { kernel, size, attributes };
}

/** A convolution, perhaps followed by an activation and a pooling. */
export function floatConvolution(seed: number): Model {
  const g = new GraphBuilder(seed, 13);
  const r = g.random;
  const group = r.pick([1, 1, 1, 2, 4]);
  const [channels, filters] = [group * r.pick([1, 2, 3, 8, 16, 17]), group * r.integer(1, 40)];
  const { kernel, size, attributes } = windowOf(r, group);
  const x = g.input([r.pick([1, 1, 3]), channels, ...size]).name;
  let name = g.node('Conv', [x, g.weights([filters, channels / group, ...kernel])], attributes);
  if (g.oneIn(2)) name = g.node('Relu', [name]);
  const [h, w] = g.typed(name)!.dims.slice(2) as [number, number];
  if (g.oneIn(3) && h > 2 && w > 2)
    name = g.node('MaxPool', [name], { kernel_shape: ints([2, 2]), strides: ints([r.integer(1, 3), r.integer(1, 3)]) });
  return g.model([name]);
}

/** A convolution of integers; of several groups, whose blocks may be merged. */
export function integerConvolution(seed: number): Model {
  const random = new Random(seed);
  const group = random.pick([1, 2, 5, 8, 24]);
  const [channels, filters] = [group * random.integer(1, 4), group * random.integer(1, 5)];
  const { kernel, size, attributes } = windowOf(random, group);
  const x = byteTensor(random, [random.pick([1, 1, 3]), channels, ...size], 'int8');
  const f32 = (v: number): Tensor => tensorOf('float32', [], [v]);
  const i8 = (v: number): Tensor => tensorOf('int8', [], [v]);
  const constants = new Map<string, Tensor>([
    ['xs', f32(0.02)],
    ['xz', i8(-3)],
    ['w', byteTensor(random, [filters, channels / group, ...kernel], 'int8', true)],
    ['ws', f32(0.01)],
    ['wz', i8(0)],
    ['ys', f32(0.1)],
    ['yz', i8(5)],
  ]);
  const node = {
    ...{ name: 'conv', op: 'QLinearConv', domain: '', inputs: ['x', ...constants.keys()], outputs: ['y'] },
    attributes: new Map(Object.entries(attributes)),
  };
  const graph = {
    ...{ name: 'integers', nodes: [node], constants, types: new Map() },
    inputs: [{ name: 'x', type: tensorType('int8', x.dims) }],
    outputs: [{ name: 'y', type: undefined }],
  };
  return inferTypes(modelOf(graph, 17, 8));
}

type Cycles = Readonly<Record<ConvolutionChoice, number>>;

/** What each choice takes, as simulated and as predicted. */
async function cyclesOfWays(
  model: Model,
  machine: Machine,
): Promise<{ readonly simulated: Cycles; readonly predicted: Cycles }> {
  const engine = await sharedEngine();
  const simulated: Partial<Record<ConvolutionChoice, number>> = {};
  const predicted: Partial<Record<ConvolutionChoice, number>> = {};
  for (const convolution of CONVOLUTION_CHOICES) {
    const { program } = await compileModel(model, { machine, engine, convolution });
    simulated[convolution] = (await executeProgram(program, { data: false })).result.cycles;
    predicted[convolution] = program.layers.reduce((n, l) => n + (l.predicted?.cycles ?? 0), 0);
  }
  return { simulated: simulated as Cycles, predicted: predicted as Cycles };
}

/** Of presets, whose time is predicted closely, simulated cycles are compared, too. */
const CLOSE = [
  ...['textbook-single', 'textbook-single-i8x4', 'gemmini-16x16', 'tpu-v1', 'systolic-16x16', 'textbook-cluster'],
  ...['vta-pynq', 'textbook-ch6', 'shidiannao'],
].map((name) => presets.get(name)!);
/** Im2col must save 5 % where DRAM has banks. */
const COMPARED = [...CLOSE, ...MACHINES.filter((machine) => machine.dram.banked === undefined)];

/** What `auto` is slower than, a line each; of times that are simulated, by how much at most that is left to chance. */
interface Slower {
  /** Predicted to be, or simulated to be by more than 5 %. */
  readonly clearly: readonly string[];
  /** Simulated to be by 2 to 5 %, although it is not predicted to be: what a prediction of a small layer may be off by. */
  readonly slightly: readonly string[];
  /** How many were simulated. */
  readonly simulated: number;
}

/** Where `auto` takes longer, by a few cycles more than so many per cent, than what can be asked for. */
export async function slowerThanForced(from: number, to: number): Promise<Slower> {
  const [clearly, slightly]: [string[], string[]] = [[], []];
  let count = 0;
  const isSlower = (c: Cycles, factor: number): boolean => c.auto > factor * Math.min(c.direct, c.im2col) + 16;
  for (let seed = from; seed < to; seed++) {
    for (const [i, convolution] of [floatConvolution, integerConvolution].entries()) {
      const machine = COMPARED[(7 * seed + 3 * i) % COMPARED.length]!;
      const { predicted, simulated } = await cyclesOfWays(convolution(seed), machine);
      const line = (c: Cycles): string => `${convolution.name}(${seed}) on ${machine.name}: ${JSON.stringify(c)}`;
      if (isSlower(predicted, 1.02)) clearly.push(line(predicted));
      if (!CLOSE.includes(machine)) continue;
      count++;
      if (isSlower(simulated, 1.05)) clearly.push(line(simulated));
      else if (isSlower(simulated, 1.02)) slightly.push(line(simulated));
    }
  }
  return { clearly, slightly, simulated: count };
}

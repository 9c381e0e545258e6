/**
 * Integers of the matrix unit against ONNX Runtime, bit for bit: QLinearConv, ConvInteger, QLinearMatMul and MatMulInteger of
 * random sizes, types, zero points and scales, as hand-written programs on every kind of unit. ONNX Runtime's kernels for CPUs
 * without VNNI add pairs of products of u8 and i8 in 16 bits and saturate there; on such a CPU weights are kept to 7 bits.
 */
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { Random } from '#base';
import { createEngine, type Engine } from '#engine';
import { ints, type Tensor, tensorNumbers, tensorOf, tensorType } from '#ir';
import { filtersOf, type Machine } from '#machine';
import { modelOf } from '#onnx';
import { createSimulation } from '#sim';
import { assembled, machineWith } from './support/processor.ts';

type Byte = 'i8' | 'u8';
const LONG = { i8: 'int8', u8: 'uint8', i32: 'int32' } as const;

const cpu = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
const hasVnni = /\b(avx512_vnni|avx_vnni|asimddp)\b/.test(cpu);
if (!hasVnni)
  console.log('no VNNI on this CPU: ONNX Runtime may saturate products of u8 and i8, so weights have 7 bits here');

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
  expect(engine.kind).toBe('native');
});

const unit = (matrix: object): Machine =>
  machineWith('textbook-single', {
    matrix: { accumulatorBytes: 2 ** 20, pipelineCycles: 0, ...matrix } as Machine['matrix'],
  });
const array = { rows: 8, columns: 7 };
const MACHINES: readonly (readonly [string, Machine])[] = [
  ['dot', unit({ kind: 'dot', tn: 16, ti: 16, lanePacking: 'run', types: { i8: { tn: 5, ti: 4 } } })],
  ...['weight-stationary', 'output-stationary', 'input-stationary'].map((dataflow): [string, Machine] => {
    const matrix = {
      kind: 'systolic',
      ...array,
      dataflow,
      preload: 'hidden',
      lanePacking: 'flat',
      types: { i8: array },
    };
    return [`systolic, ${dataflow}`, unit(matrix)];
  }),
  ['scalar', unit({ kind: 'scalar', rows: 3, columns: 2, types: { i8: { rows: 3, columns: 2 } } })],
];

/** A convolution of one image; a product of matrices is one with 1 × 1 kernels over a row of pixels. */
interface Shape {
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly n: number;
  readonly k: number;
  readonly stride: number;
  readonly pad: number;
}

interface Layer extends Shape {
  readonly a: Byte;
  readonly b: Byte;
  readonly result: Byte | 'i32';
  /** Neurons h·w·c, weights k·k·c·n, biases and scales. */
  readonly neurons: number[];
  readonly weights: number[];
  readonly biases: number[] | undefined;
  readonly scales: number[] | undefined;
  readonly zero: { readonly a: number; readonly b: number; readonly c: number };
}

const sizes = ({ h, w, k, stride, pad }: Shape) => ({
  oh: Math.floor((h + 2 * pad - k) / stride) + 1,
  ow: Math.floor((w + 2 * pad - k) / stride) + 1,
});

/** What the processor makes of a layer: oh·ow·n, filters innermost. */
function onProcessor(layer: Layer, machine: Machine): number[] {
  const { h, w, c, n, k, stride, pad, a, b, result, zero, biases, scales } = layer;
  const { oh, ow } = sizes(layer);
  const tn = filtersOf(machine.matrix, 'i8');
  const [wide, out] = [w + 2 * pad, result === 'i32' ? 4 : 1];
  const depth = k * k * c;
  const packed: number[] = [];
  for (let g = 0; g < n; g += tn) {
    for (let e = 0; e < depth; e++)
      for (let f = g; f < Math.min(n, g + tn); f++) packed.push(layer.weights[e * n + f]!);
  }
  // Weights, then biases and scales at the next word.
  const parameters = 4 * Math.ceil((depth * n) / 4);
  const wram = new Uint8Array(parameters + 8 * n);
  wram.set(Uint8Array.from(packed, (x) => x & 255));
  const view = new DataView(wram.buffer);
  biases?.forEach((x, i) => {
    view.setInt32(parameters + 4 * i, x, true);
  });
  scales?.forEach((x, i) => {
    view.setFloat32(parameters + 4 * ((biases === undefined ? 0 : n) + i), x, true);
  });
  const weightsAt = 4 * Math.ceil((h * w * c) / 4);
  const outputAt = weightsAt + wram.length;
  const resultAt = 4 * Math.ceil((wide * (h + 2 * pad) * c) / 4);
  const text = `
    .dram ${outputAt + oh * ow * n * out}
    .input x, 0, u8[${h * w * c}]
    .input w, ${weightsAt}, u8[${wram.length}]
    .output y, ${outputAt}, ${result}[${oh * ow * n}]
    # The image with its padding, which holds the zero point.
    cfg.dimi R1, 0, ${c}, 1
    cfg.dimi R1, 1, ${wide}, ${c}
    cfg.dimi R1, 2, ${h + 2 * pad}, ${w * c}
    li r1, ${pad}
    li r2, ${pad + w}
    li r3, ${pad + h}
    cfg.bound R1, 1, r1, r2
    cfg.bound R1, 2, r1, r3
    li r4, ${zero.a}
    cfg.fill R1, r4
    cfg.dimi R2, 1, 1, ${c}
    cfg.dimi R2, 0, 1, 1
    cfg.dimi R2, 2, 1, ${wide * c}
    li r5, ${-(pad * w * c + pad * c)}
    load nram, r0, r5, R2, R1, ${a}
    cfg.dimi R3, 0, ${wram.length}, 1
    li r6, ${weightsAt}
    load wram, r0, r6, R3, R3, ${b}
    sync
    # Pixels x, y; reduction over the run of kx and c, then ky; results densely.
    cfg.dimi R4, 0, ${ow}, ${stride * c}
    cfg.dimi R4, 1, ${oh}, ${stride * wide * c}
    cfg.dimi R5, 0, ${k * c}, 1
    cfg.dimi R5, 1, ${k}, ${wide * c}
    cfg.dimi R6, 0, 1, ${n * out}
    cfg.dimi R6, 1, 1, ${ow * n * out}
    cfg.dimi R6, 4, ${n}, ${tn * out}
    li r7, ${resultAt}
    li r8, ${parameters}
    cfg.quant ${zero.a}, ${zero.b}, ${zero.c}, weights ${b}
    mma r7, r0, r0, R4, R5, R6, r0, r8, ${a}, clear, drain${biases ? ', bias' : ''}${scales ? `, to ${result}` : ''}
    sync
    cfg.dimi R3, 0, ${oh * ow * n}, ${out}
    li r9, ${outputAt}
    store nram, r9, r7, R3, R3, ${result}
    halt`;
  const simulation = createSimulation(assembled(text, machine), { data: true });
  simulation.writeInput(
    'x',
    Uint8Array.from(layer.neurons, (x) => x & 255),
  );
  simulation.writeInput('w', wram);
  expect(simulation.run().state).toBe('done');
  const y = simulation.readOutput('y').slice();
  return [...(result === 'i32' ? new Int32Array(y.buffer) : result === 'i8' ? new Int8Array(y.buffer) : y)];
}

/** Values of a model with one node, all its inputs constants. */
async function onHost(op: string, inputs: readonly Tensor[], output: Tensor['dtype'], attributes = new Map()) {
  const names = inputs.map((_, i) => `x${i}`);
  const [fed, ...constants] = names;
  const model = modelOf({
    name: op,
    inputs: [{ name: fed!, type: tensorType(inputs[0]!.dtype, inputs[0]!.dims) }],
    outputs: [{ name: 'y', type: tensorType(output, op.includes('Conv') ? ['N', 'C', 'H', 'W'] : ['M', 'N']) }],
    nodes: [{ name: op, op, domain: '', inputs: names, outputs: ['y'], attributes }],
    constants: new Map(constants.map((name, i) => [name, inputs[i + 1]!])),
    types: new Map(),
  });
  const session = await engine.load(model);
  const y = (await session.run(new Map([[fed!, inputs[0]!]]))).get('y')! as Tensor;
  await session.release();
  return { dims: y.dims, values: [...tensorNumbers(y)] };
}

/** Elements of a row-major tensor in another order of its dimensions. */
function transposed(values: readonly number[], dims: readonly number[], order: readonly number[]): number[] {
  const strides = dims.map((_, d) => dims.slice(d + 1).reduce((x, y) => x * y, 1));
  let offsets = [0];
  for (const d of order) {
    offsets = offsets.flatMap((at) => Array.from({ length: dims[d]! }, (_, i) => at + i * strides[d]!));
  }
  return offsets.map((at) => values[at]!);
}

const scalar = (type: Byte | 'f32', value: number): Tensor =>
  tensorOf(type === 'f32' ? 'float32' : LONG[type], [], [value]);
const f = Math.fround;

function random(seed: number, isConvolution: boolean, a: Byte, b: Byte, c: Byte | 'i32') {
  const r = new Random(seed);
  const k = isConvolution ? r.integer(1, 3) : 1;
  const shape: Shape = isConvolution
    ? {
        h: r.integer(k, 9),
        w: r.integer(k, 9),
        c: r.integer(1, 20),
        n: r.integer(1, 24),
        k,
        stride: r.integer(1, 2),
        pad: r.integer(0, 1),
      }
    : { h: 1, w: r.integer(1, 20), c: r.integer(1, 300), n: r.integer(1, 40), k, stride: 1, pad: 0 };
  const any = (type: Byte): number => (type === 'i8' ? r.integer(-128, 127) : r.integer(0, 255));
  const most = hasVnni ? 128 : 64;
  const weight = (): number => (b === 'i8' ? r.integer(-most, most - 1) : r.integer(0, 255));
  const depth = shape.k * shape.k * shape.c;
  const zero = { a: any(a), b: b === 'u8' ? any(b) : 0, c: c === 'i32' ? 0 : any(c) };
  // Results from a fraction of the range of 8 bits to several times it; every third time scales are powers of 2, so that
  // many results lie halfway between two integers.
  const spread = 0.5 * Math.sqrt(depth) * 10 ** r.integer(0, 4) * (0.2 + r.uniform());
  const power = (x: number): number => (seed % 3 === 0 ? 2 ** Math.round(Math.log2(x)) : f(x));
  const a1 = power(0.01 + r.uniform());
  const scale = {
    a: a1,
    b: Array.from({ length: shape.n }, () => power(0.01 + r.uniform())),
    c: power(a1 * spread),
  };
  const layer: Layer = {
    ...shape,
    ...{ a, b, result: c, zero },
    neurons: Array.from({ length: shape.h * shape.w * shape.c }, () => any(a)),
    weights: Array.from({ length: depth * shape.n }, weight),
    biases: isConvolution && c !== 'i32' ? Array.from({ length: shape.n }, () => r.integer(-20000, 20000)) : undefined,
    scales: c === 'i32' ? undefined : scale.b.map((s) => f(f(scale.a * s) / scale.c)),
  };
  return { layer, scale };
}

async function convolutionOnHost({ layer, scale }: ReturnType<typeof random>): Promise<number[]> {
  const { h, w, c, n, k, stride, pad, a, b, result, zero, biases } = layer;
  const x = tensorOf(LONG[a], [1, c, h, w], transposed(layer.neurons, [h, w, c], [2, 0, 1]));
  const weights = tensorOf(LONG[b], [n, c, k, k], transposed(layer.weights, [k, k, c, n], [3, 2, 0, 1]));
  const attributes = new Map([
    ['pads', ints([pad, pad, pad, pad])],
    ['strides', ints([stride, stride])],
  ]);
  const { dims, values } =
    result === 'i32'
      ? await onHost('ConvInteger', [x, weights, scalar(a, zero.a), scalar(b, zero.b)], 'int32', attributes)
      : await onHost(
          'QLinearConv',
          [
            ...[x, scalar('f32', scale.a), scalar(a, zero.a)],
            ...[weights, tensorOf('float32', [n], scale.b), tensorOf(LONG[b], [n], new Array(n).fill(zero.b))],
            ...[scalar('f32', scale.c), scalar(result, zero.c), tensorOf('int32', [n], biases!)],
          ],
          LONG[result],
          attributes,
        );
  return transposed(values, dims.slice(1), [1, 2, 0]);
}

async function productOnHost({ layer, scale }: ReturnType<typeof random>): Promise<number[]> {
  const { w, c, n, a, b, result, zero } = layer;
  const x = tensorOf(LONG[a], [w, c], layer.neurons);
  const weights = tensorOf(LONG[b], [c, n], layer.weights);
  if (result === 'i32') {
    return (await onHost('MatMulInteger', [x, weights, scalar(a, zero.a), scalar(b, zero.b)], 'int32')).values;
  }
  const inputs = [
    ...[x, scalar('f32', scale.a), scalar(a, zero.a)],
    ...[weights, tensorOf('float32', [n], scale.b), tensorOf(LONG[b], [n], new Array(n).fill(zero.b))],
    ...[scalar('f32', scale.c), scalar(result, zero.c)],
  ];
  return (await onHost('QLinearMatMul', inputs, LONG[result])).values;
}

const SEEDS = 12;
/** Types of neurons, weights and results for which ONNX Runtime has kernels on a CPU. */
const CASES: readonly (readonly [op: string, types: readonly (readonly [Byte, Byte, Byte | 'i32'])[]])[] = [
  [
    'QLinearConv',
    [
      ['u8', 'u8', 'u8'],
      ['u8', 'i8', 'u8'],
      ['i8', 'i8', 'i8'],
    ],
  ],
  [
    'ConvInteger',
    [
      ['u8', 'u8', 'i32'],
      ['u8', 'i8', 'i32'],
    ],
  ],
  [
    'QLinearMatMul',
    [
      ['u8', 'u8', 'u8'],
      ['u8', 'i8', 'u8'],
      ['i8', 'i8', 'i8'],
    ],
  ],
  [
    'MatMulInteger',
    [
      ['u8', 'u8', 'i32'],
      ['u8', 'i8', 'i32'],
      ['i8', 'i8', 'i32'],
    ],
  ],
];

test.each(CASES.flatMap(([op, list]) => list.map((types) => [op, ...types] as const)))(
  `%s of %s and %s to %s (VNNI: ${hasVnni})`,
  async (op, a, b, c) => {
    const isConvolution = op.includes('Conv');
    let [results, between] = [0, 0];
    for (let seed = 0; seed < SEEDS; seed++) {
      const made = random(seed, isConvolution, a, b, c);
      const expected = await (isConvolution ? convolutionOnHost : productOnHost)(made);
      for (const [name, machine] of MACHINES) {
        expect(onProcessor(made.layer, machine), `${name}, seed ${seed}`).toEqual(expected);
      }
      const ends = c === 'i32' ? [] : c === 'i8' ? [-128, 127] : [0, 255];
      results += expected.length;
      between += expected.filter((y) => !ends.includes(y)).length;
    }
    // What is saturated says little.
    expect(between / results).toBeGreaterThan(0.2);
  },
);

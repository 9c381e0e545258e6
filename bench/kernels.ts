/**
 * Speed of the simulator's kernels: multiply-accumulates, vector elements and bytes moved a second on one core.
 * Method: each case repeats one queue entry for at least 50 ms of this process's CPU time (user + system, so that other
 * processes on the machine do not count), after a warm-up of the same length; of 8 such rounds the fastest is shown. Packing of
 * operands and the drain path are in it. ONNX Runtime's WebAssembly build takes one of the shapes beside, in the same way.
 */
import { createEngine, type Engine } from '#engine';
import { tensorOf, tensorType } from '#ir';
import { ELEMENT_BYTES } from '#isa';
import { filtersOf, type Machine, presets } from '#machine';
import { modelOf } from '#onnx';
import { createKernels, DramMemory, type MmaEntry, type VecEntry } from '#sim';
import { type DimensionWords, elementsOf, recordOf } from '#timing';

const ROUND = 50_000;
const ROUNDS = 8;

/** Work a second at best, of a step that does `work`. */
export function rate(work: number, step: () => void): number {
  let best = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const start = process.cpuUsage();
    let done = 0;
    let spent = 0;
    while (spent < ROUND) {
      step();
      done += work;
      const { user, system } = process.cpuUsage(start);
      spent = user + system;
    }
    if (round > 0) best = Math.max(best, (1e6 * done) / spent);
  }
  return best;
}

export const show = (name: string, perSecond: number, unit: string): void => {
  console.log(`${name.padEnd(64)} ${(perSecond / 1e9).toFixed(2).padStart(7)} G${unit}/s`);
};

const megabytes = (n: number) => ({ bytes: n * 2 ** 20 });
const machineWith = (matrix: Machine['matrix']): Machine => ({
  ...presets.get('textbook-single')!,
  matrix: { ...matrix, accumulatorBytes: 2 ** 20 },
  nram: megabytes(8),
  wram: megabytes(8),
});

function fill(bytes: Uint8Array): void {
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  for (let i = 0; i < floats.length; i++) floats[i] = Math.sin(i);
}

/** Bytes of any value; as halves of f16 and bf16 they are of ordinary size. */
function fillBytes(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = i % 2 === 1 ? 0x3c + (i % 5) : (i * 73) & 255;
}

/** One mma: pixels and reduction as given, in elements; results dense behind the neurons. */
function mma(
  machine: Machine,
  name: string,
  shape: { pixels: DimensionWords[]; reduction: DimensionWords[]; n: number },
  types: Pick<MmaEntry, 'type' | 'weights' | 'result'> = { type: 'f32', weights: 'f32', result: 'f32' },
): number {
  const kernels = createKernels(machine);
  const isF32 = types.type === 'f32';
  (isF32 ? fill : fillBytes)(kernels.nram);
  (isF32 ? fill : fillBytes)(kernels.wram);
  const [bytes, out] = [ELEMENT_BYTES[types.type], ELEMENT_BYTES[types.result]];
  const inBytes = (list: DimensionWords[]) => list.map((d) => ({ ...d, stride: bytes * d.stride }));
  const pixels = recordOf(inBytes(shape.pixels));
  const reduction = recordOf(inBytes(shape.reduction));
  const output = recordOf(shape.pixels.map(() => ({ size: 1, stride: 0 }))).slice();
  shape.pixels.reduce((stride, { size }, d) => {
    output[4 * d + 1] = stride;
    return stride * size;
  }, out * shape.n);
  output[16] = shape.n;
  output[17] = out * filtersOf(machine.matrix, types.type);
  const entry: MmaEntry = {
    kind: 'mma',
    pc: 0,
    a: 0,
    w: 0,
    c: 4 * 2 ** 20,
    pixels,
    reduction,
    output,
    acc: 0,
    bias: 4 * 2 ** 20,
    clear: true,
    drain: true,
    useBias: true,
    act: 'clamp',
    p0: 0,
    p1: isF32 ? 0x7f800000 : 0x7fffffff,
    ...types,
    ...{ za: 3, zw: types.weights === 'u8' ? 128 : 0, zc: 5 },
  };
  const macs = elementsOf(pixels, 0, 3) * elementsOf(reduction) * shape.n;
  const perSecond = rate(macs, () => kernels.mma(entry));
  show(name, perSecond, 'MAC');
  return perSecond;
}

const line = (size: number, stride = 1): DimensionWords => ({ size, stride });
const words = (size: number, stride = 4): DimensionWords => ({ size, stride });

/** Shapes of an mma, in elements: those of networks' layers, a strided one, and a product with a vector. */
const SHAPES: readonly { name: string; pixels: DimensionWords[]; reduction: DimensionWords[]; n: number }[] = [
  { name: '196 pixels, 1152 contiguous, 256 filters', pixels: [line(196, 1152)], reduction: [line(1152)], n: 256 },
  {
    name: '3×3×128 on 14×14 (runs of 384), 256 filters',
    pixels: [line(14, 128), line(14, 16 * 128)],
    reduction: [line(384), line(3, 16 * 128)],
    n: 256,
  },
  {
    name: '3×3×3 on 112×16 (runs of 9), 64 filters',
    pixels: [line(112, 3), line(16, 114 * 3)],
    reduction: [line(9), line(3, 114 * 3)],
    n: 64,
  },
  {
    name: '1×1×64 on 196 pixels, channels 196 apart',
    pixels: [line(196, 1)],
    reduction: [line(64, 196)],
    n: 64,
  },
  { name: '1 pixel, 4096 contiguous, 256 filters', pixels: [line(1)], reduction: [line(4096)], n: 256 },
];

/** The first shape as a matrix product of ONNX Runtime's WebAssembly build, on one thread: multiply-accumulates a second. */
async function hostRate(engine: Engine, op: 'MatMul' | 'MatMulInteger'): Promise<number> {
  const [m, k, n] = [196, 1152, 256];
  const isFloat = op === 'MatMul';
  const values = (count: number): number[] => Array.from({ length: count }, (_, i) => (i * 73) % 100);
  const a = tensorOf(isFloat ? 'float32' : 'uint8', [m, k], values(m * k));
  const model = modelOf({
    name: op,
    inputs: [{ name: 'a', type: tensorType(a.dtype, [m, k]) }],
    outputs: [{ name: 'y', type: tensorType(isFloat ? 'float32' : 'int32', [m, n]) }],
    nodes: [{ name: op, op, domain: '', inputs: ['a', 'b'], outputs: ['y'], attributes: new Map() }],
    constants: new Map([['b', tensorOf(isFloat ? 'float32' : 'int8', [k, n], values(k * n))]]),
    types: new Map(),
  });
  const session = await engine.load(model, { threads: 1 });
  const feeds = new Map([['a', a]]);
  let best = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const start = process.cpuUsage();
    let runs = 0;
    let spent = 0;
    while (spent < ROUND) {
      await session.run(feeds);
      runs++;
      const { user, system } = process.cpuUsage(start);
      spent = user + system;
    }
    if (round > 0) best = Math.max(best, (1e6 * runs * m * k * n) / spent);
  }
  await session.release();
  return best;
}

const TYPES = [
  { type: 'i8', weights: 'i8', result: 'i8' },
  { type: 'u8', weights: 'u8', result: 'u8' },
  { type: 'f16', weights: 'f16', result: 'f16' },
  { type: 'bf16', weights: 'bf16', result: 'bf16' },
  { type: 'i16', weights: 'i16', result: 'i16' },
] as const;

export default async function bench(): Promise<void> {
  const rates = new Map<string, number>();
  for (const machine of [presets.get('textbook-single')!, presets.get('systolic-16x16')!]) {
    for (const [i, { name, ...shape }] of SHAPES.entries()) {
      const found = mma(machineWith(machine.matrix), `f32, ${machine.matrix.kind} 16×16: ${name}`, shape);
      if (i === 0) rates.set(machine.matrix.kind, found);
    }
  }
  const quad = machineWith(presets.get('textbook-single-i8x4')!.matrix);
  for (const types of TYPES) {
    const geometry = types.weights.endsWith('8') ? '32×32' : '16×16';
    for (const [i, { name, ...shape }] of SHAPES.slice(0, types.type === 'i8' ? 5 : 2).entries()) {
      const found = mma(quad, `${types.type}, dot ${geometry}: ${name}`, shape, types);
      if (i === 0) rates.set(types.type, found);
    }
  }
  const engine = await createEngine({ prefer: 'wasm' });
  for (const [op, ours] of [
    ['MatMul', 'dot'],
    ['MatMulInteger', 'i8'],
  ] as const) {
    const theirs = await hostRate(engine, op);
    show(`onnxruntime-web (WASM, one thread), ${op} 196 × 1152 × 256`, theirs, 'MAC');
    console.log(`  ${ours} here: ${(rates.get(ours)! / theirs).toFixed(2)} times that`);
  }

  const machine = machineWith(presets.get('textbook-single')!.matrix);
  const kernels = createKernels(machine);
  fill(kernels.nram);
  const vec = (
    name: string,
    what: Partial<VecEntry> & Pick<VecEntry, 'function'>,
    a: DimensionWords[],
    c = a,
  ): void => {
    const aRecord = recordOf(a);
    const entry: VecEntry = {
      kind: 'vec',
      pc: 0,
      type: 'f32',
      result: 'f32',
      saturate: false,
      zero: 0,
      a: 0,
      b: 2 ** 20,
      c: 2 ** 21,
      aRecord,
      bRecord: aRecord,
      cRecord: recordOf(c),
      bMode: 'none',
      accumulate: 'none',
      init: false,
      ...what,
    };
    show(
      name,
      rate(elementsOf(aRecord), () => kernels.vec(entry)),
      'element',
    );
  };
  vec('vec.add of 16384', { function: 'add', bMode: 'record' }, [words(16384)]);
  vec('vec.exp of 16384', { function: 'exp' }, [words(16384)]);
  vec('vec.tanh of 16384', { function: 'tanh' }, [words(16384)]);
  const i8 = { type: 'i8', result: 'i8' } as const;
  const row = [line(16384)];
  vec(
    'vec.add of i8, saturating',
    { function: 'add', bMode: 'record', ...i8, saturate: true, bRecord: recordOf(row) },
    row,
  );
  vec(
    'vec.add of f16',
    { function: 'add', bMode: 'record', type: 'f16', result: 'f16', bRecord: recordOf([line(16384, 2)]) },
    [line(16384, 2)],
  );
  vec(
    'vec.quant of f32 to i8',
    { function: 'quant', bMode: 'scalar', b: 0x3d4ccccd, result: 'i8' },
    [words(16384)],
    row,
  );
  vec('vec.dequant of i8 to f32', { function: 'dequant', bMode: 'scalar', b: 0x3d4ccccd, type: 'i8' }, row, [
    words(16384),
  ]);
  vec(
    'vec.mul of i8, add into i32',
    { function: 'mul', bMode: 'record', accumulate: 'add', type: 'i8', result: 'i32', bRecord: recordOf(row) },
    row,
    [words(16384)],
  );
  vec('vec.mov of i8, reduced by max', { function: 'mov', accumulate: 'max', init: true, ...i8 }, row, [
    line(16384, 0),
  ]);
  vec('vec.select of i8', { function: 'select', bMode: 'record', ...i8, bRecord: recordOf(row) }, row);
  vec(
    'max pooling 2×2 of 64 channels over 28×28',
    { function: 'mov', accumulate: 'max', init: true },
    [words(64), words(2, 256), words(2, 56 * 256), words(28, 512), words(28, 2 * 56 * 256)],
    [words(64), words(2, 0), words(2, 0), words(28, 256), words(28, 28 * 256)],
  );
  vec(
    'sum of 256 rows of 64',
    { function: 'mov', accumulate: 'add', init: true },
    [words(64), words(256, 256)],
    [words(64, 0), words(256)],
  );

  const bytes = new Uint8Array(2 ** 20);
  const dram = new DramMemory([{ name: 'data', address: 0, bytes: bytes.length, data: () => bytes }]);
  const load = (name: string, inDram: DimensionWords[], inPad: DimensionWords[]): void => {
    const dramRecord = recordOf(inDram);
    const entry = {
      kind: 'load',
      pc: 0,
      space: 'nram',
      type: 'f32',
      elementBytes: 4,
      pad: 0,
      padRecord: recordOf(inPad),
      dram: 0,
      dramRecord,
    } as const;
    show(
      name,
      rate(4 * elementsOf(dramRecord), () => kernels.load(entry, dram)),
      'B',
    );
  };
  load('load of 1 MiB, contiguous', [words(2 ** 18)], [words(2 ** 18)]);
  load('load of 1 MiB, rows of 256 B to rows of 512 B', [words(64), words(4096, 256)], [words(64), words(4096, 512)]);
  load('load of 1 MiB, 64 channels of 4096 transposed', [words(64, 16384), words(4096)], [words(64), words(4096, 256)]);
}

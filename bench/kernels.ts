/**
 * Speed of the simulator's kernels: multiply-accumulates, vector elements and bytes moved a second on one core.
 * Method: each case repeats one queue entry for at least 50 ms of this process's CPU time (user + system, so that other
 * processes on the machine do not count), after a warm-up of the same length; of 8 such rounds the fastest is shown.
 */
import { type Machine, presets } from '#machine';
import { createKernels, DramMemory, type MmaEntry, type VecEntry } from '#sim';
import { type DimensionWords, elementsOf, recordOf } from '#timing';

const ROUND = 50_000;
const ROUNDS = 8;

/** Work a second at best, of a step that does `work`. */
function rate(work: number, step: () => void): number {
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

const show = (name: string, perSecond: number, unit: string): void => {
  console.log(`${name.padEnd(58)} ${(perSecond / 1e9).toFixed(2).padStart(7)} G${unit}/s`);
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

/** One mma: pixels and reduction as given, results dense behind the neurons. */
function mma(
  machine: Machine,
  name: string,
  shape: { pixels: DimensionWords[]; reduction: DimensionWords[]; n: number },
) {
  const kernels = createKernels(machine);
  fill(kernels.nram);
  fill(kernels.wram);
  const pixels = recordOf(shape.pixels);
  const reduction = recordOf(shape.reduction);
  const output = recordOf(
    [{ size: 1, stride: 4 * shape.n }, {}, {}, {}, {}].map((d) => ({ size: 1, stride: 0, ...d })),
  ).slice();
  shape.pixels.reduce((stride, { size }, d) => {
    output[4 * d + 1] = stride;
    return stride * size;
  }, 4 * shape.n);
  output[16] = shape.n;
  output[17] = 64;
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
    bias: 0,
    clear: true,
    drain: true,
    useBias: true,
    act: 'clamp',
    p0: 0,
    p1: 0x7f800000,
    ...{ type: 'f32', weights: 'f32', result: 'f32', za: 0, zw: 0, zc: 0 },
  };
  const macs = elementsOf(pixels, 0, 3) * elementsOf(reduction) * shape.n;
  show(
    name,
    rate(macs, () => kernels.mma(entry)),
    'MAC',
  );
}

const line = (size: number, stride = 4): DimensionWords => ({ size, stride });

export default function bench(): void {
  for (const machine of [presets.get('textbook-single')!, presets.get('systolic-16x16')!]) {
    const m = machineWith(machine.matrix);
    const kind = machine.matrix.kind;
    mma(m, `${kind} 16×16: 196 pixels, 1152 contiguous, 256 filters`, {
      pixels: [line(196, 4608)],
      reduction: [line(1152)],
      n: 256,
    });
    mma(m, `${kind} 16×16: 3×3×128 on 14×14 (runs of 384), 256 filters`, {
      pixels: [line(14, 512), line(14, 16 * 512)],
      reduction: [line(384), line(3, 16 * 512)],
      n: 256,
    });
    mma(m, `${kind} 16×16: 3×3×3 on 112×16 (runs of 9), 64 filters`, {
      pixels: [line(112, 12), line(16, 114 * 12)],
      reduction: [line(9), line(3, 114 * 12)],
      n: 64,
    });
    mma(m, `${kind} 16×16: 1×1×64 on 196 pixels, channels 784 B apart`, {
      pixels: [line(196, 4)],
      reduction: [line(64, 784)],
      n: 64,
    });
    mma(m, `${kind} 16×16: 1 pixel, 4096 contiguous, 256 filters`, {
      pixels: [line(1)],
      reduction: [line(4096)],
      n: 256,
    });
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
  vec('vec.add of 16384', { function: 'add', bMode: 'record' }, [line(16384)]);
  vec('vec.exp of 16384', { function: 'exp' }, [line(16384)]);
  vec('vec.tanh of 16384', { function: 'tanh' }, [line(16384)]);
  vec(
    'max pooling 2×2 of 64 channels over 28×28',
    { function: 'mov', accumulate: 'max', init: true },
    [line(64), line(2, 256), line(2, 56 * 256), line(28, 512), line(28, 2 * 56 * 256)],
    [line(64), line(2, 0), line(2, 0), line(28, 256), line(28, 28 * 256)],
  );
  vec(
    'sum of 256 rows of 64',
    { function: 'mov', accumulate: 'add', init: true },
    [line(64), line(256, 256)],
    [line(64, 0), line(256)],
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
  load('load of 1 MiB, contiguous', [line(2 ** 18)], [line(2 ** 18)]);
  load('load of 1 MiB, rows of 256 B to rows of 512 B', [line(64), line(4096, 256)], [line(64), line(4096, 512)]);
  load('load of 1 MiB, 64 channels of 4096 transposed', [line(64, 16384), line(4096)], [line(64), line(4096, 256)]);
}

/**
 * Speed of the kernels for what a machine may have: sparse weights, compressed streams, Winograd transforms, on one core.
 * Multiply-accumulates of the dense product and executed ones, elements written, additions and multiplications; method as in bench/kernels.
 */
import { encodeStream, packWeights, pruneTwoOfFour, WINOGRAD_TILES, WINOGRAD_TRANSFORMS, winogradSides } from '#isa';
import { type Machine, presets } from '#machine';
import { createKernels, DramMemory, type MmaSparseEntry, type WinogradEntry } from '#sim';
import { recordOf, tileOperations } from '#timing';
import { rate, show } from './kernels.ts';

const base = presets.get('textbook-extended')!;
const withWeights = (weights: '2:4' | 'bitmap'): Machine => ({
  ...base,
  nram: { bytes: 2 ** 23 },
  wram: { bytes: 2 ** 23 },
  matrix: { ...base.matrix, sparsity: { weights } } as Machine['matrix'],
});

const [PIXELS, DEPTH, FILTERS] = [196, 1152, 256];

function product(format: 'two4' | 'bitmap'): void {
  const kernels = createKernels(withWeights(format === 'two4' ? '2:4' : 'bitmap'));
  const dense = Float32Array.from({ length: DEPTH * FILTERS }, (_, i) => Math.sin(i));
  const weights =
    format === 'two4'
      ? pruneTwoOfFour(dense, FILTERS)
      : dense.map((w, i) => ((i + Math.floor(i / FILTERS)) % 4 === 0 ? w : 0));
  const packed = packWeights(format, weights, FILTERS, 16);
  if (!('bytes' in packed)) throw new Error('they fit');
  kernels.wram.set(packed.bytes);
  const entry: MmaSparseEntry = {
    ...{ kind: 'mmaSparse', pc: 0, a: 0, w: 0, c: 2 ** 22, acc: 0, bias: 0, format },
    pixels: recordOf([
      { size: PIXELS, stride: 4 * DEPTH },
      ...[1, 1, 1].map((size) => ({ size, stride: 0 })),
      { size: packed.rows, stride: 0 },
    ]),
    reduction: recordOf([{ size: DEPTH, stride: 4 }]),
    output: recordOf([
      { size: PIXELS, stride: 4 * FILTERS },
      ...[1, 1, 1].map((size) => ({ size, stride: 0 })),
      { size: FILTERS, stride: 64 },
    ]),
    ...{ clear: true, drain: true, useBias: false, act: 'none', p0: 0, p1: 0, type: 'f32', result: 'f32' },
  };
  const macs = PIXELS * DEPTH * FILTERS;
  const kept = `${packed.rows} of ${DEPTH}`;
  show(
    `mma.sparse ${format}, ${kept}: dense`,
    rate(macs, () => kernels.mmaSparse(entry)),
    'MAC',
  );
  show(
    `mma.sparse ${format}, ${kept}: executed`,
    rate((macs * packed.rows) / DEPTH, () => kernels.mmaSparse(entry)),
    'MAC',
  );
}

export default function bench(): void {
  product('two4');
  product('bitmap');

  const kernels = createKernels(withWeights('bitmap'));
  const elements = 2 ** 16;
  for (const format of ['bitmap', 'two4'] as const) {
    const dense = Float32Array.from({ length: elements }, (_, i) => (i % 4 < 2 ? 1 + i : 0));
    const stream = encodeStream(format, new Uint8Array(dense.buffer), 4);
    if (!(stream instanceof Uint8Array)) throw new Error('two of four are kept');
    const dram = new DramMemory([{ name: 'stream', address: 0, bytes: stream.length, data: () => stream }]);
    const padRecord = recordOf([{ size: elements, stride: 4 }]);
    const step = () =>
      kernels.loadSparse(
        {
          kind: 'loadSparse',
          pc: 0,
          space: 'nram',
          type: 'f32',
          elementBytes: 4,
          format,
          pad: 0,
          padRecord,
          dram: 0,
          bytes: stream.length,
        },
        dram,
      );
    show(`load.sparse ${format}, half of ${elements} f32`, rate(elements, step), 'element');
  }

  for (const tile of WINOGRAD_TILES) {
    for (const transform of WINOGRAD_TRANSFORMS) {
      const { source, result } = winogradSides(transform, tile);
      const [channels, x, y] = [64, 8, 8];
      const record = (side: number) =>
        recordOf([
          { size: channels, stride: 4 },
          { size: x, stride: 4 * channels },
          { size: y, stride: 4 * channels * x },
          { size: side, stride: 4 * channels * x * y },
          { size: side, stride: 4 * channels * x * y * side },
        ]);
      const entry: WinogradEntry = {
        ...{ kind: 'winograd', pc: 0, transform, tile, from: 'nram', to: 'nram', a: 0, c: 2 ** 22 },
        ...{ source: record(source), result: record(result) },
      };
      const operations = channels * x * y * tileOperations(transform, tile);
      show(
        `wino.${transform} ${tile}`,
        rate(operations, () => kernels.winograd(entry)),
        'operation',
      );
    }
  }
}

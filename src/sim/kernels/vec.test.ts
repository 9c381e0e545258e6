/** The vector kernels against the functional model: random functions, types, records, sizes, strides, flags and machines. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16 } from '#base';
import { ACCUMULATIONS, B_MODES, BINARY_FUNCTIONS, ELEMENT_BYTES, SELECTING_FUNCTIONS, secondType } from '#isa';
import { presets } from '#machine';
import { elementsOf, recordOf } from '#timing';
import {
  baseIn,
  compare,
  machineWith,
  NRAM,
  RUNS,
  seed,
  size,
  special,
  stride,
  textbook,
  walk,
} from '../../../test/support/kernelComparison.ts';
import { functionsOf, mayISaturate } from '../../../test/support/vectorTypes.ts';
import type { VecEntry } from '../entries.ts';
import { createKernels } from './index.ts';

const F32_ONLY = functionsOf(({ type, result }) => type === 'f32' && result === 'f32');

test.each([
  ['f32', F32_ONLY, 3 * RUNS],
  ['any types', functionsOf(), 5 * RUNS],
] as const)('vec of %s: every function, second operand, accumulation and reduction', (_, functions, runs) => {
  let run = 0;
  const length = fc.oneof(size, fc.integer({ min: 1, max: 1000 }));
  const property = fc.property(
    fc.record({
      lanes: fc.constantFrom(1, 2, 4, 16, 64),
      d0: fc.record({ size: length, a: stride, b: stride, c: stride }),
      outer: fc.array(fc.record({ size, a: stride, b: stride, c: stride }), { maxLength: 4 }),
      contiguous: fc.boolean(),
      function: fc
        .constantFrom(...functions)
        .chain(({ name, types }) => fc.constantFrom(...types).map((t) => ({ name, ...t }))),
      bMode: fc.constantFrom(...B_MODES),
      accumulate: fc.constantFrom(...ACCUMULATIONS),
      init: fc.boolean(),
      saturate: fc.boolean(),
      inPlace: fc.boolean(),
      apart: fc.boolean(),
      scalar: fc.constantFrom(0, 0x3f800000, 0x3dcccccd, 0xc0000000, 0x7f800000, 0x7fc00000, 3, -5, 300, 0x7fffffff),
      zero: fc.oneof(fc.constantFrom(0, 0x7fffffff, -0x80000000), fc.integer({ min: -200, max: 200 })),
      seed,
      special,
    }),
    (x) => {
      const machine = machineWith(textbook.matrix, x.lanes);
      let list = [x.d0, ...x.outer];
      if (x.contiguous) {
        let step = 1;
        list = list.map((d) => {
          const s = step;
          step *= Math.max(1, d.size);
          return { size: d.size, a: s, b: d.b === 0 ? 0 : s, c: d.c === 0 ? 0 : s };
        });
      }
      const { name, type, result } = x.function;
      const bytes = { a: ELEMENT_BYTES[type], b: ELEMENT_BYTES[secondType(name, type)], c: ELEMENT_BYTES[result] };
      const record = (operand: 'a' | 'b' | 'c') =>
        recordOf(list.map((d) => ({ size: d.size, stride: bytes[operand] * d[operand] })));
      const aRecord = record('a');
      const bRecord = record('b');
      const cRecord = x.inPlace ? aRecord : record('c');
      fc.pre(elementsOf(aRecord) <= 20_000 && !(x.inPlace && bytes.a !== bytes.c));
      const a = baseIn(walk(aRecord, aRecord), bytes.a, 0, x.apart ? NRAM / 4 : NRAM);
      const b = baseIn(walk(aRecord, bRecord), bytes.b, x.apart ? NRAM / 4 : 16, NRAM / 2);
      const c = x.inPlace ? a : baseIn(walk(aRecord, cRecord), bytes.c, x.apart ? NRAM / 2 : 8, NRAM);
      fc.pre(a !== undefined && b !== undefined && c !== undefined);
      run++;
      const bMode = BINARY_FUNCTIONS.has(name) && x.bMode === 'none' ? 'scalar' : x.bMode;
      const selects = SELECTING_FUNCTIONS.has(name);
      compare(
        machine,
        {
          kind: 'vec',
          pc: 0,
          function: name,
          type,
          result,
          saturate: x.saturate && mayISaturate(x.function),
          zero: x.zero,
          a: a!,
          b: bMode === 'scalar' ? x.scalar >>> 0 : b!,
          c: c!,
          aRecord,
          bRecord,
          cRecord,
          bMode,
          accumulate: selects ? 'none' : x.accumulate,
          init: !selects && x.init,
        },
        x.seed,
        x.special,
      );
    },
  );
  fc.assert(property, { numRuns: runs });
  expect(run).toBeGreaterThanOrEqual(runs);
});

test('f16 and bf16: every value comes in, every value and every tie goes out', () => {
  const count = 8192;
  const kernels = createKernels(presets.get('textbook-single')!);
  const { buffer, byteOffset } = kernels.nram;
  const halves = new Uint16Array(buffer, byteOffset, count);
  const words = new Uint32Array(buffer, byteOffset + 65536, count);
  const values = new Float32Array(buffer, byteOffset + 65536, count);
  const entry: VecEntry = {
    kind: 'vec',
    ...{ pc: 0, function: 'mov', saturate: false, zero: 0, bMode: 'none', accumulate: 'none', init: false },
    ...{ type: 'f32', result: 'f32', a: 0, b: 0, c: 65536 },
    ...{ aRecord: recordOf([]), bRecord: recordOf([]), cRecord: recordOf([]) },
  };
  const [narrow, wide] = [2, 4].map((stride) => recordOf([{ size: count, stride }]));
  const alike = (type: 'f16' | 'bf16', x: number): number =>
    Number.isNaN(x) ? (type === 'f16' ? 0x7e00 : 0x7fc0) : type === 'f16' ? numberToFloat16(x) : numberToBfloat16(x);
  for (const type of ['f16', 'bf16'] as const) {
    const decode = type === 'f16' ? float16ToNumber : bfloat16ToNumber;
    for (let first = 0; first < 65536; first += count) {
      for (let i = 0; i < count; i++) halves[i] = first + i;
      kernels.vec({ ...entry, type, aRecord: narrow!, cRecord: wide! });
      for (let i = 0; i < count; i++) {
        if (!Object.is(values[i], decode(first + i))) throw new Error(`${type} ${first + i}: ${values[i]}`);
      }
      // The value itself, the middle between it and the next, and that middle's neighbours.
      const exact = words.slice();
      const half = type === 'f16' ? 1 << 12 : 1 << 15;
      for (const step of [0, half - 1, half, half + 1]) {
        for (let i = 0; i < count; i++) words[i] = exact[i]! + step;
        const asked = values.slice();
        kernels.vec({ ...entry, a: 65536, c: 0, result: type, aRecord: wide!, cRecord: narrow! });
        for (let i = 0; i < count; i++) {
          if (halves[i] !== alike(type, asked[i]!)) throw new Error(`${asked[i]} to ${type}: ${halves[i]}`);
        }
      }
      // Denormal f16 are further apart than that: all middles as numbers.
      if (type === 'bf16' || (first & 0x7c00) !== 0) continue;
      for (let i = 0; i < 1024; i++) values[i] = (i + 0.5) * 2 ** -24 * (first === 0 ? 1 : -1);
      const asked = values.slice(0, 1024);
      kernels.vec({ ...entry, a: 65536, c: 0, result: type, aRecord: wide!, cRecord: narrow! });
      asked.forEach((x, i) => {
        expect(halves[i]).toBe(alike(type, x));
      });
    }
  }
});

/** Compressed streams and weights: what is packed unpacks to itself, and no bytes at all get past the decoder unjudged. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeStream, encodeStream, STREAM_FORMATS, streamBytes } from './stream.ts';
import { groupShape, packWeights, pruneTwoOfFour, WEIGHT_FORMATS } from './weights.ts';

const WIDTHS = [1, 2, 4, 8] as const;

/** Elements of which each is zero with some probability; in groups of four where there must be. */
const dense = fc
  .tuple(
    fc.constantFrom(...WIDTHS),
    fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.uint8Array({ minLength: 8, maxLength: 8 })), {
      maxLength: 150,
    }),
    fc.integer({ min: 0, max: 4 }),
  )
  .map(([width, list, zeros]) => ({
    width,
    bytes: Uint8Array.from(
      list.flatMap(([n, value]) => [...(n < zeros ? new Uint8Array(8) : value).subarray(0, width)]),
    ),
  }));

const isZero = (bytes: Uint8Array, width: number, i: number): boolean =>
  bytes.subarray(i * width, (i + 1) * width).every((b) => b === 0);

describe('streams', () => {
  test('of a bitmap hold any elements', () => {
    fc.assert(
      fc.property(dense, ({ width, bytes }) => {
        const stream = encodeStream('bitmap', bytes, width) as Uint8Array;
        const elements = bytes.length / width;
        const { least, most } = streamBytes('bitmap', elements, width);
        expect(stream.length % 4).toBe(0);
        expect(stream.length).toBeGreaterThanOrEqual(least);
        expect(stream.length).toBeLessThanOrEqual(most);
        expect(decodeStream('bitmap', stream, elements, width)).toEqual(bytes);
      }),
    );
  });

  test('of a bitmap are filled up to a length with zeros written out', () => {
    fc.assert(
      fc.property(dense, fc.nat(60), ({ width, bytes }, more) => {
        const { length } = encodeStream('bitmap', bytes, width) as Uint8Array;
        const elements = bytes.length / width;
        const { most } = streamBytes('bitmap', elements, width);
        const asked = length + 4 * more;
        const stream = encodeStream('bitmap', bytes, width, asked) as Uint8Array;
        // Elements of two words come whole.
        const short = Math.min(asked, most) - stream.length;
        expect(short === 0 || (width === 8 && short === 4)).toBe(true);
        expect(decodeStream('bitmap', stream, elements, width)).toEqual(bytes);
      }),
    );
  });

  test('of two in four hold what has no more than two in four, and refuse the rest', () => {
    fc.assert(
      fc.property(dense, ({ width, bytes: any }) => {
        const elements = Math.floor(any.length / width / 4) * 4;
        const bytes = any.subarray(0, elements * width);
        const overfull = Array.from({ length: elements / 4 }, (_, g) => 4 * g).find(
          (first) => [0, 1, 2, 3].filter((i) => !isZero(bytes, width, first + i)).length > 2,
        );
        const stream = encodeStream('two4', bytes, width);
        if (overfull !== undefined) {
          expect(stream).toEqual({ unfit: overfull });
          return;
        }
        expect((stream as Uint8Array).length).toBe(streamBytes('two4', elements, width).least);
        expect(decodeStream('two4', stream as Uint8Array, elements, width)).toEqual(bytes);
      }),
    );
  });

  test('of any bytes are elements or a fault within them; of elements they are the same bytes again', () => {
    const anyBytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(
        fc.constantFrom(...STREAM_FORMATS),
        anyBytes,
        fc.nat(20),
        fc.constantFrom(...WIDTHS),
        (format, bytes, n, width) => {
          const found = decodeStream(format, bytes, 4 * n, width);
          if (found instanceof Uint8Array) expect(found.length).toBe(4 * n * width);
          else {
            expect(found.at).toBeGreaterThanOrEqual(0);
            expect(found.at).toBeLessThanOrEqual(bytes.length);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each([
    ['short', [0b11, 0, 0, 0, 1, 0, 0, 0], 2],
    ['long', [0, 0, 0, 0, 0, 0, 0, 0], 2],
    ['bits', [0b100, 0, 0, 0, 1, 0, 0, 0], 2],
  ])('%s', (kind, bytes, elements) => {
    expect(decodeStream('bitmap', Uint8Array.from(bytes), elements, 4)).toMatchObject({ kind });
  });

  test('padding and order', () => {
    expect(decodeStream('bitmap', Uint8Array.of(1, 0, 0, 0, 7, 0, 1, 0), 4, 1)).toEqual({ kind: 'padding', at: 6 });
    expect(decodeStream('two4', Uint8Array.of(0b0101, 0, 0, 0, 7, 8, 0, 0), 4, 1)).toEqual({ kind: 'order', at: 0 });
  });

  test('take the bytes that the page states', () => {
    expect(streamBytes('two4', 32, 4).least).toBe(68);
    expect(streamBytes('two4', 32, 2).least).toBe(36);
    expect(streamBytes('two4', 32, 1).least).toBe(20);
    expect(streamBytes('bitmap', 32, 4)).toEqual({ least: 4, most: 132 });
  });
});

describe('weights', () => {
  /** The dense weights of a packed group, read as the documentation of the format says. */
  function unpack(
    format: 'two4' | 'bitmap',
    bytes: Uint8Array,
    depth: number,
    filters: number,
    tn: number,
    rows: number,
  ) {
    const words = new Int32Array(bytes.buffer);
    const out = new Int32Array(depth * filters);
    let from = 0;
    for (let first = 0; first < filters; first += tn) {
      const n = Math.min(tn, filters - first);
      const shape = groupShape(format, depth, n, rows);
      for (let f = 0; f < n; f++) {
        let r = 0;
        for (let k = 0; k < depth; k++) {
          const value = () => words[from + shape.indexWords + r++ * n + f]!;
          if (format === 'bitmap') {
            if ((words[from + f * Math.ceil(depth / 32) + (k >> 5)]! >>> (k & 31)) & 1)
              out[k * filters + first + f] = value();
          } else if (k % 4 < 2) {
            const word = words[from + Math.floor(k / 4) * Math.ceil(n / 8) + Math.floor(f / 8)]!;
            const i = (word >>> (4 * (f % 8) + 2 * (k % 4))) & 3;
            out[(k - (k % 4) + i) * filters + first + f] = value();
          }
        }
      }
      from += shape.words;
    }
    expect(4 * from).toBe(bytes.length);
    return new Float32Array(out.buffer);
  }

  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 9 }))
    .chain(([quads, filters, tn]) =>
      fc
        .array(fc.oneof(fc.constant(0), fc.float({ noNaN: true })), {
          minLength: 4 * quads * filters,
          maxLength: 4 * quads * filters,
        })
        .map((values) => ({ weights: Float32Array.from(values), filters, tn })),
    );

  test.each(WEIGHT_FORMATS)('%s: what is packed is there', (format) => {
    fc.assert(
      fc.property(matrix, ({ weights: any, filters, tn }) => {
        const weights = format === 'two4' ? pruneTwoOfFour(any, filters) : any;
        const packed = packWeights(format, weights, filters, tn);
        if (!('bytes' in packed)) throw new Error('they fit');
        const depth = weights.length / filters;
        expect(unpack(format, packed.bytes, depth, filters, tn, packed.rows)).toEqual(weights);
      }),
      { numRuns: 60 },
    );
  });

  test('that do not fit are named', () => {
    const weights = Float32Array.of(0, 1, 1, 1, 0, 1, 0, 1);
    // Filter 1 has all of its four.
    expect(packWeights('two4', weights, 2, 16)).toEqual({ filter: 1, element: 0 });
    expect(packWeights('bitmap', weights, 2, 16, 3)).toEqual({ filter: 1, element: 3 });
    expect(packWeights('bitmap', weights, 2, 16)).toMatchObject({ rows: 4 });
  });

  test('are pruned to the two largest of four', () => {
    expect([...pruneTwoOfFour(Float32Array.of(1, -3, 2, 0.5, 0, 0, 4, 4), 1)]).toEqual([0, -3, 2, 0, 0, 0, 4, 4]);
  });
});

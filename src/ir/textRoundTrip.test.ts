/** Print and parse are inverse: a property over random models, and one written example that shows the form. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Attribute, Graph, GraphFunction, GraphNode, GraphValue, Model, SparseTensor } from './graph.ts';
import { parseModel } from './parse.ts';
import { printModel } from './print.ts';
import { byteLength, type Tensor, tensorOf } from './tensor.ts';
import { BITS, DATA_TYPES, type DataType, type Dim, elementCount, type ValueType } from './types.ts';

/** Names of all sorts, never empty: plain, quoted, keywords, surrogates, what looks like other tokens. */
const name = fc.oneof(
  fc.constantFrom('x', 'conv1/w', 'a.b', '_', 'const', 'type', 'graph', 'inf', 'nan', '-inf', '1', '"', '\\', '#', '…'),
  fc.stringMatching(/^[a-z]{1,6}$/),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
);
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('\udc80', 'a\nb', '日本'));

const dim: fc.Arbitrary<Dim> = fc.oneof(fc.nat(1000), name, fc.constant(null), fc.constant(2 ** 53 - 1));
const shaped = {
  dtype: fc.constantFrom(...DATA_TYPES),
  shape: fc.option(fc.array(dim, { maxLength: 4 }), { nil: undefined }),
};
const valueType: fc.Arbitrary<ValueType> = fc.letrec<{ type: ValueType }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('tensor' as const), ...shaped }),
    fc.record({ kind: fc.constant('sparse' as const), ...shaped }),
    fc.record({ kind: fc.constant('opaque' as const), name }),
    fc.record({ kind: fc.constant('sequence' as const), element: fc.option(tie('type'), { nil: undefined }) }),
    fc.record({ kind: fc.constant('optional' as const), element: fc.option(tie('type'), { nil: undefined }) }),
    fc.record({
      kind: fc.constant('map' as const),
      key: fc.constantFrom(...DATA_TYPES),
      value: fc.option(tie('type'), { nil: undefined }),
    }),
  ),
})).type;

const dims = fc.array(fc.nat(4), { maxLength: 4 });
const numeric = fc.constantFrom(...DATA_TYPES.filter((d): d is Exclude<DataType, 'string'> => d !== 'string'));
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
/** Any bits at all: NaN payloads, bool bytes of 7, stray nibbles. */
const tensor: fc.Arbitrary<Tensor> = fc.oneof(
  fc.tuple(numeric, dims).chain(([dtype, d]) => {
    return bytes(byteLength(dtype, elementCount(d))).map((b) => ({ dtype, dims: d, bytes: b }));
  }),
  fc.tuple(numeric, dims).chain(([dtype, d]) => {
    if (BITS[dtype] < 8) return fc.constant({ dtype: 'bool' as const, dims: d, splat: Uint8Array.of(1) });
    return bytes(BITS[dtype] / 8).map((splat) => ({ dtype, dims: d, splat }));
  }),
  dims.chain((d) => {
    const count = elementCount(d);
    return fc
      .array(text, { minLength: count, maxLength: count })
      .map((strings) => ({ dtype: 'string' as const, dims: d, strings }));
  }),
);

const sparse: fc.Arbitrary<SparseTensor> = fc.record({ dims, values: tensor, indices: tensor });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const number = fc.oneof(fc.float(), fc.double(), fc.constantFrom(0.1, Math.fround(0.1), -0, 1e21, 16777216));

const leaf: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({ kind: fc.constant('int' as const), value: int64 }),
  fc.record({ kind: fc.constant('float' as const), value: number }),
  fc.record({ kind: fc.constant('string' as const), value: text }),
  fc.record({ kind: fc.constant('tensor' as const), value: tensor }),
  fc.record({ kind: fc.constant('sparse' as const), value: sparse }),
  fc.record({ kind: fc.constant('type' as const), value: valueType }),
  fc.record({ kind: fc.constant('ints' as const), value: fc.array(int64, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('floats' as const), value: fc.array(number, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('strings' as const), value: fc.array(text, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('tensors' as const), value: fc.array(tensor, { maxLength: 2 }) }),
  fc.record({ kind: fc.constant('sparses' as const), value: fc.array(sparse, { maxLength: 2 }) }),
  fc.record({ kind: fc.constant('types' as const), value: fc.array(valueType, { maxLength: 2 }) }),
);
const reference: fc.Arbitrary<Attribute> = fc.record({
  kind: fc.constant('reference' as const),
  name,
  type: fc.nat(20),
});

const distinct = fc.uniqueArray(name, { minLength: 8, maxLength: 16 });
const typeOrNot = fc.option(valueType, { nil: undefined });
const attributesOf = (attribute: fc.Arbitrary<Attribute>) =>
  fc.uniqueArray(fc.tuple(name, attribute), { selector: ([key]) => key, maxLength: 3 }).map((list) => new Map(list));

/** Nodes in a chain over distinct names, valid by construction; `attribute` fills their attributes. */
const body = (attribute: fc.Arbitrary<Attribute>) =>
  fc.record({
    names: distinct,
    nodeNames: distinct,
    op: name,
    domain: fc.constantFrom('', 'my.domain', 'a b'),
    overload: fc.option(name, { nil: undefined }),
    attributes: fc.array(attributesOf(attribute), { minLength: 2, maxLength: 2 }),
    types: fc.array(typeOrNot, { minLength: 8, maxLength: 8 }),
  });
type Body = ReturnType<typeof body> extends fc.Arbitrary<infer B> ? B : never;

function nodesOf({ names, nodeNames, op, domain, overload, attributes }: Body): GraphNode[] {
  const extra = overload === undefined ? {} : { overload };
  const [a, b, c, d] = names as [string, string, string, string];
  return [
    { name: nodeNames[0]!, op, domain, ...extra, inputs: [a, '', b], outputs: [c, ''], attributes: attributes[0]! },
    { name: nodeNames[1]!, op, domain, inputs: [c], outputs: ['', d], attributes: attributes[1]! },
    { name: nodeNames[2]!, op, domain: '', inputs: [], outputs: [], attributes: new Map() },
  ];
}

function innerTypes(b: Body): Map<string, ValueType> {
  // An inner value, one that no node makes, and one that only a dead type remembers.
  const pairs = [b.names[2]!, b.names[4]!, b.names[5]!].map((key, i) => [key, b.types[i]] as const);
  return new Map(pairs.flatMap(([key, type]) => (type === undefined ? [] : [[key, type] as const])));
}

const graphOver = (attribute: fc.Arbitrary<Attribute>): fc.Arbitrary<Graph> =>
  fc.tuple(fc.oneof(name, fc.constant('')), body(attribute), tensor).map(([graphName, b, t]) => ({
    name: graphName,
    inputs: [{ name: b.names[0]!, type: b.types[6] }] satisfies GraphValue[],
    outputs: [{ name: b.names[3]!, type: b.types[7] }],
    nodes: nodesOf(b),
    constants: new Map([[b.names[1]!, t]]),
    types: innerTypes(b),
  }));

const inner = graphOver(leaf);
const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  { weight: 8, arbitrary: leaf },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('graph' as const), value: inner }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('graphs' as const), value: fc.array(inner, { maxLength: 2 }) }),
  },
);

const opsets = new Map([
  ['', 17],
  ['my.domain', 1],
  ['a b', 2],
]);

const localFunction: fc.Arbitrary<GraphFunction> = fc
  .tuple(
    body(fc.oneof(leaf, reference)),
    fc.array(name, { maxLength: 2 }),
    attributesOf(leaf),
    fc.constantFrom('', 'o'),
  )
  .map(([b, listed, defaults, overload]) => ({
    domain: b.domain,
    name: b.op,
    overload,
    inputs: [b.names[0]!, b.names[1]!],
    outputs: [b.names[3]!],
    attributes: [...new Set(listed)].filter((a) => !defaults.has(a)),
    defaults,
    nodes: nodesOf(b),
    types: innerTypes(b),
    opsets,
  }));

const model: fc.Arbitrary<Model> = fc.record({
  irVersion: fc.nat(20),
  producer: text,
  opsets: fc.constant(opsets),
  graph: graphOver(attribute),
  functions: fc.uniqueArray(localFunction, {
    selector: (f) => JSON.stringify([f.domain, f.name, f.overload]),
    maxLength: 2,
  }),
  metadata: fc.dictionary(text, text, { maxKeys: 3 }).map((o) => new Map(Object.entries(o))),
});

/** `shape: undefined` and an absent shape mean the same; so do toEqual. */
describe('print and parse', () => {
  test('any model comes back equal, and its text comes back the same', () => {
    fc.assert(
      fc.property(model, (m) => {
        const printed = printModel(m);
        const parsed = parseModel(printed);
        expect(parsed).toEqual(m);
        expect(printModel(parsed)).toBe(printed);
      }),
      { numRuns: 300 },
    );
  });

  test('constants and attributes keep their order', () => {
    fc.assert(
      fc.property(model, (m) => {
        const back = parseModel(printModel(m));
        expect([...back.graph.constants.keys()]).toEqual([...m.graph.constants.keys()]);
        m.graph.nodes.forEach((node, i) => {
          expect([...back.graph.nodes[i]!.attributes.keys()]).toEqual([...node.attributes.keys()]);
        });
      }),
      { numRuns: 50 },
    );
  });

  // Little-endian patterns of one NaN each. The first was found by the property above.
  const nans: [string, Exclude<DataType, 'string'>, number[]][] = [
    ['negative bfloat16', 'bfloat16', [0xc0, 0xff]],
    ['bfloat16 with a payload', 'bfloat16', [0xc1, 0x7f]],
    ['signalling bfloat16', 'bfloat16', [0x81, 0x7f]],
    ['negative float16', 'float16', [0x00, 0xfe]],
    ['negative float32', 'float32', [0, 0, 0xc0, 0xff]],
    ['float32 with a payload', 'float32', [1, 0, 0xc0, 0x7f]],
    ['negative float64', 'float64', [0, 0, 0, 0, 0, 0, 0xf8, 0xff]],
    ['float64 with a payload', 'float64', [1, 0, 0, 0, 0, 0, 0xf8, 0x7f]],
    ['negative float8e5m2', 'float8e5m2', [0xfe]],
    ['negative float8e4m3fn', 'float8e4m3fn', [0xff]],
  ];
  test.each(nans)('a NaN other than the plain one keeps its bits: %s', (_, dtype, pattern) => {
    const bits = Uint8Array.from(pattern);
    const m = holding([
      { dtype, dims: [3], bytes: Uint8Array.from([...bits.map(() => 0), ...bits, ...bits.map(() => 0)]) },
      { dtype, dims: [2, 3], splat: bits },
    ]);
    expect(printModel(m)).not.toContain('nan');
    expect(parseModel(printModel(m))).toEqual(m);
  });

  test('the plain NaN is written as a number', () => {
    const m = holding(
      (['bfloat16', 'float16', 'float32', 'float64'] as const).map((d) => tensorOf(d, [1], [Number.NaN])),
    );
    expect(printModel(m).match(/\{nan\}/g)).toHaveLength(4);
    expect(parseModel(printModel(m))).toEqual(m);
  });
});

/** A model of nothing but constants. */
function holding(tensors: readonly Tensor[]): Model {
  const constants = new Map(tensors.map((t, i) => [`c${i}`, t]));
  const graph: Graph = { name: 'g', inputs: [], outputs: [], nodes: [], constants, types: new Map() };
  return { irVersion: 8, producer: '', opsets, graph, functions: [], metadata: new Map() };
}

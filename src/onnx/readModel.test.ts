/** Import decisions, and wrong files: each is answered with a code, none with a crash. */
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { Random, SystoleError } from '#base';
import { type Attribute, type Graph, type Model, parseModel, tensorNumbers, tensorOf } from '#ir';
import { type GraphProtoSchema, ModelProtoSchema } from './onnx_pb.ts';
import { readModel } from './readModel.ts';
import { writeTensor } from './values.ts';
import { modelOf, writeModel } from './writeModel.ts';

type GraphInit = MessageInitShape<typeof GraphProtoSchema>;

const FLOAT = { value: { case: 'tensorType' as const, value: { elemType: 1 } } };

interface Header {
  readonly irVersion?: bigint;
  readonly opsetImport?: { readonly domain?: string; readonly version: bigint }[];
}

const encode = (graph: GraphInit | undefined, header: Header = {}): Uint8Array =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: header.irVersion ?? 8n,
      opsetImport: header.opsetImport ?? [{ version: 17n }],
      ...(graph === undefined ? {} : { graph }),
    }),
  );

const relu = (input: string, output: string, name?: string) => ({
  opType: 'Relu',
  input: [input],
  output: [output],
  ...(name === undefined ? {} : { name }),
});

const chain: GraphInit = {
  name: 'main',
  input: [{ name: 'x', type: FLOAT }],
  output: [{ name: 'y', type: FLOAT }],
  node: [relu('x', 'h'), relu('h', 'y')],
};

function failure(bytes: Uint8Array): SystoleError {
  try {
    readModel(bytes, { file: 'net.onnx' });
  } catch (error) {
    if (!(error instanceof SystoleError)) throw error;
    expect(error.place.file).toBe('net.onnx');
    expect(error.text('zh')).toMatch(/[\u4e00-\u9fff]/);
    expect(error.kind).not.toBe('internal');
    return error;
  }
  throw new Error('was accepted');
}

describe('import', () => {
  test('nodes without a name, or with one that is taken, get one', () => {
    const node = [relu('x', 'a'), relu('a', 'b', 'n'), relu('b', 'c', 'n'), relu('c', 'y', 'Relu_0')];
    const { graph } = readModel(encode({ ...chain, node }));
    expect(graph.nodes.map((n) => n.name)).toEqual(['Relu_1', 'n', 'n_2', 'Relu_0']);
  });

  test('an initialiser that is listed as an input is a constant alone', () => {
    const initializer = [{ name: 'w', dims: [1n], dataType: 1, floatData: [2] }];
    const input = [{ name: 'w', type: FLOAT }, ...(chain.input as object[])];
    const model = readModel(encode({ ...chain, input, initializer }, { irVersion: 3n }));
    expect(model.graph.inputs.map((v) => v.name)).toEqual(['x']);
    expect([...model.graph.constants.keys()]).toEqual(['w']);
    // IR version 3 demands the listing, so the file gets it back.
    expect(readModel(writeModel(model))).toEqual(model);
  });

  test('sparse initialisers are held dense', () => {
    const sparseInitializer = [
      {
        dims: [4n],
        values: { name: 'w', dims: [1n], dataType: 1, floatData: [3] },
        indices: { dims: [1n], dataType: 7, int64Data: [2n] },
      },
    ];
    const { graph } = readModel(encode({ ...chain, sparseInitializer }));
    expect([...tensorNumbers(graph.constants.get('w')!)]).toEqual([0, 0, 3, 0]);
  });

  test('unsorted nodes are sorted, with what subgraphs read counted in', () => {
    const branch = (name: string) => ({ name, output: [{ name: 'z' }], node: [relu('late', 'z', 'inner')] });
    const attribute = ['then_branch', 'else_branch'].map((name) => ({ name, type: 5, g: branch(name) }));
    const node = [
      { opType: 'If', name: 'if', input: ['c'], output: ['y'], attribute },
      relu('early', 'late', 'second'),
      relu('x', 'early', 'first'),
    ];
    const input = [...(chain.input as object[]), { name: 'c' }];
    const { graph } = readModel(encode({ ...chain, input, node }));
    expect(graph.nodes.map((n) => n.name)).toEqual(['first', 'second', 'if']);
  });

  test('a graph thousands of nodes deep, in reverse order', () => {
    const count = 20_000;
    const node = Array.from({ length: count }, (_, i) =>
      relu(i === 0 ? 'x' : `v${i - 1}`, i === count - 1 ? 'y' : `v${i}`),
    );
    const { graph } = readModel(encode({ ...chain, node: node.reverse() }));
    expect(graph.nodes[0]!.inputs).toEqual(['x']);
    expect(graph.nodes.at(-1)!.outputs).toEqual(['y']);
  });

  test('missing types, ai.onnx, negative and empty dimensions', () => {
    const dim = [
      { value: { case: 'dimValue' as const, value: -1n } },
      { value: { case: 'dimParam' as const, value: '' } },
      { value: { case: 'dimParam' as const, value: 'N' } },
      {},
      { value: { case: 'dimValue' as const, value: 0n } },
    ];
    const type = { value: { case: 'tensorType' as const, value: { elemType: 1, shape: { dim } } } };
    const model = readModel(
      encode(
        { ...chain, input: [{ name: 'x', type }], output: [{ name: 'y' }] },
        { opsetImport: [{ domain: 'ai.onnx', version: 17n }] },
      ),
    );
    expect([...model.opsets]).toEqual([['', 17]]);
    expect(model.graph.inputs[0]!.type).toEqual({
      kind: 'tensor',
      dtype: 'float32',
      shape: [null, null, 'N', null, 0],
    });
    expect(model.graph.outputs[0]!.type).toBeUndefined();
  });

  test('IR version 1: no operator sets, attributes without a type', () => {
    const attribute = [
      { name: 'a', f: 0.5 },
      { name: 'b', ints: [1n, 2n] },
      { name: 'c', s: Uint8Array.of(0x68, 0x69) },
    ];
    const node = [{ ...relu('x', 'y'), attribute }];
    const model = readModel(encode({ ...chain, node }, { irVersion: 1n, opsetImport: [] }));
    expect([...model.opsets]).toEqual([['', 1]]);
    expect([...model.graph.nodes[0]!.attributes.values()].map((a) => a.kind)).toEqual(['float', 'ints', 'string']);
  });

  test('scalars that a proto3 writer left out are zero', () => {
    const attribute = [
      { name: 'a', type: 1 },
      { name: 'b', type: 2 },
      { name: 'c', type: 3 },
      { name: 'd', type: 7 },
    ];
    const { graph } = readModel(encode({ ...chain, node: [{ ...relu('x', 'y'), attribute }] }));
    expect([...graph.nodes[0]!.attributes.values()]).toEqual([
      { kind: 'float', value: 0 },
      { kind: 'int', value: 0n },
      { kind: 'string', value: '' },
      { kind: 'ints', value: [] },
    ]);
  });

  test('every kind of attribute and type goes out and comes back', () => {
    const tensor = tensorOf('float32', [2], [1, 2]);
    const sparse = { dims: [4], values: tensor, indices: tensorOf('int64', [2], [0, 3]) };
    const type = { kind: 'map', key: 'int64', value: { kind: 'sequence', element: undefined } } as const;
    const inner: Graph = {
      name: 'body',
      inputs: [{ name: 'i', type: { kind: 'optional', element: { kind: 'tensor', dtype: 'bool', shape: [] } } }],
      outputs: [{ name: 'i', type: { kind: 'opaque', name: 'com.acme.Thing' } }],
      nodes: [],
      constants: new Map([['s', { dtype: 'string', dims: [1], strings: ['\udc80'] }]]),
      types: new Map([['q', { kind: 'sparse', dtype: 'float32', shape: ['N', null] }]]),
    };
    const attributes = new Map<string, Attribute>([
      ['int', { kind: 'int', value: -(2n ** 63n) }],
      ['float', { kind: 'float', value: Math.fround(0.1) }],
      ['nan', { kind: 'floats', value: [Number.NaN, Number.NEGATIVE_INFINITY, -0] }],
      ['string', { kind: 'string', value: 'a\udcffb' }],
      ['strings', { kind: 'strings', value: ['', '日'] }],
      ['tensor', { kind: 'tensor', value: tensor }],
      ['tensors', { kind: 'tensors', value: [tensor] }],
      ['sparse', { kind: 'sparse', value: sparse }],
      ['sparses', { kind: 'sparses', value: [sparse] }],
      ['type', { kind: 'type', value: type }],
      ['types', { kind: 'types', value: [type] }],
      ['graph', { kind: 'graph', value: inner }],
      ['graphs', { kind: 'graphs', value: [inner, inner] }],
      ['ints', { kind: 'ints', value: [1n, -1n] }],
    ]);
    const text = `model ir=10 producer="p" opset {"": 21, "d": 1} metadata {"k": "v"}
      function d::f<o>(a)[u, v=1](b) -> (b) opset {"": 21} { }
      graph g(x: float32[1]) -> (y: float32[1]) { y = d::f<o>(x) }`.replace('(a)[u, v=1](b)', '[u, v=1](b)');
    const parsed = parseModel(text);
    const nodes = parsed.graph.nodes.map((node) => ({ ...node, attributes }));
    const model: Model = { ...parsed, graph: { ...parsed.graph, nodes } };
    expect(readModel(writeModel(model))).toEqual(model);
  });

  test('a splat is written out', () => {
    const graph: Graph = {
      name: 'g',
      inputs: [],
      outputs: [{ name: 'w', type: undefined }],
      nodes: [],
      constants: new Map([['w', { dtype: 'uint16', dims: [2, 2], splat: Uint8Array.of(1, 2) }]]),
      types: new Map(),
    };
    expect(readModel(writeModel(modelOf(graph))).graph.constants.get('w')).toEqual({
      dtype: 'uint16',
      dims: [2, 2],
      bytes: Uint8Array.of(1, 2, 1, 2, 1, 2, 1, 2),
    });
    const huge = {
      ...graph,
      constants: new Map([['w', { dtype: 'uint16' as const, dims: [2 ** 31], splat: Uint8Array.of(1, 2) }]]),
    };
    expect(() => writeModel(modelOf(huge))).toThrow(expect.objectContaining({ code: 'SYS-ONNX-041' }));
  });

  test('an attribute beyond float32 cannot be written', () => {
    const text = 'model ir=8 producer="" opset {"": 17} graph g() -> () { = Op[a=1e300d]() @n }';
    expect(() => writeModel(parseModel(text))).toThrow(expect.objectContaining({ code: 'SYS-ONNX-040' }));
  });
});

describe('wrong files', () => {
  const text = (s: string): Uint8Array => new TextEncoder().encode(s);
  const tensorFile = writeTensor({ dtype: 'float32', dims: [2], bytes: new Uint8Array(8) });
  const cases: [string, Uint8Array, string, RegExp][] = [
    ['nothing', new Uint8Array(0), 'SYS-ONNX-001', /empty/],
    ['a text', text('\n  Hello, this is no model\n'), 'SYS-ONNX-002', /begins 'Hello, this is no model'/],
    ['a web page', text('<!DOCTYPE html>\n<html>'), 'SYS-ONNX-002', /<!DOCTYPE html>/],
    ['a Git LFS pointer', text('version https://git-lfs.github.com/spec/v1\noid'), 'SYS-ONNX-002', /git lfs pull/],
    [
      'half a file',
      encode(chain).subarray(0, 40),
      'SYS-ONNX-002',
      /file ends at byte 40, inside of 'graph', which begins at byte \d+ and should reach to byte \d+/,
    ],
    ['a lying length', Uint8Array.of(8, 8, 0x3a, 0xff, 0xff, 0xff, 0xff, 0x07), 'SYS-ONNX-002', /8 bytes/],
    ['a tensor', tensorFile, 'SYS-ONNX-004', /a tensor, float32\[2\]/],
    ['a model without graph', encode(undefined), 'SYS-ONNX-003', /states IR version 8 but has no graph/],
    ['no IR version', encode(chain, { irVersion: 0n }), 'SYS-ONNX-003', /no IR version/],
    ['no operator set', encode(chain, { opsetImport: [] }), 'SYS-IR-008', /'Relu_0' \(Relu\)/],
    ['opset 0', encode(chain, { opsetImport: [{ version: 0n }] }), 'SYS-IR-011', /version 0/],
    ['an unknown value', encode({ ...chain, node: [relu('q', 'y')] }), 'SYS-IR-002', /reads 'q'/],
    ['a value made twice', encode({ ...chain, node: [relu('x', 'y'), relu('x', 'y')] }), 'SYS-IR-001', /defined twice/],
    ['an output nobody makes', encode({ ...chain, node: [] }), 'SYS-IR-005', /'y'/],
    [
      'a cycle',
      encode({ ...chain, node: [relu('y', 'h', 'a'), relu('h', 'y', 'b')] }),
      'SYS-ONNX-030',
      /'a' → 'b' → 'a'/,
    ],
    [
      'an initialiser twice',
      encode({ ...chain, initializer: ['w', 'w'].map((name) => ({ name, dataType: 1, floatData: [1] })) }),
      'SYS-ONNX-033',
      /'w' stands twice in 'main'/,
    ],
    ['an input without name', encode({ ...chain, input: [{}] }), 'SYS-ONNX-034', /an input of 'main'/],
    [
      'an attribute of the future',
      encode({ ...chain, node: [{ ...relu('x', 'y', 'n'), attribute: [{ name: 'a', type: 77 }] }] }),
      'SYS-ONNX-031',
      /type number 77/,
    ],
    [
      'an attribute without its value',
      encode({ ...chain, node: [{ ...relu('x', 'y', 'n'), attribute: [{ name: 'a', type: 5 }] }] }),
      'SYS-ONNX-032',
      /'a' of node 'n' is of type graph/,
    ],
    [
      'a bad tensor in a node',
      encode({
        ...chain,
        node: [{ ...relu('x', 'y', 'n'), attribute: [{ name: 'a', type: 4, t: { dims: [-3n], dataType: 1 } }] }],
      }),
      'SYS-ONNX-011',
      /'n\.a' has dimension -3/,
    ],
  ];
  test.each(cases)('%s', (_, bytes, code, message) => {
    const error = failure(bytes);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test('graphs nested without end are refused by the decoder, not followed', () => {
    // field 1 (node) → field 5 (attribute) → field 6 (graph), 2,000 times.
    let graph: number[] = [];
    const wrap = (field: number, body: number[]): number[] => [(field << 3) | 2, ...varint(body.length), ...body];
    for (let i = 0; i < 2000; i++) graph = wrap(1, wrap(5, wrap(6, graph)));
    expect(failure(Uint8Array.from([8, 8, ...wrap(7, graph)])).code).toBe('SYS-ONNX-002');
  });

  const sample = encode({
    ...chain,
    initializer: [
      { name: 'w', dims: [2n, 2n], dataType: 1, rawData: new Uint8Array(16) },
      { name: 'v', dims: [3n], dataType: 7, int64Data: [1n, 2n, 3n] },
    ],
    valueInfo: [{ name: 'h', type: FLOAT }],
    node: [{ ...relu('x', 'h'), attribute: [{ name: 'a', type: 7, ints: [1n, 2n] }] }, relu('h', 'y')],
  });

  const survives = (bytes: Uint8Array): void => {
    try {
      readModel(bytes, { file: 'net.onnx' });
    } catch (error) {
      if (!(error instanceof SystoleError) || error.kind === 'internal') throw error;
    }
  };

  test('cut off anywhere', () => {
    for (let length = 0; length < sample.length; length++) survives(sample.slice(0, length));
  });

  test('any byte changed, random bytes', () => {
    const random = new Random(1);
    for (let run = 0; run < 20_000; run++) {
      const bytes = sample.slice();
      for (let n = random.integer(1, 4); n > 0; n--)
        bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
      survives(bytes);
    }
    for (let run = 0; run < 5_000; run++) {
      survives(Uint8Array.from({ length: random.integer(1, 200) }, () => random.integer(0, 255)));
    }
  });
});

function varint(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...out, rest];
    out.push((rest & 0x7f) | 0x80);
  }
}

import { describe, expect, test } from 'vitest';
import { SystoleError } from '#base';
import type { Attribute, Graph, GraphFunction, GraphNode, Model } from './graph.ts';
import { tensorOf } from './tensor.ts';
import { tensorType } from './types.ts';
import { verifyModel } from './verify.ts';

const node = (name: string, inputs: string[], outputs: string[], attributes: [string, Attribute][] = []): GraphNode => {
  return { name, op: 'Relu', domain: '', inputs, outputs, attributes: new Map(attributes) };
};

const value = (name: string) => ({ name, type: tensorType('float32', [2]) });

const graph = (parts: Partial<Graph> = {}): Graph => ({
  name: 'main',
  inputs: [value('x')],
  outputs: [value('y')],
  nodes: [node('a', ['x'], ['h']), node('b', ['h', ''], ['y', ''])],
  constants: new Map(),
  types: new Map(),
  ...parts,
});

const model = (parts: Partial<Model> = {}): Model => ({
  irVersion: 8,
  producer: '',
  opsets: new Map([['', 17]]),
  graph: graph(),
  functions: [],
  metadata: new Map(),
  ...parts,
});

const inner = (parts: Partial<Graph>): Graph => graph({ name: 'then', inputs: [], outputs: [value('z')], ...parts });

/** The main graph with a subgraph at node 'b'. */
const around = (g: Graph): Model =>
  model({
    graph: graph({
      nodes: [node('a', ['x'], ['h']), node('b', ['h'], ['y'], [['body', { kind: 'graph', value: g }]])],
    }),
  });

const f: GraphFunction = {
  domain: 'my',
  name: 'f',
  overload: '',
  inputs: ['x'],
  outputs: ['y'],
  attributes: ['alpha'],
  defaults: new Map(),
  nodes: [node('a', ['x'], ['y'], [['alpha', { kind: 'reference', name: 'alpha', type: 1 }]])],
  types: new Map(),
  opsets: new Map([['', 17]]),
};

function failure(m: Model): { code: string; node: string | undefined; text: string } {
  try {
    verifyModel(m, 'net.onnx');
  } catch (error) {
    if (!(error instanceof SystoleError)) throw error;
    expect(error.place.file).toBe('net.onnx');
    expect(error.text('zh')).toMatch(/[\u4e00-\u9fff]/);
    return { code: error.code, node: error.place.node, text: error.message };
  }
  return { code: 'passed', node: undefined, text: '' };
}

describe('valid', () => {
  test('a chain, an absent input, an absent output', () => expect(() => verifyModel(model())).not.toThrow());

  test('a subgraph reads and hides names around it', () => {
    const g = inner({ nodes: [node('c', ['h', 'x'], ['z'])] });
    expect(() => verifyModel(around(g))).not.toThrow();
    const hiding = inner({ nodes: [node('c', ['x'], ['h']), node('d', ['h'], ['z'])] });
    expect(() => verifyModel(around(hiding))).not.toThrow();
  });

  test('a function with references to its attributes', () =>
    expect(() => verifyModel(model({ functions: [f, { ...f, overload: 'other' }] }))).not.toThrow());

  test('an input and a constant handed straight out', () => {
    const constants = new Map([['c', tensorOf('float32', [2], [1, 2])]]);
    const g = graph({ nodes: [], outputs: [value('x'), value('c')], constants });
    expect(() => verifyModel(model({ graph: g }))).not.toThrow();
  });
});

describe('violations', () => {
  const cases: [string, Model, string, string | undefined, RegExp][] = [
    [
      'a name defined by two nodes',
      model({ graph: graph({ nodes: [node('a', ['x'], ['y']), node('b', ['x'], ['y'])] }) }),
      'SYS-IR-001',
      'b',
      /'y' of 'main' is defined twice: by node 'a' and by node 'b'/,
    ],
    [
      'an input that is also an initialiser',
      model({ graph: graph({ constants: new Map([['x', tensorOf('float32', [1], [0])]]) }) }),
      'SYS-IR-001',
      undefined,
      /an input and by an initialiser/,
    ],
    ['an undefined value', model({ graph: graph({ inputs: [] }) }), 'SYS-IR-002', 'a', /reads 'x', which no input/],
    [
      'a value used before its node',
      model({ graph: graph({ nodes: [node('b', ['h'], ['y']), node('a', ['x'], ['h'])] }) }),
      'SYS-IR-003',
      'b',
      /before node 'a' defines it/,
    ],
    [
      'a subgraph that reads what comes later outside',
      model({
        graph: graph({
          nodes: [
            node('b', ['x'], ['y'], [['body', { kind: 'graph', value: inner({ nodes: [node('c', ['h'], ['z'])] }) }]]),
            node('a', ['x'], ['h']),
          ],
        }),
      }),
      'SYS-IR-003',
      'c',
      /node 'c' of 'main\/b.body' reads 'h' before node 'a'/,
    ],
    [
      'a node name twice',
      model({ graph: graph({ nodes: [node('a', ['x'], ['h']), node('a', ['h'], ['y'])] }) }),
      'SYS-IR-004',
      'a',
      /'a' stands twice/,
    ],
    ['a missing output', model({ graph: graph({ outputs: [value('q')] }) }), 'SYS-IR-005', undefined, /output 'q'/],
    [
      'a subgraph that hands out an outer value',
      around(inner({ nodes: [], outputs: [value('h')] })),
      'SYS-IR-005',
      undefined,
      /Identity/,
    ],
    [
      'a constant of the wrong length',
      model({
        graph: graph({ constants: new Map([['w', { dtype: 'float32', dims: [3], bytes: new Uint8Array(8) }]]) }),
      }),
      'SYS-IR-006',
      undefined,
      /'main\/w' is float32\[3\], which takes 12 bytes, but holds 8/,
    ],
    [
      'a splat of half a byte',
      model({ graph: graph({ constants: new Map([['w', { dtype: 'int4', dims: [3], splat: new Uint8Array(1) }]]) }) }),
      'SYS-IR-006',
      undefined,
      /int4\[3\]/,
    ],
    [
      'an attribute tensor with a negative dimension',
      model({
        graph: graph({
          nodes: [
            node(
              'a',
              ['x'],
              ['y'],
              [['value', { kind: 'tensor', value: { dtype: 'float32', dims: [-1], bytes: new Uint8Array(0) } }]],
            ),
          ],
        }),
      }),
      'SYS-IR-007',
      'a',
      /'a.value' has dimension -1/,
    ],
    ['no operator set', model({ opsets: new Map([['ai.onnx.ml', 3]]) }), 'SYS-IR-008', 'a', /stated: 'ai.onnx.ml'/],
    ['a function twice', model({ functions: [f, f] }), 'SYS-IR-009', undefined, /my::f is defined twice/],
    [
      'a reference outside a function',
      model({ graph: graph({ nodes: f.nodes }) }),
      'SYS-IR-010',
      'a',
      /only a function's body has a caller/,
    ],
    ['an opset of 0', model({ opsets: new Map([['', 0]]) }), 'SYS-IR-011', undefined, /version 0/],
    [
      'a node without operator',
      model({ graph: graph({ nodes: [{ ...node('a', ['x'], ['y']), op: '' }] }) }),
      'SYS-IR-012',
      'a',
      /names no operator/,
    ],
    [
      'a function that reads what it does not have',
      model({ functions: [{ ...f, inputs: [] }] }),
      'SYS-IR-002',
      'a',
      /of 'my::f' reads 'x'/,
    ],
  ];
  test.each(cases)('%s', (_, m, code, place, text) => {
    const found = failure(m);
    expect(found.code).toBe(code);
    expect(found.node).toBe(place);
    expect(found.text).toMatch(text);
  });
});

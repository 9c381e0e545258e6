/** Type inference over graphs: computed shapes, symbols, declarations, and what is refused. */
import { describe, expect, test } from 'vitest';
import { SystoleError } from '#base';
import {
  type Attribute,
  type GraphNode,
  int,
  ints,
  type Model,
  type Tensor,
  type TensorType,
  tensorType,
  typeOf,
  typeText,
  type ValueType,
} from '#ir';
import { nodeCost } from './cost.ts';
import { evaluateGraph } from './evaluate.ts';
import { inferTypes } from './infer.ts';
import { data, int64s } from './sampling.ts';

interface Parts {
  readonly inputs: Readonly<Record<string, ValueType>>;
  readonly nodes: readonly GraphNode[];
  readonly outputs: Readonly<Record<string, ValueType | undefined>>;
  readonly constants?: Readonly<Record<string, Tensor>>;
  readonly types?: Readonly<Record<string, ValueType>>;
  readonly opset?: number;
}

const node = (
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): GraphNode => ({
  name: `${op}_${outputs[0]}`,
  op,
  domain: '',
  inputs,
  outputs,
  attributes: new Map(Object.entries(attributes)),
});

const model = (p: Parts): Model => ({
  irVersion: 10,
  producer: 'test',
  opsets: new Map([['', p.opset ?? 17]]),
  graph: {
    name: 'g',
    inputs: Object.entries(p.inputs).map(([name, type]) => ({ name, type })),
    outputs: Object.entries(p.outputs).map(([name, type]) => ({ name, type })),
    nodes: p.nodes,
    constants: new Map(Object.entries(p.constants ?? {})),
    types: new Map(Object.entries(p.types ?? {})),
  },
  functions: [],
  metadata: new Map(),
});

const image = (...shape: TensorType['shape'] & {}): TensorType => tensorType('float32', shape);

function refusal(run: () => unknown): SystoleError {
  try {
    run();
  } catch (error) {
    if (error instanceof SystoleError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Flattening as PyTorch exports it: Shape → Gather → Unsqueeze → Concat → Reshape. */
const flatten = model({
  inputs: { x: image('N', 4, 3, 3) },
  nodes: [
    node('Shape', ['x'], ['shape']),
    node('Gather', ['shape', 'zero'], ['batch']),
    node('Unsqueeze', ['batch', 'axes'], ['row']),
    node('Concat', ['row', 'rest'], ['target'], { axis: int(0) }),
    node('Reshape', ['x', 'target'], ['y']),
  ],
  outputs: { y: undefined },
  constants: { zero: { dtype: 'int64', dims: [], bytes: new Uint8Array(8) }, axes: int64s(0), rest: int64s(-1) },
});

describe('computed shapes', () => {
  test('a symbol travels through a shape computation', () => {
    expect(typeText(inferTypes(flatten).graph.outputs[0]?.type)).toBe('float32[N,36]');
  });

  test('a bound symbol becomes a number everywhere', () => {
    const { graph } = inferTypes(flatten, { dims: { N: 5 } });
    expect(typeText(graph.outputs[0]?.type)).toBe('float32[5,36]');
    expect(typeText(graph.inputs[0]?.type)).toBe('float32[5,4,3,3]');
    expect(typeText(typeOf(graph, 'target'))).toBe('int64[2]');
  });

  test('the computation itself evaluates', () => {
    const y = evaluateGraph(flatten, new Map([['x', data([2, 4, 3, 3])]])).get('y');
    expect(y?.dims).toEqual([2, 36]);
  });

  test('Slice, Cast and Mul are followed', () => {
    const sliced = model({
      inputs: { x: image(2, 'C', 5, 7) },
      nodes: [
        node('Shape', ['x'], ['shape']),
        node('Slice', ['shape', 'two', 'four'], ['size']),
        node('Mul', ['size', 'factor'], ['larger']),
        node('Cast', ['larger'], ['narrow'], { to: int(6) }),
        node('Cast', ['narrow'], ['target'], { to: int(7) }),
        node('ConstantOfShape', ['target'], ['y']),
      ],
      outputs: { y: undefined },
      constants: { two: int64s(2), four: int64s(4), factor: int64s(3) },
    });
    expect(typeText(inferTypes(sliced).graph.outputs[0]?.type)).toBe('float32[15,21]');
  });
});

describe('declared types', () => {
  const relu = (declared: ValueType | undefined) =>
    model({ inputs: { x: image('N', 3) }, nodes: [node('Relu', ['x'], ['y'])], outputs: { y: declared } });

  test('the tighter of declared and inferred holds', () => {
    expect(typeText(inferTypes(relu(image(8, null))).graph.outputs[0]?.type)).toBe('float32[8,3]');
  });

  test('a contradiction is refused with the node and both types', () => {
    const error = refusal(() => inferTypes(relu(image('N', 4))));
    expect(error.code).toBe('SYS-OPS-004');
    expect(error.place.node).toBe('Relu_y');
    for (const language of ['en', 'zh'] as const) {
      expect(error.text(language)).toContain('Relu_y');
      expect(error.text(language)).toContain('float32[N,4]');
      expect(error.text(language)).toContain('float32[N,3]');
    }
  });

  test('as a fallback, a contradicted declaration gives way', () => {
    const { graph } = inferTypes(relu(image('N', 4)), { declared: 'fallback' });
    expect(typeText(graph.outputs[0]?.type)).toBe('float32[N,3]');
  });

  test('an unknown operator keeps its declared type, and what follows is inferred', () => {
    const unknown = model({
      inputs: { x: image(2, 3) },
      nodes: [node('Mystery', ['x'], ['m']), node('Relu', ['m'], ['y'])],
      outputs: { y: undefined },
      types: { m: image(2, 9) },
    });
    expect(typeText(inferTypes(unknown).graph.outputs[0]?.type)).toBe('float32[2,9]');
    expect(refusal(() => nodeCost(unknown, unknown.graph.nodes[0]!)).code).toBe('SYS-OPS-005');
    expect(refusal(() => evaluateGraph(unknown, new Map([['x', data([2, 3])]]))).code).toBe('SYS-OPS-007');
  });

  test('an undeclared unknown operator leaves its successors open', () => {
    const unknown = model({
      inputs: { x: image(2, 3) },
      nodes: [node('Mystery', ['x'], ['m']), node('Relu', ['m'], ['y'])],
      outputs: { y: undefined },
    });
    expect(inferTypes(unknown).graph.outputs[0]?.type).toBeUndefined();
  });

  test('a model function of the same name hides the operator', () => {
    const hidden = relu(undefined);
    const functions = [
      {
        domain: '',
        name: 'Relu',
        overload: '',
        inputs: ['a'],
        outputs: ['b'],
        attributes: [],
        defaults: new Map(),
        nodes: [],
        types: new Map(),
        opsets: new Map(),
      },
    ];
    expect(inferTypes({ ...hidden, functions }).graph.outputs[0]?.type).toBeUndefined();
  });
});

describe('refusals', () => {
  const conv =
    (x: TensorType, w: TensorType, attributes: Readonly<Record<string, Attribute>> = {}) =>
    () =>
      inferTypes(
        model({ inputs: { x, w }, nodes: [node('Conv', ['x', 'w'], ['y'], attributes)], outputs: { y: undefined } }),
      );

  test.each<[string, () => unknown, RegExp]>([
    ['channels', conv(image(1, 3, 8, 8), image(4, 2, 3, 3)), /X\[1\] = W\[1\] × group/],
    ['groups', conv(image(1, 4, 8, 8), image(3, 2, 3, 3), { group: int(2) }), /multiple of group/],
    ['rank', conv(image(1, 3, 8, 8), image(4, 3, 3)), /X \[N, C, D1/],
    ['strides', conv(image(1, 3, 8, 8), image(4, 3, 3, 3), { strides: ints([1]) }), /2 positive numbers/],
    ['pads', conv(image(1, 3, 8, 8), image(4, 3, 3, 3), { pads: ints([1, 1]) }), /4 numbers ≥ 0/],
    ['window too large', conv(image(1, 3, 2, 8), image(4, 3, 3, 3)), /a window of 3 over 2 elements/],
    ['attribute name', conv(image(1, 3, 8, 8), image(4, 3, 3, 3), { dilation: ints([1, 1]) }), /perhaps 'dilations'/],
    [
      'attribute kind',
      conv(image(1, 3, 8, 8), image(4, 3, 3, 3), { group: ints([1]) }),
      /of kind ints; expected int\./,
    ],
    ['element types', conv(image(1, 3, 8, 8), tensorType('float64', [4, 3, 3, 3])), /float32, as the earlier inputs/],
    ['element type', conv(tensorType('int32', [1, 3, 8, 8]), image(4, 3, 3, 3)), /of type int32/],
  ])('%s', (_, run, expected) => {
    const error = refusal(run);
    expect(error.code).toBe('SYS-OPS-001');
    expect(error.place.node).toBe('Conv_y');
    expect(error.message).toMatch(expected);
    expect(error.text('zh')).toMatch(/发现 .+应为 /);
  });

  test('a symbol that the model does not have is answered with those it has', () => {
    const error = refusal(() => inferTypes(flatten, { dims: { n: 4 } }));
    expect(error.code).toBe('SYS-OPS-002');
    expect(error.message).toContain("it has N. Did you mean 'N'?");
  });

  test('a size must be a whole number', () => {
    expect(refusal(() => inferTypes(flatten, { dims: { N: 0 } })).code).toBe('SYS-OPS-003');
    expect(refusal(() => inferTypes(flatten, { dims: { N: 1.5 } })).code).toBe('SYS-OPS-003');
  });

  test('a cost needs sizes', () => {
    const error = refusal(() => nodeCost(inferTypes(flatten), flatten.graph.nodes[4]!));
    expect(error.code).toBe('SYS-OPS-006');
    expect(error.message).toContain('float32[N,4,3,3]');
  });

  test('an input without data', () => {
    expect(refusal(() => evaluateGraph(flatten, new Map())).code).toBe('SYS-OPS-008');
  });
});

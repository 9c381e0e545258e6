/** The text form as people see it, and what they are told when they slip. */
import { describe, expect, test } from 'vitest';
import { codeFrame, SystoleError } from '#base';
import type { Model } from './graph.ts';
import { parseModel } from './parse.ts';
import { printModel } from './print.ts';
import { tensorOf } from './tensor.ts';

const EXAMPLE = `model ir=8 producer="by hand" opset {"": 17, "my.domain": 1}
metadata {"task": "demo"}

function my.domain::Scale[alpha](x) -> (y) opset {"": 17} {
  a = Constant[value_float=ref(alpha: float)]() @a
  y = Mul(x, a) @y
}

graph main(x: float32[1,3,N], cond: bool[]) -> (y: float32[1,?,N], s: seq(float32[*])) {
  const w: float32[2,3,1] = {1, -0.5, 0.1, nan, -inf, 1e-30}
  const big: float16[64] = splat 0.5
  const "weird name:0": string[2] = {"a\\nb", "日本"}
  type w2: float32[2]
  h: float32[1,2,N] = Conv[auto_pad="VALID", strides=[1], w=int4[3] {-8, 7, 0}](x, w, _) @conv1
  y = my.domain::Scale[alpha=0.5](h) @scale
  s = If[then_branch=graph then() -> (t: seq(float32[*])) {
    t = SequenceConstruct(h, y) @build
  }, else_branch=graph else() -> (e: seq(float32[*])) {
    e = SequenceEmpty[dtype=1]() @none
  }](cond) @if1
}
`;

describe('the form', () => {
  test('an example prints as it was written', () => expect(printModel(parseModel(EXAMPLE))).toBe(EXAMPLE));

  test('white space, comments and node names may be left out or added', () => {
    const loose = parseModel(`# by hand
      model ir=8 producer="" opset{"":17} graph g(x:float32[2])->(y) {
        h = Relu ( x )   # first
        y = Relu(h)
      }`);
    expect(loose.graph.nodes.map((n) => n.name)).toEqual(['Relu_0', 'Relu_1']);
  });

  test('numbers: int without point, float32 by default, double with d', () => {
    const text =
      'model ir=8 producer="" opset {"": 17} graph g() -> () { = Op[a=1, b=0.1, c=0.1d, d=-inf, e=[1.0, 2.5]]() }';
    const attributes = parseModel(text).graph.nodes[0]!.attributes;
    expect(attributes.get('a')).toEqual({ kind: 'int', value: 1n });
    expect(attributes.get('b')).toEqual({ kind: 'float', value: Math.fround(0.1) });
    expect(attributes.get('c')).toEqual({ kind: 'float', value: 0.1 });
    expect(attributes.get('d')).toEqual({ kind: 'float', value: Number.NEGATIVE_INFINITY });
    expect(attributes.get('e')).toEqual({ kind: 'floats', value: [1, 2.5] });
  });

  test('elided tensors say that the text does not parse, and it does not', () => {
    const constants = new Map([['w', tensorOf('float32', [40], new Float32Array(40))]]);
    const base = parseModel(EXAMPLE);
    const text = printModel({ ...base, graph: { ...base.graph, constants } }, { elideTensors: 8 });
    expect(text).toContain('const w: float32[40] = … 40 elements');
    expect(text.split('\n')[0]).toMatch(/does not parse back/);
    expect(failure(text).code).toBe('SYS-IR-107');
  });

  test('a large tensor is base64', () => {
    const base = parseModel(EXAMPLE);
    const w = tensorOf(
      'int32',
      [40],
      Int32Array.from({ length: 40 }, (_, i) => i),
    );
    const model: Model = {
      ...base,
      graph: { ...base.graph, constants: new Map([...base.graph.constants, ['big', w]]) },
    };
    const text = printModel(model);
    expect(text).toContain('const big: int32[40] = base64 "AAAAAAEAAAAC');
    expect(parseModel(text)).toEqual(model);
  });
});

function failure(text: string): { code: string; marked: string | undefined; message: string; frame: string } {
  try {
    parseModel(text, 'net.txt');
  } catch (error) {
    if (!(error instanceof SystoleError)) throw error;
    const { line, column, length } = error.place;
    const marked = text.split('\n')[line! - 1]?.slice(column! - 1, column! - 1 + length!);
    expect(error.place.file).toBe('net.txt');
    expect(error.text('zh')).toMatch(/[\u4e00-\u9fff]/);
    return { code: error.code, marked, message: error.message, frame: codeFrame(error.place, 0) };
  }
  return { code: 'passed', marked: '', message: '', frame: '' };
}

describe('errors', () => {
  const swap = (from: string, to: string): string => {
    expect(EXAMPLE).toContain(from);
    return EXAMPLE.replace(from, to);
  };
  // What went wrong, the text, its code, what the caret stands under, the message.
  const cases: [string, string, string, string | undefined, RegExp][] = [
    ['an empty text', '', 'SYS-IR-100', '', /found the end of the text, expected 'model'/],
    [
      'a missing bracket',
      swap('(x: float32[1,3,N]', '(x: float32[1,3,N'),
      'SYS-IR-100',
      ':',
      /found ':', expected ',' or '\]'/,
    ],
    ['a missing comma', swap('(x, w, _)', '(x w, _)'), 'SYS-IR-100', 'w', /found 'w', expected ',' or '\)'/],
    ['a missing type', swap('cond: bool[]', 'cond:'), 'SYS-IR-100', ')', /found '\)', expected a type/],
    [
      'a misspelt type',
      swap('w: float32[2,3,1]', 'w: flot32[2,3,1]'),
      'SYS-IR-108',
      'flot32',
      /did you mean 'float32'/,
    ],
    [
      'an open string',
      swap('"VALID"', '"VALID'),
      'SYS-IR-101',
      '"VALID, strides=[1], w=int4[3] {-8, 7, 0}](x, w, _) @conv1',
      /no closing quote/,
    ],
    ['a bad escape', swap('"a\\nb"', '"a\\qb"'), 'SYS-IR-102', '"a\\qb"', /escapes are those of JSON/],
    ['a number too large', swap('{-8, 7, 0}', '{-9, 7, 0}'), 'SYS-IR-103', '-9', /-9 is no int4; expected -8 … 7/],
    ['a float too large', swap('1e-30', '1e39'), 'SYS-IR-103', '1e39', /1e39 is no float32/],
    ['a float for an int', swap('{-8, 7, 0}', '{-8, 7.5, 0}'), 'SYS-IR-103', '7.5', /7.5 is no int4/],
    ['too few numbers', swap('1, -0.5, ', ''), 'SYS-IR-104', '{', /float32\[2,3,1\] takes 6 elements, but 4/],
    ['bad base64', swap('splat 0.5', 'base64 "&&&="'), 'SYS-IR-105', '"&&&="', /not base64/],
    ['base64 of another length', swap('splat 0.5', 'base64 "AAAA"'), 'SYS-IR-104', 'base64', /128 bytes, but 3/],
    ['a constant twice', swap('const big: float16[64] = splat 0.5', 'const w: bool[0] = {}'), 'SYS-IR-106', 'w', /'w'/],
    ['an attribute twice', swap('strides=[1]', 'auto_pad=""'), 'SYS-IR-106', 'auto_pad', /'auto_pad'/],
    ['a mixed list', swap('strides=[1]', 'strides=[1, 2.0]'), 'SYS-IR-100', '2.0', /found '2.0', expected another int/],
    ['an untyped empty list', swap('strides=[1]', 'strides=[]'), 'SYS-IR-100', ']', /ints\[\]/],
    ['a stray character', swap('@conv1', '@conv1 ;'), 'SYS-IR-100', ';', /found ';'/],
    [
      'a reference of no type',
      swap('alpha: float)', 'alpha: flout)'),
      'SYS-IR-100',
      'flout',
      /found 'flout', expected undefined, float/,
    ],
    ['text behind the graph', `${EXAMPLE}graph`, 'SYS-IR-100', 'graph', /found 'graph', expected the end/],
    ['a negative size', swap('float32[2,3,1]', 'float32[2,-3,1]'), 'SYS-IR-100', '-3', /whole number from 0/],
    ['a name nobody defines', swap('(x, w, _)', '(x, v, _)'), 'SYS-IR-002', undefined, /reads 'v'/],
  ];
  test.each(cases)('%s', (_, text, code, marked, message) => {
    const found = failure(text);
    expect(found.message).toMatch(message);
    expect(found.code).toBe(code);
    expect(found.marked).toBe(marked);
  });

  test('the caret stands under the word', () => {
    expect(failure(swap('w: float32[2,3,1]', 'w: flot32[2,3,1]')).frame).toBe(
      '> 10 |   const w: flot32[2,3,1] = {1, -0.5, 0.1, nan, -inf, 1e-30}\n     |            ^^^^^^',
    );
  });

  test('endless nesting is refused, not followed', () => {
    const types = `model ir=8 producer="" opset {} graph g(x: ${'seq('.repeat(50_000)}`;
    expect(failure(types).code).toBe('SYS-IR-109');
    const graphs = `model ir=8 producer="" opset {"": 1} graph g() -> () { ${'= If[a=graph g() -> () { '.repeat(50_000)}`;
    expect(failure(graphs).code).toBe('SYS-IR-109');
  });
});

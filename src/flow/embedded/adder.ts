/**
 * The embedded adder: the exact 9-31-5 threshold network of the 4-bit full adder
 * (AI Computing Systems, exercise 2.11, in closed form). Inputs are the bits a3 … a0, b3 … b0 and the carry, outputs the
 * bits s4 … s0 of a + b + carry, all as f32 0 and 1.
 */
import { float, type GraphNode, type Model, type Tensor, tensorNumbers, tensorOf, tensorType } from '#ir';
import { modelOf } from '#onnx';

export interface Addition {
  readonly a: number;
  readonly b: number;
  readonly carry: number;
}

/** The embedded input. */
export const ADDITION: Addition = { a: 9, b: 5, carry: 1 };

/** Largest term. */
export const TERM_MAX = 15;
/** Bits of a term, and of the sum. */
const TERM_BITS = 4;
const SUM_BITS = 5;
/** Largest sum, so the number of thresholds. */
const SUM_MAX = 31;

/** Operator set in which Clip has its limits as attributes: the parameters are the 470 of the network and nothing else. */
const OPSET = 10;

/**
 * The network for a batch of N additions. Hidden unit k (1 … 31) is 1 where the sum s ≥ k: s is an integer, so
 * clip(s − k + 1, 0, 1) is that step exactly. Bit j of s turns on at odd multiples of 2^j and off at even ones, so it is the
 * sum of the hidden units at those k with signs + and −.
 */
export function adderModel(): Model {
  const thresholds = Array.from({ length: SUM_MAX }, (_, i) => i + 1);
  const hidden = inputWeights().flatMap((weight) => thresholds.map(() => weight));
  const output = thresholds.flatMap((k) =>
    bits(SUM_BITS).map((j) => (k % 2 ** j === 0 ? ((k / 2 ** j) % 2 ? 1 : -1) : 0)),
  );
  const node = (name: string, op: string, inputs: string[], to: string, attributes = new Map()): GraphNode => ({
    name,
    op,
    domain: '',
    inputs,
    outputs: [to],
    attributes,
  });
  const graph = {
    name: 'adder',
    inputs: [{ name: 'bits', type: tensorType('float32', ['N', 2 * TERM_BITS + 1]) }],
    outputs: [{ name: 'sum', type: tensorType('float32', ['N', SUM_BITS]) }],
    nodes: [
      node('weigh', 'Gemm', ['bits', 'weights1', 'bias1'], 'above'),
      node(
        'threshold',
        'Clip',
        ['above'],
        'reached',
        new Map([
          ['min', float(0)],
          ['max', float(1)],
        ]),
      ),
      node('toggle', 'Gemm', ['reached', 'weights2', 'bias2'], 'sum'),
    ],
    constants: new Map([
      ['weights1', tensorOf('float32', [2 * TERM_BITS + 1, SUM_MAX], hidden)],
      [
        'bias1',
        tensorOf(
          'float32',
          [SUM_MAX],
          thresholds.map((k) => 1 - k),
        ),
      ],
      ['weights2', tensorOf('float32', [SUM_MAX, SUM_BITS], output)],
      ['bias2', tensorOf('float32', [SUM_BITS], new Array<number>(SUM_BITS).fill(0))],
    ]),
    types: new Map(),
  };
  return modelOf(graph, OPSET);
}

/** Positions of `count` bits, the most significant first. */
const bits = (count: number): number[] => Array.from({ length: count }, (_, i) => count - 1 - i);

const inputWeights = (): number[] => [...bits(TERM_BITS), ...bits(TERM_BITS), 0].map((j) => 2 ** j);

/** Additions as the network's input. Terms are whole numbers 0 … 15, the carry is 0 or 1. */
export function adderInput(additions: readonly Addition[]): Tensor {
  const of = (term: number): number[] => bits(TERM_BITS).map((j) => (term >> j) & 1);
  const rows = additions.flatMap(({ a, b, carry }) => [...of(a), ...of(b), carry]);
  return tensorOf('float32', [additions.length, 2 * TERM_BITS + 1], rows);
}

/** The sums that an output says, one for each row. Bits that are neither 0 nor 1 make it NaN. */
export function sumsOf(output: Tensor): number[] {
  const numbers = tensorNumbers(output);
  return Array.from({ length: numbers.length / SUM_BITS }, (_, row) => {
    const word = numbers.subarray(row * SUM_BITS, (row + 1) * SUM_BITS);
    return word.reduce((sum, bit, i) => (bit === 0 || bit === 1 ? sum + bit * 2 ** (SUM_BITS - 1 - i) : Number.NaN), 0);
  });
}

/** Random uses of LSTM, GRU, RNN, Einsum and Resize, seeded: combinations of attributes that no sample has. */
import type { Random } from '#base';
import {
  type Attribute,
  elementCount,
  float,
  floats,
  type GraphNode,
  int,
  ints,
  string,
  strings,
  type Tensor,
  tensorOf,
} from '#ir';
import type { Sample } from '#ops';

export const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const tensor = (random: Random, dims: readonly number[]): Tensor =>
  tensorOf(
    'float32',
    dims,
    many(elementCount(dims), () => random.normal()),
  );

function caseOf(
  op: string,
  opset: number,
  attributes: Readonly<Record<string, Attribute>>,
  inputs: readonly (Tensor | undefined)[],
  outputs = 1,
): Sample {
  const node: GraphNode = {
    name: op,
    op,
    domain: '',
    inputs: inputs.map((t, i) => (t === undefined ? '' : `x${i}`)),
    outputs: many(outputs, (i) => `y${i}`),
    attributes: new Map(Object.entries(attributes)),
  };
  return { name: op, node, opset, inputs };
}

// Functions that stay within bounds, so that a state does not grow away.
const BOUNDED = ['Sigmoid', 'Tanh', 'HardSigmoid', 'Softsign', 'ScaledTanh'];

function recurrent(op: 'LSTM' | 'GRU' | 'RNN', gates: number, functions: number, random: Random): Sample {
  const [steps, batch, input, hidden] = many(4, () => random.integer(1, 5)) as [number, number, number, number];
  const direction = random.pick(['forward', 'reverse', 'bidirectional']);
  const directions = direction === 'bidirectional' ? 2 : 1;
  const maybe = <T>(make: () => T): T | undefined => (random.integer(0, 1) === 1 ? make() : undefined);
  const attributes: Record<string, Attribute> = { hidden_size: int(hidden), direction: string(direction) };
  if (random.integer(0, 1) === 1) {
    attributes.activations = strings(many(functions * directions, () => random.pick(BOUNDED)));
    const parameters = () => floats(many(functions * directions, () => 0.3 + random.uniform()));
    attributes.activation_alpha = parameters();
    attributes.activation_beta = parameters();
  }
  if (random.integer(0, 2) === 0) attributes.clip = float(0.2 + random.uniform());
  if (op === 'GRU') attributes.linear_before_reset = int(random.integer(0, 1));
  if (op === 'LSTM') attributes.input_forget = int(random.integer(0, 3) === 0 ? 1 : 0);
  const inputs = [
    tensor(random, [steps, batch, input]),
    tensor(random, [directions, gates * hidden, input]),
    tensor(random, [directions, gates * hidden, hidden]),
    maybe(() => tensor(random, [directions, 2 * gates * hidden])),
    maybe(() =>
      tensorOf(
        'int32',
        [batch],
        many(batch, () => random.integer(1, steps)),
      ),
    ),
    maybe(() => tensor(random, [directions, batch, hidden])),
    ...(op === 'LSTM'
      ? [
          maybe(() => tensor(random, [directions, batch, hidden])),
          maybe(() => tensor(random, [directions, 3 * hidden])),
        ]
      : []),
  ];
  while (inputs.at(-1) === undefined) inputs.pop();
  return caseOf(op, 14, attributes, inputs, op === 'LSTM' ? 3 : 2);
}

function einsum(random: Random): Sample {
  const sizes = new Map([...'abcde'].map((letter) => [letter, random.integer(1, 3)]));
  const unnamed = random.integer(0, 1) === 1 ? many(random.integer(1, 2), () => random.integer(1, 3)) : undefined;
  const shapes: number[][] = [];
  const terms = many(random.integer(1, 3), () => {
    const letters = many(random.integer(0, 3), () => random.pick([...sizes.keys()]));
    const at = unnamed === undefined ? -1 : random.integer(0, letters.length);
    const own = letters.map((letter) => sizes.get(letter)!);
    shapes.push(at < 0 ? own : [...own.slice(0, at), ...unnamed!, ...own.slice(at)]);
    return at < 0 ? letters.join('') : `${letters.slice(0, at).join('')}...${letters.slice(at).join('')}`;
  });
  const used = [...new Set(terms.join('').replaceAll('.', ''))];
  const kept = used.filter(() => random.integer(0, 1) === 1).sort(() => random.uniform() - 0.5);
  const result = unnamed === undefined ? kept.join('') : `...${kept.join('')}`;
  const equation = random.integer(0, 3) === 0 ? terms.join(',') : `${terms.join(',')}->${result}`;
  return caseOf(
    'Einsum',
    12,
    { equation: string(equation) },
    shapes.map((dims) => tensor(random, dims)),
  );
}

function resize(random: Random): Sample {
  const mode = random.pick(['nearest', 'linear', 'cubic']);
  const antialias = mode !== 'nearest' && random.integer(0, 2) === 0;
  const coordinates = random.pick([
    'half_pixel',
    'half_pixel_symmetric',
    'pytorch_half_pixel',
    'align_corners',
    'asymmetric',
    'tf_crop_and_resize',
  ]);
  const x = tensor(random, [1, random.integer(1, 2), random.integer(1, 7), random.integer(1, 7)]);
  const output = [random.integer(1, 11), random.integer(1, 11)];
  // Where no size changes ONNX Runtime copies X, whatever the region.
  if (output[0] === x.dims[2]) output[0]!++;
  if (output[1] === x.dims[3]) output[1]!++;
  const attributes: Record<string, Attribute> = {
    mode: string(mode),
    axes: ints([2, 3]),
    coordinate_transformation_mode: string(coordinates),
    nearest_mode: string(random.pick(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'])),
    antialias: int(antialias ? 1 : 0),
    exclude_outside: int(mode === 'cubic' || antialias ? random.integer(0, 1) : 0),
    cubic_coeff_a: float(random.pick([-0.75, -0.5])),
    extrapolation_value: float(3),
  };
  const region = many(4, (i) => random.uniform() * 0.7 - 0.1 + (i < 2 ? 0 : 0.5));
  const roi = coordinates === 'tf_crop_and_resize' ? tensorOf('float32', [4], region) : undefined;
  if (random.integer(0, 1) === 1) {
    const scales = tensorOf(
      'float32',
      [2],
      output.map((size, i) => Math.max((size + random.uniform() * 0.9) / x.dims[i + 2]!, 1 / x.dims[i + 2]!)),
    );
    return caseOf('Resize', 19, attributes, [x, roi, scales]);
  }
  return caseOf('Resize', 19, attributes, [x, roi, undefined, tensorOf('int64', [2], output.map(BigInt))]);
}

/** By operator, a random use of it. */
export const RANDOM_CONTRACTIONS: Readonly<Record<string, (random: Random) => Sample>> = {
  LSTM: (random) => recurrent('LSTM', 4, 3, random),
  GRU: (random) => recurrent('GRU', 3, 2, random),
  RNN: (random) => recurrent('RNN', 1, 1, random),
  Einsum: einsum,
  Resize: resize,
};

/** Shapes and attributes, for the message of a failing case. */
export const caseText = (s: Sample): string =>
  `${s.inputs.map((t) => `[${t?.dims ?? '-'}]`).join(' ')} ${[...s.node.attributes]
    .map(([name, a]) => `${name}=${'value' in a ? a.value : ''}`)
    .join(' ')}`;

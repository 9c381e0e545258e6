/**
 * A network in the making: nodes of ONNX's operators are added one by one, and the shape of what they give is known at once, since the
 * weights of the next layer follow from it. Weights are zeros, held as one element each: a structure says what there is, not what was
 * learned.
 */
import { internalError } from '#base';
import type { Attribute, DataType, Dim, GraphNode, GraphValue, Model, Tensor, TensorType, ValueType } from '#ir';
import { tensorOf } from '#ir';
import { inferNode, type Known, operatorIn, shapeValueOf } from '#ops';

/** The operator set that structures are written in. */
const OPSET = 20;

/** Attributes as plain values: whole numbers are ints, `{ float }` floats, strings and lists of whole numbers as they are. */
export type Attributes = Readonly<Record<string, number | { readonly float: number } | string | readonly number[]>>;

export class Network {
  readonly #inputs: GraphValue[] = [];
  readonly #nodes: GraphNode[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #types = new Map<string, TensorType>();
  readonly #names = new Set<string>();
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** An input of float32 with these dimensions. Gives its name. */
  input(name: string, dims: readonly Dim[]): string {
    const type: TensorType = { kind: 'tensor', dtype: 'float32', shape: [...dims] };
    const unique = this.#unique(name);
    this.#inputs.push({ name: unique, type });
    this.#types.set(unique, type);
    return unique;
  }

  get inputs(): readonly string[] {
    return this.#inputs.map((v) => v.name);
  }

  /** Weights of this shape, all zero. The same name again is the same tensor, as layers share it. */
  weights(name: string, dims: readonly number[]): string {
    const there = this.#constants.get(name);
    if (there !== undefined && same(there.dims, dims)) return name;
    const unique = this.#unique(name);
    this.#hold(unique, { dtype: 'float32', dims, splat: new Uint8Array(4) });
    return unique;
  }

  /** A constant that sets something: shapes, axes, positions. */
  setting(name: string, values: readonly number[], dtype: DataType = 'int64'): string {
    const unique = this.#unique(name);
    this.#hold(unique, tensorOf(dtype, [values.length], values));
    return unique;
  }

  /** A constant without dimensions. */
  scalar(name: string, value: number): string {
    const unique = this.#unique(name);
    this.#hold(unique, tensorOf('float32', [], [value]));
    return unique;
  }

  /** Whether a node of this operator makes the value. */
  isMade(value: string, op: string): boolean {
    return this.#nodes.findLast((n) => n.outputs.includes(value))?.op === op;
  }

  /** Adds a node. Gives the names of its outputs, the first of which is its own. */
  add(
    name: string,
    op: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    outputs = 1,
  ): readonly string[] {
    const unique = this.#unique(name);
    const made = Array.from({ length: outputs }, (_, i) => (i === 0 ? unique : this.#unique(`${name}.${i}`)));
    const node: GraphNode = {
      ...{ name: unique, op, domain: '', inputs: [...inputs], outputs: made },
      attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, attribute(value)])),
    };
    const known: Known = {
      constant: (i) => this.#constants.get(inputs[i] ?? ''),
      shapeValue: (i) => {
        const constant = this.#constants.get(inputs[i] ?? '');
        return constant === undefined ? undefined : shapeValueOf(constant);
      },
    };
    const operator = operatorIn(this.model([]), node);
    if (operator === undefined) throw internalError({ what: `operator ${op} is not in the registry` });
    const { types } = inferNode(
      operator,
      node,
      OPSET,
      inputs.map((i) => this.#types.get(i)),
      known,
    );
    made.forEach((value, i) => {
      const type = types[i];
      if (type?.kind === 'tensor') this.#types.set(value, type);
    });
    this.#nodes.push(node);
    return made;
  }

  /** As `add`, of a node with one output. */
  one(name: string, op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.add(name, op, inputs, attributes)[0]!;
  }

  /** Dimensions of a value. */
  dims(value: string): readonly Dim[] {
    const shape = this.#types.get(value)?.shape;
    if (shape === undefined) throw internalError({ what: `the shape of '${value}' is not known` });
    return shape;
  }

  /** A dimension that must be a number: all but the batch are. */
  size(value: string, axis: number): number {
    const dim = this.dims(value).at(axis);
    if (typeof dim !== 'number') throw internalError({ what: `dimension ${axis} of '${value}' is not known` });
    return dim;
  }

  /** The model. Outputs are what no node reads, of the values given or of all. */
  model(outputs?: readonly string[]): Model {
    const read = new Set(this.#nodes.flatMap((n) => n.inputs));
    const made = outputs ?? this.#nodes.flatMap((n) => n.outputs).filter((o) => !read.has(o));
    return {
      irVersion: 9,
      producer: 'systole',
      opsets: new Map([['', OPSET]]),
      graph: {
        name: this.#name,
        inputs: this.#inputs,
        outputs: made.map((name) => ({ name, type: this.#types.get(name) })),
        nodes: this.#nodes,
        constants: this.#constants,
        types: new Map<string, ValueType>(
          [...this.#types].filter(([name]) => !this.#constants.has(name) && !this.inputs.includes(name)),
        ),
      },
      functions: [],
      metadata: new Map(),
    };
  }

  #hold(name: string, tensor: Tensor): void {
    this.#constants.set(name, tensor);
    this.#types.set(name, { kind: 'tensor', dtype: tensor.dtype, shape: tensor.dims });
  }

  #unique(name: string): string {
    let unique = name;
    for (let i = 2; this.#names.has(unique); i++) unique = `${name}.${i}`;
    this.#names.add(unique);
    return unique;
  }
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

function attribute(value: Attributes[string]): Attribute {
  if (typeof value === 'number') return { kind: 'int', value: BigInt(value) };
  if (typeof value === 'string') return { kind: 'string', value };
  if ('float' in value) return { kind: 'float', value: value.float };
  return { kind: 'ints', value: value.map(BigInt) };
}

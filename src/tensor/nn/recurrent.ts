/**
 * Recurrent layers on the operators LSTM, GRU and RNN. Parameters have PyTorch's names, shapes and order of gates (`weight_ih_l0`,
 * `weight_hh_l0_reverse`, …; LSTM i f g o, GRU r z n); the graph turns them into ONNX's order, which constant folding does once.
 * Initial values are uniform in ±1/√hidden, as PyTorch's.
 */
import { type Attribute, int, string, strings } from '#ir';
import { applyAll, castTo } from '../apply.ts';
import { concat, flatten, split, swapAxes, transpose, unsqueeze } from '../functions/movement.ts';
import type { Generator } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { Variable } from '../variable.ts';
import { expectInput } from './expected.ts';
import { uniformData } from './init.ts';
import { Dropout } from './layers.ts';
import { Module } from './module.ts';

export interface RecurrentOptions {
  /** Layers one upon the other; 1 by default. */
  readonly layers?: number;
  readonly bias?: boolean;
  /** Whether inputs and outputs are [batch, time, …]; by default [time, batch, …]. */
  readonly batchFirst?: boolean;
  /** Share of the outputs that is dropped between layers in training. */
  readonly dropout?: number;
  readonly bidirectional?: boolean;
  readonly generator?: Generator;
}

/** What tells the three apart. */
interface Kind {
  readonly op: 'LSTM' | 'GRU' | 'RNN';
  /** For each gate in ONNX's order its place in PyTorch's. */
  readonly gates: readonly number[];
  readonly attributes?: (directions: number) => Readonly<Record<string, Attribute>>;
  /** How many states go from step to step. */
  readonly states: number;
}

abstract class Recurrent extends Module {
  readonly dropout: Dropout | undefined;
  readonly #kind: Kind;
  readonly #hidden: number;
  readonly #layers: number;
  readonly #directions: readonly string[];
  readonly #bias: boolean;
  readonly #batchFirst: boolean;

  constructor(kind: Kind, inputs: number, hidden: number, options: RecurrentOptions = {}) {
    super();
    const { layers = 1, bias = true, batchFirst = false, dropout = 0, bidirectional = false, generator } = options;
    this.#kind = kind;
    this.#hidden = hidden;
    this.#layers = layers;
    this.#directions = bidirectional ? ['', '_reverse'] : [''];
    this.#bias = bias;
    this.#batchFirst = batchFirst;
    this.dropout = dropout > 0 ? new Dropout(dropout, generator === undefined ? {} : { generator }) : undefined;
    const rows = kind.gates.length * hidden;
    for (let layer = 0; layer < layers; layer++) {
      const width = layer === 0 ? inputs : hidden * this.#directions.length;
      for (const direction of this.#directions) {
        const own = (name: string, shape: readonly number[]): void => {
          const key = `${name}_l${layer}${direction}`;
          const value = new Variable(uniformData(shape, 1 / Math.sqrt(hidden), generator), { name: key });
          Object.defineProperty(this, key, { value, enumerable: true });
        };
        own('weight_ih', [rows, width]);
        own('weight_hh', [rows, hidden]);
        if (bias) own('bias_ih', [rows]);
        if (bias) own('bias_hh', [rows]);
      }
    }
  }

  /**
   * Outputs of the last layer, and the last states [layers·directions, batch, hidden], of which an LSTM has two.
   * @throws SYS-TEN-132 another number of axes, or of inputs
   */
  protected run(x: Tensor, initial: readonly (Tensor | undefined)[], lengths?: Tensor): readonly Tensor[] {
    const { attributes, op, states } = this.#kind;
    const n = this.#directions.length;
    const inputs = (this as unknown as Record<string, Variable>).weight_ih_l0!.shape[1]!;
    const form = this.#batchFirst ? `[batch, time, ${inputs}]` : `[time, batch, ${inputs}]`;
    expectInput(`${op}(${inputs}, ${this.#hidden})`, x, [3, 3], [[2, inputs]], form);
    let y = this.#batchFirst ? swapAxes(x, 0, 1) : x;
    const last: Tensor[][] = Array.from({ length: states }, () => []);
    const perLayer = initial.map((t) =>
      t === undefined || this.#layers === 1 ? undefined : split(t, this.#layers, 0),
    );
    for (let layer = 0; layer < this.#layers; layer++) {
      const given = initial.map((t, i) => perLayer[i]?.[layer] ?? t);
      const [all, ...ends] = applyAll(
        op,
        [y, ...this.#weights(layer), lengths && castTo(lengths, 'int32'), ...given],
        {
          hidden_size: int(this.#hidden),
          direction: string(n === 2 ? 'bidirectional' : 'forward'),
          ...attributes?.(n),
        },
        1 + states,
      );
      ends.forEach((t, i) => {
        last[i]!.push(t);
      });
      // [time, directions, batch, hidden] → [time, batch, directions·hidden]
      y = flatten(transpose(all!, [0, 2, 1, 3]), 2, 3);
      if (layer + 1 < this.#layers && this.dropout !== undefined) y = this.dropout.forward(y);
    }
    const joined = last.map((list) => (list.length === 1 ? list[0]! : concat(list, 0)));
    return [this.#batchFirst ? swapAxes(y, 0, 1) : y, ...joined];
  }

  /** W, R and B of a layer as ONNX has them: [directions, gates·hidden, …]. */
  #weights(layer: number): readonly (Tensor | undefined)[] {
    const of = (name: string, direction: string): Tensor => {
      const variable = (this as unknown as Record<string, Variable>)[`${name}_l${layer}${direction}`]!;
      const { gates } = this.#kind;
      if (gates.length === 1) return variable;
      const parts = split(variable, gates.length, 0);
      return concat(
        gates.map((gate) => parts[gate]!),
        0,
      );
    };
    const stacked = (make: (direction: string) => Tensor): Tensor => {
      const each = this.#directions.map((direction) => unsqueeze(make(direction), 0));
      return each.length === 1 ? each[0]! : concat(each, 0);
    };
    return [
      stacked((d) => of('weight_ih', d)),
      stacked((d) => of('weight_hh', d)),
      this.#bias ? stacked((d) => concat([of('bias_ih', d), of('bias_hh', d)], 0)) : undefined,
    ];
  }
}

/** Long short-term memory (Hochreiter and Schmidhuber 1997, with forget gate: Gers et al. 2000). */
export class LSTM extends Recurrent {
  constructor(inputs: number, hidden: number, options?: RecurrentOptions) {
    super({ op: 'LSTM', gates: [0, 3, 1, 2], states: 2 }, inputs, hidden, options);
  }

  /**
   * @param x [time, batch, inputs], or batch first
   * @param states the first h and c, [layers·directions, batch, hidden]; zeros by default
   * @param lengths of the sequences [batch], integers, where they are padded: outputs behind the end are 0, last states those of the end
   */
  override forward(
    x: Tensor,
    states?: readonly [h: Tensor, c: Tensor],
    lengths?: Tensor,
  ): [y: Tensor, states: [h: Tensor, c: Tensor]] {
    const [y, h, c] = this.run(x, states ?? [undefined, undefined], lengths) as [Tensor, Tensor, Tensor];
    return [y, [h, c]];
  }
}

/** Gated recurrent units (Cho et al. 2014), the reset gate behind the recurrent product as in PyTorch and cuDNN. */
export class GRU extends Recurrent {
  constructor(inputs: number, hidden: number, options?: RecurrentOptions) {
    const attributes = () => ({ linear_before_reset: int(1) });
    super({ op: 'GRU', gates: [1, 0, 2], states: 1, attributes }, inputs, hidden, options);
  }

  override forward(x: Tensor, h?: Tensor, lengths?: Tensor): [y: Tensor, h: Tensor] {
    return this.run(x, [h], lengths) as unknown as [Tensor, Tensor];
  }
}

export interface RNNOptions extends RecurrentOptions {
  readonly nonlinearity?: 'tanh' | 'relu';
}

/** h = tanh(W·x + b + U·h + b′), or with ReLU (Elman 1990). */
export class RNN extends Recurrent {
  constructor(inputs: number, hidden: number, options: RNNOptions = {}) {
    const activation = options.nonlinearity === 'relu' ? 'Relu' : 'Tanh';
    const attributes = (n: number) => ({ activations: strings(new Array<string>(n).fill(activation)) });
    super({ op: 'RNN', gates: [0], states: 1, attributes }, inputs, hidden, options);
  }

  override forward(x: Tensor, h?: Tensor, lengths?: Tensor): [y: Tensor, h: Tensor] {
    return this.run(x, [h], lengths) as unknown as [Tensor, Tensor];
  }
}

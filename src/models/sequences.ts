/** Classifiers of sequences: recurrent, and by attention. */
import { type Generator, mean, nn, type Tensor } from '#tensor';

export interface LstmClassifierOptions {
  /** Numbers at each step; with a vocabulary the size of its vectors. */
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
  /** Of integers instead of numbers: how many there are. */
  readonly vocabulary?: number;
  readonly layers?: number;
  readonly bidirectional?: boolean;
  readonly dropout?: number;
  readonly generator?: Generator;
}

/** Sequences [batch, time, inputs], or integers [batch, time]; the last states of an LSTM lead to logits of the classes. */
export class LstmClassifier extends nn.Module {
  readonly embedding: nn.Embedding | undefined;
  readonly lstm: nn.LSTM;
  readonly dropout: nn.Dropout;
  readonly fc: nn.Linear;
  readonly #bidirectional: boolean;

  constructor({ inputs, hidden, classes, vocabulary, generator, ...options }: LstmClassifierOptions) {
    super();
    const own = generator === undefined ? {} : { generator };
    this.embedding = vocabulary === undefined ? undefined : new nn.Embedding(vocabulary, inputs, own);
    this.lstm = new nn.LSTM(inputs, hidden, { ...options, batchFirst: true, ...own });
    this.#bidirectional = options.bidirectional ?? false;
    this.dropout = new nn.Dropout(options.dropout ?? 0, own);
    this.fc = new nn.Linear(this.#bidirectional ? 2 * hidden : hidden, classes, own);
  }

  /** @param lengths of the sequences [batch], where they are padded */
  override forward(x: Tensor, lengths?: Tensor): Tensor {
    const [, [h]] = this.lstm.forward(this.embedding?.forward(x) ?? x, undefined, lengths);
    // [directions, batch, hidden] of the last layer → [batch, directions·hidden]
    const last = this.#bidirectional ? h.at([-2]).swapAxes(0, 1).flatten() : h.at(-1);
    return this.fc.forward(this.dropout.forward(last));
  }
}

/** An LSTM over the 28 rows of a digit. */
export const lstmDigits = (options: { readonly generator?: Generator } = {}): LstmClassifier =>
  new LstmClassifier({ inputs: 28, hidden: 128, classes: 10, ...options });

export interface TransformerClassifierOptions {
  readonly vocabulary: number;
  /** Longest sequence. */
  readonly length: number;
  readonly size: number;
  readonly heads: number;
  readonly inner: number;
  readonly layers: number;
  readonly classes: number;
  readonly dropout?: number;
  readonly generator?: Generator;
}

/** Integers [batch, time] through the encoder of a transformer; the mean over time leads to logits of the classes. */
export class TransformerClassifier extends nn.Module {
  readonly embedding: nn.Embedding;
  readonly position: nn.PositionalEmbedding;
  readonly layers: nn.Sequential;
  readonly norm: nn.LayerNorm;
  readonly fc: nn.Linear;

  constructor(options: TransformerClassifierOptions) {
    super();
    const { vocabulary, length, size, heads, inner, layers, classes, dropout = 0.1, generator } = options;
    const own = generator === undefined ? {} : { generator };
    const layer = (): nn.Module =>
      new nn.TransformerEncoderLayer(size, heads, inner, { dropout, activation: 'gelu', normFirst: true, ...own });
    this.embedding = new nn.Embedding(vocabulary, size, own);
    this.position = new nn.PositionalEmbedding(length, size, own);
    this.layers = new nn.Sequential(...Array.from({ length: layers }, layer));
    this.norm = new nn.LayerNorm(size);
    this.fc = new nn.Linear(size, classes, own);
  }

  override forward(tokens: Tensor): Tensor {
    const x = this.layers.forward(this.position.forward(this.embedding.forward(tokens)));
    return this.fc.forward(mean(this.norm.forward(x), 1));
  }
}

/** Bytes of text, 128 at a time, to two classes. */
export const transformerText = (options: { readonly generator?: Generator } = {}): TransformerClassifier =>
  new TransformerClassifier({
    vocabulary: 256,
    length: 128,
    size: 128,
    heads: 4,
    inner: 512,
    layers: 2,
    classes: 2,
    ...options,
  });

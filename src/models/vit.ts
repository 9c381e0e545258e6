/**
 * Vision transformer (Dosovitskiy et al., An Image is Worth 16x16 Words, 2021): patches of a picture as a sequence, with a token of its own for
 * the class. Names are torchvision's.
 */
import { add, concat, expand, type Generator, nn, sizesOf, type Tensor, tensor, Variable } from '#tensor';

export interface VitOptions {
  /** Height and width of the picture, and of a patch. */
  readonly image: number;
  readonly patch: number;
  readonly channels?: number;
  readonly layers: number;
  readonly heads: number;
  readonly size: number;
  readonly inner: number;
  readonly classes?: number;
  readonly dropout?: number;
  readonly generator?: Generator;
}

class EncoderBlock extends nn.Module {
  readonly ln_1: nn.LayerNorm;
  readonly self_attention: nn.MultiHeadAttention;
  readonly dropout: nn.Dropout;
  readonly ln_2: nn.LayerNorm;
  readonly mlp: nn.Sequential;

  constructor({ heads, size, inner, dropout = 0, generator }: VitOptions) {
    super();
    const own = generator === undefined ? {} : { generator };
    this.ln_1 = new nn.LayerNorm(size, { epsilon: 1e-6 });
    this.self_attention = new nn.MultiHeadAttention(size, heads, own);
    this.dropout = new nn.Dropout(dropout, own);
    this.ln_2 = new nn.LayerNorm(size, { epsilon: 1e-6 });
    this.mlp = new nn.Sequential(
      new nn.Linear(size, inner, own),
      nn.gelu(),
      new nn.Dropout(dropout, own),
      new nn.Linear(inner, size, own),
      new nn.Dropout(dropout, own),
    );
  }

  override forward(x: Tensor): Tensor {
    const y = add(x, this.dropout.forward(this.self_attention.forward(this.ln_1.forward(x))));
    return add(y, this.mlp.forward(this.ln_2.forward(y)));
  }
}

class Encoder extends nn.Module {
  readonly pos_embedding: Variable;
  readonly dropout: nn.Dropout;
  readonly layers: nn.Sequential;
  readonly ln: nn.LayerNorm;

  constructor(length: number, options: VitOptions) {
    super();
    const { layers, size, dropout = 0, generator } = options;
    this.pos_embedding = new Variable(nn.init.normalData([1, length, size], 0.02, generator), {
      name: 'pos_embedding',
    });
    this.dropout = new nn.Dropout(dropout, generator === undefined ? {} : { generator });
    const blocks = Array.from({ length: layers }, (_, i) => [`encoder_layer_${i}`, new EncoderBlock(options)]);
    this.layers = new nn.Sequential(Object.fromEntries(blocks));
    this.ln = new nn.LayerNorm(size, { epsilon: 1e-6 });
  }

  override forward(x: Tensor): Tensor {
    return this.ln.forward(this.layers.forward(this.dropout.forward(add(x, this.pos_embedding))));
  }
}

/** A vision transformer of any size. */
export class VisionTransformer extends nn.Module {
  readonly class_token: Variable;
  readonly conv_proj: nn.Conv;
  readonly encoder: Encoder;
  readonly heads: nn.Sequential;
  readonly #size: number;

  constructor(options: VitOptions) {
    super();
    const { image, patch, channels = 3, size, classes = 1000, generator } = options;
    const own = generator === undefined ? {} : { generator };
    this.class_token = new Variable(nn.init.constantData([1, 1, size], 0), { name: 'class_token' });
    this.conv_proj = new nn.Conv(channels, size, patch, { stride: patch, ...own });
    this.encoder = new Encoder((image / patch) ** 2 + 1, options);
    this.heads = new nn.Sequential({ head: new nn.Linear(size, classes, own) });
    this.#size = size;
  }

  override forward(x: Tensor): Tensor {
    const patches = this.conv_proj.forward(x).flatten(2).swapAxes(1, 2);
    const shape = concat([sizesOf(x, 0, 1), tensor([1, this.#size], { dtype: 'i64' })]);
    const tokens = concat([expand(this.class_token, shape), patches], 1);
    return this.heads.forward(this.encoder.forward(tokens).at([], 0));
  }
}

type Common = Pick<VitOptions, 'classes' | 'dropout' | 'generator'>;

/** ViT-B/16 over 224 × 224. */
export const vitB16 = (options: Common = {}): VisionTransformer =>
  new VisionTransformer({ image: 224, patch: 16, layers: 12, heads: 12, size: 768, inner: 3072, ...options });

/** A small one over pictures of 32 × 32 in patches of 4 × 4. */
export const vitSmall = (options: Common = {}): VisionTransformer =>
  new VisionTransformer({ image: 32, patch: 4, layers: 6, heads: 4, size: 128, inner: 256, classes: 10, ...options });

/**
 * Files as network inputs: PNG and JPEG pictures, `.npy`, ONNX `.pb`. Pictures are resized to the input, whose layout is
 * read off its shape: [C,H,W] or [H,W,C] with C of 1 or 3 (channels first where both fit), with a batch before it or not,
 * or [H,W]. Everything else must have the input's type and shape as it is.
 */
import { diagnostic, type Place } from '#base';
import { decodeImage, imageFloats, isImage, type Normalisation, readNpy } from '#data';
import { type Dim, type Tensor, type TensorType, tensorBytes, tensorOf, typeText } from '#ir';
import { readTensor } from '#onnx';

const notPicture = diagnostic<{ name: string; type: string; why: 'shape' | 'size' | 'type' }>(
  'SYS-FLOW-010',
  'invalid',
  {
    en: (p) => {
      const why = {
        shape:
          'no layout of a picture: [C,H,W] or [H,W,C] with 1 or 3 channels, or [H,W], with a batch before it or not',
        size: 'without a known height and width. Give them with --dim NAME=N',
        type: 'which no picture is. Pictures become float32, or uint8 grey levels',
      };
      return `a picture is given for input '${p.name}', which is ${p.type}, ${why[p.why]}. Convert it to .npy to feed it as it is.`;
    },
    zh: (p) => {
      const why = {
        shape: '不是图片的布局：应为 1 或 3 通道的 [C,H,W] 或 [H,W,C]，或 [H,W]，前面可有批次维',
        size: '高或宽未知，请用 --dim 名称=N 指定',
        type: '不能由图片得到；图片转为 float32，或 uint8 灰度',
      };
      return `为输入“${p.name}”给出了图片，但它是 ${p.type}，${why[p.why]}。如需原样输入，请转换为 .npy。`;
    },
  },
);

const unknownKind = diagnostic<{ name: string; begins: string }>('SYS-FLOW-011', 'invalid', {
  en: (p) =>
    `the file for input '${p.name}' is of no known kind: it begins with ${p.begins}. Expected PNG, JPEG, .npy or ONNX .pb.`,
  zh: (p) => `输入“${p.name}”的文件类型未知：开头为 ${p.begins}。应为 PNG、JPEG、.npy 或 ONNX .pb。`,
});

const differ = diagnostic<{ name: string; first: string; other: string }>('SYS-FLOW-012', 'invalid', {
  en: (p) =>
    `the files for input '${p.name}' cannot be put together along the batch: one is ${p.first}, another ${p.other}. ` +
    'All but the first dimension must agree.',
  zh: (p) => `输入“${p.name}”的各文件无法沿批次维拼接：一个为 ${p.first}，另一个为 ${p.other}。除第一维外必须一致。`,
});

/** Where an input's data comes from. */
export interface InputFile {
  readonly file: string;
  readonly bytes: Uint8Array;
}

const KIND_BY_NAME: readonly (readonly [RegExp, 'picture' | 'npy' | 'pb'])[] = [
  [/\.(png|jpe?g)$/i, 'picture'],
  [/\.npy$/i, 'npy'],
  [/\.pb$/i, 'pb'],
];
const NPY = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Reads a file as data for an input of a type. */
export async function readInput(
  { file, bytes }: InputFile,
  name: string,
  type: TensorType,
  normalisation: Normalisation = {},
): Promise<Tensor> {
  const place: Place = { file };
  const isNpy = NPY.every((b, i) => bytes[i] === b);
  const kind = isImage(bytes) ? 'picture' : isNpy ? 'npy' : KIND_BY_NAME.find(([pattern]) => pattern.test(file))?.[1];
  switch (kind) {
    case 'picture':
      return picture({ file, bytes }, name, type, normalisation);
    case 'npy':
      return readNpy(bytes, file);
    case 'pb':
      return readTensor(bytes, file);
    case undefined: {
      const start = Array.from(bytes.subarray(0, 8), (b) => b.toString(16).padStart(2, '0'));
      throw unknownKind({ name, begins: start.join(' ') || '—' }, place);
    }
    default:
      return kind satisfies never;
  }
}

interface Layout {
  readonly channels: 1 | 3;
  readonly height: Dim;
  readonly width: Dim;
  readonly channelsLast: boolean;
}

async function picture({ file, bytes }: InputFile, name: string, type: TensorType, n: Normalisation): Promise<Tensor> {
  const place: Place = { file };
  const shape = type.shape ?? [];
  const fail = (why: 'shape' | 'size' | 'type') => notPicture({ name, type: typeText(type), why }, place);
  if (type.dtype !== 'float32' && type.dtype !== 'uint8') throw fail('type');
  const whole = layoutOf(shape);
  const layout = whole ?? layoutOf(shape.slice(1));
  if (layout === undefined) throw fail('shape');
  const { channels, height, width, channelsLast } = layout;
  if (typeof height !== 'number' || typeof width !== 'number') throw fail('size');
  const image = await decodeImage(bytes, { width, height, channels, file });
  const planes = imageFloats(image, n);
  const values = channelsLast && channels > 1 ? interleaved(planes, channels) : planes;
  // Layouts have no open sizes here: channels, height and width are numbers.
  const sizes = (whole === undefined ? [1, ...shape.slice(1)] : shape) as readonly number[];
  return tensorOf(type.dtype, sizes, values);
}

function layoutOf(shape: readonly Dim[]): Layout | undefined {
  const isChannels = (d: Dim | undefined): d is 1 | 3 => d === 1 || d === 3;
  const [a, b, c] = shape;
  if (shape.length === 2) {
    // One row or column is a list of numbers, or a batch of them, not a picture.
    return typeof a === 'number' && a > 1 && b !== 1
      ? { channels: 1, height: a, width: b!, channelsLast: false }
      : undefined;
  }
  if (shape.length !== 3) return undefined;
  if (isChannels(a)) return { channels: a, height: b!, width: c!, channelsLast: false };
  if (isChannels(c)) return { channels: c, height: a!, width: b!, channelsLast: true };
  return undefined;
}

/** [C, pixels] to [pixels, C]. */
function interleaved(planes: Float32Array, channels: number): Float32Array {
  const pixels = planes.length / channels;
  const out = new Float32Array(planes.length);
  for (let c = 0; c < channels; c++) for (let i = 0; i < pixels; i++) out[i * channels + c] = planes[c * pixels + i]!;
  return out;
}

/** Several tensors as one batch, along their first dimension. */
export function stackInputs(name: string, tensors: readonly Tensor[]): Tensor {
  const [first, ...others] = tensors as [Tensor, ...Tensor[]];
  if (others.length === 0) return first;
  const key = (t: Tensor): string => `${t.dtype}[${t.dims.slice(1).join(',')}] ${t.dims.length}`;
  const text = (t: Tensor): string => `${t.dtype}[${t.dims.join(',')}]`;
  const odd = others.find((t) => key(t) !== key(first));
  if (odd !== undefined || first.dims.length === 0) {
    throw differ({ name, first: text(first), other: text(odd ?? first) });
  }
  const rows = tensors.reduce((sum, t) => sum + t.dims[0]!, 0);
  const bytes = tensors.map(tensorBytes);
  const all = new Uint8Array(bytes.reduce((sum, b) => sum + b.length, 0));
  let at = 0;
  for (const part of bytes) {
    all.set(part, at);
    at += part.length;
  }
  return {
    dtype: first.dtype as Exclude<typeof first.dtype, 'string'>,
    dims: [rows, ...first.dims.slice(1)],
    bytes: all,
  };
}

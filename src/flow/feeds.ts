/** Inputs of a run: what the model asks for against what is given, before anything is compiled. */
import { diagnostic, nearestName, type Place } from '#base';
import { type Model, type Tensor, type TensorType, tensorNumbers, typeText } from '#ir';

export const unknownInput = diagnostic<{ name: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-FLOW-013',
  'usage',
  {
    en: (p) =>
      `there is no input '${p.name}'.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`} ` +
      `The inputs are: ${p.known.join(', ') || 'none'}.`,
    zh: (p) =>
      `没有输入“${p.name}”。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}可用的输入：${p.known.join('、') || '无'}。`,
  },
);

export const wrongInput = diagnostic<{ name: string; expected: string; found: string }>('SYS-FLOW-002', 'invalid', {
  en: (p) =>
    `input '${p.name}' is ${p.found}, and the program takes ${p.expected}. Convert or reshape the data, or compile for that shape (--batch, --dim).`,
  zh: (p) =>
    `输入“${p.name}”为 ${p.found}，而程序要求 ${p.expected}。请转换或重排数据，或按该形状重新编译（--batch、--dim）。`,
});

const notFinite = diagnostic<{ name: string; value: string; index: readonly number[]; count: number }>(
  'SYS-FLOW-014',
  'invalid',
  {
    en: (p) =>
      `input '${p.name}' holds ${p.value} at [${p.index.join(', ')}]${p.count > 1 ? `, the first of ${p.count} values that are not finite` : ''}. ` +
      'Every result that depends on it would be meaningless. Repair the data, or run it as it is with --allow-non-finite.',
    zh: (p) =>
      `输入“${p.name}”在 [${p.index.join(', ')}] 处为 ${p.value}${p.count > 1 ? `，共有 ${p.count} 个非有限值` : ''}。` +
      '依赖它的结果都没有意义。请修正数据，或用 --allow-non-finite 照原样运行。',
  },
);

const notTensor = diagnostic<{ name: string; type: string }>('SYS-FLOW-015', 'unsupported', {
  en: (p) => `input '${p.name}' of the model is ${p.type}; only tensors of known element type can be fed.`,
  zh: (p) => `模型的输入“${p.name}”为 ${p.type}；只能输入元素类型已知的张量。`,
});

const nothingFed = diagnostic<{ name: string; dim: number }>('SYS-FLOW-018', 'invalid', {
  en: (p) =>
    `the data for input '${p.name}' holds no element: its dimension ${p.dim} has size 0. Give at least one sample.`,
  zh: (p) => `输入“${p.name}”的数据没有元素：第 ${p.dim} 维大小为 0。请至少给出一个样本。`,
});

/** The type of an input, by its name. @throws SYS-FLOW-013, SYS-FLOW-015 */
export function inputType(model: Model, name: string): TensorType {
  const known = model.graph.inputs.map((v) => v.name);
  const input = model.graph.inputs.find((v) => v.name === name);
  if (input === undefined) throw unknownInput({ name, nearest: nearestName(name, known), known });
  if (input.type?.kind !== 'tensor') throw notTensor({ name, type: typeText(input.type) });
  return input.type;
}

/**
 * Sizes of symbolic dimensions that follow from what is fed.
 * @throws SYS-FLOW-002 where a tensor does not fit the input's type, or two tensors give a symbol two sizes
 */
export function sizesOfFeeds(
  model: Model,
  feeds: ReadonlyMap<string, Tensor>,
  places: ReadonlyMap<string, Place> = new Map(),
): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const [name, tensor] of feeds) {
    const type = inputType(model, name);
    const bound = type.shape?.map((d) => (typeof d === 'string' ? (sizes[d] ?? d) : d));
    const expected = typeText({ ...type, shape: bound });
    const fits =
      tensor.dtype === type.dtype &&
      (bound === undefined ||
        (bound.length === tensor.dims.length && bound.every((d, i) => typeof d !== 'number' || d === tensor.dims[i])));
    if (!fits)
      throw wrongInput({ name, expected, found: `${tensor.dtype}[${tensor.dims.join(',')}]` }, places.get(name));
    bound?.forEach((d, i) => {
      if (tensor.dims[i] === 0 && d !== 0) throw nothingFed({ name, dim: i }, places.get(name));
      if (typeof d === 'string') sizes[d] = tensor.dims[i]!;
    });
  }
  return sizes;
}

/** @throws SYS-FLOW-014 where a float is NaN or infinite */
export function checkFinite(name: string, tensor: Tensor, place?: Place): void {
  if (!tensor.dtype.includes('float')) return;
  const numbers = tensorNumbers(tensor);
  const first = numbers.findIndex((v) => !Number.isFinite(v));
  if (first < 0) return;
  const count = numbers.reduce((n, v) => (Number.isFinite(v) ? n : n + 1), 0);
  const index: number[] = [];
  let rest = first;
  for (const size of [...tensor.dims].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  throw notFinite({ name, value: String(numbers[first]), index, count }, place);
}

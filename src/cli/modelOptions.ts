/** Options that say with which sizes and in which type a model is compiled, for which results, and what is told of it. */
import { diagnostic, nearestName } from '#base';
import { type CompileOptions, convertModel, type Half } from '#flow';
import type { Model } from '#ir';
import { CONVOLUTION_CHOICES, WINOGRAD_CHOICES } from '#lower';
import { inferTypes } from '#ops';
import { type LogLevel, type LogWriter, passLog, prune, type Step } from '#passes';
import type { CliCommand } from './command.ts';
import type { Console } from './console.ts';
import { badValue, choice, collect, sizes, whole } from './values.ts';

export interface ModelOptions {
  readonly dim?: Readonly<Record<string, number>>;
  readonly batch?: number;
  readonly dtype: 'f32' | Half;
  readonly fetch?: readonly string[];
  readonly log?: LogLevel;
}

/** Names of types on the command line, and the types; f32 leaves a model as it is. */
const TYPES: Readonly<Record<string, 'f32' | Half>> = {
  f32: 'f32',
  float32: 'f32',
  f16: 'float16',
  float16: 'float16',
  bf16: 'bfloat16',
  bfloat16: 'bfloat16',
};
/** Those take more than a conversion. */
const INTEGERS = ['i8', 'int8', 'u8', 'uint8'];

const quantized = diagnostic<{ dtype: string }>('SYS-CLI-005', 'unsupported', {
  en: (p) =>
    `--dtype ${p.dtype}: integers need ranges, which come from samples. systole quantize MODEL -o FILE.onnx makes a model of 8 bits; ` +
    'give that file here, without --dtype. Conversion is to float16 and bfloat16.',
  zh: (p) =>
    `--dtype ${p.dtype}：整数类型需要由样本确定取值范围。systole quantize MODEL -o FILE.onnx 生成 8 位模型，` +
    '请直接使用该文件，不加 --dtype。可转换为 float16 与 bfloat16。',
});

const nothingConverted = diagnostic<{ dtype: string }>('SYS-CLI-180', 'unsupported', {
  en: (p) =>
    `--dtype ${p.dtype} has nothing to convert: no operator of the model computes float32 values of its inputs in a form that ONNX has for that type. Leave --dtype out.`,
  zh: (p) => `--dtype ${p.dtype} 没有可转换的内容：模型中没有以 float32 计算输入且可改用该类型的算子。请去掉 --dtype。`,
});

function dtype(text: string): 'f32' | Half {
  const name = Object.hasOwn(TYPES, text) ? TYPES[text] : undefined;
  if (name !== undefined) return name;
  if (INTEGERS.includes(text)) throw quantized({ dtype: text });
  const expected = { en: 'f32, float16 (f16) or bfloat16 (bf16)', zh: 'f32、float16（f16）或 bfloat16（bf16）' };
  throw badValue({ option: '--dtype', found: text, expected, nearest: nearestName(text, Object.keys(TYPES)) });
}

/**
 * The model in the type of `--dtype`, and what is to be known of the conversion on standard error.
 * @throws SYS-CLI-180 nothing of it can be converted
 */
export async function inType(console: Console, model: Model, type: 'f32' | Half): Promise<Model> {
  if (type === 'f32') return model;
  const { model: half, converted, kept, clipped } = await convertModel(model, type);
  if (converted === 0) throw nothingConverted({ dtype: type });
  if (kept.length > 0) {
    const [named, others] = [kept.slice(0, 5).map((n) => `${n.node} (${n.op})`), Math.max(0, kept.length - 5)];
    console.note(
      console.text({
        en: `float32 stay ${named.join(', ')}${others === 0 ? '' : ` and ${others} more`}: ONNX has no ${type} for them`,
        zh: `仍为 float32：${named.join('、')}${others === 0 ? '' : ` 等共 ${kept.length} 个`}，ONNX 未为其定义 ${type}`,
      }),
    );
  }
  if (clipped > 0) {
    console.note(
      console.text({
        en: `${clipped} constant elements are beyond the range of ${type} and became its largest value`,
        zh: `${clipped} 个常量元素超出 ${type} 的范围，取其最大值`,
      }),
    );
  }
  return half;
}

/** `passes`, or `passes:LEVEL`. */
function logLevel(text: string): LogLevel {
  const match = /^passes(?::([0-3]))?$/.exec(text);
  const expected = {
    en: 'passes, or passes:LEVEL with a level from 0 to 3',
    zh: 'passes 或 passes:级别，级别为 0 到 3',
  };
  if (match === null)
    throw badValue({ option: '--log', found: text, expected, nearest: nearestName(text, ['passes']) });
  return Number(match[1] ?? 2) as LogLevel;
}

/**
 * The part of a model that is asked for (`--fetch`), and what listens to its passes (`--log`); lines go to standard error.
 * @throws SYS-PAS-040 a value that is not there
 */
export function logged(
  console: Console,
  model: Model,
  { fetch, log = 0 }: Pick<ModelOptions, 'fetch' | 'log'>,
): { readonly model: Model; readonly onStep: (step: Step, model: Model, changed: boolean) => void } {
  const write: LogWriter = (line) => console.note(console.text(line));
  const asked =
    fetch === undefined ? model : prune(inferTypes(model), { fetches: fetch, level: log, log: write }).model;
  return { model: asked, onStep: passLog(log, asked, write) };
}

/** `--cores`, of commands that compile. */
export const coresOption = (console: Console) =>
  [
    '--cores <N>',
    console.text({
      en: 'compile for the first N cores of the machine: some of one cluster, or whole clusters; default all',
      zh: '为机器的前 N 个核编译：一个簇内的若干核，或若干整簇；默认全部',
    }),
    whole('--cores', 1, 2 ** 16),
  ] as const;

/** `--sparse`, of commands that compile. */
export const sparseOption = (console: Console) =>
  [
    '--sparse <auto|off>',
    console.text({
      en: 'auto, the default: weights with zeros lie compressed where the machine can use that and it is predicted to pay; off: all dense',
      zh: 'auto（默认）：含零权重在机器支持且预计有收益处压缩存放；off：全部稠密',
    }),
    choice('--sparse', ['auto', 'off']),
  ] as const;

/** `--fuse-pools`, of commands that compile. */
export const fusePoolsOption = (console: Console) =>
  [
    '--fuse-pools <auto|off>',
    console.text({
      en: 'auto, the default: the results of a convolution are pooled on the chip before they are stored, where that is predicted to pay; off: a pooling is a layer of its own',
      zh: 'auto（默认）：在预计有收益处，卷积结果写出前先在片上池化；off：池化单独成层',
    }),
    choice('--fuse-pools', FUSE_POOLS),
  ] as const;

const FUSE_POOLS = ['auto', 'off'] as const;
export type FusePools = (typeof FUSE_POOLS)[number];

/** What a compilation is told of it. */
export const fusedPools = ({ fusePools }: { readonly fusePools?: FusePools }): Pick<CompileOptions, 'fusePools'> =>
  fusePools === undefined ? {} : { fusePools: fusePools === 'auto' };

/** `--winograd`, of commands that compile. */
export const winogradOption = (console: Console) =>
  [
    '--winograd <auto|off|f2|f4>',
    console.text({
      en: 'on machines with a Winograd unit: 3×3 convolutions by the fastest way (auto, the default), never by the unit, or by F(2×2, 3×3) or F(4×4, 3×3) wherever it can',
      zh: '在具备 Winograd 单元的机器上：3×3 卷积用最快的方式（auto，默认）、不用该单元，或凡可行处都用 F(2×2, 3×3) 或 F(4×4, 3×3)',
    }),
    choice('--winograd', WINOGRAD_CHOICES),
  ] as const;

/** `--convolution`, of commands that compile. */
export const convolutionOption = (console: Console) =>
  [
    '--convolution <auto|direct|im2col>',
    console.text({
      en: 'windows of convolutions on the matrix unit: by the fastest way (auto, the default), read where they lie (direct), or unfolded wherever they are not single runs (im2col)',
      zh: '矩阵单元上卷积的窗口：用最快的方式（auto，默认）、就地读取（direct），或凡窗口不连续处都先展开（im2col）',
    }),
    choice('--convolution', CONVOLUTION_CHOICES),
  ] as const;

/** `--dim` and `--batch`. */
export function withSizeOptions(console: Console, command: CliCommand): CliCommand {
  const t = console.text.bind(console);
  return command
    .option(
      '--dim <NAME=N>',
      t({ en: 'size of a symbolic dimension; repeatable', zh: '符号维的大小；可重复' }),
      sizes('--dim'),
    )
    .option(
      '--batch <N>',
      t({ en: 'first dimension of every input', zh: '每个输入的第一维' }),
      whole('--batch', 1, 2 ** 24),
    ) as CliCommand;
}

/** `--log passes`. */
export function withLogOption(console: Console, command: CliCommand): CliCommand {
  return command.option(
    '--log <passes[:LEVEL]>',
    console.text({
      en: 'tell what the graph passes drop and why; level 0 to 3, default 2',
      zh: '说明各图优化遍删除了什么及原因；级别 0 到 3，默认 2',
    }),
    logLevel,
  ) as CliCommand;
}

export function withModelOptions(console: Console, command: CliCommand): CliCommand {
  const t = console.text.bind(console);
  withSizeOptions(console, command).option(
    '--fetch <VALUE>',
    t({
      en: 'compute this value of the graph and drop what it does not need; repeatable',
      zh: '只计算图中的该值，删除无关节点；可重复',
    }),
    collect,
  );
  return withTypeOption(console, withLogOption(console, command));
}

/** `--dtype`. */
export const withTypeOption = (console: Console, command: CliCommand): CliCommand =>
  command.option(
    '--dtype <TYPE>',
    console.text({
      en: 'float16 or bfloat16: convert weights and activations of float32; default f32, as the model is',
      zh: 'float16 或 bfloat16：转换 float32 的权重与激活；默认 f32，保持模型原样',
    }),
    dtype,
    'f32',
  ) as CliCommand;

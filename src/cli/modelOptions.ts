/** Options that say with which sizes and in which type a model is compiled, for which results, and what is told of it. */
import { diagnostic, nearestName } from '#base';
import type { Model } from '#ir';
import { WINOGRAD_CHOICES } from '#lower';
import { inferTypes } from '#ops';
import { type LogLevel, type LogWriter, passLog, prune, type Step } from '#passes';
import type { CliCommand } from './command.ts';
import type { Console } from './console.ts';
import { badValue, choice, collect, sizes, whole } from './values.ts';

export interface ModelOptions {
  readonly dim?: Readonly<Record<string, number>>;
  readonly batch?: number;
  readonly dtype: 'f32';
  readonly fetch?: readonly string[];
  readonly log?: LogLevel;
}

/** Types that a model may be of, by the names of the command line. */
const OTHERS = ['f16', 'bf16', 'i8', 'u8'] as const;
const LONG: Readonly<Record<string, string>> = {
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
  int8: 'i8',
  uint8: 'u8',
};

const notConverted = diagnostic<{ dtype: string }>('SYS-CLI-005', 'unsupported', {
  en: (p) =>
    `--dtype ${p.dtype} would convert the model, which is not supported yet: a model is computed in the types that it has. ` +
    'Leave --dtype out; systole quantize makes a model of 8 bits.',
  zh: (p) =>
    `--dtype ${p.dtype} 需要转换模型，尚不支持：模型按其自身的类型计算。请去掉 --dtype；systole quantize 可生成 8 位模型。`,
});

function dtype(text: string): 'f32' {
  const name = LONG[text] ?? text;
  if (name === 'f32') return name;
  if ((OTHERS as readonly string[]).includes(name)) throw notConverted({ dtype: text });
  const expected = { en: 'f32', zh: 'f32' };
  throw badValue({ option: '--dtype', found: text, expected, nearest: nearestName(text, ['f32', ...OTHERS]) });
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
  return withLogOption(console, command).option(
    '--dtype <TYPE>',
    t({
      en: 'f32, the default: models are computed in the types that they have',
      zh: 'f32（默认）：模型按其自身的类型计算',
    }),
    dtype,
    'f32',
  ) as CliCommand;
}

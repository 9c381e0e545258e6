/** Options that say with which sizes and in which type a model is compiled, for which results, and what is told of it. */
import { diagnostic, nearestName } from '#base';
import type { Model } from '#ir';
import { inferTypes } from '#ops';
import { type LogLevel, type LogWriter, passLog, prune, type Step } from '#passes';
import type { CliCommand } from './command.ts';
import type { Console } from './console.ts';
import { badValue, collect, sizes, whole } from './values.ts';

export interface ModelOptions {
  readonly dim?: Readonly<Record<string, number>>;
  readonly batch?: number;
  readonly dtype: 'f32';
  readonly fetch?: readonly string[];
  readonly log?: LogLevel;
}

/** Types that the processor will compute in, by the names of the command line. */
const LATER = ['f16', 'bf16', 'i8', 'u8'] as const;

const notYet = diagnostic<{ dtype: string }>('SYS-CLI-005', 'unsupported', {
  en: (p) => `--dtype ${p.dtype} is not supported yet: the processor computes in f32. Leave --dtype out.`,
  zh: (p) => `尚不支持 --dtype ${p.dtype}：处理器以 f32 计算。请去掉 --dtype。`,
});

function dtype(text: string): 'f32' {
  const name = text === 'float32' ? 'f32' : text;
  if (name === 'f32') return name;
  if ((LATER as readonly string[]).includes(name)) throw notYet({ dtype: text });
  const expected = { en: 'f32', zh: 'f32' };
  throw badValue({ option: '--dtype', found: text, expected, nearest: nearestName(text, ['f32', ...LATER]) });
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
    t({ en: 'type to compute in: f32', zh: '计算类型：f32' }),
    dtype,
    'f32',
  ) as CliCommand;
}

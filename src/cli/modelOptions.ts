/** Options that say with which sizes and in which type a model is compiled. */
import { diagnostic, nearestName } from '#base';
import type { CliCommand } from './command.ts';
import type { Console } from './console.ts';
import { badValue, sizes, whole } from './values.ts';

export interface ModelOptions {
  readonly dim?: Readonly<Record<string, number>>;
  readonly batch?: number;
  readonly dtype: 'f32';
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

export function withModelOptions(console: Console, command: CliCommand): CliCommand {
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
    )
    .option('--dtype <TYPE>', t({ en: 'type to compute in: f32', zh: '计算类型：f32' }), dtype, 'f32') as CliCommand;
}

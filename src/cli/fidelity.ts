/** What `run`, `exec` and `sim` leave behind, and whether they compute numbers or only count time. */
import { diagnostic } from '#base';
import type { CliCommand } from './command.ts';
import type { Console } from './console.ts';
import { checkWritable } from './files.ts';
import { traceFormat } from './traceFile.ts';

export interface FidelityOptions {
  readonly output?: string;
  readonly timingOnly?: boolean;
  readonly trace?: string;
}

const needsData = diagnostic<{ option: string }>('SYS-CLI-024', 'usage', {
  en: (p) => `${p.option} needs numbers, and --timing-only computes none. Leave one out.`,
  zh: (p) => `${p.option} 需要数值，而 --timing-only 不计算数值。请去掉其一。`,
});

export function withFidelityOptions(console: Console, command: CliCommand): CliCommand {
  const t = console.text.bind(console);
  return command
    .option('--output <DIR>', t({ en: 'write every output there as .npy', zh: '把各输出写成 .npy 存入该文件夹' }))
    .option('--timing-only', t({ en: 'count cycles, move no data; no check', zh: '只计周期，不搬数据，不核对' }))
    .option(
      '--trace <FILE>',
      t({
        en: 'write a trace for Perfetto as the run goes: .pftrace (protobuf) or .json (Chrome)',
        zh: '运行时写出跟踪，可用 Perfetto 查看：.pftrace（protobuf）或 .json（Chrome）',
      }),
    ) as CliCommand;
}

/**
 * Refuses what cannot be, before anything that takes long.
 * @param options those above, and whatever needs numbers
 * @throws SYS-CLI-024, SYS-CLI-013, SYS-CLI-110
 */
export function checkFidelity(
  options: FidelityOptions & { readonly labels?: unknown; readonly top?: unknown; readonly input?: unknown },
): void {
  const useless = (['output', 'labels', 'top', 'input'] as const).find((key) => options[key] !== undefined);
  if (options.timingOnly === true && useless !== undefined) throw needsData({ option: `--${useless}` });
  checkWritable(options.output, 'folder');
  if (options.trace !== undefined) traceFormat(options.trace);
  checkWritable(options.trace, 'file');
}

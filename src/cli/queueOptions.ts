/** The option `--queue`, and what is said of the connection behind it. */
import { Option } from 'commander';
import { type QueueAddress, queueAddress, type SubmitOptions } from '#explore';
import type { Console } from './console.ts';

export const queueOption = (console: Console, does: { readonly en: string; readonly zh: string }): Option =>
  new Option('--queue <URL>', console.text(does)).argParser(queueAddress);

/** Losses of the connection are told once each, and that they are over. */
export function connectionNotes(console: Console, address: QueueAddress): Pick<SubmitOptions, 'onLost' | 'onBack'> {
  return {
    onLost: (reason) =>
      console.note(
        console.text({
          en: `${address.shown} is lost (${reason}); trying again until it answers`,
          zh: `与 ${address.shown} 的连接中断（${reason}）；将不断重试直到恢复`,
        }),
      ),
    onBack: () => console.note(console.text({ en: `${address.shown} answers again`, zh: `${address.shown} 已恢复` })),
  };
}

/** What `run`, `exec` and `sim` share around a simulation: the trace file and the line of progress. */
import type { Program } from '#isa';
import type { Observer } from '#sim';
import type { Console } from './console.ts';
import { openTrace } from './traceFile.ts';

export interface Watching {
  readonly observer: Observer;
  /** Ends and names the trace file. */
  finish(): void;
}

export function watch(program: Program, console: Console, trace: string | undefined): Watching {
  const file = trace === undefined ? undefined : openTrace(program, trace);
  const simulating = console.text({ en: 'simulating', zh: '仿真' });
  const cycles = console.text({ en: 'cycle', zh: '周期' });
  let events = 0;
  return {
    observer: (event) => {
      file?.observer(event);
      // Asking for the time costs more than most events.
      if ((++events & 0xff) !== 0) return;
      console.progress.update(() => {
        const layer = program.layers[event.layer]?.name ?? '';
        return `${simulating} ${event.layer + 1}/${program.layers.length} ${layer} · ${cycles} ${event.cycle.toLocaleString('en')}`;
      });
    },
    finish: () => {
      file?.finish();
      if (trace !== undefined) console.note(console.text({ en: `trace: ${trace}`, zh: `跟踪：${trace}` }));
    },
  };
}

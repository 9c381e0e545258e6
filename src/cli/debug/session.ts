/** What the debugger's commands work on: the debugger, where its program came from, and what happened last. */
import type { SystoleError } from '#base';
import type { Program } from '#isa';
import type { Debugger, SimulationEvent, Stop } from '#sim';
import type { Console } from '../console.ts';
import { type AssemblySource, inSource } from '../programFile.ts';

/** What a command answers: an object for programs, text for people. */
export interface Answer {
  readonly data: object;
  readonly text: string;
  /** The program could not go on. */
  readonly error?: SystoleError;
  readonly ends?: true;
}

/** Mutable: the events of the cycle where the debugger stands. */
export class Session {
  readonly console: Console;
  readonly program: Program;
  readonly debugger: Debugger;
  readonly source: AssemblySource | undefined;
  readonly #events: { list: SimulationEvent[]; cycle: number };

  /** @param make makes the debugger, which tells its events to the observer */
  constructor(
    console: Console,
    program: Program,
    source: AssemblySource | undefined,
    make: (observer: (event: SimulationEvent) => void) => Debugger,
  ) {
    this.console = console;
    this.program = program;
    this.source = source;
    const events: { list: SimulationEvent[]; cycle: number } = { list: [], cycle: 0 };
    this.#events = events;
    this.debugger = make((event) => {
      if (event.type.startsWith('control:') || event.type === 'dispatch') return;
      // Ends are told with the cycle at which they fell, which the units have come to by then.
      if (event.cycle > events.cycle) {
        events.list = [];
        events.cycle = event.cycle;
      }
      events.list.push(event);
    });
  }

  /** A move, and what units did at the cycle where it has ended. */
  async move(move: () => Promise<Stop>): Promise<{ readonly stop: Stop; readonly events: readonly SimulationEvent[] }> {
    this.#events.list = [];
    this.#events.cycle = 0;
    const stop = await move();
    const { list, cycle } = this.#events;
    return { stop, events: cycle === stop.cycle ? list : [] };
  }

  /** The error of a stop, with its place in the assembly file. */
  errorOf({ reasons }: Stop): SystoleError | undefined {
    const failed = reasons.find((r) => r.kind === 'error');
    return failed && (inSource(failed.error, this.source) as SystoleError);
  }

  /** Line of an instruction in the assembly file. */
  line(pc: number): number | undefined {
    return this.source?.lines[pc] || undefined;
  }
}

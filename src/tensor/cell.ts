/**
 * Cell: where the data of an eager tensor is or will be. An operation returns its results' cells at once; the host engine fills them.
 * Whoever computes with cells says what to do once they are filled (`whenFilled`), so that code between reads never waits; promises are
 * made only for those who read.
 */
import { internalError } from '#base';
import type { DeviceTensor, Engine } from '#engine';
import type { Tensor as Data } from '#ir';

type Call = () => void;

/** What is to be called since cells have settled: one after the other, for a chain of thousands must not nest. */
const due: Call[] = [];
let calling = false;

/** What whoever holds a cell against its rules is told; made once, since a step gives back a cell for each parameter. */
const GIVEN_BACK = {
  error: internalError({ what: "a variable's value was used after its memory was given back" }),
};

export class Cell {
  #device: DeviceTensor | undefined;
  #data: Data | undefined;
  /** What went wrong, in a holder, since anything can be thrown. */
  #failure: { readonly error: unknown } | undefined;
  #waiting: Call[] | undefined;
  /** Whether anything but the variable that it was made for may hold it: then its memory is the garbage collector's. */
  #isShared = true;
  /** Runs that were launched with it and have not ended. */
  #holds = 0;
  #isRetired = false;

  private constructor(data: Data | undefined) {
    this.#data = data;
  }

  /** Data that is at hand. */
  static of(data: Data): Cell {
    return new Cell(data);
  }

  /** Data that will come. Whoever makes the cell settles it. */
  static pending(): Cell {
    return new Cell(undefined);
  }

  /** Data that will come as a variable's value, and that nobody else knows of. */
  static ofVariable(): Cell {
    const cell = Cell.pending();
    cell.#isShared = false;
    return cell;
  }

  /** Fills the results of one run, all before anybody hears of it. */
  static fill(cells: readonly Cell[], devices: readonly DeviceTensor[]): void {
    for (let i = 0; i < cells.length; i++) cells[i]!.#device = devices[i]!;
    settle(cells);
  }

  /** A failure is kept for the reader. */
  static fail(cells: readonly Cell[], error: unknown): void {
    for (const cell of cells) cell.#failure = { error };
    settle(cells);
  }

  /** The data where it is at hand without waiting. */
  get data(): Data | undefined {
    return this.#data;
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** As the engine holds it; undefined while it is pending, and where it failed. */
  device(engine: Engine): DeviceTensor | undefined {
    if (this.#device === undefined && this.#data !== undefined) this.#device = engine.upload(this.#data);
    return this.#device;
  }

  /** Somebody may hold it from here on: it is not given back. */
  share(): void {
    this.#isShared = true;
  }

  /** A run has been launched with it. */
  hold(): void {
    this.#holds++;
  }

  /** That run has ended. */
  letGo(engine: Engine): void {
    this.#holds--;
    this.#giveBack(engine);
  }

  /** The variable has another value now: the memory is given back once no run holds it. */
  retire(engine: Engine): void {
    this.#isRetired = true;
    this.#giveBack(engine);
  }

  #giveBack(engine: Engine): void {
    if (!this.#isRetired || this.#isShared || this.#holds > 0 || this.#device === undefined) return;
    engine.free(this.#device);
    this.#device = undefined;
    this.#failure = GIVEN_BACK;
  }

  async read(engine: Engine): Promise<Data> {
    this.share();
    if (this.#data !== undefined) return this.#data;
    if (this.#device === undefined && this.#failure === undefined) {
      await new Promise<void>((resolve) => this.whenSettled(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#data ??= engine.download(this.#device!);
    return this.#data;
  }

  /** Calls `then` once this pending cell is filled or has failed. */
  whenSettled(then: Call): void {
    if (this.#waiting === undefined) this.#waiting = [then];
    else this.#waiting.push(then);
  }

  /** Who waits; they are told once. */
  takeWaiting(): readonly Call[] | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}

function settle(cells: readonly Cell[]): void {
  for (const cell of cells) {
    const waiting = cell.takeWaiting();
    if (waiting !== undefined) due.push(...waiting);
  }
  if (calling) return;
  calling = true;
  for (let i = 0; i < due.length; i++) due[i]!();
  due.length = 0;
  calling = false;
}

/**
 * Calls `then` with the cells as the engine holds them: at once, or when the last of them is filled; `fail` with what went wrong with
 * one of them.
 */
export function whenFilled(
  engine: Engine,
  cells: readonly Cell[],
  then: (devices: DeviceTensor[]) => void,
  fail: (error: unknown) => void,
): void {
  const devices: DeviceTensor[] = [];
  const go = (): void => {
    try {
      while (devices.length < cells.length) {
        const cell = cells[devices.length]!;
        if (cell.failure !== undefined) return fail(cell.failure.error);
        const device = cell.device(engine);
        if (device === undefined) return cell.whenSettled(go);
        devices.push(device);
      }
      then(devices);
    } catch (error) {
      fail(error);
    }
  };
  go();
}

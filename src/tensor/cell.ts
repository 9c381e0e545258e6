/**
 * Cell: where the data of an eager tensor is or will be. An operation returns its result's cell at once; the host engine fills it.
 * Whoever reads awaits `ready`; whoever computes with it chains on it, so that code between reads never waits.
 */
import type { DeviceTensor, Engine } from '#engine';
import type { Tensor as Data } from '#ir';

export class Cell {
  #device: DeviceTensor | undefined;
  #data: Data | undefined;
  #pending: Promise<DeviceTensor> | undefined;

  private constructor(data: Data | undefined, pending: Promise<DeviceTensor> | undefined) {
    this.#data = data;
    this.#pending = pending;
  }

  /** Data that is at hand. */
  static of(data: Data): Cell {
    return new Cell(data, undefined);
  }

  /** Data that will come; a failure is kept for the reader. */
  static from(pending: Promise<DeviceTensor>): Cell {
    const cell = new Cell(undefined, pending);
    pending.then(
      (device) => {
        cell.#device = device;
        cell.#pending = undefined;
      },
      () => {},
    );
    return cell;
  }

  /** The data where it is at hand without waiting. */
  get data(): Data | undefined {
    return this.#data;
  }

  /** As the engine holds it, if that needs no waiting. */
  device(engine: Engine): DeviceTensor | undefined {
    if (this.#device === undefined && this.#data !== undefined) this.#device = engine.upload(this.#data);
    return this.#device;
  }

  async ready(engine: Engine): Promise<DeviceTensor> {
    return this.device(engine) ?? (await this.#pending!);
  }

  async read(engine: Engine): Promise<Data> {
    this.#data ??= engine.download(await this.ready(engine));
    return this.#data;
  }
}

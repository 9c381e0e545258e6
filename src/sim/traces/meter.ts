/**
 * A rate as a counter: amounts that come evenly over stretches of time, as their average in windows of so many cycles. A value
 * stands at the beginning of its window and only where it differs from the one before, so that it costs nothing where nothing changes.
 */

/** Rates are told to a millionth, so that windows of equal rate are equal. */
const rounded = (rate: number): number => Math.round(rate * 1e6) / 1e6;

export class Meter {
  readonly #window: number;
  readonly #tell: (cycle: number, rate: number) => void;
  /** The window that is being filled, and what is in it. */
  #index = 0;
  #sum = 0;
  #told: number | undefined;

  constructor(window: number, tell: (cycle: number, rate: number) => void) {
    this.#window = window;
    this.#tell = tell;
  }

  /** So much from one cycle up to another, not before the end of the stretch before. */
  add(from: number, to: number, amount: number): void {
    if (to <= from) return;
    const window = this.#window;
    const rate = amount / (to - from);
    for (let at = from; at < to; ) {
      const index = Math.floor(at / window);
      this.#moveTo(index);
      const whole = Math.floor(to / window);
      if (at === index * window && whole > index) {
        this.#say(index, rate);
        this.#index = whole;
        at = whole * window;
      } else {
        const till = Math.min(to, (index + 1) * window);
        this.#sum += rate * (till - at);
        at = till;
      }
    }
  }

  /** The last window ends with the run. */
  end(cycle: number): void {
    const index = Math.floor(cycle / this.#window);
    this.#moveTo(index);
    const length = cycle - index * this.#window;
    if (length > 0) this.#say(index, this.#sum / length);
    if (this.#told !== 0) this.#tell(cycle, 0);
  }

  #moveTo(index: number): void {
    if (index === this.#index) return;
    this.#say(this.#index, this.#sum / this.#window);
    if (index > this.#index + 1) this.#say(this.#index + 1, 0);
    this.#index = index;
    this.#sum = 0;
  }

  #say(index: number, rate: number): void {
    const value = rounded(rate);
    if (value === this.#told) return;
    this.#told = value;
    this.#tell(index * this.#window, value);
  }
}

/**
 * Two clocks that start together: cycles of the machine, clocks of the DRAM. All in whole numbers, since a fraction that is
 * rounded would drift over a long run.
 */
export interface Clocks {
  readonly clockAt: (cycle: number) => number;
  readonly cycleAt: (clock: number) => number;
}

/** @param frequency of the machine and `clock` of the DRAM, whole hertz */
export function clocksOf(frequency: number, clock: number): Clocks {
  const common = greatestDivisor(frequency, clock);
  const cycles = frequency / common;
  const clocks = clock / common;
  return { clockAt: scaledUp(clocks, cycles), cycleAt: scaledUp(cycles, clocks) };
}

/** x ↦ ⌈x · numerator ÷ denominator⌉. */
function scaledUp(numerator: number, denominator: number): (x: number) => number {
  // Whole periods apart, the rest is small enough to be exact in most cases; where it is not, integers without a limit serve.
  const rest: (r: number) => number =
    numerator * denominator <= Number.MAX_SAFE_INTEGER
      ? (r) => Math.ceil((r * numerator) / denominator)
      : (r) => {
          const product = BigInt(r) * BigInt(numerator);
          return Number((product + BigInt(denominator) - 1n) / BigInt(denominator));
        };
  return (x) => {
    const whole = Math.floor(x / denominator);
    return whole * numerator + rest(x - whole * denominator);
  };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

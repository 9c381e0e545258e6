/**
 * How much faster an array of multipliers can make a fully connected layer than a single arithmetic unit does, both behind the same
 * memory; exercise 6.3. Each weight is read once and serves every sample of the batch, so that memory brings work for
 *
 *   bandwidth × batch ÷ bytes of a weight
 *
 * MACs a second, of which one unit does `rate`. Memory bounds both: where one unit keeps up with it, nothing is gained (1).
 */
export interface FullyConnected {
  /** Bytes a second. */
  readonly bandwidth: number;
  /** Of a weight. */
  readonly bits: number;
  /** MACs a second of the single unit. */
  readonly rate: number;
  readonly batch?: number;
  /** MACs a second of the array, where it has an end too. */
  readonly peak?: number;
}

export interface FullyConnectedSpeedUp {
  /** Weights a second that memory brings. */
  readonly weightRate: number;
  /** MACs a second with the array. */
  readonly attained: number;
  readonly bound: 'memory' | 'array' | 'single unit';
  readonly speedUp: number;
}

export function fullyConnectedSpeedUp({
  bandwidth,
  bits,
  rate,
  batch = 1,
  peak = Number.POSITIVE_INFINITY,
}: FullyConnected): FullyConnectedSpeedUp {
  const weightRate = (8 * bandwidth) / bits;
  const attained = Math.min(weightRate * batch, Math.max(peak, rate));
  const bound = attained <= rate ? 'single unit' : attained < weightRate * batch ? 'array' : 'memory';
  return { weightRate, attained, bound, speedUp: Math.max(1, attained / rate) };
}

/**
 * Two versions of a network on the same samples: accuracy where the samples have labels, and how far the outputs lie apart. The ratio of
 * signal to noise of an output is 10·log10(Σy² ÷ Σ(y − ŷ)²) in decibels, over all its elements and samples; equal outputs have infinity.
 */
import { type Engine, hostValues } from '#engine';
import { type Model, type Tensor, tensorNumbers } from '#ir';
import { batchAt, batchOf, type Samples } from './samples.ts';

export interface OutputChange {
  readonly output: string;
  readonly decibels: number;
  /** Largest difference of an element, and the largest magnitude of the original's. */
  readonly difference: number;
  readonly largest: number;
}

export interface Comparison {
  readonly samples: number;
  /** Shares of samples whose largest output is that of their class. */
  readonly accuracy?: { readonly before: number; readonly after: number };
  readonly outputs: readonly OutputChange[];
}

/** Sums over elements, batch by batch. */
class OutputSums {
  readonly #sums: Map<string, { signal: number; noise: number; difference: number; largest: number }>;

  constructor(model: Model) {
    this.#sums = new Map(model.graph.outputs.map((v) => [v.name, { signal: 0, noise: 0, difference: 0, largest: 0 }]));
  }

  /** @param share of the elements, from the first, that count */
  add(before: ReadonlyMap<string, Tensor>, after: ReadonlyMap<string, Tensor>, share = 1): void {
    for (const [name, sum] of this.#sums) {
      const [a, b] = [before.get(name)!, after.get(name)!];
      if (a.dtype === 'string' || b.dtype === 'string') continue;
      const [x, y] = [tensorNumbers(a), tensorNumbers(b)];
      const counted = Math.floor(x.length * share);
      for (let i = 0; i < counted; i++) {
        // Where both are NaN or the same infinity nothing changed.
        const far = Object.is(x[i], y[i]) ? 0 : Math.abs(x[i]! - y[i]!);
        if (Number.isFinite(x[i]!)) sum.signal += x[i]! ** 2;
        sum.noise += far ** 2;
        if (!(far <= sum.difference)) sum.difference = far;
        if (Math.abs(x[i]!) > sum.largest) sum.largest = Math.abs(x[i]!);
      }
    }
  }

  changes(): readonly OutputChange[] {
    return [...this.#sums].map(([output, { signal, noise, difference, largest }]) => ({
      output,
      decibels: noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise),
      difference,
      largest,
    }));
  }
}

/** How far the outputs of two versions lie apart on given inputs. */
export async function compareOn(
  before: Model,
  after: Model,
  feeds: ReadonlyMap<string, Tensor>,
  engine: Engine,
): Promise<readonly OutputChange[]> {
  const sums = new OutputSums(before);
  sums.add(await hostValues(before, feeds, undefined, engine), await hostValues(after, feeds, undefined, engine));
  return sums.changes();
}

/** How far they lie apart over samples, and how often each is right. */
export async function compareModels(
  before: Model,
  after: Model,
  samples: Samples,
  engine: Engine,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Comparison> {
  const sessions = await Promise.all([engine.load(before), engine.load(after)]);
  const size = batchOf(before, samples);
  const sums = new OutputSums(before);
  const right = [0, 0];
  let rated = samples.labels !== undefined;
  try {
    for (let done = 0; done < samples.count; done += size) {
      const valid = Math.min(size, samples.count - done);
      const feeds = await batchAt(samples, done, size);
      const results = [await sessions[0].run(feeds), await sessions[1].run(feeds)] as const;
      sums.add(...results, valid / size);
      onProgress(done + valid, samples.count);
      if (!rated) continue;
      results.forEach((result, k) => {
        const scores = result.get(before.graph.outputs[0]!.name)!;
        const hits = hitsOf(scores, samples, done, valid, size);
        if (hits === undefined) rated = false;
        else right[k]! += hits;
      });
    }
  } finally {
    await Promise.all(sessions.map((s) => s.release()));
  }
  const accuracy = { before: right[0]! / samples.count, after: right[1]! / samples.count };
  return { samples: samples.count, ...(rated ? { accuracy } : {}), outputs: sums.changes() };
}

/** How many samples have their largest score at their label; undefined where the output is none of scores for these classes. */
function hitsOf(
  scores: Tensor,
  { labels, classes }: Samples,
  from: number,
  valid: number,
  size: number,
): number | undefined {
  const values = tensorNumbers(scores);
  const width = values.length / size;
  if (width !== classes) return undefined;
  let hits = 0;
  for (let i = 0; i < valid; i++) {
    let best = 0;
    for (let c = 1; c < width; c++) if (values[i * width + c]! > values[i * width + best]!) best = c;
    if (best === labels![from + i]) hits++;
  }
  return hits;
}

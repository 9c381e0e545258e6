/** Calibration: the network in floats runs over samples, and every value that will be codes is watched. One batch is held at a time. */
import type { Engine } from '#engine';
import type { Model } from '#ir';
import { type Calibration, float32s, Observer, type Range } from './observer.ts';
import { WITH_WEIGHTS } from './plan.ts';
import { batchAt, batchOf, type Samples } from './samples.ts';

export interface CalibrationOptions {
  readonly calibration: Calibration;
  readonly percentile: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The range of each value. */
export async function calibrate(
  model: Model,
  values: Iterable<string>,
  samples: Samples,
  engine: Engine,
  options: CalibrationOptions,
): Promise<ReadonlyMap<string, Range>> {
  const inputs = new Set(model.graph.inputs.map((v) => v.name));
  const observers = new Map([...values].map((name) => [name, new Observer()]));
  const computed = [...observers.keys()].filter((name) => !inputs.has(name));
  const session = await engine.load(model, { outputs: computed });
  const size = batchOf(model, samples, observers.keys());
  try {
    for (let done = 0; done < samples.count; done += size) {
      const feeds = await batchAt(samples, done, size);
      const results = await session.run(feeds);
      for (const [name, observer] of observers) {
        const value = inputs.has(name) ? feeds.get(name) : results.get(name);
        if (value !== undefined && 'bytes' in value) observer.see(float32s(value.bytes));
      }
      options.onProgress?.(Math.min(samples.count, done + size), samples.count);
    }
  } finally {
    await session.release();
  }
  const given = givenValues(model);
  return new Map(
    [...observers].map(([name, observer]) => {
      const own = given.has(name) && options.calibration === 'entropy' ? 'minmax' : options.calibration;
      return [name, observer.range(own, options.percentile)];
    }),
  );
}

/**
 * Inputs, and what is made of them before the first layer with weights. Entropy takes a distribution to be one of activations, with a
 * thin tail; of pixels, most of which are paper, it would cut off the ink. Such values keep their whole range.
 */
function givenValues(model: Model): ReadonlySet<string> {
  const learned = new Set<string>();
  const given = new Set(model.graph.inputs.map((v) => v.name));
  for (const node of model.graph.nodes) {
    const isLayer = WITH_WEIGHTS.has(node.op) || node.inputs.some((name) => learned.has(name));
    for (const name of node.outputs) (isLayer ? learned : given).add(name);
  }
  return given;
}

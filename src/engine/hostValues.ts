/** Any values of a model, computed by the host engine: golden per-layer comparison, constant folding. */
import type { Model } from '#ir';
import { type Engine, sharedEngine } from './engine.ts';
import type { HostValue } from './values.ts';

/**
 * Runs a model once, as it stands, and fetches the named values, which may be inputs' successors of any node.
 * @param names values that nodes compute; the model's outputs by default
 * @param engine by default the shared one
 */
export async function hostValues(
  model: Model | Uint8Array,
  feeds: ReadonlyMap<string, HostValue>,
  names?: readonly string[],
  engine?: Engine,
): Promise<Map<string, HostValue>> {
  const host = engine ?? (await sharedEngine());
  const session = await host.load(model, { optimize: false, ...(names === undefined ? {} : { outputs: names }) });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** The host engine that eager operations and compiled functions run on: the shared one, unless a program hands in its own. */
import { type Engine, sharedEngine } from '#engine';

let engine: Engine | undefined;
let opening: Promise<Engine> | undefined;

/** Runs everything from here on in `given`; for a browser that knows where its WASM lies, and for tests. */
export function useEngine(given: Engine): void {
  engine = given;
  opening = undefined;
}

/** The engine where it is open already. */
export const openEngine = (): Engine | undefined => engine;

export async function hostEngine(): Promise<Engine> {
  if (engine !== undefined) return engine;
  opening ??= sharedEngine().then((opened) => {
    engine ??= opened;
    return engine;
  });
  return opening;
}

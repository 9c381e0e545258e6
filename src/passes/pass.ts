/**
 * What a pass is: a valid, typed model in, a valid model out that computes the same outputs. Passes rewrite the main
 * graph alone; subgraphs of If, Loop and Scan and local functions are carried, and a value that a subgraph reads is
 * never renamed or removed.
 */
import type { Engine } from '#engine';
import type { Model } from '#ir';

export interface PassContext {
  /** Sizes for symbolic dimensions, by name. */
  readonly dims: Readonly<Record<string, number>>;
  /** What declared types of inner values are worth (see `inferTypes`). */
  readonly declared: 'check' | 'fallback';
  /** The host engine, for folding nodes that have no reference evaluation or are too large for it. */
  readonly engine: Engine | undefined;
  /** Largest constant, in bytes, that folding may create from smaller or splat ones. */
  readonly foldLimit: number;
  /** For each node that stands for several: the names of the nodes it was made of, itself first. Passes add to it. */
  readonly provenance: Map<string, readonly string[]>;
}

export interface Pass {
  readonly name: string;
  /** One sentence: what it does to the graph. */
  readonly summary: string;
  readonly run: (model: Model, context: PassContext) => Model | Promise<Model>;
}

/** Declares a pass; the identity function, for its type. */
export const pass = (p: Pass): Pass => p;

/** Notes that `kept` now also does the work of `absorbed`. */
export function absorb(context: PassContext, kept: string, absorbed: string): void {
  const of = (name: string) => context.provenance.get(name) ?? [name];
  context.provenance.set(kept, [...new Set([...of(kept), ...of(absorbed)])]);
}

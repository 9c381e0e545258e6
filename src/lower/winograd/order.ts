/**
 * The order of a Winograd nest: what each queue is given, and which semaphores order it. Said once, to a sink that emits code, counts, or
 * plays the queues through.
 *
 * The transform unit has both ends of the work in one queue: the transform of activations before the products, and that of products behind
 * them. Were they given to it turn by turn, the products of a turn could not begin before those of the turn before were transformed back. So
 * a result is transformed back, finished by the vector unit and stored one turn late, as results of other nests are stored one turn late.
 */
import type { Queue } from '#isa';
import type { Contraction } from '../contraction.ts';
import { type LoopDim, roundsOf } from '../stream.ts';
import type { BuiltWinograd } from './build.ts';

/**
 * Semaphores of these nests, beyond those of others, so that each has one signaller and one waiter in the whole program. Where the vector
 * unit works behind the products, its operands and results have those of its own nests.
 */
export const WINOGRAD_SEMAPHORES = {
  /** load → winograd: activations and kernels, in the order in which both queues have them. */
  ready: 16,
  /** winograd → load: a buffer of activations. */
  freeActivations: 17,
  /** load → matrix, where weights come transformed. */
  readyWeights: 18,
  /** matrix → load: a buffer of weights and biases. */
  freeWeights: 19,
  /** winograd ⇄ matrix: transformed activations, products, transformed weights. */
  readyInputs: 20,
  freeInputs: 21,
  readyProducts: 22,
  freeProducts: 23,
  readyKernels: 24,
  freeKernels: 25,
  /** winograd → store, winograd → vector: results. */
  readyResult: 26,
  readyRaw: 27,
  /** store → winograd */
  freeResult: 28,
} as const;
/** Whether a unit that waits for this semaphore waits for operands. */
export const isWinogradOperand = (semaphore: number): boolean => {
  const s = WINOGRAD_SEMAPHORES;
  const ready = [s.ready, s.readyWeights, s.readyInputs, s.readyProducts, s.readyKernels, s.readyRaw];
  return ready.some((known) => known === semaphore);
};
/** How many semaphores a machine has that these nests run on. */
export const SEMAPHORES_NEEDED = 29;

/** load → vector, vector → load, vector → store: those of nests of the vector unit. */
export interface VectorSemaphores {
  readonly ready: number;
  readonly free: number;
  readonly outReady: number;
}

/** Work that is not a transfer. */
export type WinogradWork = 'input' | 'kernels' | 'products' | 'output' | 'vector';

/** What the order is said to. */
export interface WinogradSink {
  wait(queue: Queue, semaphore: number): void;
  signal(queue: Queue, semaphore: number): void;
  load(what: 'a' | 'w' | 'operands'): void;
  store(): void;
  work(what: Exclude<WinogradWork, 'products'>): void;
  /** The products of a turn. @param begin what comes before those that are drained, in the turn that does */
  products(begin: () => void): void;
  /** Its loop `level`, with this inside. */
  loop(l: LoopDim, body: () => void): void;
  /** What follows is done with the next buffer of these. */
  next(what: 'a' | 'w' | 'inputs' | 'kernels' | 'products'): void;
  /** Does this for the turn before, if there was one, and notes this turn. */
  late(body: () => void): void;
  /** Does this for the last turn. */
  last(body: () => void): void;
}

/** Whether the vector unit has to do with the results: the transform unit knows neither activations nor operators. */
export const hasVectorWork = (k: Pick<Contraction, 'act' | 'epilogue'>): boolean =>
  k.act.kind !== 'none' || (k.epilogue?.steps.length ?? 0) > 0;

/** Says the whole nest but for the `sync` behind it. */
export function sayWinograd(built: BuiltWinograd, k: Contraction, vector: VectorSemaphores, sink: WinogradSink): void {
  const { loops, levels, operands, inputs, products, kernels } = built;
  const s = WINOGRAD_SEMAPHORES;
  const buffers = {
    a: levels.a === 0 ? 1 : 2,
    w: levels.w === 0 ? 1 : 2,
    operands: levels.out === 0 ? 1 : 2,
  };
  const times = (n: number, say: () => void): void => {
    for (let i = 0; i < n; i++) say();
  };
  times(buffers.a, () => sink.signal('winograd', s.freeActivations));
  times(buffers.w, () => sink.signal('matrix', s.freeWeights));
  times(inputs.count, () => sink.signal('matrix', s.freeInputs));
  times(products.count, () => sink.signal('winograd', s.freeProducts));
  if (kernels !== undefined) times(kernels.count, () => sink.signal('matrix', s.freeKernels));
  if (operands.length > 0) times(buffers.operands, () => sink.signal('vector', vector.free));
  sink.signal('store', s.freeResult);

  const behind = (): void => {
    sink.wait('winograd', s.freeResult);
    sink.wait('winograd', s.readyProducts);
    sink.work('output');
    sink.signal('winograd', s.freeProducts);
    if (hasVectorWork(k)) {
      sink.signal('winograd', s.readyRaw);
      sink.wait('vector', s.readyRaw);
      if (operands.length > 0) sink.wait('vector', vector.ready);
      sink.work('vector');
      if (operands.length > 0) sink.signal('vector', vector.free);
      sink.signal('vector', vector.outReady);
      sink.wait('store', vector.outReady);
    } else {
      sink.signal('winograd', s.readyResult);
      sink.wait('store', s.readyResult);
    }
    sink.store();
    sink.signal('store', s.freeResult);
  };

  // Before this turn's products take room that the turn before must leave: what an entry waits for is always dispatched before it, so that
  // queues of any depth will do.
  const begin = (): void => {
    if (levels.out > 0) sink.late(behind);
    sink.wait('matrix', s.freeProducts);
  };

  const enter = (level: number): void => {
    if (level === levels.a) {
      sink.wait('load', s.freeActivations);
      sink.load('a');
      sink.signal('load', s.ready);
      sink.wait('winograd', s.ready);
      sink.wait('winograd', s.freeInputs);
      sink.work('input');
      sink.signal('winograd', s.freeActivations);
      sink.signal('winograd', s.readyInputs);
      sink.wait('matrix', s.readyInputs);
    }
    if (level === levels.w) {
      sink.wait('load', s.freeWeights);
      sink.load('w');
      if (kernels === undefined) {
        sink.signal('load', s.readyWeights);
        sink.wait('matrix', s.readyWeights);
      } else {
        sink.signal('load', s.ready);
        sink.wait('winograd', s.ready);
        sink.wait('winograd', s.freeKernels);
        sink.work('kernels');
        sink.signal('winograd', s.readyKernels);
        sink.wait('matrix', s.readyKernels);
      }
    }
    if (level === levels.out && operands.length > 0) {
      sink.wait('load', vector.free);
      sink.load('operands');
      sink.signal('load', vector.ready);
    }
    const l = loops[level];
    if (l === undefined) sink.products(begin);
    else if (roundsOf(l) === 1) enter(level + 1);
    else sink.loop(l, () => enter(level + 1));
    if (level === levels.out) {
      sink.signal('matrix', s.readyProducts);
      if (level === 0) behind();
      sink.next('products');
    }
    if (level === levels.w) {
      sink.signal('matrix', s.freeWeights);
      sink.next('w');
      if (kernels !== undefined) {
        sink.signal('matrix', s.freeKernels);
        sink.next('kernels');
      }
    }
    if (level === levels.a) {
      sink.signal('matrix', s.freeInputs);
      sink.next('a');
      sink.next('inputs');
    }
  };
  enter(0);
  if (levels.out > 0) sink.last(behind);

  times(buffers.a, () => sink.wait('load', s.freeActivations));
  times(buffers.w, () => sink.wait('load', s.freeWeights));
  times(inputs.count, () => sink.wait('winograd', s.freeInputs));
  times(products.count, () => sink.wait('matrix', s.freeProducts));
  if (kernels !== undefined) times(kernels.count, () => sink.wait('winograd', s.freeKernels));
  if (operands.length > 0) times(buffers.operands, () => sink.wait('load', vector.free));
  sink.wait('winograd', s.freeResult);
}

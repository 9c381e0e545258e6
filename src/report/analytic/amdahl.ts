/**
 * Amdahl's law over a network (Amdahl, Validity of the Single Processor Approach, AFIPS 1967): how much faster all of it becomes where
 * kinds of layers become faster, each by a factor of its own; exercise 6.2. What a layer takes before is a model's answer:
 *
 *   macs       its MACs; layers without MACs take nothing
 *   roofline   max(operations ÷ peak, bytes ÷ bandwidth), operations being two a MAC, and what a layer without MACs computes
 *
 * Layers that are neither convolutions nor products take what the model says of them, or a stated share of the whole.
 */
import { LAYER_KINDS, type LayerKind, type Summary, type SummaryLayer } from '../summary/summary.ts';
import type { Roof } from './roofline.ts';

export type TimeModel = { readonly kind: 'macs' } | ({ readonly kind: 'roofline' } & Roof);

export interface SpeedUpRequest {
  readonly time: TimeModel;
  /** 1 where nothing is said. */
  readonly factors: Partial<Readonly<Record<LayerKind, number>>>;
  /** Share of all the time that other layers take, from 0 to below 1; by default what the model says. */
  readonly otherShare?: number;
}

export interface KindOfTime {
  readonly kind: LayerKind;
  readonly factor: number;
  /** Seconds, or MACs where these are the measure. */
  readonly before: number;
  readonly after: number;
  /** Of the time before. */
  readonly share: number;
}

export interface SpeedUp {
  readonly unit: 'seconds' | 'MACs';
  readonly kinds: readonly KindOfTime[];
  readonly before: number;
  readonly after: number;
  /** Before ÷ after; null where nothing takes time. */
  readonly speedUp: number | null;
  /** Layers whose work is not known and which take no time here. */
  readonly unknown: number;
}

/** How much faster a network becomes as a whole. */
export function networkSpeedUp(summary: Summary, { time, factors, otherShare }: SpeedUpRequest): SpeedUp {
  const modelled = Object.fromEntries(
    LAYER_KINDS.map((kind) => [
      kind,
      summary.layers.filter((l) => l.kind === kind).reduce((sum, l) => sum + timeOf(l, time), 0),
    ]),
  ) as Record<LayerKind, number>;
  if (otherShare !== undefined) {
    modelled.other = ((modelled.convolution + modelled.product) * otherShare) / (1 - otherShare);
  }
  const before = modelled.convolution + modelled.product + modelled.other;
  const kinds = LAYER_KINDS.map((kind): KindOfTime => {
    const factor = factors[kind] ?? 1;
    const share = before === 0 ? 0 : modelled[kind] / before;
    return { kind, factor, before: modelled[kind], after: modelled[kind] / factor, share };
  });
  const after = kinds.reduce((sum, k) => sum + k.after, 0);
  return {
    unit: time.kind === 'macs' ? 'MACs' : 'seconds',
    ...{ kinds, before, after },
    speedUp: after === 0 ? null : before / after,
    unknown: summary.totals.unknown,
  };
}

function timeOf(layer: SummaryLayer, time: TimeModel): number {
  const macs = layer.macs ?? 0;
  if (time.kind === 'macs') return macs;
  const simple = Math.max(layer.multiplications ?? 0, layer.additions ?? 0);
  const operations = macs > 0 ? 2 * macs : simple + (layer.comparisons ?? 0) + (layer.transcendentals ?? 0);
  return Math.max(operations / time.peak, (layer.bytes ?? 0) / time.bandwidth);
}

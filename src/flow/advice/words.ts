/** Words that several rules have in common. */
import { bytesText, grouped, percent, type Texts } from '#report';
import type { Facts, LayerFacts } from './rule.ts';

export const both = (en: string, zh: string): Texts => ({ en, zh });

/** The share of a run that some cycles are, as text. */
export const shareText = ({ result }: Facts, cycles: number): string => percent(cycles / result.cycles);

/** `12 layers, 34.5 % of the cycles, features.0 (5.6 %) first among them`. */
export function layersText(facts: Facts, layers: readonly LayerFacts[]): Texts {
  const cycles = layers.reduce((n, l) => n + l.run.cycles, 0);
  const [first] = layers;
  const share = shareText(facts, cycles);
  if (first === undefined) return both('no layer', '没有层');
  if (layers.length === 1) {
    return both(
      `layer ${first.plan.index + 1} (${first.plan.name}, ${share} of the cycles)`,
      `第 ${first.plan.index + 1} 层（${first.plan.name}，占周期的 ${share}）`,
    );
  }
  const of = shareText(facts, first.run.cycles);
  return both(
    `${layers.length} layers (${share} of the cycles, most in layer ${first.plan.index + 1}, ${first.plan.name}: ${of})`,
    `${layers.length} 层（占周期的 ${share}，最多的是第 ${first.plan.index + 1} 层 ${first.plan.name}：${of}）`,
  );
}

export const cyclesText = (n: number): string => grouped(Math.round(n));
export { bytesText, grouped, percent };

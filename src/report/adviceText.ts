/** Words of a piece of advice that the terminal and the page have in common. */
import type { Advice, AdviceTotals, Texts } from './advice.ts';
import { grouped, joulesText, percent } from './quantities.ts';

/** Of a sample. */
export const adviceCycles = ({ cycles }: AdviceTotals): string => grouped(Math.round(cycles));

/** Of several samples each. */
export const eachSample = (samples: number): Texts =>
  samples === 1 ? { en: '', zh: '' } : { en: ` a sample (of ${samples})`, zh: `/样本（批 ${samples}）` };

const signed = (before: number, after: number): string => {
  const share = before === 0 ? 0 : after / before - 1;
  return `${share > 0 ? '+' : share < 0 ? '−' : '±'}${percent(Math.abs(share))}`;
};

/** What became of energy and area. */
export function adviceCost({ before, after }: Advice): Texts {
  const parts: Texts[] = [];
  if (before.energy !== null && after.energy !== null) {
    const [from, to] = [joulesText(before.energy), joulesText(after.energy)];
    const by = signed(before.energy, after.energy);
    parts.push({ en: `energy ${from} → ${to} (${by})`, zh: `能量 ${from} → ${to}（${by}）` });
  }
  if (before.area !== null && after.area !== null && before.area !== after.area) {
    const [from, to] = [before.area, after.area].map((n) => `${Number(n.toPrecision(3))} mm²`);
    const by = signed(before.area, after.area);
    parts.push({ en: `area ${from} → ${to} (${by})`, zh: `面积 ${from} → ${to}（${by}）` });
  }
  return { en: parts.map((p) => p.en).join(', '), zh: parts.map((p) => p.zh).join('，') };
}

/** What a run with the change took, against the run as it was. */
export function adviceSaving({ before, after, saved }: Advice): Texts {
  const [from, to, by] = [adviceCycles(before), adviceCycles(after), grouped(Math.abs(Math.round(saved.cycles)))];
  const of = eachSample(after.samples);
  const cycles = Math.abs(Math.round(saved.cycles)) === 1 ? 'cycle' : 'cycles';
  const share = percent(Math.abs(saved.share));
  if (Math.round(saved.cycles) === 0)
    return { en: `takes as many cycles, ${to}${of.en}`, zh: `周期不变：${to}${of.zh}` };
  return saved.cycles > 0
    ? {
        en: `saves ${by} ${cycles}${of.en}, ${share}: ${from} → ${to}`,
        zh: `节省 ${by} 周期${of.zh}，${share}：${from} → ${to}`,
      }
    : {
        en: `takes ${by} ${cycles}${of.en} more, ${share}: ${from} → ${to}`,
        zh: `增加 ${by} 周期${of.zh}，${share}：${from} → ${to}`,
      };
}

/** What `optimize`, `quantize` and `prune` report: amounts before and after, accuracy or distance of outputs. */
import stringWidth from 'string-width';
import type { Comparison, ModelAmounts, OutputChange, SampleSets } from '#flow';
import type { Console } from '../console.ts';
import type { Both } from '../language.ts';

const AMOUNTS: readonly (readonly [keyof ModelAmounts, Both])[] = [
  ['nodes', { en: 'nodes', zh: '节点' }],
  ['parameters', { en: 'parameters', zh: '参数' }],
  ['parameterBytes', { en: 'bytes of parameters', zh: '参数字节' }],
  ['bytes', { en: 'bytes of the file', zh: '文件字节' }],
  ['macs', { en: 'MACs', zh: '乘加' }],
];

const digits = (n: number): string => n.toLocaleString('en-US');
const fill = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - stringWidth(text)));

/** A table of two columns. */
export function amountsText(before: ModelAmounts, after: ModelAmounts, console: Console): string {
  const heads = [console.text({ en: 'before', zh: '之前' }), console.text({ en: 'after', zh: '之后' })] as const;
  const rows = AMOUNTS.map(([key, name]) => [console.text(name), digits(before[key]), digits(after[key])] as const);
  const widths = [0, 1, 2].map((i) =>
    Math.max(...[['', ...heads] as const, ...rows].map((row) => stringWidth(row[i]!))),
  );
  return [['', ...heads] as const, ...rows]
    .map(
      ([name, a, b]) =>
        `${fill(name, widths[0]!)}  ${fill('', widths[1]! - stringWidth(a))}${a}  ${fill('', widths[2]! - stringWidth(b))}${b}`,
    )
    .join('\n');
}

export const decibels = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(1)} dB` : '∞ dB');

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** Accuracy where there is one, else how far each output has moved. */
export function comparisonText({ samples, accuracy, outputs }: Comparison, sets: SampleSets, console: Console): string {
  const on = sets.check.name;
  const lines = outputs.map((change) => outputText(change, console));
  if (accuracy === undefined) {
    const head = { en: `outputs on ${samples} samples (${on.en})`, zh: `${samples} 个样本上的输出（${on.zh}）` };
    return [console.text(head), ...lines].join('\n');
  }
  const points = (100 * (accuracy.after - accuracy.before)).toFixed(2);
  const text = {
    en: `accuracy ${percent(accuracy.before)} → ${percent(accuracy.after)} (${points} points) on ${samples} samples: ${on.en}`,
    zh: `准确率 ${percent(accuracy.before)} → ${percent(accuracy.after)}（${points} 个百分点），${samples} 个样本：${on.zh}`,
  };
  return [console.text(text), ...lines].join('\n');
}

export function outputText({ output, decibels: ratio, difference, largest }: OutputChange, console: Console): string {
  const [far, most] = [difference.toPrecision(3), largest.toPrecision(3)];
  return console.text({
    en: `  ${output}: signal to noise ${decibels(ratio)}, largest difference ${far} of ${most}`,
    zh: `  ${output}：信噪比 ${decibels(ratio)}，最大差 ${far}（最大值 ${most}）`,
  });
}

/** Random samples tell little: said wherever figures rest on them. */
export function noteRandom(sets: SampleSets, console: Console, purpose: Both): void {
  if (!sets.isRandom) return;
  console.note(
    console.text({
      en: `no --data: ${purpose.en} on ${sets.calibration.count} random samples, which say little about real ones`,
      zh: `未给 --data：用 ${sets.calibration.count} 个随机样本${purpose.zh}，对真实数据参考意义有限`,
    }),
  );
}

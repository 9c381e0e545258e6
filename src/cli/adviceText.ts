/** What `systole advise` says: pieces of advice one below the other, and the rules. */
import { adviceRules } from '#flow';
import { type AdviceReport, adviceCost, adviceCycles, adviceSaving, eachSample, type Palette, PLAIN } from '#report';
import type { Console } from './console.ts';

export interface AdviceShown {
  readonly model: string;
  readonly machine: string;
  readonly report: AdviceReport;
  /** Those that were asked for. */
  readonly limit: number;
  /** What was tried and is no advice, too. */
  readonly all: boolean;
}

export function adviceText(console: Console, shown: AdviceShown, palette: Palette = PLAIN): string {
  const t = console.text.bind(console);
  const { model, machine, report, limit, all } = shown;
  const { before, advice, runs, tried } = report;
  const ofTime = advice.filter((a) => a.kind === 'time');
  const ofCost = advice.filter((a) => a.kind === 'cost');
  const told = [...ofTime.slice(0, limit), ...ofCost.slice(0, limit)];
  const of = eachSample(before.samples);
  const head = t({
    en: `${model} on ${machine}: ${adviceCycles(before)} cycles${of.en}, physically at least ${adviceCycles({ ...before, cycles: Math.ceil(before.physical) })}; ${runs} ${runs === 1 ? 'change' : 'changes'} run, ${advice.length} confirmed`,
    zh: `${model} 运行于 ${machine}：${adviceCycles(before)} 周期${of.zh}，物理下界 ${adviceCycles({ ...before, cycles: Math.ceil(before.physical) })}；试运行 ${runs} 项修改，确认 ${advice.length} 项`,
  });
  const pieces = told.flatMap((piece, i) => [
    '',
    `${i + 1}. ${palette.strong(t(piece.proposal))} ${palette.faint(`(${piece.rule})`)}`,
    `   ${t(adviceSaving(piece))}`,
    `   ${t({ en: 'why: ', zh: '依据：' })}${t(piece.finding)}`,
    ...(t(adviceCost(piece)) === '' ? [] : [`   ${t({ en: 'cost: ', zh: '代价：' })}${t(adviceCost(piece))}`]),
    ...piece.command.split('\n').map((line) => `   ${palette.faint(`$ ${line}`)}`),
  ]);
  const others = advice.length - told.length;
  const rest = t({
    en: `${others} more ${others === 1 ? 'piece was' : 'pieces were'} confirmed: --limit ${advice.length}`,
    zh: `另有 ${others} 项已确认：--limit ${advice.length}`,
  });
  const none = t({
    en: 'No change that the rules propose saves anything here.',
    zh: '规则提出的修改在此均无收益。',
  });
  const reasons = tried.map(
    ({ rule, proposal, why }) => `  ${rule}${t({ en: ': ', zh: '：' })}${t(proposal)} – ${t(why)}`,
  );
  return [
    head,
    ...(told.length === 0 ? ['', none] : pieces),
    ...(others > 0 ? ['', palette.faint(rest)] : []),
    ...(all && reasons.length > 0 ? ['', t({ en: 'run, and no advice:', zh: '试过而未采纳：' }), ...reasons] : []),
  ].join('\n');
}

export function rulesText(console: Console, palette: Palette = PLAIN): string {
  const t = console.text.bind(console);
  const entries = adviceRules.flatMap(({ name, title, looksAt, proposes, source }) => [
    `${palette.strong(name)}  ${t(title)}`,
    `  ${t({ en: 'looks at: ', zh: '依据：' })}${t(looksAt)}`,
    `  ${t({ en: 'proposes: ', zh: '建议：' })}${t(proposes)}`,
    `  ${palette.faint(`${t({ en: 'source: ', zh: '出处：' })}${source}`)}`,
  ]);
  const note = t({
    en: 'Each proposal is compiled and run before it is advice: docs/advice.md',
    zh: '每项建议都先编译并运行确认：docs/advice.md',
  });
  return [...entries, '', note].join('\n');
}

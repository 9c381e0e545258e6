/** Advice: what each change saves, why, what it costs and the command that runs it; behind them what was run in vain. */
import type { Advice } from '../../advice.ts';
import { adviceCost, adviceCycles, adviceSaving, eachSample } from '../../adviceText.ts';
import type { PageRun } from '../data.ts';
import { h, t, told } from './dom.ts';
import { code } from './sections.ts';

/** Layers that a piece leads to; it speaks of more. */
const LINKS = 5;

export function advice(
  { advice: report, report: { layers } }: PageRun,
  choose: (layer: number) => void,
): HTMLElement | undefined {
  if (report === undefined) return undefined;
  const { before, advice: pieces, runs, tried } = report;
  const of = eachSample(before.samples);
  const intro = t(
    `Rules looked at this run and proposed changes; ${runs} of them were run, and ${pieces.length} save something. The run as it is takes ${adviceCycles(before)} cycles${of.en}.`,
    `规则根据本次运行的数据提出修改，其中 ${runs} 项经过试运行，${pieces.length} 项有收益。当前运行为 ${adviceCycles(before)} 周期${of.zh}。`,
  );
  return h(
    'div',
    {},
    h('p', {}, intro),
    pieces.length > 0 &&
      h('ol', { class: 'advice' }, ...pieces.map((piece) => h('li', {}, ...pieceOf(piece, layers, choose)))),
    tried.length > 0 &&
      h(
        'details',
        {},
        h('summary', {}, t(`Run, and no advice: ${tried.length}`, `试过而未采纳：${tried.length}`)),
        h(
          'ul',
          {},
          ...tried.map(({ rule, proposal, why }) =>
            h('li', {}, `${told(proposal)} (`, h('code', {}, rule), `): ${told(why)}`),
          ),
        ),
      ),
  );
}

function pieceOf(
  piece: Advice,
  layers: PageRun['report']['layers'],
  choose: (layer: number) => void,
): readonly (Node | false)[] {
  const cost = told(adviceCost(piece));
  const links = piece.layers
    .slice(0, LINKS)
    .flatMap((layer, i) => [
      i > 0 && ', ',
      h(
        'button',
        { type: 'button', class: 'link', onclick: () => choose(layer) },
        layers[layer]?.name ?? String(layer + 1),
      ),
    ]);
  return [
    h('h3', {}, `${told(piece.proposal)} `, h('code', {}, piece.rule)),
    h('p', { class: 'saving' }, h('strong', {}, told(adviceSaving(piece)))),
    h('p', {}, t('Why: ', '依据：'), told(piece.finding)),
    cost !== '' && h('p', {}, t('Cost: ', '代价：'), cost),
    links.length > 0 && h('p', {}, t('Layers: ', '层：'), ...links, piece.layers.length > LINKS && ', …'),
    ...piece.command.split('\n').map((line) => code(line)),
  ];
}

/** One layer in full: what it is, where its cycles went, its loops, its code. */
import { bytesText, grouped, joulesText, percent } from '../../quantities.ts';
import { h, t, told } from './dom.ts';
import { besideText } from './layersTable.ts';
import { baselineOf, counterparts, runOf, type State } from './model.ts';
import { nameOf } from './words.ts';

export interface DetailEvents {
  showCycles(from: number, to: number): void;
  showCode(layer: number): void;
  close(): void;
}

/** A part of a whole as a bar beside its name and figures. */
export const bar = (name: string, value: number, whole: number, figure: string, kind = 'compute'): HTMLElement => {
  const share = whole === 0 ? 0 : Math.max(0, Math.min(1, value / whole));
  const rect = h('div', { class: `fill ${kind}` });
  // By the object model, which the page's policy allows, unlike an attribute.
  rect.style.inlineSize = `${100 * share}%`;
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name),
    h('td', { class: 'number' }, figure),
    h('td', { class: 'number' }, percent(whole === 0 ? null : value / whole)),
    h('td', { class: 'bar' }, h('div', { class: 'track', 'aria-hidden': 'true' }, rect)),
  );
};

export const bars = (caption: string, figure: string, rows: readonly HTMLElement[]): HTMLElement =>
  h(
    'table',
    { class: 'bars' },
    h('caption', {}, caption),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, t('part', '部分')),
        h('th', { scope: 'col', class: 'number' }, figure),
        h('th', { scope: 'col', class: 'number' }, t('share', '占比')),
        h('td', {}),
      ),
    ),
    h('tbody', {}, ...rows),
  );

/** First and one-past-last cycle of a layer: their cycles add up from the front. */
export function cyclesOf(state: State, layer: number): readonly [number, number] {
  const { layers } = runOf(state).report;
  const to = layers.slice(0, layer + 1).reduce((n, l) => n + l.cycles, 0);
  return [to - layers[layer]!.cycles, to];
}

export function layerDetails(state: State, index: number, events: DetailEvents): HTMLElement {
  const run = runOf(state);
  const layer = run.report.layers[index]!;
  const other = baselineOf(state);
  const at = other && counterparts(run, other)[index];
  const before = at === undefined ? undefined : other?.report.layers[at];
  const why = run.explained?.[index];
  const facts: [string, string][] = [
    [t('operators', '算子'), layer.op],
    [t('unit', '单元'), nameOf(layer.where)],
    [t('result', '结果'), layer.shape.join(' × ')],
    [t('cycles', '周期'), `${grouped(layer.cycles)} ${besideText(layer.cycles, before?.cycles)}`],
    ['MAC', grouped(layer.macs)],
    [t('operations of the vector unit', '向量单元运算'), grouped(layer.vectorOps)],
    [t('DRAM read, written', '读、写 DRAM'), `${bytesText(layer.bytes.read)}, ${bytesText(layer.bytes.write)}`],
    [t('use of its unit', '单元利用率'), percent(layer.utilisation)],
  ];
  if (why) {
    facts.push([
      t('least cycles', '周期下界'),
      t(
        `${grouped(Math.ceil(why.bound.cycles))}, by ${nameOf(why.bound.by)}`,
        `${grouped(Math.ceil(why.bound.cycles))}，受限于${nameOf(why.bound.by)}`,
      ),
    ]);
  }
  if (layer.sparse !== null && layer.sparse !== undefined) {
    const { form, density, bytes, bytesSpared } = layer.sparse;
    facts.push([
      t('sparse weights', '稀疏权重'),
      t(
        `${form}: ${percent(density)} not zero, ${bytesText(bytes)} in place of ${bytesText(bytes + bytesSpared)}`,
        `${form}：${percent(density)} 非零，${bytesText(bytes)}（稠密为 ${bytesText(bytes + bytesSpared)}）`,
      ),
    ]);
  }
  const joules = run.report.energy?.layers[index]?.total;
  if (joules !== undefined) facts.push([t('energy', '能量'), joulesText(joules)]);
  const loops = layer.loops.map((l) => `${l.dim} ${l.tiles} × ${l.size}`).join(t('; ', '；'));
  if (loops !== '') facts.push([t('tiles, outermost first', '分块（由外到内）'), loops]);
  facts.push([t('nodes', '节点'), layer.nodes.join(', ')]);
  const [from, to] = cyclesOf(state, index);
  const went = why ? Object.entries(why.losses).filter(([, cycles]) => cycles > 0) : [];
  return h(
    'section',
    { id: 'layer', 'aria-labelledby': 'layer-title', class: 'panel', tabindex: -1 },
    h('h3', { id: 'layer-title' }, layer.name),
    h(
      'p',
      { class: 'tools' },
      run.timeline !== undefined &&
        layer.cycles > 0 &&
        h(
          'button',
          { type: 'button', onclick: () => events.showCycles(from, to) },
          t('show in the timeline', '在时间线中显示'),
        ),
      run.listing !== undefined &&
        run.listing.layers[index]![1] > run.listing.layers[index]![0] &&
        h('button', { type: 'button', onclick: () => events.showCode(index) }, t('show its code', '显示其代码')),
      h('button', { type: 'button', onclick: () => events.close() }, t('close', '关闭')),
    ),
    h('dl', {}, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
    went.length > 0 &&
      bars(
        t('Where its cycles went', '周期去向'),
        t('cycles', '周期'),
        went.map(([name, cycles]) =>
          bar(nameOf(name), cycles, layer.cycles, grouped(Math.round(cycles)), name === 'needed' ? 'compute' : 'wait'),
        ),
      ),
    layer.onHost.length > 0 &&
      h(
        'ul',
        {},
        ...layer.onHost.map((n) =>
          h('li', {}, t(`${n.name} (${n.op}): ${told(n.reason)}`, `${n.name}（${n.op}）：${told(n.reason)}`)),
        ),
      ),
  );
}

/**
 * The script of the page: reads its data, draws its parts, and draws them anew when its reader chooses another run, language or layer. The page
 * keeps nothing anywhere and asks nobody for anything.
 */
import { unpackBlock } from '../bytes.ts';
import type { PageData, PageRun } from '../data.ts';
import { advice } from './advice.ts';
import { type CycleCanvas, CycleView, cycleCanvas } from './cycles.ts';
import { currentLanguage, h, setLanguage, t } from './dom.ts';
import { layerDetails } from './layerDetails.ts';
import { layersTable } from './layersTable.ts';
import { MemoryPainter } from './memory.ts';
import { baselineOf, readBuffers, readTimeline, runName, runOf, type State } from './model.ts';
import { roofline } from './roofline.ts';
import * as sections from './sections.ts';
import { TimelinePainter } from './timeline.ts';

const root = document.getElementById('page')!;

async function read(): Promise<{ readonly data: PageData; readonly parts: readonly Uint8Array[] }> {
  const text = document.getElementById('data')!.textContent ?? '';
  const bytes = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  const { json, parts } = unpackBlock(new Uint8Array(await new Response(stream).arrayBuffer()));
  return { data: json as PageData, parts };
}

const THEMES = ['auto', 'light', 'dark'] as const;
let theme: (typeof THEMES)[number] = 'auto';

function section(
  id: string,
  title: string,
  ...children: readonly (Node | undefined | false)[]
): HTMLElement | undefined {
  const present = children.filter((c): c is Node => c !== undefined && c !== false);
  if (present.length === 0) return undefined;
  return h('section', { id, 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title` }, title), ...present);
}

function select<T extends string>(
  id: string,
  label: string,
  options: readonly (readonly [value: T, text: string])[],
  chosen: T,
  change: (value: T) => void,
): HTMLElement {
  return h(
    'label',
    {},
    `${label} `,
    h(
      'select',
      { id, onchange: (event) => change((event.target as HTMLSelectElement).value as T) },
      ...options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)),
    ),
  );
}

/** Everything that depends on what the reader chose; `focus` is the id of what had the focus. */
function draw(state: State, focus?: string): void {
  const run = runOf(state);
  const { report } = run;
  const before = baselineOf(state);
  const layerName = (layer: number): string => report.layers[layer]?.name ?? '';
  const canvases: CycleCanvas[] = [];
  const redrawn = (change: () => void, id?: string): void => {
    change();
    draw(state, id);
  };

  const names = (runs: readonly PageRun[]) => runs.map((r, i) => [String(i), runName(r)] as const);
  const several = state.data.runs.length > 1;
  document.title = several
    ? t(`Systole: ${state.data.runs.length} runs`, `Systole：${state.data.runs.length} 次运行`)
    : `Systole: ${runName(run)}`;
  const header = h(
    'header',
    {},
    h('h1', {}, runName(run)),
    h(
      'div',
      { class: 'tools' },
      several &&
        select('run', t('Run', '运行'), names(state.data.runs), String(state.run), (value) =>
          redrawn(() => {
            state.run = Number(value);
            [state.layer, state.pinned, state.view] = [null, null, null];
          }, 'run'),
        ),
      several &&
        select(
          'baseline',
          t('compared with', '对比'),
          [['none', t('nothing', '无')] as const, ...names(state.data.runs)],
          String(state.baseline ?? 'none'),
          (value) => redrawn(() => (state.baseline = value === 'none' ? null : Number(value)), 'baseline'),
        ),
      select(
        'theme',
        t('Colours', '配色'),
        [
          ['auto', t('as the system', '跟随系统')],
          ['light', t('light', '浅色')],
          ['dark', t('dark', '深色')],
        ],
        theme,
        (value) => {
          theme = value;
          if (value === 'auto') delete document.documentElement.dataset.theme;
          else document.documentElement.dataset.theme = value;
          for (const canvas of canvases) canvas.redraw();
        },
      ),
      h(
        'button',
        {
          ...{ type: 'button', id: 'language', lang: currentLanguage() === 'zh' ? 'en' : 'zh-CN' },
          onclick: () => redrawn(() => setLanguage(currentLanguage() === 'zh' ? 'en' : 'zh'), 'language'),
        },
        t('中文', 'English'),
      ),
    ),
  );

  const details = h('div', { id: 'details' });
  const roof = h('div');
  const view = new CycleView(report.cycles);
  if (state.view !== null) {
    [view.from, view.to] = [state.view.from, state.view.to];
  }
  view.onChange(() => (state.view = { from: view.from, to: view.to }));
  const code = sections.listing(run, (layer) => choose(layer));

  const showDetails = (): void => {
    details.replaceChildren(
      ...(state.layer === null
        ? []
        : [
            layerDetails(state, state.layer, {
              showCycles: (from, to) => {
                view.show(from - (to - from) / 20, to + (to - from) / 20);
                document.getElementById('timeline')?.scrollIntoView({ block: 'start' });
                document.querySelector<HTMLElement>('#timeline .cycles')?.focus({ preventScroll: true });
              },
              showCode: (layer) => code?.open(layer),
              close: () => {
                const layer = state.layer;
                state.layer = null;
                showDetails();
                document.querySelector<HTMLElement>(`#layers-table [data-layer="${layer}"] .link`)?.focus();
              },
            }),
          ]),
    );
    for (const row of document.querySelectorAll<HTMLElement>('#layers-table tbody tr'))
      row.classList.toggle('chosen', row.dataset.layer === String(state.layer));
    const picture = roofline(run, before, state.layer, choose);
    roof.replaceChildren(...(picture === undefined ? [] : [picture]));
  };
  function choose(layer: number): void {
    state.layer = layer;
    showDetails();
    const panel = document.getElementById('layer');
    panel?.scrollIntoView({ block: 'nearest' });
    panel?.focus({ preventScroll: true });
  }

  const timeline = readTimeline(run, state.parts);
  if (timeline !== undefined && timeline.tracks.length > 0) {
    const painter = new TimelinePainter(timeline, layerName, choose);
    canvases.push(cycleCanvas(view, painter, t('Timeline', '时间线')));
  }
  const memories = readBuffers(run, state.parts).filter((m) => m.length > 0);
  const maps = memories.map((memory) => {
    const canvas = cycleCanvas(
      view,
      new MemoryPainter(memory, layerName, choose),
      t(`Map of ${memory.name}`, `${memory.name} 占用图`),
      false,
    );
    canvases.push(canvas);
    return h(
      'div',
      {},
      h('h3', {}, memory.name),
      memory.merged > 0 &&
        h(
          'p',
          { class: 'note' },
          t(
            `Uses of a place by one layer within ${memory.merged} cycles are drawn as one.`,
            `同一层在 ${memory.merged} 周期内对同一位置的使用合并绘制。`,
          ),
        ),
      memory.dropped > 0 &&
        h(
          'p',
          { class: 'note' },
          t(`${memory.dropped} later buffers were not recorded.`, `其后 ${memory.dropped} 个缓冲区未记录。`),
        ),
      canvas.element,
    );
  });
  const legend = (kinds: readonly (readonly [string, string])[]): HTMLElement =>
    h(
      'p',
      { class: 'legend' },
      ...kinds.map(([kind, text]) => h('span', {}, h('i', { class: `swatch ${kind}` }), text)),
    );
  roof.replaceChildren(...[roofline(run, before, state.layer, choose)].filter((p) => p !== undefined));

  const parts = [
    section('summary', t('Summary', '摘要'), sections.summary(run, before)),
    section('comparison', t('Comparison', '对比'), sections.comparison(run, before)),
    section(
      'layers',
      t('Layers', '层'),
      report.layers.length > 0 && layersTable(state, { choose, pin: () => undefined }),
      report.layers.length > 0 && details,
    ),
    section('advice', t('Advice', '建议'), advice(run, choose)),
    section('units', t('Units', '单元'), report.units.length > 0 && sections.units(run)),
    section('roofline', 'Roofline', roof.childElementCount > 0 && roof),
    section(
      'timeline',
      t('Timeline', '时间线'),
      timeline !== undefined &&
        timeline.tracks.length > 0 &&
        legend([
          ['compute', t('computes', '计算')],
          ['transfer', t('transfers', '传输')],
          ['host', t('on the host', '主机')],
          ['wait', t('waits', '等待')],
          ['lane', t('idle', '空闲')],
        ]),
      timeline !== undefined &&
        timeline.merged > 0 &&
        h(
          'p',
          { class: 'note' },
          t(
            `Neighbouring slices of one layer within ${timeline.merged} cycles are one slice, which says what is in it.`,
            `同一层在 ${timeline.merged} 周期内的相邻活动合为一段，并注明其内容。`,
          ),
        ),
      timeline !== undefined && timeline.tracks.length > 0 && canvases[0]?.element,
    ),
    section(
      'memory',
      t('Memory', '存储'),
      maps.length > 0 &&
        legend([
          ['transfer', t('loaded', '载入')],
          ['compute', t('written by the matrix unit', '矩阵单元写入')],
          ['vector', t('written by the vector unit', '向量单元写入')],
        ]),
      report.cores > 1 &&
        maps.length > 0 &&
        h('p', { class: 'note' }, t('As the first core reads and writes them.', '第一个核的读写情况。')),
      ...maps,
    ),
    section('energy', t('Energy', '能耗'), sections.energy(run)),
    section('program', t('Program', '程序'), code?.element),
    section('machine', t('Machine', '机器'), sections.machine(run)),
    section('reproduce', t('How to make this again', '如何复现'), sections.reproduce(run, state.data)),
  ].filter((p) => p !== undefined);
  const links = h(
    'nav',
    { 'aria-label': t('Parts of the report', '报告各部分') },
    h('ul', {}, ...parts.map((p) => h('li', {}, h('a', { href: `#${p.id}` }, p.querySelector('h2')!.textContent)))),
  );
  if (timeline !== undefined) {
    const slices = timeline.tracks.reduce((n, track) => n + track.length, 0);
    parts.find((p) => p.id === 'timeline')?.setAttribute('data-slices', String(slices));
  }
  const main = h('main', { id: 'page', tabindex: -1 }, ...parts);
  document.body.replaceChildren(
    h('a', { href: '#page', class: 'skip' }, t('Skip to the report', '跳到报告内容')),
    header,
    links,
    main,
  );
  if (state.layer !== null) showDetails();
  if (focus !== undefined) document.getElementById(focus)?.focus();
  performance.mark('systole:drawn');
}

read().then(
  ({ data, parts }) => {
    setLanguage(data.language);
    draw({
      ...{ data, parts, baseline: data.baseline, layer: null, pinned: null, filter: '', view: null },
      run: data.baseline === null ? 0 : data.runs.findIndex((_, i) => i !== data.baseline),
      sort: { key: 'number', down: false },
    });
  },
  (error: unknown) => {
    root.append(h('p', { role: 'alert' }, `The data of this report cannot be read. 无法读取本报告的数据。(${error})`));
  },
);

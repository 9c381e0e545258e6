/** The parts of the page that only tell: summary, units, energy, listing, machine, how to make it again. */
import {
  cyclesOfPair,
  differenceText,
  pairLayers,
  pairName,
  ratioText,
  SHOW_TOTAL,
  TOTAL_WORDS,
  TOTALS,
  totalsOf,
} from '../../comparison.ts';
import { bytesText, grouped, hertzText, joulesText, percent, secondsText } from '../../quantities.ts';
import type { PageRun } from '../data.ts';
import { currentLanguage, h, t, told } from './dom.ts';
import { bar, bars } from './layerDetails.ts';
import { besideText } from './layersTable.ts';
import { nameOf } from './words.ts';

export function summary({ report }: PageRun, before: PageRun | undefined): HTMLElement {
  const of = before?.report;
  const bytes = report.bytes.read + report.bytes.write;
  const figures: [string, string, string][] = [
    [t('cycles', '周期'), grouped(report.cycles), besideText(report.cycles, of?.cycles)],
    [t('time', '时间'), secondsText(report.seconds), besideText(report.seconds, of?.seconds)],
    ['MAC', grouped(report.macs), besideText(report.macs, of?.macs)],
    [t('DRAM traffic', 'DRAM 访存'), bytesText(bytes), besideText(bytes, of && of.bytes.read + of.bytes.write)],
    [t('efficiency', '效率'), percent(report.efficiency), besideText(report.efficiency, of?.efficiency)],
    ...(report.energy === null
      ? []
      : [
          [
            t('energy', '能量'),
            joulesText(report.energy.total),
            besideText(report.energy.total, of?.energy?.total),
          ] as [string, string, string],
        ]),
  ];
  const inputs = report.inputs.map((i) => `${i.name} ${i.dtype}[${i.shape.join(',')}]`).join(', ');
  const lines = [
    t(
      `${report.model} on ${report.machine} at ${hertzText(report.frequency)}${report.cores > 1 ? `, ${report.cores} cores` : ''}; ${report.dtype ?? t('sizes only', '')}; inputs: ${inputs}.`,
      `${report.model} 运行于 ${report.machine}，${hertzText(report.frequency)}${report.cores > 1 ? `，${report.cores} 核` : ''}；${report.dtype ?? '仅有大小'}；输入 ${inputs}。`,
    ),
    report.bound.layerwise === null
      ? t(
          `No run can take less than ${grouped(Math.ceil(report.bound.physical))} cycles (${nameOf(report.bound.physicalUnit)}).`,
          `任何运行都不少于 ${grouped(Math.ceil(report.bound.physical))} 周期（${nameOf(report.bound.physicalUnit)}）。`,
        )
      : t(
          `Layer by layer it needs at least ${grouped(Math.ceil(report.bound.layerwise))} cycles, as a whole ${grouped(Math.ceil(report.bound.physical))} (${nameOf(report.bound.physicalUnit)}); efficiency is the first of them divided by the cycles that it took.`,
          `逐层计至少需 ${grouped(Math.ceil(report.bound.layerwise))} 周期，整体至少 ${grouped(Math.ceil(report.bound.physical))}（${nameOf(report.bound.physicalUnit)}）；效率为前者与实际周期之比。`,
        ),
    t(
      `${grouped(report.instructions.program)} instructions, ${grouped(report.instructions.executed)} executed.`,
      `程序 ${grouped(report.instructions.program)} 条指令，执行 ${grouped(report.instructions.executed)} 条。`,
    ),
    report.fidelity === 'timing'
      ? t('Time was simulated; numbers were not computed.', '仅仿真时间，未计算数值。')
      : report.check === null
        ? t('Simulated with data.', '含数据仿真。')
        : t(
            `Simulated with data; ${report.check.ok ? 'equal to' : 'DIFFERENT from'} the host engine (largest error ${report.check.maxAbs}).`,
            `含数据仿真；与主机引擎${report.check.ok ? '一致' : '不一致'}（最大误差 ${report.check.maxAbs}）。`,
          ),
  ];
  return h(
    'div',
    {},
    h(
      'dl',
      { class: 'cards' },
      ...figures.map(([name, value, ratio]) =>
        h(
          'div',
          {},
          h('dt', {}, name),
          h('dd', {}, value, ratio !== '' && h('small', { class: 'ratio' }, ` ${ratio}`)),
        ),
      ),
    ),
    ...lines.map((line) => h('p', {}, line)),
    report.host.nodes.length > 0 &&
      h(
        'ul',
        {},
        ...report.host.nodes.map((n) =>
          h(
            'li',
            {},
            t(
              `on the host: ${n.name} (${n.op}): ${told(n.reason)}`,
              `在主机上：${n.name}（${n.op}）：${told(n.reason)}`,
            ),
          ),
        ),
      ),
    ...report.notices.map((n) => h('p', { class: 'notice' }, `${n.code}: ${told(n)}`)),
  );
}

/** Two runs beside each other: totals, and layers that share nodes. */
export function comparison({ report: b }: PageRun, before: PageRun | undefined): HTMLElement | undefined {
  if (before === undefined) return undefined;
  const { report: a } = before;
  const [of, to] = [totalsOf(a), totalsOf(b)];
  const number = (text: string): HTMLElement => h('td', { class: 'number' }, text);
  const heads = (first: string, ...others: readonly string[]): HTMLElement =>
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, first),
        ...others.map((text) => h('th', { scope: 'col', class: 'number' }, text)),
      ),
    );
  const named = ({ report }: PageRun | { report: typeof a }): string => `${report.model} · ${report.machine}`;
  return h(
    'div',
    {},
    h(
      'p',
      {},
      t(
        `A is ${named(before)}, B is ${named({ report: b })}.`,
        `A 为 ${named(before)}，B 为 ${named({ report: b })}。`,
      ),
    ),
    h(
      'table',
      {},
      h('caption', {}, t('Totals', '总计')),
      heads(t('figure', '指标'), 'A', 'B', 'B ÷ A'),
      h(
        'tbody',
        {},
        ...TOTALS.filter((key) => of[key] !== null || to[key] !== null).map((key) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, told(TOTAL_WORDS[key])),
            ...[of[key], to[key]].map((v) => number(v === null ? '–' : SHOW_TOTAL[key](v))),
            number(ratioText(of[key], to[key])),
          ),
        ),
      ),
    ),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': t('Table of compared layers', '各层对比表') },
      h(
        'table',
        { id: 'compared' },
        h('caption', {}, t('Cycles of layers that share nodes', '含相同节点的层的周期')),
        heads(t('layer', '层'), 'A', 'B', 'B ÷ A', 'B − A'),
        h(
          'tbody',
          {},
          ...pairLayers(a.layers, b.layers).map((pair) => {
            const cycles = cyclesOfPair(pair, a, b);
            return h(
              'tr',
              {},
              h('th', { scope: 'row' }, pairName(pair, a, b)),
              ...[cycles.a, cycles.b].map((v) => number(v === null ? '–' : grouped(v))),
              number(ratioText(cycles.a, cycles.b)),
              number(differenceText(cycles)),
            );
          }),
        ),
      ),
    ),
  );
}

/** What each unit did, and what it waited for. */
export function units({ report }: PageRun): HTMLElement {
  const causes = [...new Set(report.units.flatMap((u) => Object.keys(u.idleBy)))].filter((cause) =>
    report.units.some((u) => (u.idleBy as unknown as Record<string, number>)[cause]! > 0),
  );
  const share = (cycles: number): HTMLElement =>
    h(
      'td',
      { class: 'number' },
      grouped(Math.round(cycles)),
      h('small', { class: 'ratio' }, ` ${percent(report.cycles === 0 ? null : cycles / report.cycles)}`),
    );
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': t('Table of units', '单元表') },
    h(
      'table',
      {},
      h(
        'caption',
        {},
        t(
          'Cycles of each unit: at work, and idle by what it waited for',
          '各单元的周期：工作，以及按等待原因划分的空闲',
        ),
      ),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, t('unit', '单元')),
          h('th', { scope: 'col', class: 'number' }, t('busy', '工作')),
          ...causes.map((c) => h('th', { scope: 'col', class: 'number' }, nameOf(c))),
        ),
      ),
      h(
        'tbody',
        {},
        ...report.units.map((u) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, nameOf(u.core === undefined ? u.name : `${u.name} ${u.core}`)),
            share(u.busy),
            ...causes.map((c) => share((u.idleBy as unknown as Record<string, number>)[c] ?? 0)),
          ),
        ),
      ),
    ),
  );
}

export function energy({ report }: PageRun): HTMLElement | undefined {
  const { energy: spent } = report;
  if (spent === null || spent === undefined) return undefined;
  const sinks = Object.entries(spent.by).filter(([, joules]) => joules > 0);
  return h(
    'div',
    {},
    bars(
      t(
        `${joulesText(spent.total)} in all; figures of ${spent.technologyNanometres} nm; without the host`,
        `共 ${joulesText(spent.total)}；按 ${spent.technologyNanometres} nm 的数据；不含主机`,
      ),
      t('energy', '能量'),
      sinks
        .sort(([, a], [, b]) => b - a)
        .map(([sink, joules]) => bar(nameOf(sink), joules, spent.total, joulesText(joules))),
    ),
  );
}

export interface Listing {
  readonly element: HTMLElement;
  open(layer: number): void;
}

/** The program, a part for each layer, whose lines are made when it is opened. */
export function listing({ listing: of, report }: PageRun, choose: (layer: number) => void): Listing | undefined {
  if (of === undefined) return undefined;
  const { lines, indices, layers } = of;
  /** Of each line the instruction that comes at or behind it. */
  const next = new Int32Array(lines.length + 1);
  next[lines.length] = Number.MAX_SAFE_INTEGER;
  for (let i = lines.length - 1; i >= 0; i--)
    next[i] = indices[i]! >= 0 ? indices[i]! : i + 1 === lines.length ? 0x7fffffff : next[i + 1]!;
  const lineOf = (instruction: number): number => {
    const at = next.findIndex((n) => n >= instruction);
    return at < 0 ? lines.length : at;
  };
  const part = (title: string, from: number, to: number, layer: number): HTMLDetailsElement | undefined => {
    if (to <= from) return undefined;
    const body = h('div');
    const details = h(
      'details',
      {
        id: layer < 0 ? undefined : `code-${layer}`,
        ontoggle: () => {
          if (body.childElementCount > 0) return;
          const [first, last] = [lineOf(from), lineOf(to)];
          const text = lines.slice(first, last);
          const least = Math.min(
            ...text.filter((l) => l !== '' && !/^\S/.test(l)).map((l) => l.length - l.trimStart().length),
          );
          const pad = String(to).length;
          const code = text
            .map((line, i) => {
              const n = indices[first + i]!;
              const own = /^\S/.test(line) || !Number.isFinite(least) ? line : `  ${line.slice(least)}`;
              return `${n < 0 ? ' '.repeat(pad) : String(n).padStart(pad)}  ${own}`;
            })
            .join('\n');
          body.append(
            ...(layer < 0
              ? []
              : [h('button', { type: 'button', onclick: () => choose(layer) }, t('show the layer', '显示该层'))]),
            h(
              'pre',
              { tabindex: 0, role: 'region', 'aria-label': t(`Instructions of ${title}`, `${title} 的指令`) },
              h('code', {}, code),
            ),
          );
        },
      },
      h('summary', {}, `${title} · ${t(`${grouped(to - from)} instructions`, `${grouped(to - from)} 条指令`)}`),
      body,
    );
    return details;
  };
  const end = 1 + indices.reduce((n, i) => Math.max(n, i), -1);
  const parts: (HTMLElement | undefined)[] = [];
  let at = 0;
  [...layers.entries()]
    .sort(([, a], [, b]) => a[0] - b[0])
    .forEach(([layer, [from, to]]) => {
      parts.push(
        part(t('between layers', '各层之间'), at, from, -1),
        part(report.layers[layer]!.name, from, to, layer),
      );
      at = Math.max(at, to);
    });
  parts.push(part(t('outside layers', '各层之外'), at, end, -1));
  const element = h('div', {}, ...parts.filter((p) => p !== undefined));
  return {
    element,
    open(layer) {
      const details = element.querySelector<HTMLDetailsElement>(`#code-${layer}`);
      if (details === null) return;
      details.open = true;
      details.scrollIntoView({ block: 'start' });
      details.querySelector('summary')?.focus();
    },
  };
}

/** A machine as rows of path and value, beside its picture. */
export function machine({ machine: of, diagram }: PageRun): HTMLElement | undefined {
  if (of === undefined) return undefined;
  const rows: [string, string][] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    } else rows.push([path, Array.isArray(value) ? JSON.stringify(value) : String(value)]);
  };
  walk(of, '');
  const svg = diagram?.[currentLanguage()];
  return h(
    'div',
    {},
    svg !== undefined &&
      h('img', {
        ...{
          class: 'picture',
          alt: t(`Block diagram of ${of.name}; the table holds its figures`, `${of.name} 的框图；数据见表`),
        },
        src: `data:image/svg+xml,${encodeURIComponent(svg)}`,
      }),
    h(
      'details',
      {},
      h('summary', {}, t('All its figures', '全部参数')),
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h('tr', {}, h('th', { scope: 'col' }, t('field', '字段')), h('th', { scope: 'col' }, t('value', '值'))),
        ),
        h(
          'tbody',
          {},
          ...rows.map(([path, value]) => h('tr', {}, h('th', { scope: 'row' }, path), h('td', {}, value))),
        ),
      ),
    ),
  );
}

/** A command that can be copied. */
export function code(text: string): HTMLElement {
  const copy = h(
    'button',
    { type: 'button', onclick: () => void navigator.clipboard?.writeText(text) },
    t('copy', '复制'),
  );
  return h('p', { class: 'command' }, h('code', {}, text), ' ', copy);
}

export function reproduce(run: PageRun, page: { readonly command: string; readonly version: string }): HTMLElement {
  const { report, command, machine: of, file } = run;
  return h(
    'div',
    {},
    h('p', {}, t(`Systole ${page.version} made this page:`, `本页由 Systole ${page.version} 生成：`)),
    code(page.command),
    ...(file === undefined ? [] : [h('p', {}, t(`This run was read from ${file}.`, `该运行读自 ${file}。`))]),
    ...(command === undefined || command === page.command
      ? []
      : [h('p', {}, t('This run alone:', '仅此运行：')), code(command)]),
    report.machineFile !== null &&
      of !== undefined &&
      h(
        'details',
        {},
        h(
          'summary',
          {},
          t(`The machine file ${report.machineFile}, as it was read`, `机器文件 ${report.machineFile}（读入时的内容）`),
        ),
        h(
          'pre',
          { tabindex: 0, role: 'region', 'aria-label': t('Machine file', '机器文件') },
          h('code', {}, JSON.stringify(of, null, 2)),
        ),
      ),
    h(
      'p',
      {},
      t(
        'The simulation is deterministic: the same version, network and machine give the same cycles on every host.',
        '仿真是确定的：同一版本、网络与机器在任何主机上得到相同的周期数。',
      ),
    ),
  );
}

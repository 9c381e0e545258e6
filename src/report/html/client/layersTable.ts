/** The table of layers: sorted by any column, filtered by words, measured by a layer that is pinned or by the run that is compared with. */
import { ratioText } from '../../comparison.ts';
import { bytesText, grouped, joulesText, percent } from '../../quantities.ts';
import type { PageRun } from '../data.ts';
import { h, t } from './dom.ts';
import { baselineOf, counterparts, runOf, type State } from './model.ts';
import { nameOf, shortName } from './words.ts';

interface Row {
  readonly index: number;
  readonly values: Readonly<Record<string, number | string | null>>;
}

interface Column {
  readonly key: string;
  readonly head: string;
  /** Of numbers: how they are written. Texts stand as they are. */
  readonly show?: (value: number) => string;
  /** Whether its ratio to another layer says something. */
  readonly ratio?: boolean;
}

const columnsOf = (run: PageRun): readonly Column[] => [
  { key: 'number', head: '#', show: String },
  { key: 'name', head: t('layer', '层') },
  { key: 'op', head: t('operators', '算子') },
  { key: 'where', head: t('unit', '单元') },
  { key: 'cycles', head: t('cycles', '周期'), show: grouped, ratio: true },
  { key: 'share', head: t('share', '占比'), show: percent },
  { key: 'macs', head: 'MAC', show: grouped, ratio: true },
  { key: 'utilisation', head: t('use', '利用率'), show: percent, ratio: true },
  { key: 'read', head: t('DRAM read', '读 DRAM'), show: bytesText, ratio: true },
  { key: 'write', head: t('written', '写 DRAM'), show: bytesText, ratio: true },
  { key: 'bound', head: t('bound by', '瓶颈') },
  ...(run.explained === undefined
    ? []
    : [{ key: 'efficiency', head: t('efficiency', '效率'), show: percent, ratio: true }]),
  ...(run.report.energy === null ? [] : [{ key: 'energy', head: t('energy', '能量'), show: joulesText, ratio: true }]),
];

function rowsOf(run: PageRun): readonly Row[] {
  const { report, explained } = run;
  return report.layers.map((layer, index) => {
    const why = explained?.[index];
    return {
      index,
      values: {
        ...{ number: index + 1, name: layer.name, op: layer.op, where: shortName(layer.where), cycles: layer.cycles },
        ...{ share: report.cycles === 0 ? null : layer.cycles / report.cycles, macs: layer.macs },
        ...{ utilisation: layer.utilisation, read: layer.bytes.read, write: layer.bytes.write },
        bound: nameOf(layer.bound),
        efficiency: why && layer.cycles > 0 ? why.bound.cycles / layer.cycles : null,
        energy: report.energy?.layers[index]?.total ?? null,
      },
    };
  });
}

/** `×0.52`; nothing where it is not defined. */
export function besideText(value: unknown, other: unknown): string {
  const known = typeof value === 'number' && typeof other === 'number' && other !== 0;
  return known ? ratioText(other, value) : '';
}

const compare = (a: Row['values'][string], b: Row['values'][string]): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return typeof a === 'number' && typeof b === 'number'
    ? a - b
    : String(a).localeCompare(String(b), undefined, { numeric: true });
};

export interface TableEvents {
  choose(layer: number): void;
  pin(layer: number | null): void;
}

/** The table, which draws itself anew when it is sorted, filtered or measured otherwise. */
export function layersTable(state: State, events: TableEvents): HTMLElement {
  const run = runOf(state);
  const columns = columnsOf(run);
  const rows = rowsOf(run);
  const other = baselineOf(state);
  const otherRows = other === undefined ? [] : rowsOf(other);
  const others: readonly (Row['values'] | undefined)[] =
    other === undefined
      ? []
      : counterparts(run, other).map((i) => (i === undefined ? undefined : otherRows[i]!.values));
  const body = h('tbody');
  const heads = new Map<string, HTMLElement>();
  const count = h('span', { class: 'note', role: 'status' });
  const unpin = h('button', { type: 'button', id: 'unpin', onclick: () => pin(null) }, t('unpin', '取消固定'));
  const note = h('span', { class: 'note' });
  const pin = (layer: number | null): void => {
    state.pinned = layer;
    draw();
    events.pin(layer);
  };
  const draw = (): void => {
    const words = state.filter
      .toLowerCase()
      .split(/\s+/)
      .filter((w) => w !== '');
    const shown = rows
      .filter(({ index, values }) => {
        const text = [values.name, values.op, values.where, values.bound, ...run.report.layers[index]!.nodes]
          .join(' ')
          .toLowerCase();
        return words.every((w) => text.includes(w));
      })
      .sort((a, b) => {
        const by = compare(a.values[state.sort.key]!, b.values[state.sort.key]!);
        return (state.sort.down ? -by : by) || a.index - b.index;
      });
    for (const { key } of columns) {
      const sorted = state.sort.key === key ? (state.sort.down ? 'descending' : 'ascending') : undefined;
      if (sorted === undefined) heads.get(key)!.removeAttribute('aria-sort');
      else heads.get(key)!.setAttribute('aria-sort', sorted);
    }
    const pinned = state.pinned === null ? undefined : rows[state.pinned]?.values;
    body.replaceChildren(
      ...shown.map(({ index, values }) => {
        const against = pinned ?? others[index];
        return h(
          'tr',
          { class: state.layer === index ? 'chosen' : undefined, 'data-layer': index },
          ...columns.map(({ key, show, ratio }) => {
            const value = values[key]!;
            if (key === 'name') {
              return h(
                'th',
                { scope: 'row' },
                h('button', { type: 'button', class: 'link', onclick: () => events.choose(index) }, String(value)),
              );
            }
            const text = value === null ? '–' : typeof value === 'number' && show ? show(value) : String(value);
            const beside = ratio && against ? besideText(value, against[key]) : '';
            return h(
              'td',
              { class: show !== undefined ? 'number' : key === 'op' ? undefined : 'word' },
              text,
              beside !== '' && h('small', { class: 'ratio' }, ` ${beside}`),
            );
          }),
          h(
            'td',
            {},
            h(
              'button',
              {
                ...{ type: 'button', class: 'pin', 'aria-pressed': state.pinned === index ? 'true' : 'false' },
                'aria-label': t(`measure by ${values.name}`, `以 ${values.name} 为基准`),
                title: t('measure all by this layer', '以此层为基准'),
                onclick: () => {
                  pin(state.pinned === index ? null : index);
                  body.querySelector<HTMLElement>(`[data-layer="${index}"] .pin`)?.focus();
                },
              },
              state.pinned === index ? '★' : '☆',
            ),
          ),
        );
      }),
    );
    count.textContent = t(`${shown.length} of ${rows.length} layers`, `${shown.length} / ${rows.length} 层`);
    unpin.hidden = state.pinned === null;
    note.textContent =
      pinned !== undefined
        ? t(`× is the ratio to ${pinned.name}`, `× 为与 ${pinned.name} 之比`)
        : other !== undefined
          ? t(
              `× is the ratio to ${other.report.model} on ${other.report.machine}`,
              `× 为与 ${other.report.machine} 上的 ${other.report.model} 之比`,
            )
          : '';
  };
  const head = h(
    'tr',
    {},
    ...columns.map(({ key, head: text, show }) => {
      const th = h(
        'th',
        { scope: 'col', class: show === undefined ? undefined : 'number' },
        h(
          'button',
          {
            ...{ type: 'button', class: 'sort', 'data-key': key },
            onclick: () => {
              const down = state.sort.key === key ? !state.sort.down : show !== undefined && key !== 'number';
              state.sort = { key, down };
              draw();
            },
          },
          text,
        ),
      );
      heads.set(key, th);
      return th;
    }),
    h('th', { scope: 'col' }, t('pin', '基准')),
  );
  const filter = h('input', {
    ...{ type: 'search', id: 'filter', value: state.filter, autocomplete: 'off' },
    oninput: (event) => {
      state.filter = (event.target as HTMLInputElement).value;
      draw();
    },
  });
  draw();
  return h(
    'div',
    {},
    h('p', { class: 'tools' }, h('label', { for: 'filter' }, t('Filter: ', '筛选：')), filter, count, unpin, note),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': t('Table of layers', '层表') },
      h('table', { id: 'layers-table' }, h('thead', {}, head), body),
    ),
  );
}

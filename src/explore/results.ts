/** Results as columns, for tables that programs read: CSV and Parquet. A row is a design. */
import { parquetWriteBuffer } from 'hyparquet-writer';
import { MEASURE_NAMES, MEASURES } from './measures.ts';
import type { Exploration } from './search.ts';
import type { Space } from './space.ts';

export interface ResultColumn {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'boolean';
  /** A value for each design; null where there is none. */
  readonly values: readonly (string | number | boolean | null)[];
}

/**
 * Columns: `state`, `front`, a column for each dimension by its name, a measure each (units of `MEASURES`), `violation`; where the design is judged by
 * several networks, cycles, energy and efficiency of each; and why it failed.
 */
export function resultColumns(space: Space, { designs, front }: Exploration): readonly ResultColumn[] {
  const onFront = new Set(front);
  const several = space.rule !== 'each' && space.models.length > 1 ? space.models : [];
  const column = (
    name: string,
    kind: ResultColumn['kind'],
    of: (design: (typeof designs)[number], i: number) => string | number | boolean | null | undefined,
  ): ResultColumn => ({ name, kind, values: designs.map((d, i) => of(d, i) ?? null) });
  return [
    column('state', 'text', (d) => d.state),
    column('front', 'boolean', (_, i) => onFront.has(i)),
    ...space.dimensions.map((d) => {
      const kind = d.values.every((v) => typeof v === 'number') ? 'number' : 'text';
      return column(d.name, kind, ({ values }) => (kind === 'number' ? values[d.name] : String(values[d.name])));
    }),
    ...MEASURE_NAMES.map((name) => column(name, 'number', ({ measures }) => measures[name])),
    column('violation', 'number', (d) => (d.state === 'failed' ? null : d.violation)),
    column('bound_by', 'text', (d) => d.runs.map((r) => r.boundBy).join(' ')),
    ...several.flatMap(({ name }, i) => [
      column(`${name}.cycles`, 'number', (d) => d.runs[i]?.cycles),
      column(`${name}.energy`, 'number', (d) => d.runs[i]?.energy),
      column(`${name}.efficiency`, 'number', (d) => d.runs[i]?.efficiency),
    ]),
    column('failure', 'text', (d) => d.failure?.code),
    column('reason', 'text', (d) => d.failure?.en),
  ];
}

/** RFC 4180, with a head line. */
export function resultsCsv(columns: readonly ResultColumn[], rows?: readonly number[]): string {
  const cell = (v: string | number | boolean | null): string => {
    // Twelve digits: what sums of fractions leave behind them is no figure.
    const text =
      v === null ? '' : String(typeof v === 'number' && !Number.isInteger(v) ? Number(v.toPrecision(12)) : v);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const count = columns[0]?.values.length ?? 0;
  const lines = (rows ?? Array.from({ length: count }, (_, i) => i)).map((i) =>
    columns.map((c) => cell(c.values[i]!)).join(','),
  );
  return `${[columns.map((c) => cell(c.name)).join(','), ...lines].join('\n')}\n`;
}

const TYPES = { text: 'STRING', number: 'DOUBLE', boolean: 'BOOLEAN' } as const;

/** Apache Parquet; units of measures stand in its metadata. */
export function resultsParquet(columns: readonly ResultColumn[]): Uint8Array {
  const units = Object.fromEntries(MEASURE_NAMES.map((name) => [name, MEASURES[name].unit]));
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: columns.map(({ name, kind, values }) => ({ name, type: TYPES[kind], data: [...values] })),
      kvMetadata: [{ key: 'systole.units', value: JSON.stringify(units) }],
    }),
  );
}

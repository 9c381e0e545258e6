/** The units in the run report: busy and idle, why idle, and what became of the lanes of those that compute. */
import type { UnitResult } from '#sim';
import { grouped, percent } from './quantities.ts';
import type { RunReport } from './runReport.ts';
import { type Column, type Palette, table, wrap } from './table.ts';
import type { Say, WORDS } from './words.ts';

/**
 * Columns of idle cycles, as their causes; waits for semaphores and at `sync` stand under whom they were for. Those that no unit has
 * are left out.
 */
const CAUSES: readonly (readonly [head: keyof typeof WORDS, of: (unit: UnitResult) => number])[] = [
  ['idleEmpty', (u) => u.idleBy.empty],
  ['idleHost', (u) => u.idleBy.host],
  ['forLoad', (u) => u.waits.load ?? 0],
  ['forStore', (u) => u.waits.store ?? 0],
  ['forDma', (u) => u.waits.dma ?? 0],
  ['forLink', (u) => u.waits.link ?? 0],
  ['forMatrix', (u) => u.waits.matrix ?? 0],
  ['forVector', (u) => u.waits.vector ?? 0],
  ['forWinograd', (u) => u.waits.winograd ?? 0],
  ['forCore', (u) => u.waits.core ?? 0],
  ['idleDependence', (u) => u.idleBy.dependence],
  ['idleBank', (u) => u.idleBy.bank],
  ['idleChannel', (u) => u.idleBy.channel],
  ['idleDram', (u) => u.idleBy.dram],
  ['idleTail', (u) => u.idleBy.tail],
];

/** What lanes were lost to. */
const LOSSES = ['ragged', 'fill', 'drain', 'pipeline'] as const;

export interface UnitStyle {
  readonly say: Say;
  readonly palette: Palette;
  readonly width: number;
}

export function unitTable(r: RunReport, { say, palette, width }: UnitStyle): string[] {
  const causes = CAUSES.filter(([, of]) => r.units.some((unit) => of(unit) > 0));
  const weight = causes.map(([, of]) => r.units.reduce((n, unit) => n + of(unit), 0));
  const columns: readonly Column[] = [
    { head: say('unit'), align: 'left' },
    { head: say('entries'), align: 'right', drop: 0 },
    { head: say('busy'), align: 'right' },
    { head: '', align: 'right' },
    { head: say('idle'), align: 'right' },
    // In a narrow terminal the causes of most idle cycles stay.
    ...causes.map(([head], i) => ({ head: say(head), align: 'right', drop: 1 + weight[i]! }) as const),
  ];
  const share = (cycles: number): string => percent(r.cycles === 0 ? null : cycles / r.cycles);
  const rows = r.units.map((unit) => [
    called(unit, say),
    grouped(unit.entries),
    grouped(unit.busy),
    share(unit.busy),
    share(unit.idle),
    ...causes.map(([, of]) => (of(unit) === 0 ? '–' : share(of(unit)))),
  ]);
  return [
    ...table(columns, rows, { width, head: palette.faint }),
    ...r.units.flatMap((u) => lanesLines(u, say, width)),
  ];
}

/** With its core, where several run. */
const called = ({ name, core }: UnitResult, say: Say): string =>
  core === undefined ? say(name) : `${say('core')} ${core} ${say(name)}`;

/** How the lanes were used while the unit computed. */
function lanesLines(unit: UnitResult, say: Say, width: number): string[] {
  const { lanes } = unit;
  if (lanes === undefined || lanes.available === 0) return [];
  const part = (cycles: number): string => percent(cycles / lanes.available);
  const losses = LOSSES.filter((loss) => lanes[loss] > 0).map((loss) => `${say(loss)} ${part(lanes[loss])}`);
  const used = `${called(unit, say)}${say('colon')}${say('lanes')} ${part(lanes.used)}`;
  return wrap([used, ...losses].join(say('comma')), width, '  ');
}

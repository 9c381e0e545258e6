/** The units in the run report: busy and idle, why idle, and what became of the lanes of those that compute. */
import stringWidth from 'string-width';
import type { UnitResult } from '#sim';
import { grouped, percent } from './quantities.ts';
import type { RunReport } from './runReport.ts';
import { type Column, type Palette, PLAIN, table, wrap } from './table.ts';
import type { Say, WORDS } from './words.ts';

type Cause = readonly [head: keyof typeof WORDS, of: (unit: UnitResult) => number];

/**
 * Columns of idle cycles, as their causes; waits for semaphores and at `sync` stand under whom they were for. Those that no unit has
 * are left out.
 */
const CAUSES: readonly Cause[] = [
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

/** Where not all causes fit, those of most idle cycles stay and the last column holds the rest, so that a row adds up to its idle cycles. */
export function unitTable(r: Pick<RunReport, 'cycles' | 'units'>, style: UnitStyle): string[] {
  const { palette, width } = style;
  const weight = new Map(CAUSES.map((cause) => [cause, r.units.reduce((n, unit) => n + cause[1](unit), 0)]));
  const heaviest = CAUSES.filter((cause) => weight.get(cause)! > 0).sort((a, b) => weight.get(b)! - weight.get(a)!);
  const fits = (lines: readonly string[]): boolean => lines.every((line) => stringWidth(line) <= width);
  // Whether it fits is judged without colours.
  while (heaviest.length > 0 && !fits(tableOf(r, heaviest, { ...style, palette: PLAIN }))) heaviest.pop();
  return [...tableOf(r, heaviest, { ...style, palette }), ...lanesLines(r.units, style)];
}

function tableOf(
  { cycles, units }: Pick<RunReport, 'cycles' | 'units'>,
  kept: readonly Cause[],
  { say, palette, width }: UnitStyle,
): string[] {
  const causes = CAUSES.filter((cause) => kept.includes(cause));
  const other = (unit: UnitResult): number => causes.reduce((n, [, of]) => n - of(unit), unit.idle);
  // Without any cause it would repeat the idle cycles.
  const hasOther = causes.length > 0 && units.some((unit) => other(unit) > 0);
  const shown: readonly Cause[] = hasOther ? [...causes, ['idleOther', other]] : causes;
  const columns: readonly Column[] = [
    { head: say('unit'), align: 'left' },
    { head: say('entries'), align: 'right', drop: 0 },
    { head: say('busy'), align: 'right' },
    { head: '', align: 'right' },
    { head: say('idle'), align: 'right' },
    ...shown.map(([head]) => ({ head: say(head), align: 'right' }) as const),
  ];
  const share = (some: number): string => percent(cycles === 0 ? null : some / cycles);
  const rows = units.map((unit) => [
    unit.core === undefined ? say(unit.name) : `${say('core')} ${unit.core} ${say(unit.name)}`,
    grouped(unit.entries),
    grouped(unit.busy),
    share(unit.busy),
    share(unit.idle),
    ...shown.map(([, of]) => (of(unit) === 0 ? '–' : share(of(unit)))),
  ]);
  return table(columns, rows, { width, head: palette.faint });
}

/** How the lanes were used while units computed; cores of which the same is to be said share a line. */
function lanesLines(units: readonly UnitResult[], { say, width }: UnitStyle): string[] {
  const coresOf = new Map<string, number[]>();
  for (const { name, core, lanes } of units) {
    if (lanes === undefined || lanes.available === 0) continue;
    const part = (cycles: number): string => percent(cycles / lanes.available);
    const losses = LOSSES.filter((loss) => lanes[loss] > 0).map((loss) => `${say(loss)} ${part(lanes[loss])}`);
    const used = `${say(name)}${say('colon')}${say('lanes')} ${part(lanes.used)}`;
    const line = [used, ...losses].join(say('comma'));
    coresOf.set(line, [...(coresOf.get(line) ?? []), ...(core === undefined ? [] : [core])]);
  }
  return [...coresOf].flatMap(([line, cores]) => {
    const who = cores.length === 0 ? '' : `${say(cores.length === 1 ? 'core' : 'cores')} ${ranges(cores, say)} `;
    return wrap(who + line, width, '  ');
  });
}

/** Ascending numbers, as 0…3, 5. */
function ranges(numbers: readonly number[], say: Say): string {
  const runs: { readonly from: number; to: number }[] = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last?.to === n - 1) last.to = n;
    else runs.push({ from: n, to: n });
  }
  return runs.map(({ from, to }) => (from === to ? `${from}` : `${from}…${to}`)).join(say('comma'));
}

/** The loads of instructions for a terminal: those with most cycles, and the balance of each unit before and after splitting. */
import type { Language } from '#base';
import type { LoadBalance } from './analytic/loadBalance.ts';
import type { LoadReport } from './loads.ts';
import { grouped } from './quantities.ts';
import { type Column, type Palette, table } from './table.ts';
import { type Say, SENTENCES } from './words.ts';

/** Instructions that are listed. */
const LISTED = 16;

function number(n: number): string {
  const [whole, tenths] = (Number.isInteger(n) ? String(n) : n.toFixed(1)).split('.') as [string, string?];
  return tenths === undefined ? grouped(Number(whole)) : `${grouped(Number(whole))}.${tenths}`;
}
const ratio = (n: number | null): string => (n === null ? '–' : n.toFixed(3));

export function loadsText(
  { instructions, units, tile }: LoadReport,
  style: { readonly say: Say; readonly language: Language; readonly palette: Palette; readonly width: number },
): string[] {
  const { say, language, palette, width } = style;
  const right = (head: string, drop?: number): Column => ({
    head,
    align: 'right',
    ...(drop === undefined ? {} : { drop }),
  });
  const most = [...instructions].sort((a, b) => b.cycles - a.cycles || a.instruction - b.instruction).slice(0, LISTED);
  const listed = table(
    [
      right('#'),
      { head: say('instruction'), align: 'left', cut: true },
      { head: say('unit'), align: 'left' },
      right(say('executed')),
      right(say('least'), 2),
      right(say('mean')),
      right(say('most')),
      right(say('mostOverMean'), 1),
    ],
    most.map((i) => [
      String(i.instruction),
      i.text,
      say(i.unit),
      grouped(i.count),
      number(i.min),
      number(i.mean),
      number(i.max),
      ratio(i.maxOverMean),
    ]),
    { width, head: palette.faint },
  );
  const row = (name: string, what: string, b: LoadBalance): string[] => [
    name,
    what,
    grouped(b.count),
    number(b.mean),
    number(b.max),
    ratio(b.maxOverMean),
    ratio(b.maxOverMin),
  ];
  const balance = table(
    [
      { head: say('unit'), align: 'left' },
      { head: say('loads'), align: 'left' },
      right(say('executed')),
      right(say('mean')),
      right(say('most')),
      right(say('mostOverMean')),
      right(say('mostOverLeast'), 1),
    ],
    units.flatMap(({ unit, balance, split }) => [
      row(say(unit), say('asWritten'), balance),
      row('', SENTENCES[language].inTiles(grouped(tile)), split),
    ]),
    { width, head: palette.faint },
  );
  const hidden = instructions.length - most.length;
  return [
    ...listed,
    ...(hidden === 0 ? [] : [palette.faint(`   ${SENTENCES[language].otherInstructions(hidden)}`)]),
    '',
    ...balance,
  ];
}

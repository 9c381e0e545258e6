/** Exercises 6.8 and 6.9: one network on arrays of several sizes behind 12.8 GB/s, with one reading of its traffic each. */
import type { Check, NumberField, Output } from 'systole/course';
import { presets } from 'systole/machine';
import {
  type ArrayUse,
  arrayOfSize,
  charts,
  PAPER_ALEXNET,
  type Utilisation,
  utilisation,
  utilisationText,
} from 'systole/report';
import type { UtilisationTable } from './table.ts';

/** Multipliers. */
export const SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096] as const;

/** 12.8 bytes a cycle: 12.8 GB/s at 1 GHz. */
const bytesPerCycle = presets.get('textbook-ch6')!.dram.bandwidth;

export const usedBy = (use: ArrayUse, multipliers: number, bits: number): Utilisation =>
  utilisation(PAPER_ALEXNET, arrayOfSize(multipliers, use), { bits, bytesPerCycle });

/** The figure is printed with so many digits; a tie may be rounded to either side. */
const rounding = (digits: number): number => 0.5 * 10 ** -digits + 1e-7;

export interface RowsOfTable {
  /** Acceptance row that asks for the share of lanes, and for that of busy cycles. */
  readonly lanes?: number;
  readonly busy?: number;
}

/** Every size, every layer, to the last digit of the table. */
export function holdTable(check: Check, { use, bits, rows }: UtilisationTable, asserts: RowsOfTable = {}): void {
  const name = `${Object.values(use).join(' ')}, ${bits} bits`;
  const found = rows.map(([n]) => usedBy(use, n, bits));
  const of = (row: number | undefined): Check => (row === undefined ? check : check.row(row));
  check.equal(
    `${name}: sizes`,
    rows.map(([n]) => n),
    SIZES,
  );
  const percent = (share: number | null): number => 100 * share!;
  const { lanes, busy } = asserts;
  const totals = found.map((u) => u.total);
  of(lanes).close(
    `${name}: lanes %`,
    totals.map((t) => percent(t.laneUtilisation)),
    rows.map((r) => r[9]),
    rounding(4),
  );
  of(busy).close(
    `${name}: busy %`,
    totals.map((t) => percent(t.busy)),
    rows.map((r) => r[10]),
    rounding(4),
  );
  check.close(
    `${name}: cycles`,
    totals.map((t) => t.cycles),
    rows.map((r) => r[11]),
    rounding(1),
  );
  const layers = found.map((u) => u.layers.map((l) => percent(l.laneUtilisation)));
  check.close(
    `${name}: lanes % of each layer`,
    layers,
    rows.map((r) => r.slice(1, 9)),
    rounding(2),
  );
}

/** What a student is asked for: the share of lanes at work for each size (`lanes256=13.52`), in per cent. */
export const askedTotals = (use: ArrayUse, bits: number): readonly NumberField[] =>
  SIZES.map((n): NumberField => {
    const { laneUtilisation, busy } = usedBy(use, n, bits).total;
    return {
      name: `lanes${n}`,
      words: { en: `multipliers at work, per cent, of ${n}`, zh: `${n} 个乘法器中工作的百分比` },
      expected: 100 * laneUtilisation!,
      tolerance: 0.006,
      slips: [
        {
          value: 100 * busy!,
          words: { en: 'the time in which the array is not empty is taken', zh: '取了阵列非空置时间的比例' },
        },
      ],
    };
  });

/** The layers on one size, the totals over all, and the curves of each reading. */
export async function showUtilisations(
  { listing, picture, language }: Output,
  readings: readonly (readonly [name: string, use: ArrayUse])[],
  { multipliers, bits }: { readonly multipliers: number; readonly bits: number },
): Promise<void> {
  const [[, use]] = readings as [(typeof readings)[number]];
  const facts = { network: 'alexnet-paper', machine: 'textbook-ch6', leftOut: [], bits, bytesPerCycle };
  listing(
    { en: 'layer by layer', zh: '逐层' },
    utilisationText({ ...facts, sizes: [usedBy(use, multipliers, bits)] }, { language, width: 88 }),
  );
  listing(
    { en: 'size by size', zh: '逐个规模' },
    utilisationText({ ...facts, sizes: SIZES.map((n) => usedBy(use, n, bits)) }, { language, width: 88 }),
  );
  const { utilisationPicture } = await charts();
  const series = readings.map(([name, u]) => ({ name, sizes: SIZES.map((n) => usedBy(u, n, bits)) }));
  picture('utilisation', utilisationPicture(series, { language }), {
    en: `Utilisation of AlexNet in per cent against the number of multipliers, ${readings.map(([name]) => name).join(', ')}: it falls about as one over the number`,
    zh: `AlexNet 的利用率（%）随乘法器个数的变化，${readings.map(([name]) => name).join('、')}：大致与个数成反比下降`,
  });
}

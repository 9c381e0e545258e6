/** What DRAM in banks must be beyond having well-formed figures: whole, large and fast enough, and able to keep its times. */
import { diagnostic, type Place, type SystoleError } from '#base';
import type { Path } from './describe.ts';
import {
  type BankedDram,
  banksOf,
  burstBytesOf,
  DRAM_STANDARDS,
  type DramDevice,
  deviceOf,
  peakBandwidth,
} from './dramDevice.ts';
import type { Both } from './errors.ts';
import type { Machine } from './schema.ts';
import { fraction } from './units.ts';

const oneDevice = diagnostic<{ readonly both: boolean; readonly known: readonly string[] }>(
  'SYS-MACHINE-040',
  'invalid',
  {
    en: (p) =>
      `'dram.banked' ${p.both ? 'names a standard and spells out a device' : 'says of no device how it is organised'}: ` +
      `write either "standard" (one of ${p.known.join(', ')}) or "device".`,
    zh: (p) =>
      `“dram.banked”${p.both ? '既给出标准又写明器件' : '没有说明器件的组织'}：请只写 "standard"（${p.known.join('、')} 之一）或 "device"。`,
  },
);

const bytesBeyond = diagnostic<{ readonly found: number; readonly holds: number; readonly parts: Both }>(
  'SYS-MACHINE-041',
  'invalid',
  {
    en: (p) =>
      `'dram.bytes' is ${p.found}, but the banks hold ${p.holds}: ${p.parts.en}. Write ${p.holds} or less, or more channels or ranks.`,
    zh: (p) =>
      `“dram.bytes”为 ${p.found}，而各存储体共 ${p.holds} 字节：${p.parts.zh}。请写 ${p.holds} 或更小，或增加通道或 rank。`,
  },
);

const bandwidthBeyond = diagnostic<{ readonly found: string; readonly peak: string; readonly write: string }>(
  'SYS-MACHINE-042',
  'invalid',
  {
    en: (p) =>
      `'dram.bandwidth' is ${p.found} B/cycle, more than the buses of the banks' channels give: ${p.peak} B/cycle. Write ${p.write} or less.`,
    zh: (p) =>
      `“dram.bandwidth”为每周期 ${p.found} 字节，超过各通道总线的峰值（每周期 ${p.peak} 字节）。请写 ${p.write} 或更小。`,
  },
);

const wrongGeometry = diagnostic<{
  readonly key: string;
  readonly found: number;
  readonly least: number;
  readonly most: number;
  readonly why: Both;
}>('SYS-MACHINE-043', 'invalid', {
  en: (p) => `'${p.key}' is ${p.found}, expected a value from ${p.least} to ${p.most}: ${p.why.en}.`,
  zh: (p) => `“${p.key}”为 ${p.found}，应为 ${p.least} 至 ${p.most}：${p.why.zh}。`,
});

const wholeHertz = diagnostic<{ readonly found: number; readonly write: number }>('SYS-MACHINE-044', 'invalid', {
  en: (p) =>
    `'frequency' is ${p.found}, expected whole hertz: with banks, cycles of the machine and clocks of DRAM are counted against each other exactly. Write ${p.write}.`,
  zh: (p) => `“frequency”为 ${p.found}，应为整数赫兹：DRAM 分体时须精确换算机器周期与 DRAM 时钟。请写 ${p.write}。`,
});

const refreshTooLate = diagnostic<{ readonly postponed: number; readonly most: number; readonly repair: Both }>(
  'SYS-MACHINE-045',
  'invalid',
  {
    en: (p) =>
      `what the controller may have taken up when a refresh comes due can keep it waiting for ${p.postponed} clocks, and DRAM allows 8 tREFI, here ${p.most}. ${p.repair.en}.`,
    zh: (p) =>
      `刷新到期时控制器可能已接受的请求会使其等待 ${p.postponed} 个时钟，而 DRAM 最多允许 8 个 tREFI（此处为 ${p.most}）。${p.repair.zh}。`,
  },
);

const inconsistentTime = diagnostic<{
  readonly key: string;
  readonly found: number;
  readonly least: number;
  readonly why: Both;
}>('SYS-MACHINE-046', 'invalid', {
  en: (p) => `'${p.key}' is ${p.found} clocks, expected at least ${p.least}: ${p.why.en}.`,
  zh: (p) => `“${p.key}”为 ${p.found} 个时钟，应不小于 ${p.least}：${p.why.zh}。`,
});

const slotsMeet = diagnostic<{
  readonly column: number;
  readonly row: number;
  readonly rowOffset: number;
  readonly shared: number;
}>('SYS-MACHINE-056', 'invalid', {
  en: (p) =>
    `slots of 'dram.banked.device.commandSlots' meet on one bus: columns every ${p.column} clocks, rows every ${p.row} at ${p.rowOffset}. ` +
    `Write ${p.shared > 1 ? `a "rowOffset" that is no multiple of ${p.shared}` : '"column" and "row" with a common divisor'}, ` +
    `or "separate": true where rows and columns have buses of their own.`,
  zh: (p) =>
    `“dram.banked.device.commandSlots”的时隙在同一总线上重合：列命令每 ${p.column} 时钟，行命令每 ${p.row} 时钟（偏移 ${p.rowOffset}）。` +
    `请${p.shared > 1 ? `写不是 ${p.shared} 的倍数的 "rowOffset"` : '使 "column" 与 "row" 有公约数'}；若行、列命令各有总线，请写 "separate": true。`,
});

type At = (path: Path) => Place;

export function bankedErrors(m: Machine, place: At): SystoleError[] {
  const { banked } = m.dram;
  if (banked === undefined) return [];
  const path: Path = ['dram', 'banked'];
  const device = deviceOf(banked);
  const both = banked.standard !== undefined && banked.device !== undefined;
  if (both || device === undefined) {
    return [oneDevice({ both, known: DRAM_STANDARDS }, place(path))];
  }
  if (!Number.isInteger(m.frequency)) {
    return [wholeHertz({ found: m.frequency, write: Math.round(m.frequency) }, place(['frequency']))];
  }
  const geometry = geometryErrors(banked, device, place);
  if (geometry.length > 0) return geometry;
  const own = banked.device === undefined ? [] : timingErrors(device, place);
  return [
    ...own,
    ...slots(device, place),
    ...refresh(banked, device, place),
    ...capacity(m, banked, device, place),
    ...bandwidth(m, banked, device, place),
  ];
}

function slots({ commandSlots: { column, row, rowOffset, separate } }: DramDevice, place: At): SystoleError[] {
  if (separate === true) return [];
  const shared = gcd(column, row);
  if (rowOffset % shared !== 0) return [];
  return [slotsMeet({ column, row, rowOffset, shared }, place(['dram', 'banked', 'device', 'commandSlots']))];
}

function refresh(banked: BankedDram, device: DramDevice, place: At): SystoleError[] {
  const { tRFC, tREFI, tCCD_L } = device.timing;
  const row = (device.rowBytes / burstBytesOf(device)) * tCCD_L;
  const postponed = (banked.lookahead + 1) * banked.interleavedBanks * row + tRFC;
  const most = 8 * tREFI;
  if (postponed <= most) return [];
  // With the least of both, a refresh waits for one row; where that is too long, or it has no end, the times are wrong.
  if (tREFI < tRFC || row + tRFC > most) {
    const repair = {
      en: `Raise 'dram.banked.device.timing.tREFI' (${tREFI})`,
      zh: `请增大 “dram.banked.device.timing.tREFI”（${tREFI}）`,
    };
    return [refreshTooLate({ postponed, most, repair }, place(['dram', 'banked', 'device', 'timing', 'tREFI']))];
  }
  const repair = {
    en: "Lower 'dram.banked.lookahead' or 'interleavedBanks'",
    zh: '请减小 “dram.banked.lookahead” 或 “interleavedBanks”',
  };
  return [refreshTooLate({ postponed, most, repair }, place(['dram', 'banked', 'lookahead']))];
}

function capacity({ dram }: Machine, banked: BankedDram, device: DramDevice, place: At): SystoleError[] {
  const banks = banksOf(device);
  const holds = banked.channels * banked.ranks * banks * device.rows * device.rowBytes;
  if (dram.bytes <= holds) return [];
  const { channels, ranks } = banked;
  const parts = {
    en: `${channels} channels × ${ranks} ranks × ${banks} banks × ${device.rows} rows × ${device.rowBytes} B`,
    zh: `${channels} 通道 × ${ranks} rank × ${banks} 体 × ${device.rows} 行 × ${device.rowBytes} 字节`,
  };
  return [bytesBeyond({ found: dram.bytes, holds, parts }, place(['dram', 'bytes']))];
}

function bandwidth({ dram, frequency }: Machine, banked: BankedDram, device: DramDevice, place: At): SystoleError[] {
  const { bytes, cycles } = dram.bandwidth;
  const peak = peakBandwidth(banked, device);
  // Whole numbers on both sides: a product of three figures of hardware stays far below 2⁵³ or is out by more than one.
  if (bytes * frequency <= peak * cycles) return [];
  const isNear = (bytes / cycles).toPrecision(6) === (peak / frequency).toPrecision(6);
  const text = (x: number): string => String(Number(x.toPrecision(isNear ? 15 : 6)));
  const most = rateWithin(peak, frequency);
  const write = `{ "bytes": ${most.bytes}, "cycles": ${most.cycles} }`;
  return [
    bandwidthBeyond({ found: text(bytes / cycles), peak: text(peak / frequency), write }, place(['dram', 'bandwidth'])),
  ];
}

/** A rate as the machine file takes it, which is at most peak ÷ frequency: that itself, if it can be written. */
function rateWithin(peak: number, frequency: number): { readonly bytes: number; readonly cycles: number } {
  const short = fraction(peak / frequency);
  if (short && short.numerator > 0 && short.numerator * frequency <= peak * short.denominator) {
    return { bytes: short.numerator, cycles: short.denominator };
  }
  const shared = gcd(peak, frequency);
  if (peak / shared <= Number.MAX_SAFE_INTEGER) return { bytes: peak / shared, cycles: frequency / shared };
  // A peak beyond 2⁵³ is above any frequency.
  return { bytes: Math.min(Number.MAX_SAFE_INTEGER, Math.floor(peak / frequency)), cycles: 1 };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

function geometryErrors(banked: BankedDram, device: DramDevice, place: At): SystoleError[] {
  const banks = banked.ranks * banksOf(device);
  const burst = burstBytesOf(device);
  const path: Path = ['dram', 'banked'];
  const ranges: readonly (readonly [Path, number, number, number, Both])[] = [
    [
      [...path, 'device', 'rowBytes'],
      device.rowBytes,
      burst,
      2 ** 20,
      { en: `a row holds whole bursts of ${burst} bytes`, zh: `一行须容纳整个 ${burst} 字节的突发` },
    ],
    [
      [...path, 'channelInterleaveBytes'],
      banked.channelInterleaveBytes,
      burst,
      device.rowBytes,
      { en: 'whole bursts, within a row', zh: '须为整个突发且不超过一行' },
    ],
    [
      [...path, 'interleavedBanks'],
      banked.interleavedBanks,
      1,
      banks,
      { en: `a channel has ${banks} banks`, zh: `每通道有 ${banks} 个存储体` },
    ],
    [
      [...path, 'device', 'commandSlots', 'rowOffset'],
      device.commandSlots.rowOffset,
      0,
      device.commandSlots.row - 1,
      { en: 'it lies between two multiples', zh: '须位于两个倍数之间' },
    ],
  ];
  return ranges
    .filter(([, found, least, most]) => found < least || found > most)
    .map(([at, found, least, most, why]) => wrongGeometry({ key: at.join('.'), found, least, most, why }, place(at)));
}

/** What must hold among the times of a device that is spelled out. */
function timingErrors({ timing: t, burstLength, commandSlots }: DramDevice, place: At): SystoleError[] {
  const burst = burstLength / 2;
  const atLeast: readonly (readonly [keyof typeof t, number, Both])[] = [
    ['tCCD_S', burst, { en: 'a burst takes the bus so long', zh: '一次突发占用总线如此之久' }],
    ['tCCD_L', t.tCCD_S, { en: 'tCCD_S', zh: 'tCCD_S' }],
    ['tRRD_L', t.tRRD_S, { en: 'tRRD_S', zh: 'tRRD_S' }],
    ['tWTR_L', t.tWTR_S, { en: 'tWTR_S', zh: 'tWTR_S' }],
    ['tRC', t.tRAS, { en: 'tRAS', zh: 'tRAS' }],
    ['tRAS', Math.max(t.tRCD, t.tRCDWR), { en: 'a row is open before it is used', zh: '行在使用前须已打开' }],
    ['tRPab', t.tRP, { en: 'tRP', zh: 'tRP' }],
    [
      'tRTW',
      Math.max(1, t.CL + burst - t.CWL),
      {
        en: 'data of a WRITE come behind those of a READ (CL + BL/2 − CWL)',
        zh: '写数据须在读数据之后（CL + BL/2 − CWL）',
      },
    ],
    [
      'tREFI',
      t.tRFC + t.tRPab + 2 * commandSlots.row + 1,
      { en: 'a refresh ends before the next is due', zh: '刷新须在下一次到期前结束' },
    ],
  ];
  return atLeast
    .filter(([key, least]) => t[key] < least)
    .map(([key, least, why]) => {
      const at: Path = ['dram', 'banked', 'device', 'timing', key];
      return inconsistentTime({ key: at.join('.'), found: t[key], least, why }, place(at));
    });
}

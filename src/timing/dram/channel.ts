/**
 * One channel of banked DRAM and its controller, open page. It takes requests in order, each a run of consecutive bursts in the
 * rows of one number in one set of banks:
 *
 *   enter     once asked for and once the request `lookahead + 1` before it has issued its last column command; after a refresh
 *             that was due by then
 *   rows      for each bank of the set in the order of its first burst: nothing if the row is open (hit), ACTIVATE if the bank
 *             is closed (miss), PRECHARGE and ACTIVATE if another row is open (conflict)
 *   columns   a READ or WRITE for each burst, in order over all requests, once granted
 *   refresh   is due every tREFI; what has entered is finished, all banks are precharged, REFRESH; nothing enters meanwhile
 *
 * Each command goes in the first of its slots (commandSlots) at which its times have passed and which no command of an older
 * request, or an earlier bank of this one, takes; ACTIVATEs go in order. Slots of rows and
 * of columns meet only where they are of two buses. So in every clock the oldest command that may go goes.
 *
 * A command's times follow from commands before it only, by sums and maxima; so once the columns of a round over the set are as
 * far apart as those of the round before, all further rounds are, and are added at once: O(banks of the set) a request.
 */
import type { DramConfig } from './config.ts';

/** Plain data. Times are clocks; `activate` and `precharge` say from when on the bank takes such a command. */
export interface ChannelState {
  /** By bank: its open row, −1 where it is closed. */
  readonly row: number[];
  readonly activate: number[];
  readonly precharge: number[];
  /** By bank: its last ACTIVATE. */
  readonly activated: number[];
  /** By group of all ranks: the last command. */
  readonly groupActivate: number[];
  readonly groupRead: number[];
  readonly groupWrite: number[];
  /** By rank: the last four ACTIVATEs, the oldest first. */
  readonly activates: number[];
  readonly rankRead: number[];
  readonly rankWrite: number[];
  lastActivate: number;
  lastColumn: number;
  /** Last column commands of the last `lookahead + 1` requests, the oldest at `turn`. */
  readonly issued: number[];
  turn: number;
  /** Slots of row commands that are taken, ascending; those that nobody can ask for any more are left out. */
  readonly taken: number[];
  refreshes: number;
  /** End of the last refresh. */
  restored: number;
}

/** Before anything: early enough that no time from it still runs. */
const LONG_AGO = -(2 ** 31);

export function newChannel({ banks, ranks, groups, lookahead }: DramConfig): ChannelState {
  const filled = (n: number, value: number): number[] => new Array<number>(n).fill(value);
  return {
    row: filled(banks, -1),
    activate: filled(banks, 0),
    precharge: filled(banks, 0),
    activated: filled(banks, LONG_AGO),
    groupActivate: filled(ranks * groups, LONG_AGO),
    groupRead: filled(ranks * groups, LONG_AGO),
    groupWrite: filled(ranks * groups, LONG_AGO),
    activates: filled(4 * ranks, LONG_AGO),
    rankRead: filled(ranks, LONG_AGO),
    rankWrite: filled(ranks, LONG_AGO),
    lastActivate: LONG_AGO,
    lastColumn: LONG_AGO,
    issued: filled(lookahead + 1, LONG_AGO),
    turn: 0,
    taken: [],
    refreshes: 0,
    restored: 0,
  };
}

export const copyOfChannel = (s: ChannelState): ChannelState => ({
  ...s,
  row: s.row.slice(),
  activate: s.activate.slice(),
  precharge: s.precharge.slice(),
  activated: s.activated.slice(),
  groupActivate: s.groupActivate.slice(),
  groupRead: s.groupRead.slice(),
  groupWrite: s.groupWrite.slice(),
  activates: s.activates.slice(),
  rankRead: s.rankRead.slice(),
  rankWrite: s.rankWrite.slice(),
  issued: s.issued.slice(),
  taken: s.taken.slice(),
});

export interface Request {
  /** Of banks, which its bursts take in turn. */
  readonly set: number;
  readonly row: number;
  /** Of the set's rows of this number: its first burst, and how many there are. */
  readonly first: number;
  readonly bursts: number;
  readonly isWrite: boolean;
  /** Clocks from which rows may be opened for it, and from which its data may move. */
  readonly asked: number;
  readonly granted: number;
}

/** What became of it; to be added up. */
export interface Tally {
  hits: number;
  misses: number;
  conflicts: number;
}

/** Serves the next request: changes the state, counts, and gives the clock of its last column command. */
export function serveRequest(c: DramConfig, s: ChannelState, r: Request, tally: Tally): number {
  const entered = Math.max(r.asked, s.issued[s.turn]!);
  if (entered >= (s.refreshes + 1) * c.t.tREFI) refresh(c, s, entered);
  const opened = openRows(c, s, r, Math.max(entered, s.restored));
  tally.misses += opened.misses;
  tally.conflicts += opened.conflicts;
  tally.hits += r.bursts - opened.misses - opened.conflicts;
  const last = columns(c, s, r);
  s.issued[s.turn] = last;
  s.turn = s.turn === c.lookahead ? 0 : s.turn + 1;
  return last;
}

const NOTHING_OPENED = { misses: 0, conflicts: 0 };

function openRows(c: DramConfig, s: ChannelState, r: Request, from: number): typeof NOTHING_OPENED {
  const { t, interleaved } = c;
  const banks = Math.min(r.bursts, interleaved);
  let misses = 0;
  let conflicts = 0;
  for (let p = 0; p < banks; p++) {
    const bank = r.set * interleaved + ((r.first + p) % interleaved);
    const open = s.row[bank]!;
    if (open === r.row) continue;
    if (misses + conflicts === 0) forget(s, from);
    const rank = c.rankOf[bank]!;
    const group = c.groupOf[bank]!;
    let ready = Math.max(from, s.activate[bank]!);
    if (open < 0) misses++;
    else {
      conflicts++;
      ready = Math.max(ready, takeSlot(c, s, Math.max(from, s.precharge[bank]!)) + t.tRP);
    }
    const at = takeSlot(
      c,
      s,
      Math.max(
        ready,
        s.lastActivate + 1,
        s.groupActivate[group]! + t.tRRD_L,
        s.activates[4 * rank + 3]! + t.tRRD_S,
        s.activates[4 * rank]! + t.tFAW,
      ),
    );
    s.row[bank] = r.row;
    s.activate[bank] = at + t.tRC;
    s.precharge[bank] = at + t.tRAS;
    s.activated[bank] = at;
    s.groupActivate[group] = at;
    for (let i = 4 * rank; i < 4 * rank + 3; i++) s.activates[i] = s.activates[i + 1]!;
    s.activates[4 * rank + 3] = at;
    s.lastActivate = at;
  }
  return misses + conflicts === 0 ? NOTHING_OPENED : { misses, conflicts };
}

/** Slots before `from` are nobody's choice any more: requests enter in order. */
function forget({ taken }: ChannelState, from: number): void {
  let old = 0;
  while (old < taken.length && taken[old]! < from) old++;
  if (old > 0) taken.splice(0, old);
}

/** The first slot for row commands at or after a clock. */
function rowSlot({ slots: { row, rowOffset } }: DramConfig, from: number): number {
  return Math.ceil((from - rowOffset) / row) * row + rowOffset;
}

/** Takes the first free slot for a row command. */
function takeSlot(c: DramConfig, { taken }: ChannelState, from: number): number {
  let at = rowSlot(c, from);
  let i = 0;
  for (; i < taken.length; i++) {
    if (taken[i]! > at) break;
    if (taken[i] === at) at += c.slots.row;
  }
  taken.splice(i, 0, at);
  return at;
}

/** Last column commands by bank of the set, during one request. */
let times = new Float64Array(64);

function columns(c: DramConfig, s: ChannelState, r: Request): number {
  const { interleaved } = c;
  const first = r.set * interleaved;
  if (times.length < interleaved) times = new Float64Array(interleaved);
  let distance = -1;
  /** Columns in a row that came as far behind that of the round before. */
  let alike = 0;
  let at = Math.max(r.granted, s.lastColumn + 1);
  let j = r.first % interleaved;
  for (let p = 0; p < r.bursts; p++) {
    at = Math.max(at, columnFrom(c, s, first + j, r.isWrite));
    at = Math.ceil(at / c.slots.column) * c.slots.column;
    if (p >= interleaved) {
      const behind = at - times[j]!;
      alike = behind === distance ? alike + 1 : 1;
      distance = behind;
    }
    times[j] = at;
    noteColumn(c, s, first + j, at, r.isWrite);
    j = j + 1 === interleaved ? 0 : j + 1;
    const rounds = alike >= interleaved ? Math.floor((r.bursts - p - 1) / interleaved) : 0;
    if (rounds === 0) continue;
    for (let i = 0; i < interleaved; i++) {
      at = times[j]! + rounds * distance;
      times[j] = at;
      noteColumn(c, s, first + j, at, r.isWrite);
      j = j + 1 === interleaved ? 0 : j + 1;
    }
    p += rounds * interleaved;
    alike = 0;
  }
  s.lastColumn = at;
  return at;
}

/** From when on the times that run let a bank take a READ or WRITE. */
function columnFrom(c: DramConfig, s: ChannelState, bank: number, isWrite: boolean): number {
  const { t, burstClocks } = c;
  const rank = c.rankOf[bank]!;
  const group = c.groupOf[bank]!;
  const written = t.CWL + burstClocks;
  let from = s.activated[bank]! + (isWrite ? t.tRCDWR : t.tRCD);
  if (isWrite) {
    from = Math.max(from, s.groupWrite[group]! + t.tCCD_L, s.rankWrite[rank]! + t.tCCD_S, s.rankRead[rank]! + t.tRTW);
  } else {
    from = Math.max(
      from,
      s.groupRead[group]! + t.tCCD_L,
      s.rankRead[rank]! + t.tCCD_S,
      s.groupWrite[group]! + written + t.tWTR_L,
      s.rankWrite[rank]! + written + t.tWTR_S,
    );
  }
  for (let other = 0; other < c.ranks; other++) {
    if (other === rank) continue;
    const ownLatency = isWrite ? t.CWL : t.CL;
    const free = burstClocks + t.tRTRS - ownLatency;
    from = Math.max(from, s.rankRead[other]! + t.CL + free, s.rankWrite[other]! + t.CWL + free);
  }
  return from;
}

function noteColumn(c: DramConfig, s: ChannelState, bank: number, at: number, isWrite: boolean): void {
  const { t } = c;
  const rank = c.rankOf[bank]!;
  const group = c.groupOf[bank]!;
  if (isWrite) {
    s.groupWrite[group] = at;
    s.rankWrite[rank] = at;
    s.precharge[bank] = Math.max(s.precharge[bank]!, at + t.CWL + c.burstClocks + t.tWR);
  } else {
    s.groupRead[group] = at;
    s.rankRead[rank] = at;
    s.precharge[bank] = Math.max(s.precharge[bank]!, at + t.tRTP);
  }
}

/**
 * All refreshes that are due before a request can enter, which asked for that at a clock; one that is late can make the next
 * one due. O(1) where the channel has been idle.
 */
function refresh(c: DramConfig, s: ChannelState, entered: number): void {
  const { t } = c;
  for (let now = entered; (s.refreshes + 1) * t.tREFI <= now; ) {
    let ready = Math.max((s.refreshes + 1) * t.tREFI, s.restored);
    let isOpen = false;
    for (let bank = 0; bank < c.banks; bank++) {
      if (s.row[bank]! < 0) continue;
      isOpen = true;
      ready = Math.max(ready, s.precharge[bank]!);
    }
    if (isOpen) ready = rowSlot(c, ready) + t.tRPab;
    for (const from of s.activate) ready = Math.max(ready, from);
    const at = rowSlot(c, ready);
    now = Math.max(now, at);
    s.restored = at + t.tRFC;
    s.refreshes++;
    s.row.fill(-1);
    s.activate.fill(s.restored);
    s.taken.length = 0;
    // With all banks closed and none late, those in between come when they are due and leave nothing but the last one's end.
    const last = Math.floor(now / t.tREFI);
    if (last > s.refreshes + 1 && s.restored <= (s.refreshes + 1) * t.tREFI) s.refreshes = last - 1;
  }
}

/**
 * A second model of a DRAM channel and its controller: stepped clock by clock, with a log of all commands and the rules of the
 * data sheets as pairs of commands, checked against the whole log. It shares no arithmetic with `timing/dram`; slow, and plain
 * enough to be read beside a data sheet.
 */
import type { DramConfig } from '../../src/timing/dram/config.ts';

type Kind = 'ACT' | 'PRE' | 'PREA' | 'REF' | 'RD' | 'WR';

export interface Command {
  readonly clock: number;
  readonly kind: Kind;
  /** −1 for all banks. */
  readonly bank: number;
  readonly row: number;
}

export interface ModelRequest {
  /** Bank and row of each burst, in order. */
  readonly bursts: readonly { readonly bank: number; readonly row: number }[];
  readonly isWrite: boolean;
  readonly asked: number;
  readonly granted: number;
}

export interface ModelOutcome {
  readonly log: readonly Command[];
  /** By request. */
  readonly last: readonly number[];
  readonly hits: number;
  readonly misses: number;
  readonly conflicts: number;
}

/** What lies between two commands: the later may not come sooner than so many clocks behind the earlier. */
interface Rule {
  readonly name: string;
  readonly before: readonly Kind[];
  readonly after: readonly Kind[];
  readonly between: 'bank' | 'group' | 'rank' | 'other rank' | 'channel';
  readonly clocks: number;
}

function rulesOf({ t, burstClocks: burst }: DramConfig): readonly Rule[] {
  const rule = (
    name: string,
    before: readonly Kind[],
    after: readonly Kind[],
    between: Rule['between'],
    clocks: number,
  ): Rule => ({ name, before, after, between, clocks });
  return [
    rule('tRC', ['ACT'], ['ACT'], 'bank', t.tRC),
    rule('tRRD_L', ['ACT'], ['ACT'], 'group', t.tRRD_L),
    rule('tRRD_S', ['ACT'], ['ACT'], 'rank', t.tRRD_S),
    rule('tRP', ['PRE'], ['ACT'], 'bank', t.tRP),
    rule('tRP of all banks', ['PREA'], ['ACT'], 'channel', t.tRPab),
    rule('tRAS', ['ACT'], ['PRE'], 'bank', t.tRAS),
    rule('tRAS of all banks', ['ACT'], ['PREA'], 'channel', t.tRAS),
    rule('tRCD', ['ACT'], ['RD'], 'bank', t.tRCD),
    rule('tRCDWR', ['ACT'], ['WR'], 'bank', t.tRCDWR),
    rule('tRTP', ['RD'], ['PRE'], 'bank', t.tRTP),
    rule('tRTP of all banks', ['RD'], ['PREA'], 'channel', t.tRTP),
    rule('tWR', ['WR'], ['PRE'], 'bank', t.CWL + burst + t.tWR),
    rule('tWR of all banks', ['WR'], ['PREA'], 'channel', t.CWL + burst + t.tWR),
    rule('tCCD_L read', ['RD'], ['RD'], 'group', t.tCCD_L),
    rule('tCCD_S read', ['RD'], ['RD'], 'rank', t.tCCD_S),
    rule('tCCD_L write', ['WR'], ['WR'], 'group', t.tCCD_L),
    rule('tCCD_S write', ['WR'], ['WR'], 'rank', t.tCCD_S),
    rule('tRTW', ['RD'], ['WR'], 'rank', t.tRTW),
    rule('tWTR_L', ['WR'], ['RD'], 'group', t.CWL + burst + t.tWTR_L),
    rule('tWTR_S', ['WR'], ['RD'], 'rank', t.CWL + burst + t.tWTR_S),
    rule('tRTRS read read', ['RD'], ['RD'], 'other rank', burst + t.tRTRS),
    rule('tRTRS write write', ['WR'], ['WR'], 'other rank', burst + t.tRTRS),
    rule('tRTRS read write', ['RD'], ['WR'], 'other rank', t.CL + burst + t.tRTRS - t.CWL),
    rule('tRTRS write read', ['WR'], ['RD'], 'other rank', t.CWL + burst + t.tRTRS - t.CL),
    rule('tRPab', ['PREA'], ['REF'], 'channel', t.tRPab),
    rule('tRP before refresh', ['PRE'], ['REF'], 'channel', t.tRP),
    rule('tRC before refresh', ['ACT'], ['REF'], 'channel', t.tRC),
    rule('tRFC', ['REF'], ['ACT', 'REF', 'PRE', 'PREA'], 'channel', t.tRFC),
  ];
}

function isBetween(c: DramConfig, between: Rule['between'], a: number, b: number): boolean {
  switch (between) {
    case 'bank':
      return a === b;
    case 'group':
      return c.groupOf[a] === c.groupOf[b];
    case 'rank':
      return c.rankOf[a] === c.rankOf[b];
    case 'other rank':
      return c.rankOf[a] !== c.rankOf[b];
    case 'channel':
      return true;
  }
}

/** The rule that a command would break behind those of a log, if any. */
export function brokenRule(
  c: DramConfig,
  log: readonly Command[],
  next: Command,
  rules = rulesOf(c),
  reach = Number.POSITIVE_INFINITY,
): string | undefined {
  for (let i = log.length - 1; i >= 0 && next.clock - log[i]!.clock <= reach; i--) {
    const old = log[i]!;
    for (const { name, before, after, between, clocks } of rules) {
      if (!before.includes(old.kind) || !after.includes(next.kind)) continue;
      if (isBetween(c, between, old.bank, next.bank) && next.clock - old.clock < clocks) return name;
    }
  }
  if (next.kind !== 'ACT') return undefined;
  const acts = log.filter(({ kind, bank }) => kind === 'ACT' && c.rankOf[bank] === c.rankOf[next.bank]);
  const fourth = acts.at(-4);
  return fourth !== undefined && next.clock - fourth.clock < c.t.tFAW ? 'tFAW' : undefined;
}

interface Item {
  readonly bank: number;
  readonly row: number;
  toPrecharge: boolean;
  toActivate: boolean;
}

interface Active {
  readonly request: ModelRequest;
  readonly items: readonly Item[];
  /** Bursts whose column command has gone. */
  issued: number;
}

/** Serves the requests of one channel in order. */
export function stepChannel(c: DramConfig, requests: readonly ModelRequest[]): ModelOutcome {
  const rules = rulesOf(c);
  const reach = Math.max(...rules.map((rule) => rule.clocks), c.t.tFAW);
  const log: Command[] = [];
  const open = new Array<number>(c.banks).fill(-1);
  const last: number[] = [];
  const window: Active[] = [];
  const tally = { hits: 0, misses: 0, conflicts: 0 };
  let refreshes = 0;
  let next = 0;
  const recent: Command[] = [];

  const go = (clock: number, kind: Kind, bank: number, row: number): boolean => {
    const command = { clock, kind, bank, row };
    while (recent.length > 16 * c.banks && clock - recent[0]!.clock > reach) recent.shift();
    if (brokenRule(c, recent, command, rules, reach) !== undefined) return false;
    log.push(command);
    recent.push(command);
    return true;
  };

  const column = (clock: number): boolean => {
    const active = window.find(({ issued, request }) => issued < request.bursts.length);
    if (active === undefined || clock < active.request.granted) return false;
    const { bank, row } = active.request.bursts[active.issued]!;
    if (active.items.some((item) => item.bank === bank && (item.toPrecharge || item.toActivate))) return false;
    if (open[bank] !== row) throw new Error(`bank ${bank} has row ${open[bank]} open, not ${row}`);
    if (!go(clock, active.request.isWrite ? 'WR' : 'RD', bank, row)) return false;
    active.issued++;
    if (active.issued === active.request.bursts.length) {
      last.push(clock);
      window.shift();
    }
    return true;
  };

  const enter = (clock: number): void => {
    for (; next < requests.length; next++) {
      const request = requests[next]!;
      const room = next <= c.lookahead || last.length > next - c.lookahead - 1;
      if (clock < request.asked || !room || clock >= (refreshes + 1) * c.t.tREFI) return;
      const items: Item[] = [];
      for (const { bank, row } of request.bursts) {
        if (items.some((item) => item.bank === bank)) {
          tally.hits++;
          continue;
        }
        const older = window.flatMap((active) => active.items).findLast((item) => item.bank === bank);
        const before = older?.row ?? open[bank]!;
        const toActivate = before !== row;
        const toPrecharge = toActivate && before >= 0;
        items.push({ bank, row, toActivate, toPrecharge });
        tally[toPrecharge ? 'conflicts' : toActivate ? 'misses' : 'hits']++;
      }
      window.push({ request, items, issued: 0 });
    }
  };

  const rowCommand = (clock: number): void => {
    let activateWaits = false;
    for (const [i, active] of window.entries()) {
      for (const item of active.items) {
        if (!item.toActivate) continue;
        const busy = window
          .slice(0, i)
          .some(({ request, issued }) => request.bursts.some(({ bank }, n) => n >= issued && bank === item.bank));
        if (item.toPrecharge) {
          if (!busy && go(clock, 'PRE', item.bank, -1)) {
            open[item.bank] = -1;
            item.toPrecharge = false;
            return;
          }
        } else if (!activateWaits && !busy && go(clock, 'ACT', item.bank, item.row)) {
          open[item.bank] = item.row;
          item.toActivate = false;
          return;
        }
        activateWaits = true;
      }
    }
  };

  const refresh = (clock: number): void => {
    if (window.length > 0 || clock < (refreshes + 1) * c.t.tREFI) return;
    if (open.some((row) => row >= 0)) {
      if (go(clock, 'PREA', -1, -1)) open.fill(-1);
    } else if (go(clock, 'REF', -1, -1)) refreshes++;
  };

  for (let clock = 0; last.length < requests.length; clock++) {
    const hasSlot = clock % c.slots.column === 0;
    const isTaken = hasSlot && column(clock);
    enter(clock);
    if (hasSlot && !isTaken) column(clock);
    if (clock % c.slots.row === c.slots.rowOffset) {
      const before = log.length;
      rowCommand(clock);
      if (log.length === before) refresh(clock);
      enter(clock);
    }
    if (clock > 1e7) throw new Error('the model does not come to an end');
  }
  return { log, last, ...tally };
}

/**
 * Time, a cycle after the other: control, queues, units, semaphores and the DRAM channel as the state tables of `timing/unitStates.ts`
 * have them, every unit with its state and a counter, nothing skipped and nothing foreseen; control is that of the decode table
 * (`clockedControl.ts`). It shares no bookkeeping with the cycle model, which jumps from event to event and knows ends in advance; of
 * `timing` it takes the byte counts of a transfer, and what banks of DRAM make of one, which has a stepped model of its own
 * (`dramModel.ts`). Machines of one core.
 */
import { BINARY_FUNCTIONS, ELEMENT_BYTES, type Program } from '#isa';
import { type Machine, macsPerCycle, vectorLanes } from '#machine';
import type { ControlCycles } from '#sim';
import {
  CHANNEL_STATES,
  DMA_STATES,
  type DmaCost,
  DOT_STATES,
  dmaCost,
  dramConfig,
  elementsOf,
  loadSparseCost,
  newDram,
  SCALAR_STATES,
  SIZE,
  STRIDE,
  SYSTOLIC_STATES,
  serveTransfer,
  type UnitMachine,
  VECTOR_CLASSES,
  VECTOR_STATES,
  WINOGRAD_STATES,
} from '#timing';
import { accessesOf } from '../../src/sim/accesses.ts';
import type { DataEntry } from '../../src/sim/entries.ts';
import type { PlainEntry } from '../../src/sim/functional/core.ts';
import { ClockedAccount, type ClockedUse } from './clockedAccount.ts';
import { ClockedControl } from './clockedControl.ts';
import { ClockedScoreboard } from './clockedScoreboard.ts';

export interface ClockedEntry {
  readonly unit: string;
  readonly pc: number;
  readonly start: number;
  readonly end: number;
}

interface Queued {
  readonly entry: PlainEntry;
  readonly ready: number;
}

/** States that an entry is still to pass, the next one last, with the cycles of each. */
type Route = [state: string, cycles: number][];

class ClockedUnit {
  readonly name: string;
  readonly table: UnitMachine;
  readonly queue: Queued[] = [];
  state = 'IDLE';
  /** Cycles left in the state; infinite in ASK. */
  left = 0;
  route: Route = [];
  running: PlainEntry | undefined;
  start = 0;
  idleSince = 0;
  arrival = 0;
  /** Of the running transfer. */
  cost: DmaCost | undefined;
  channelCycles = 0;

  constructor(name: string, table: UnitMachine) {
    this.name = name;
    this.table = table;
  }

  /** Goes to a state that its table allows. */
  go(state: string, cycles: number): void {
    const from = this.table.states.find((s) => s.name === this.state);
    if (!from?.next.some((n) => n.to === state))
      throw new Error(`${this.name}: ${this.state} does not lead to ${state}`);
    this.state = state;
    this.left = cycles;
  }
}

export interface ClockedRun {
  readonly cycles: number;
  readonly entries: readonly ClockedEntry[];
  readonly control: ControlCycles;
  /** Where the cycles of each unit went. */
  readonly uses: Readonly<Record<string, ClockedUse>>;
}

/** What a program takes, by stepping. */
export function runClocked(program: Program): ClockedRun {
  const { machine } = program;
  const matrix = { dot: DOT_STATES, systolic: SYSTOLIC_STATES, scalar: SCALAR_STATES }[machine.matrix.kind];
  const units = [
    ...(machine.dma.queues === 1 ? ['dma'] : ['load', 'store']).map((name) => new ClockedUnit(name, DMA_STATES)),
    new ClockedUnit('matrix', matrix),
    new ClockedUnit('vector', VECTOR_STATES),
    ...(machine.winograd === undefined ? [] : [new ClockedUnit('winograd', WINOGRAD_STATES)]),
  ];
  const unitOf = (queue: string): ClockedUnit =>
    units.find((u) => u.name === queue || (u.name === 'dma' && (queue === 'load' || queue === 'store')))!;
  /** Cycles from which counts are visible, the oldest first. */
  const semaphores = Array.from({ length: 16 }, () => [] as number[]);
  const channel = new ClockedUnit('channel', CHANNEL_STATES);
  channel.state = 'FREE';
  const entries: ClockedEntry[] = [];
  const banks = dramConfig(machine);
  let dram = banks && newDram(banks);
  const account = new ClockedAccount(
    units.map((u) => u.name),
    machine.control.scoreboard === undefined ? 'bank' : 'dependence',
  );

  let now = 0;
  const queueDepths: Readonly<Record<string, number | undefined>> = machine.control.queueDepths ?? {};
  /** Where control's entry belongs. */
  const target = (): ClockedUnit | undefined =>
    control.outcome?.kind === 'entry' ? unitOf(control.outcome.queue) : undefined;
  const room = (): boolean => {
    const unit = target();
    const entry = control.outcome?.kind === 'entry' ? control.outcome.entry.kind : 'wait';
    if (scoreboard?.full && entry !== 'wait' && entry !== 'signal') return false;
    return unit === undefined || unit.queue.length < (queueDepths[unit.name] ?? machine.control.queueDepth);
  };
  const control: ClockedControl = new ClockedControl(program, {
    room: () => room(),
    drained: () => units.every((u) => u.queue.length === 0 && u.state === 'IDLE'),
    push: () => {
      if (control.outcome?.kind !== 'entry') return;
      const { entry } = control.outcome;
      target()!.queue.push({ entry, ready: now });
      if (entry.kind !== 'wait' && entry.kind !== 'signal') scoreboard?.dispatch(entry);
    },
    hostCycles: (part) => program.host[part]!.cycles,
  });

  const scoreboard = machine.control.scoreboard && new ClockedScoreboard(machine);

  /** The place in its queue of what a unit may take, or −1. */
  const next = (unit: ClockedUnit): number => {
    if (scoreboard === undefined) return 0;
    for (const [i, { entry }] of unit.queue.entries()) {
      if (entry.kind === 'wait' || entry.kind === 'signal') return i === 0 ? 0 : -1;
      if (scoreboard.mayStart(entry)) return i;
      if (scoreboard.inOrder) return -1;
    }
    return -1;
  };

  /** Since when the head of an idle unit could go, were there no banks. */
  const since = (unit: ClockedUnit): number => {
    const head = unit.queue[0];
    if (unit.state !== 'IDLE' || head === undefined || head.ready > now) return Number.POSITIVE_INFINITY;
    return Math.max(unit.idleSince, head.ready);
  };

  /** Whether banks that it needs are held, or wanted by a head that could go for longer. */
  const isHeldBack = (unit: ClockedUnit): boolean => {
    const wanted = banksHeld(unit.queue[0]!.entry, machine);
    if (wanted.size === 0) return false;
    return units.some((other, i) => {
      if (other === unit) return false;
      const holds = other.running ?? other.queue[0]?.entry;
      if (holds === undefined || ![...banksHeld(holds, machine)].some((bank) => wanted.has(bank))) return false;
      if (other.running !== undefined) return true;
      return since(other) < since(unit) || (since(other) === since(unit) && i < units.indexOf(unit));
    });
  };

  /** All that can happen at this cycle without another entry that wants banks has happened. */
  let decided = false;
  const take = (unit: ClockedUnit): boolean => {
    const place = next(unit);
    const head = unit.queue[place];
    if (head === undefined || head.ready > now) return false;
    const { entry } = head;
    const wantsBanks = banksHeld(entry, machine).size > 0;
    if (wantsBanks && (!decided || isHeldBack(unit))) return false;
    if (entry.kind === 'wait') {
      const [visible] = semaphores[entry.semaphore]!;
      if (visible === undefined || visible > now) return false;
      semaphores[entry.semaphore]!.shift();
    } else if (entry.kind === 'signal') semaphores[entry.semaphore]!.push(now + machine.control.signalLatency);
    unit.queue.splice(place, 1);
    account.takes(unit.name, entry);
    unit.running = entry;
    unit.start = now;
    unit.route = routeOf(entry, machine, unit).reverse();
    const [state, cycles] = unit.route.pop()!;
    unit.go(state, cycles);
    return true;
  };

  /** One change of a unit at this cycle. */
  const step = (unit: ClockedUnit): boolean => {
    if (unit.state === 'IDLE') return take(unit);
    if (unit.left > 0) return false;
    const next = unit.route.pop();
    if (next === undefined) {
      const { kind } = unit.running!;
      if (kind !== 'wait' && kind !== 'signal') scoreboard?.complete(unit.running as DataEntry);
      entries.push({ unit: unit.name, pc: unit.running!.pc, start: unit.start, end: now });
      unit.running = undefined;
      unit.idleSince = now;
      unit.go('IDLE', 0);
      account.becomesIdle(unit.name, now);
    } else {
      if (next[0] === 'ASK') unit.arrival = now;
      unit.go(...next);
    }
    return true;
  };

  const stood = (): number => control.spent.sync + control.spent.host;
  for (; ; now++) {
    const before = stood();
    for (let moved = true; moved; ) {
      moved = false;
      for (const unit of units) while (step(unit)) moved = true;
      const wasWaiting = control.state === 'WAIT';
      // Units first: only where none of them can do anything more is it known what control finds at this cycle; and what it dispatches
      // is known when it is decided who goes to a bank, which may give it the room that it waits for.
      if (!moved && room() && control.step(now)) moved = true;
      if (!moved) {
        decided = true;
        moved = units.some(step);
        decided = false;
      }
      if (!moved && control.step(now)) moved = true;
      if (wasWaiting && control.state !== 'WAIT') account.drained();
      if (control.state === 'HALT') return { cycles: now, entries, control: control.spent, uses: account.result(now) };
    }
    if (channel.state === 'TAKEN' && channel.left === 0) channel.go('FREE', 0);
    if (channel.state === 'FREE') {
      const asking = units.filter((u) => u.state === 'ASK').sort((a, b) => a.arrival - b.arrival);
      const [first] = asking;
      if (first !== undefined) {
        const next = first.route.pop()!;
        if (banks !== undefined) {
          const { running: entry, cost, arrival: asked } = first;
          const transfer = { ...placeOf(entry), bytes: cost!.payloadBytes, asked, granted: now, cost: cost! };
          const service = serveTransfer(banks, dram!, transfer, machine.dram);
          dram = service.state;
          account.stalls(first.name, service.transferCycles - next[1]);
          next[1] = service.transferCycles;
          first.channelCycles = service.free - now;
        }
        first.go(...next);
        channel.go('TAKEN', first.channelCycles);
      }
    }
    const stands = stood() > before;
    const why = stands ? (control.state === 'HOST' ? 'host' : 'sync') : 'empty';
    for (const { name, state, queue, running } of units) {
      account.tick(name, state, queue.length > 0 ? 'semaphore' : why, lanesOf(running, machine));
    }
    // The clock's edge.
    for (const unit of [...units, channel]) if (unit.left > 0) unit.left--;
    control.edge();
  }
}

/** Where a transfer lies in DRAM. */
function placeOf(entry: PlainEntry | undefined) {
  if (entry?.kind === 'loadSparse') return { address: entry.dram, isWrite: false };
  if (entry?.kind !== 'load' && entry?.kind !== 'store') throw new Error('no transfer');
  const isWrite = entry.kind === 'store';
  const { dramRecord: record, elementBytes, dram: address } = entry;
  return { shape: { sizes: isWrite ? entry.padRecord : record, dram: record, elementBytes }, address, isWrite };
}

/** Names of the banks from the first to the last byte of each of an entry's operands. */
function banksHeld(entry: PlainEntry, machine: Machine): ReadonlySet<string> {
  const banks = new Set<string>();
  if (entry.kind === 'wait' || entry.kind === 'signal') return banks;
  if (machine.nram.banks === undefined && machine.wram.banks === undefined) return banks;
  for (const access of accessesOf(entry as DataEntry, machine)) {
    const { memory } = access;
    if (memory !== 'nram' && memory !== 'wram') continue;
    const { bytes, banks: count } = machine[memory];
    if (count === undefined) continue;
    const [from, to] = [access.intervals[0], access.intervals.at(-1)];
    if (from === undefined || to === undefined) continue;
    const shift = access.shift(entry as DataEntry);
    for (let a = from + shift; a < to + shift; a++) banks.add(`${memory} ${Math.floor((a * count) / bytes)}`);
  }
  return banks;
}

/** The states that an entry passes, in order. */
function routeOf(entry: PlainEntry, machine: Machine, unit: ClockedUnit): Route {
  switch (entry.kind) {
    case 'wait':
    case 'signal':
      return [['SEMAPHORE', machine.control.queueCycles]];
    case 'load':
    case 'store': {
      const sizes = entry.kind === 'load' ? entry.dramRecord : entry.padRecord;
      const cost = dmaCost(machine, { sizes, dram: entry.dramRecord, elementBytes: entry.elementBytes });
      const { dramBytes, scratchBytes } = cost;
      const { bandwidth, latencyCycles } = machine.dram;
      unit.channelCycles = Math.ceil((dramBytes * bandwidth.cycles) / bandwidth.bytes);
      const pad = Math.max(
        Math.ceil(scratchBytes / machine.dma.scratchpadBytesPerCycle),
        padSteps(sizes, entry.padRecord, entry.elementBytes, machine[entry.space as 'nram' | 'wram'].ways),
      );
      const setup: Route = [['SETUP', machine.dma.setupCycles]];
      if (dramBytes === 0) return [...setup, ['FILL', pad]];
      const transferCycles = Math.max(unit.channelCycles + latencyCycles, pad);
      unit.cost = { ...cost, transferCycles };
      return [...setup, ['ASK', Number.POSITIVE_INFINITY], ['TRANSFER', transferCycles]];
    }
    case 'loadSparse': {
      const { burstBytes, setupCycles, scratchpadBytesPerCycle, decompressor } = machine.dma;
      const elements = elementsOf(entry.padRecord);
      const setup: Route = [['SETUP', setupCycles]];
      if (entry.bytes === 0) return [...setup, ['FILL', 0]];
      const { bandwidth, latencyCycles } = machine.dram;
      const bursts = Math.ceil(entry.bytes / burstBytes) * burstBytes;
      unit.channelCycles = Math.ceil((bursts * bandwidth.cycles) / bandwidth.bytes);
      const cycles = Math.max(
        unit.channelCycles + latencyCycles,
        Math.ceil((elements * entry.elementBytes) / scratchpadBytesPerCycle),
        padSteps(entry.padRecord, entry.padRecord, entry.elementBytes, machine[entry.space].ways),
        Math.ceil(elements / decompressor!.elementsPerCycle),
      );
      const transferCycles = cycles + decompressor!.pipelineCycles;
      const cost = loadSparseCost(machine, entry.bytes, elements, entry.elementBytes);
      unit.cost = { ...cost, transferCycles };
      return [...setup, ['ASK', Number.POSITIVE_INFINITY], ['TRANSFER', transferCycles]];
    }
    case 'mma':
      return mmaRoute(entry, sizesOf(entry.reduction), machine);
    case 'mmaSparse': {
      const [inner, ...outer] = sizesOf(entry.reduction);
      const kept = entry.format === 'two4' ? [inner! / 2, ...outer] : [entry.pixels[16 + SIZE]!, 1, 1, 1, 1];
      return mmaRoute(entry, kept, machine);
    }
    case 'winograd':
      return winogradRoute(entry, machine);
    case 'vec':
      return vecRoute(entry, machine);
    default:
      throw new Error(`the clocked model does not know '${(entry as { kind: string }).kind}'`);
  }
}

/** Lanes of the unit for what it executes. */
function lanesOf(entry: PlainEntry | undefined, { matrix, vector, winograd }: Machine): number {
  if (entry?.kind === 'vec') return Math.min(vectorLanes(vector, entry.type)!, vectorLanes(vector, entry.result)!);
  if (entry?.kind === 'winograd') return winograd!.lanes;
  if (entry?.kind === 'mmaSparse') return macsPerCycle(matrix);
  return entry?.kind === 'mma' ? macsPerCycle(matrix, entry.type) : 0;
}

type Entry<K extends PlainEntry['kind']> = Extract<PlainEntry, { readonly kind: K }>;

const sizesOf = (record: readonly number[]): number[] => [0, 1, 2, 3, 4].map((d) => Math.max(0, record[4 * d + SIZE]!));

function winogradRoute({ source, tile }: Entry<'winograd'>, { winograd }: Machine): Route {
  const { lanes, tileCycles, pipelineCycles } = winograd!;
  const [channels, x, y] = sizesOf(source) as [number, number, number];
  const route: Route = [['PIPELINE', pipelineCycles]];
  for (let t = 0; t < x * y; t++) for (let c = 0; c < channels; c += lanes) route.push(['TILE', tileCycles[tile]!]);
  return route;
}

/** @param reduction sizes of what is summed, innermost first */
function mmaRoute(entry: Entry<'mma'> | Entry<'mmaSparse'>, reduction: readonly number[], { matrix }: Machine): Route {
  const mode = entry.type === 'u8' ? 'i8' : entry.type;
  const geometry = mode === 'f32' ? {} : matrix.types![mode];
  const m = { ...matrix, ...geometry } as Machine['matrix'];
  const size = (record: readonly number[], d: number): number => Math.max(0, record[4 * d + SIZE]!);
  const pixels = elementsOf(entry.pixels, 0, 3);
  const filters = size(entry.output, 4);
  const route: Route = [['PIPELINE', m.pipelineCycles]];
  if (pixels === 0 || filters === 0) return route;
  /** Chunks by counting: lanes are filled in order, and a chunk ends where it is full or, with packing `run`, where a run ends. */
  const chunks = (lanes: number, packing: 'run' | 'flat'): number => {
    const inner = reduction[0]!;
    let outer = 1;
    for (let d = 1; d < 5; d++) outer *= reduction[d]!;
    let count = 0;
    let filled = 0;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        if (filled === 0) count++;
        filled = (filled + 1) % lanes;
      }
      if (packing === 'run') filled = 0;
    }
    return Math.max(1, count);
  };
  /** Cycles until so many inputs and so many weights have come over their ports. */
  const arrive = (inputs: number, weights: number): number => {
    if (m.operands === undefined) return 1;
    const { inputBytesPerCycle, weightBytesPerCycle } = m.operands;
    let cycles = 0;
    const bytes = ELEMENT_BYTES[entry.type];
    for (let [i, w] = [inputs * bytes, weights * bytes]; i > 0 || w > 0; cycles++) {
      i -= inputBytesPerCycle;
      w -= weightBytesPerCycle;
    }
    return cycles;
  };
  if (m.kind === 'dot') {
    const step = arrive(m.ti, m.ti * m.tn);
    for (let n = Math.ceil(filters / m.tn) * pixels * chunks(m.ti, m.lanePacking); n > 0; n--)
      route.push(['CHUNK', step]);
    return route;
  }
  if (m.kind === 'scalar') {
    let blocks = 0;
    if (pixels === 1) blocks = Math.ceil(filters / (m.rows * m.columns));
    else {
      const images = size(entry.pixels, 2) * size(entry.pixels, 3);
      for (let y = 0; y < size(entry.pixels, 1); y += m.rows) {
        for (let x = 0; x < size(entry.pixels, 0); x += m.columns) blocks += images * filters;
      }
    }
    const step = pixels === 1 ? arrive(1, m.rows * m.columns) : arrive(Math.max(m.rows, m.columns), 1);
    for (let n = blocks * chunks(1, 'flat'); n > 0; n--) route.push(['STEP', step]);
    return route;
  }
  const groups = Math.ceil(filters / m.columns);
  const outputs = m.dataflow === 'output-stationary';
  const depth = chunks(outputs ? 1 : m.rows, m.lanePacking);
  const folds = {
    'weight-stationary': depth * groups,
    'input-stationary': depth * Math.ceil(pixels / m.columns),
    'output-stationary': Math.ceil(pixels / m.rows) * groups,
  }[m.dataflow];
  const streamed = { 'weight-stationary': pixels, 'input-stationary': filters, 'output-stationary': depth }[m.dataflow];
  const [row, element] = {
    'weight-stationary': [arrive(0, m.columns), arrive(m.rows, 0)],
    'input-stationary': [arrive(m.columns, 0), arrive(0, m.rows)],
    'output-stationary': [0, arrive(m.rows, m.columns)],
  }[m.dataflow] as [number, number];
  const skew = m.rows + m.columns - 2;
  for (let fold = 0; fold < folds; fold++) {
    const late = m.rows * row - (streamed * element + skew);
    if (!outputs && (fold === 0 || m.preload === 'exposed')) route.push(['FILL', m.rows * row]);
    else if (outputs && fold === 0) route.push(['FILL', 0]);
    else if (!outputs && late > 0) route.push(['FILL', late]);
    route.push(['STREAM', streamed * element], ['SKEW', skew]);
    if (outputs && m.preload === 'exposed') route.push(['EMPTY', m.rows]);
  }
  return route;
}

/** Cycles of elements at a stride: every access given to its way, and the busiest counted. */
function busiestWay(ways: number, count: number, stride: number): number {
  if (Math.abs(stride) < 4 && stride !== 0) return Math.ceil(Math.ceil((count * Math.abs(stride)) / 4) / ways);
  if (stride % 4 !== 0) return count;
  const words = new Set(Array.from({ length: count }, (_, i) => (i * stride) / 4));
  const by = new Array<number>(ways).fill(0);
  for (const word of words) by[((word % ways) + ways) % ways]!++;
  return Math.max(...by);
}

/** The scratchpad side, where it has ways: the longest runs of one stride, one after the other. */
function padSteps(sizes: readonly number[], pad: readonly number[], bytes: number, ways: number | undefined): number {
  if (ways === undefined) return 0;
  const dims = [0, 1, 2, 3, 4]
    .map((d) => ({ size: Math.max(0, sizes[4 * d + SIZE]!), stride: pad[4 * d + STRIDE]! }))
    .filter(({ size }) => size !== 1);
  if (dims.some(({ size }) => size === 0)) return 0;
  const [inner = { size: 1, stride: bytes }, ...outer] = dims;
  let run = inner.size;
  while (outer.length > 0 && outer[0]!.stride === run * inner.stride) run *= outer.shift()!.size;
  return outer.reduce((n, { size }) => n * size, 1) * busiestWay(ways, run, inner.stride);
}

function vecRoute(entry: Entry<'vec'>, { vector, nram }: Machine): Route {
  const sizes = [0, 1, 2, 3, 4].map((d) => Math.max(0, entry.aRecord[4 * d + SIZE]!));
  const [inner, ...outer] = sizes as [number, ...number[]];
  const runs = inner === 0 ? 0 : outer.reduce((n, size) => n * size, 1);
  const reduces = entry.accumulate !== 'none' && entry.cRecord[STRIDE] === 0 && inner > 1;
  if (BINARY_FUNCTIONS.has(entry.function) && entry.bMode === 'none') throw new Error('no second operand');
  // An element of either type takes a lane of its width.
  const lanes = Math.min(...[entry.type, entry.result].map((type) => vectorLanes(vector, type)!));
  const route: Route = [['PIPELINE', vector.pipelineCycles]];
  for (let run = 0; run < runs; run++) {
    for (let i = 0; i < inner; i += lanes) {
      const n = Math.min(lanes, inner - i);
      const records = [entry.aRecord, entry.cRecord, ...(entry.bMode === 'record' ? [entry.bRecord] : [])];
      const streams = nram.ways === undefined ? [] : records.map((r) => busiestWay(nram.ways!, n, r[STRIDE]!));
      route.push(['GROUP', Math.max(vector.cycles[VECTOR_CLASSES[entry.function]], ...streams)]);
    }
    if (reduces) route.push(['TREE', Math.log2(lanes)]);
  }
  return route;
}

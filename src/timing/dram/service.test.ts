/** Whole transfers on the devices that come with Systole: what one works out by hand from their data sheets. */
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { dramDevices, type Machine, presets } from '#machine';
import { stepChannel } from '../../../test/support/dramModel.ts';
import { dmaCost, segmentsCost } from '../dma.ts';
import { recordOf } from '../record.ts';
import { dramConfig } from './config.ts';
import { type DramState, type DramWork, newDram, serveTransfer } from './service.ts';
import { forChannels, forPieces } from './walk.ts';

/** A machine at the clock of its DRAM, so that cycles are clocks, with all that the bus of one channel gives. */
function machineOn(standard: string, change: Partial<NonNullable<Machine['dram']['banked']>> = {}): Machine {
  const device = dramDevices.get(standard)!;
  const base = presets.get('textbook-single')!;
  return {
    ...base,
    frequency: device.clock,
    dram: {
      bytes: 2 ** 28,
      bandwidth: { bytes: 2 * device.busBytes * (change.channels ?? 1), cycles: 1 },
      latencyCycles: 0,
      banked: {
        device,
        channels: 1,
        ranks: 1,
        channelInterleaveBytes: device.busBytes * device.burstLength,
        interleavedBanks: device.bankGroups,
        lookahead: 7,
        ...change,
      },
    },
  };
}

/** One transfer after the other, each asked for when the one before leaves the channel free. */
class Stream {
  readonly #machine: Machine;
  #state: DramState;
  now = 0;
  readonly work: DramWork = { hits: 0, misses: 0, conflicts: 0, cycles: 0, readBytes: 0, writeBytes: 0 };

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#state = newDram(dramConfig(machine)!);
  }

  /** Returns its cycles from grant to end. */
  move(address: number, bytes: number, isWrite = false): number {
    const machine = this.#machine;
    const record = recordOf([{ size: bytes / 4, stride: 4 }]);
    const shape = { sizes: record, dram: record, elementBytes: 4 };
    const cost = dmaCost(machine, shape);
    const transfer = { shape, address, bytes, isWrite, asked: this.now, granted: this.now, cost };
    const service = serveTransfer(dramConfig(machine)!, this.#state, transfer, machine.dram);
    this.#state = service.state;
    this.now = service.free;
    for (const key of Object.keys(this.work) as (keyof DramWork)[]) this.work[key] += service.work[key];
    return service.transferCycles;
  }
}

test('the first burst of DDR3-1600: ACTIVATE in slot 1, READ tRCD later, CL, four clocks of data', () => {
  // 1 + 11 = 12 is a slot for columns; data until 12 + 11 + 4.
  expect(new Stream(machineOn('ddr3-1600')).move(0, 64)).toBe(27);
  // The row is open: READ at once, in the next even slot.
  const stream = new Stream(machineOn('ddr3-1600'));
  stream.move(0, 64);
  expect(stream.now).toBe(16);
  expect(stream.move(64, 64)).toBe(11 + 4);
});

test('a row conflict costs tRP and tRCD more, and tRAS', () => {
  const stream = new Stream(machineOn('ddr3-1600'));
  stream.move(0, 64);
  // Rows of 8 KB in 8 banks: the next row of bank 0. ACTIVATE was at 1, so PRECHARGE at 29, ACTIVATE at 41, since 40 is no
  // slot for rows, READ at 52, data until 67; asked for at 16.
  expect(stream.move(65536, 64)).toBe(67 - 16);
  expect(stream.work).toEqual({ hits: 0, misses: 1, conflicts: 1, cycles: 56, readBytes: 128, writeBytes: 0 });
});

test('a write turns the bus: READ to WRITE tRTW, WRITE to READ CWL, data and tWTR', () => {
  const stream = new Stream(machineOn('ddr3-1600'));
  stream.move(0, 64);
  // READ at 12, WRITE at 21, 22 in its slot, its data until 22 + 8 + 4; asked for at 16.
  expect(stream.move(64, 64, true)).toBe(34 - 16);
  // READ not before 34 + 6, data until 40 + 11 + 4; asked for at 26.
  expect(stream.move(128, 64)).toBe(55 - 26);
});

describe.each([...dramDevices.keys()])('%s', (name) => {
  const device = dramDevices.get(name)!;
  const burst = device.busBytes * device.burstLength;

  test('a long stream takes the peak, and refresh', () => {
    const stream = new Stream(machineOn(name));
    const bytes = 2 ** 26;
    stream.move(0, bytes);
    const clocks = ((bytes / burst) * device.burstLength) / 2;
    const { tREFI, tRFC, tRPab, tRCD } = device.timing;
    // Each refresh stops the data for its own time, what closes the rows before and opens them behind it, and no more than the
    // times of one row else.
    const each = tRFC + tRPab + tRCD + device.timing.tRAS;
    const refreshes = Math.floor(stream.now / tREFI);
    expect(refreshes).toBeGreaterThan(100);
    expect(stream.now).toBeGreaterThanOrEqual(clocks + refreshes * tRFC);
    expect(stream.now).toBeLessThanOrEqual(clocks + (refreshes + 1) * each);
    const { hits, misses, conflicts } = stream.work;
    expect(hits + misses + conflicts).toBe(bytes / burst);
    expect(misses + conflicts).toBeLessThan(0.1 * (bytes / burst));
  });

  test('bursts in ever other rows of one bank come tRC apart', () => {
    const stream = new Stream(machineOn(name));
    const apart = device.rowBytes * device.bankGroups * device.banksPerGroup;
    const count = 100;
    for (let i = 0; i < count; i++) stream.move(apart * (i % 7), burst);
    const { tRC, tREFI, tRFC, tRPab } = device.timing;
    const { row, column } = device.commandSlots;
    const refreshes = Math.floor(stream.now / tREFI) * (tRFC + tRPab + tRC);
    expect(stream.now).toBeGreaterThanOrEqual((count - 1) * tRC);
    // And no more than the slots of three commands add.
    expect(stream.now).toBeLessThanOrEqual(count * (tRC + 2 * row + column + device.timing.CL) + refreshes);
  });

  test('interleaving decides about tCCD_L', () => {
    const stream = new Stream(machineOn(name, { interleavedBanks: 1 }));
    stream.move(0, device.rowBytes);
    const bursts = device.rowBytes / burst;
    const { column } = device.commandSlots;
    const apart = Math.ceil(device.timing.tCCD_L / column) * column;
    const first = Math.ceil((device.commandSlots.rowOffset + device.timing.tRCD) / column) * column;
    expect(stream.now).toBe(first + (bursts - 1) * apart + device.burstLength / 2);
  });

  test('channels share the work', () => {
    const one = new Stream(machineOn(name));
    const four = new Stream(machineOn(name, { channels: 4 }));
    const bytes = 2 ** 22;
    one.move(0, bytes);
    four.move(0, bytes);
    expect(one.now / four.now).toBeGreaterThan(3.8);
    expect(one.now / four.now).toBeLessThan(4.2);
  });
});

test('what nobody asks for leaves refresh to go on: O(1), and rows are closed', () => {
  const stream = new Stream(machineOn('ddr4-2400'));
  stream.move(0, 64);
  stream.now = 10 ** 12;
  stream.move(0, 64);
  expect(stream.work).toMatchObject({ hits: 0, misses: 2, conflicts: 0, cycles: expect.any(Number) as number });
});

test('clocks of other ratios than 1 round up to whole cycles, exactly and without drift', () => {
  for (const [frequency, clock] of [
    [1e9, 12e8],
    [1e9, 1_066_666_667],
    [999_999_937, 16e8],
    [3, 7],
  ] as const) {
    const { clockAt, cycleAt } = dramConfig({ ...machineOn('ddr4-2400'), frequency: 1 })!;
    expect(clockAt(1)).toBe(12e8);
    expect(cycleAt(12e8)).toBe(1);
    const machine = machineOn('ddr4-2400');
    const { banked } = machine.dram;
    const config = dramConfig({
      ...machine,
      frequency,
      dram: { ...machine.dram, banked: { ...banked!, device: { ...banked!.device!, clock } } },
    })!;
    for (const x of [0, 1, 2, 1000, 123_456_789, 987_654_321_987]) {
      const up = (n: bigint, a: number, b: number): number => Number((n * BigInt(a) + BigInt(b) - 1n) / BigInt(b));
      expect(config.clockAt(x)).toBe(up(BigInt(x), clock, frequency));
      expect(config.cycleAt(x)).toBe(up(BigInt(x), frequency, clock));
    }
  }
});

test('pieces and channels hold every byte of a transfer once, in order', () => {
  const random = new Random(3);
  for (let n = 0; n < 300; n++) {
    const elementBytes = random.pick([1, 2, 4]);
    const dims = Array.from({ length: random.integer(1, 5) }, () => {
      const size = random.integer(1, 4);
      return {
        size,
        stride: elementBytes * random.pick([1, 1, 2, 3, 16, -1, -5, 0]),
        lo: random.integer(-1, 1),
        hi: random.integer(size - 1, size + 1),
      };
    });
    const record = recordOf(dims);
    const found: number[] = [];
    const shape = { sizes: record, dram: record, elementBytes };
    let pieces = 0;
    forPieces(shape, 4096, (address, bytes) => {
      pieces++;
      for (let i = 0; i < bytes; i++) found.push(address + i);
    });
    const expected: number[] = [];
    const walk = (d: number, address: number): void => {
      if (d < 0) for (let i = 0; i < elementBytes; i++) expected.push(address + i);
      else {
        const { size, stride, lo, hi } = dims[d]!;
        for (let i = Math.max(0, lo); i < Math.min(size, hi); i++) walk(d - 1, address + i * stride);
      }
    };
    walk(dims.length - 1, 4096);
    expect(found).toEqual(expected);
    const machine = machineOn('hbm2-2000', {
      channels: random.pick([1, 2, 4, 8]),
      channelInterleaveBytes: random.pick([32, 64, 256]),
    });
    expect(pieces).toBe(dmaCost(machine, shape).segments);

    const config = dramConfig(machine)!;
    const [address, bytes] = [random.integer(0, 5000), random.integer(1, 3000)];
    const bursts = new Set<string>();
    for (let a = address; a < address + bytes; a++) {
      const block = Math.floor(a / config.interleave);
      const local = Math.floor(block / config.channels) * config.interleave + (a % config.interleave);
      bursts.add(`${block % config.channels} ${Math.floor(local / config.burstBytes)}`);
    }
    const asked: string[] = [];
    forChannels(config, address, bytes, (channel, first, count) => {
      for (let i = first; i < first + count; i++) asked.push(`${channel} ${i}`);
    });
    expect(asked.sort()).toEqual([...bursts].sort());
  }
});

test('a transfer takes what the stepped model says of its bursts', () => {
  const random = new Random(8);
  for (let n = 0; n < 40; n++) {
    const device = dramDevices.get(random.pick([...dramDevices.keys()]))!;
    const machine = machineOn(device.name, { interleavedBanks: random.pick([1, 2, device.bankGroups]) });
    const config = dramConfig(machine)!;
    const record = recordOf([
      { size: random.integer(1, 3000), stride: 4 },
      { size: random.integer(1, 5), stride: 4 * random.integer(1, 20_000) },
    ]);
    const shape = { sizes: record, dram: record, elementBytes: 4 };
    const address = 4 * random.integer(0, 10_000);
    const isWrite = random.integer(0, 1) === 1;
    const cost = dmaCost(machine, shape);
    const transfer = { shape, address, bytes: cost.payloadBytes, isWrite, asked: 100, granted: 120, cost };
    const service = serveTransfer(config, newDram(config), transfer, machine.dram);

    // Bank and row of each burst from its address, bit by bit as the mapping is documented.
    const requests: { bursts: { bank: number; row: number }[]; isWrite: boolean; asked: number; granted: number }[] =
      [];
    forPieces(shape, address, (from, bytes) => {
      let before = '';
      for (let b = Math.floor(from / config.burstBytes); b * config.burstBytes < from + bytes; b++) {
        const turn = b % config.interleaved;
        const column = Math.floor(b / config.interleaved) % (device.rowBytes / config.burstBytes);
        const rest =
          (b - turn - column * config.interleaved) / config.interleaved / (device.rowBytes / config.burstBytes);
        const bank = (rest % config.sets) * config.interleaved + turn;
        const row = Math.floor(rest / config.sets);
        const key = `${Math.floor(bank / config.interleaved)} ${row}`;
        if (key !== before) requests.push({ bursts: [], isWrite, asked: 100, granted: 120 });
        requests.at(-1)!.bursts.push({ bank, row });
        before = key;
      }
    });
    const model = stepChannel(config, requests);
    const last = Math.max(...model.last);
    const latency = isWrite ? config.t.CWL : config.t.CL;
    expect(service.transferCycles).toBe(Math.max(last + config.burstClocks + latency - 120, cost.transferCycles));
    expect(service.free).toBe(Math.max(last + config.burstClocks, 120 + cost.channelCycles));
    expect(service.work.hits).toBe(model.hits);
    expect(service.work.misses).toBe(model.misses);
    expect(service.work.conflicts).toBe(model.conflicts);
  }
});

test('transfers without addresses follow each other, and begin anew where DRAM ends', () => {
  const machine = machineOn('ddr3-1600');
  const config = dramConfig(machine)!;
  const cost = segmentsCost(machine, 1, 2 ** 20, 0);
  const transfer = { address: undefined, bytes: 2 ** 20, isWrite: false, asked: 0, granted: 0, cost };
  let state = newDram(config);
  for (let n = 1; n <= 5; n++) {
    ({ state } = serveTransfer(config, state, transfer, { bytes: 3 * 2 ** 20, latencyCycles: 0 }));
    expect(state.next).toBe((((n - 1) % 3) + 1) * 2 ** 20);
  }
});

/** Several cores with control of their own: places, meetings, SharedRAM, links, multicasts, signals. Cycles are worked out beside each. */
import { describe, expect, test } from 'vitest';
import type { Program } from '#isa';
import type { Machine } from '#machine';
import { errorOf } from '../../test/support/errorText.ts';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { createSimulation, type Simulation } from './cycle.ts';
import type { SimulationEvent } from './events.ts';
import { runFunctional } from './functional.ts';

/**
 * Two cores a cluster; an instruction takes a cycle, DRAM gives 8 bytes a cycle after 5 of latency, a link 16, setup takes 2. A
 * signal is seen 1 cycle later in its core and 6 in another; cores go on 10 cycles after the last has come to a barrier.
 */
const machine = (cluster: Partial<Machine['cluster'] & object> = {}): Machine =>
  machineWith('textbook-cluster', {
    control: { cyclesPerInstruction: 1, signalLatency: 1, queueDepth: 4 },
    dma: { queues: 2, setupCycles: 2, scratchpadBytesPerCycle: 64 },
    dram: { bandwidth: { bytes: 8, cycles: 1 }, latencyCycles: 5 },
    nram: { bytes: 4096 },
    cluster: {
      cores: 2,
      sharedRam: { bytes: 8192, link: { bytes: 16, cycles: 1 }, ports: 'private' },
      remoteSignalLatency: 6,
      barrierLatency: 10,
      ...cluster,
    },
  });

const HEAD = `
  .dram 4096
  .const 0, f32 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
  .fill 1024, 64, f32 0
  .output y, 1024, f32[16]
  cfg.dimi R1, 0, 8, 4
  cfg.dimi R2, 0, 16, 4
`;

interface Ran {
  readonly simulation: Simulation;
  readonly cycles: number;
  readonly starts: readonly string[];
}

function run(program: Program, data = true): Ran {
  const starts: string[] = [];
  const observer = (e: SimulationEvent): void => {
    if ('entry' in e && !e.type.endsWith(':end')) starts.push(`${e.cycle} core ${e.core} ${e.type.split(':')[0]}`);
  };
  const simulation = createSimulation(program, { data, observer });
  const state = simulation.run();
  if (state.state !== 'done') throw new Error(state.state);
  const { control, cycles, units } = state.result;
  for (const unit of units) expect(unit.busy + unit.idle).toBe(cycles);
  // Accounts of control are sums over the cores.
  const cores = new Set(units.map(({ core }) => core)).size;
  expect(Object.values(control).reduce((sum, n) => sum + n)).toBe(cores * cycles);
  return { simulation, cycles, starts };
}

const text = (body: string, on: Machine): Program => assembled(`${HEAD}${body}`, on);

/** Runs for its time alone. */
const timed = (body: string, on = machine()): Ran => run(text(body, on), false);

/** Runs in both models, with data and without; answers with the output. */
async function both(body: string, on = machine()): Promise<Ran & { readonly y: readonly number[] }> {
  const program = text(body, on);
  const ran = run(program);
  expect(run(program, false).cycles).toBe(ran.cycles);
  const y = ran.simulation.readOutput('y');
  expect((await runFunctional(program)).outputs.get('y')).toEqual(y);
  return { ...ran, y: [...new Float32Array(y.slice().buffer)] };
}

/** The code with which both models stop. */
async function stopped(body: string, functional: string, on = machine()): Promise<{ code: string; text: string }> {
  const program = text(body, on);
  const error = errorOf(() => run(program));
  expect(errorOf(() => run(program, false))).toEqual(error);
  await expect(runFunctional(program)).rejects.toMatchObject({ code: functional });
  return { code: error.code, text: error.message };
}

const HOST = 0x04n << 56n;
const number = (name: string): string => `csr r10, ${name}\nli r11, 1024\nmuli r12, r1, 4\nadd r11, r11, r12`;

describe('places', () => {
  /** Each core writes a number as the bits of the fill word into its word of y. */
  const told = async (name: string, on: Machine): Promise<number[]> => {
    const body = `csr r1, core
      ${number(name)}
      cfg.fill R3, r10
      cfg.bound R3, 0, r0, r0
      load nram, r0, r0, R4, R3, i32
      sync
      store nram, r11, r0, R4, R4, i32
      halt`;
    const program = text(body.replace(/^/gm, '  '), on);
    const simulation = createSimulation({ ...program, outputs: [] }, { data: true });
    expect(simulation.run().state).toBe('done');
    const functional = await runFunctional({ ...program, outputs: [] });
    const cores = on.cluster!.cores * (on.cluster!.count ?? 1);
    const bytes = new Uint8Array(4 * cores);
    simulation.memories!.dram.read(1024, bytes, 0, 4 * cores);
    expect(functional.memories.dram.read(1024, 4 * cores)).toEqual(bytes);
    return [...new Int32Array(bytes.buffer)];
  };

  test('by chip and by cluster', async () => {
    const chip = machine({ count: 2 });
    expect(await told('core', chip)).toEqual([0, 1, 2, 3]);
    expect(await told('cores', chip)).toEqual([4, 4, 4, 4]);
    expect(await told('cluster', chip)).toEqual([0, 0, 1, 1]);
    expect(await told('clusters', chip)).toEqual([2, 2, 2, 2]);
    expect(await told('rank', chip)).toEqual([0, 1, 0, 1]);
    expect(await told('ranks', chip)).toEqual([2, 2, 2, 2]);
  });

  test('parked cores do not count', () => {
    const program = assembled('.cores 3\nbarrier chip\nbarrier cluster\nhalt', machine({ count: 2 }));
    const state = createSimulation(program, { data: false }).run();
    expect(state).toMatchObject({ state: 'done', result: { dynamicInstructions: 9 } });
    // The third is alone in its cluster: 1 + 10 + 1 + 1; the others wait for each other once more.
    expect(state).toMatchObject({ result: { cycles: 1 + 10 + 1 + 10 + 1 } });
    const more = assembled('.cores 5\nhalt', machine({ count: 2 }));
    expect(errorOf(() => createSimulation(more, { data: false })).code).toBe('SYS-SIM-120');
  });
});

describe('meetings', () => {
  test('a barrier lets all go on together, behind the last', () => {
    // Core 1 executes 3 instructions more: csr, bne, 3 nops, barrier = 6 cycles; 10 of latency; halt 1.
    const { cycles } = run(
      text('csr r1, core\nbeq r1, r0, meet\nnop\nnop\nnop\nmeet: barrier chip\nhalt', machine()),
      false,
    );
    expect(cycles).toBe(2 + 6 + 10 + 1);
  });

  test('a barrier does not drain queues, sync of a scope does', async () => {
    const far = machine();
    // Core 1 stores y, core 0 reads it behind the barrier.
    const body = (meet: string): string => `
      csr r1, core
      li r5, 1024
      load nram, r0, r0, R2, R2, f32
      sync
      beq r1, r0, go
      store nram, r5, r0, R2, R2, f32
      go: ${meet}
      bne r1, r0, end
      load nram, r0, r5, R2, R2, f32
      end: halt`;
    expect((await both(body('sync chip'), far)).y[15]).toBe(16);
    expect((await both(body('sync cluster'), far)).y[15]).toBe(16);
    expect((await both(body('sync\nbarrier chip'), far)).y[15]).toBe(16);
    expect(errorOf(() => run(text(body('barrier chip'), far))).code).toBe('SYS-SIM-031');
    expect(errorOf(() => run(text(body('sync'), far))).code).toBe('SYS-SIM-031');
  });

  test('that a halted core can never come to is named', async () => {
    const body = 'csr r1, core\nbeq r1, r0, end\nbarrier chip\nend: halt';
    const { code, text: told } = await stopped(body, 'SYS-SIM-130');
    expect(code).toBe('SYS-SIM-123');
    expect(told).toContain('the program of core 0 has ended at instruction 5');
    expect(told).toContain("control of core 1 waits at instruction 4 ('barrier') for all cores of the chip");
  });

  test('of different scopes do not meet', async () => {
    const body = 'csr r1, core\nbeq r1, r0, a\nbarrier chip\nhalt\na: barrier cluster\nhalt';
    expect((await stopped(body, 'SYS-SIM-130')).code).toBe('SYS-SIM-123');
  });

  test('clusters meet by themselves', () => {
    const body = 'csr r1, cluster\nbeq r1, r0, meet\nnop\nnop\nmeet: barrier cluster\nhalt';
    const starts = timed(body, machine({ count: 2 }));
    expect(starts.cycles).toBe(2 + 5 + 10 + 1);
  });

  test('one core alone waits for nobody', () => {
    expect(timed('.cores 1\nbarrier chip\nsync chip\nhalt').cycles).toBe(2 + 3);
  });
});

describe('SharedRAM', () => {
  /** DRAM to SharedRAM by core 0, from there by both: y = the 16 numbers, a half from each core. */
  const shared = (get: string, on: Machine) =>
    both(
      `csr r1, core
      muli r2, r1, 32
      addi r3, r2, 1024
      bne r1, r0, meet
      load shared, r0, r0, R2, R2, f32
      meet: sync cluster
      ${get}
      signal link, 0
      wait store, 0
      store nram, r3, r0, R1, R1, f32
      halt`,
      on,
    );

  test('over private links', async () => {
    const { y, starts } = await shared('get nram, r0, r2, R1, R1, f32', machine());
    expect(y).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    // Core 0 ends its sync at 2 + 6; the load starts at 7, takes 2 + ⌈64 ÷ 8⌉ + 5: 22; both go on at 32 and get at 33.
    expect(starts).toContain('7 core 0 load');
    expect(starts.filter((s) => s.endsWith('get'))).toEqual(['33 core 0 get', '33 core 1 get']);
    // 2 + ⌈32 ÷ 16⌉ = 4; seen one later by the stores, which begin together and share the channel.
    expect(starts.filter((s) => s.endsWith('store'))).toEqual(['38 core 0 store', '38 core 1 store']);
  });

  test('through one port, in order of asking, by core at a tie', async () => {
    const { y, starts } = await shared(
      'get nram, r0, r2, R1, R1, f32',
      machine({
        sharedRam: { bytes: 8192, link: { bytes: 16, cycles: 1 }, ports: 'one' },
      }),
    );
    expect(y[15]).toBe(16);
    // Both ask at 35; core 0 has the port to 37, core 1 to 39.
    expect(starts.filter((s) => s.endsWith('store'))).toEqual(['38 core 0 store', '40 core 1 store']);
  });

  test('put and bounds', async () => {
    const { y } = await both(`csr r1, core
      muli r2, r1, 32
      addi r3, r2, 1024
      load nram, r0, r0, R2, R2, f32
      signal load, 0
      wait link, 0
      put nram, r2, r2, R1, R1, f32
      sync cluster
      li r4, 4
      li r5, 9
      cfg.dimi R3, 0, 16, 4
      cfg.bound R3, 0, r4, r5
      li r6, -1.0f
      cfg.fill R3, r6
      beq r1, r0, end
      get nram, r0, r0, R2, R3, f32
      sync
      li r3, 1024
      store nram, r3, r0, R2, R2, f32
      end: halt`);
    expect(y).toEqual([-1, -1, -1, -1, 5, 6, 7, 8, 9, -1, -1, -1, -1, -1, -1, -1]);
  });

  test('read before anybody has written', async () => {
    expect(
      (await stopped('csr r1, core\nbne r1, r0, end\nget nram, r0, r0, R1, R1, f32\nend: halt', 'SYS-SIM-071')).code,
    ).toBe('SYS-SIM-030');
  });

  test('a race between cores', () => {
    const body = 'load nram, r0, r0, R1, R1, f32\nsync\nput nram, r0, r0, R1, R1, f32\nhalt';
    const error = errorOf(() => run(text(body, machine())));
    expect(error.code).toBe('SYS-SIM-031');
    expect(error.message).toContain(
      'the core 1 link unit writes SharedRAM address 0, which instruction 4 on the core 0 link unit',
    );
    expect(error.place).toMatchObject({ core: 1, instruction: 4 });
  });

  test('a machine without', async () => {
    const single = machineWith('textbook-single', {});
    for (const body of ['load shared, r0, r0, R1, R1, f32\nhalt', 'get nram, r0, r0, R1, R1, f32\nhalt']) {
      expect((await stopped(body, 'SYS-SIM-072', single)).code).toBe('SYS-SIM-018');
    }
    expect((await stopped('wait link, 0\nhalt', 'SYS-SIM-172', single)).code).toBe('SYS-SIM-172');
  });
});

describe('multicasts', () => {
  /** Every core loads all 16 numbers and stores its half. */
  const body = (mc: string, extra = '') => `csr r1, core
      csr r9, cores
      muli r2, r1, 32
      addi r3, r2, 1024
      ${extra}
      load nram, r2, r0, R2, R2, f32${mc}
      signal load, 0
      wait store, 0
      muli r4, r2, 2
      store nram, r3, r4, R1, R1, f32
      halt`;

  test('read DRAM once', async () => {
    const apart = await both(body(''));
    const together = await both(body(', mc'));
    expect(together.y).toEqual(apart.y);
    expect(together.starts.filter((s) => s.endsWith('load'))).toEqual(['7 core 0 load', '7 core 1 load']);
    const bytes = (ran: Ran) => {
      const state = ran.simulation.run();
      return state.state === 'done' && [state.result.total.readBytes, state.result.total.nramWriteBytes];
    };
    expect(bytes(apart)).toEqual([128, 128]);
    expect(bytes(together)).toEqual([64, 128]);
    // The second load had waited 8 cycles for the channel; the last store is not before it, but they share the channel too.
    expect(together.cycles).toBeLessThan(apart.cycles);
  });

  test('wait for the last core', async () => {
    const late = 'beq r1, r0, on\nnop\nnop\nnop\non: nop';
    const { starts } = await both(body(', mc.chip', late));
    expect(starts.filter((s) => s.endsWith('load'))).toEqual(['12 core 0 load', '12 core 1 load']);
  });

  test('of different sources are refused', async () => {
    const other = 'csr r1, core\nmuli r2, r1, 4\nload nram, r0, r2, R1, R1, f32, mc\nhalt';
    const { code, text: told } = await stopped(other, 'SYS-SIM-132');
    expect(code).toBe('SYS-SIM-122');
    expect(told).toContain('differ in source address');
  });

  test('that not all cores come to', async () => {
    const some = 'csr r1, core\nbne r1, r0, end\nload nram, r0, r0, R1, R1, f32, mc\nend: halt';
    const { code, text: told } = await stopped(some, 'SYS-SIM-130');
    expect(code).toBe('SYS-SIM-123');
    expect(told).toContain('the load queue of core 0 waits with a multicast at instruction 4 for the other cores');
  });

  test('into SharedRAM are refused', async () => {
    expect((await stopped('load shared, r0, r0, R1, R1, f32, mc\nhalt', 'SYS-SIM-072')).code).toBe('SYS-SIM-121');
  });

  test('order the queues that take part', async () => {
    // Core 0 stores through its one DMA queue before the multicast; core 1 reads that behind it.
    const one = { ...machine(), dma: { ...machine().dma, queues: 1 as const } };
    const ordered = `csr r1, core
      li r5, 1024
      load nram, r0, r0, R2, R2, f32, mc
      bne r1, r0, on
      store nram, r5, r0, R2, R2, f32
      on: load wram, r0, r0, R1, R1, f32, mc
      beq r1, r0, end
      load nram, r5, r5, R2, R2, f32
      end: halt`;
    expect((await both(ordered, one)).y[3]).toBe(4);
    expect(errorOf(() => run(text(ordered.replace('R1, R1, f32, mc', 'R1, R1, f32'), one))).code).toBe('SYS-SIM-031');
  });

  test('from SharedRAM take the port once', async () => {
    const port = { bytes: 8192, link: { bytes: 16, cycles: 1 }, ports: 'one' as const };
    const got = await both(
      `csr r1, core
      muli r3, r1, 32
      addi r4, r3, 1024
      bne r1, r0, meet
      load shared, r0, r0, R2, R2, f32
      meet: sync cluster
      get nram, r0, r0, R2, R2, f32, mc
      signal link, 0
      wait store, 0
      store nram, r4, r3, R1, R1, f32
      halt`,
      machine({ sharedRam: port }),
    );
    expect(got.y[15]).toBe(16);
    // From 33: 2 + ⌈64 ÷ 16⌉ = 6, seen one later.
    expect(got.starts.filter((s) => s.endsWith('store'))).toEqual(['40 core 0 store', '40 core 1 store']);
    const state = got.simulation.run();
    expect(state.state === 'done' && state.result.total.sharedReadBytes).toBe(64);
  });
});

describe('signals to other cores', () => {
  test('are seen after their latency, and order', async () => {
    const body = `csr r1, core
      li r5, 1024
      li r6, 1
      bne r1, r0, second
      load nram, r0, r0, R2, R2, f32
      signal load, 0
      wait store, 0
      store nram, r5, r0, R2, R2, f32
      signal.to store, 3, r6
      halt
      second: wait load, 3
      load nram, r0, r5, R2, R2, f32
      halt`;
    const { starts, y } = await both(body);
    expect(y[0]).toBe(1);
    const at = (what: string): number => Number(starts.find((s) => s.endsWith(what))!.split(' ')[0]);
    expect(at('core 1 wait')).toBe(at('core 0 store') + 2 + 8 + 5 + 6);
    expect(errorOf(() => run(text(body.replace('wait load, 3', 'nop'), machine()))).code).toBe('SYS-SIM-031');
  });

  test('have one signaller in the chip', async () => {
    const body = 'li r6, 1\nsignal.to store, 3, r6\nhalt';
    const { code, text: told } = await stopped(body, 'SYS-SIM-078');
    expect(code).toBe('SYS-SIM-041');
    expect(told).toContain('signalled by the core 1 store queue, but the core 0 store queue does so already');
  });

  test('to a core that does not run', async () => {
    expect((await stopped('li r6, 2\nsignal.to store, 3, r6\nhalt', 'SYS-SIM-072')).code).toBe('SYS-SIM-125');
    expect((await stopped('li r6, -1\nsignal.to store, 3, r6\nhalt', 'SYS-SIM-072')).code).toBe('SYS-SIM-125');
  });
});

describe('the DRAM channel', () => {
  test('serves cores in order of asking, by number at a tie, the load before the store', () => {
    const grants: string[] = [];
    const program = text(
      `csr r1, core
      li r5, 2048
      muli r6, r1, 64
      add r5, r5, r6
      load nram, r0, r0, R2, R2, f32
      sync chip
      store nram, r5, r0, R2, R2, f32
      load wram, r0, r0, R2, R2, f32
      halt`,
      machine(),
    );
    createSimulation(program, {
      data: false,
      observer: (e) => {
        if (e.type === 'channel:grant') grants.push(`${e.cycle} core ${e.core} ${e.unit}`);
      },
    }).run();
    // 7 instructions and setup: 9; 8 cycles each; drained at 30, met at 40; the stores ask at 43, the loads at 44.
    expect(grants).toEqual([
      '9 core 0 load',
      '17 core 1 load',
      '43 core 0 store',
      '51 core 1 store',
      '59 core 0 load',
      '67 core 1 load',
    ]);
  });
});

describe('the host', () => {
  const slot = (name: string, address: number) => ({
    name,
    dtype: 'float32' as const,
    dims: [1],
    strides: [4],
    address,
  });
  const part = { name: 'p', onnx: new Uint8Array(0), inputs: [slot('a', 0)], outputs: [slot('b', 1024)], cycles: 100 };
  /** An assembly file has no host parts: in it `nop` stands for the first and `.word 0` for the second. */
  const called = (body: string): Program => {
    const program = text(body, machine());
    const words = program.words.map((w) => (w === 0n ? HOST + 1n : w >> 56n === 1n ? HOST : w));
    return { ...program, words, outputs: [slot('b', 1024)], host: [part, part] };
  };

  test('runs once for all cores, which drain and meet', async () => {
    const program = called(
      'csr r1, core\nbeq r1, r0, go\nload nram, r0, r0, R2, R2, f32\ngo: nop\nload nram, r0, r0, R1, R1, f32\nhalt',
    );
    const calls: number[] = [];
    const simulation = createSimulation(program, { data: true });
    let state = simulation.run();
    for (; state.state === 'host'; state = simulation.run()) {
      calls.push(state.part);
      simulation.writeTensor(part.outputs[0]!, simulation.readTensor(part.inputs[0]!));
    }
    expect(calls).toEqual([0]);
    // The load of core 1 starts at 5 and ends at 20; they meet at 30, the host answers at 130; the loads share the channel.
    expect(state).toMatchObject({ state: 'done', result: { cycles: 130 + 1 + 2 + 4 + 4 + 5 } });
    const functional = await runFunctional(program, { host: (_, inputs) => inputs });
    expect(functional.outputs.get('b')).toEqual(simulation.readOutput('b'));
  });

  test('is called for one part at a time', async () => {
    const program = called('csr r1, core\nbeq r1, r0, a\n.word 0\nhalt\na: nop\nhalt');
    expect(errorOf(() => createSimulation(program, { data: false }).run()).code).toBe('SYS-SIM-124');
    await expect(runFunctional(program, { host: (_, inputs) => inputs })).rejects.toMatchObject({
      code: 'SYS-SIM-131',
    });
  });
});

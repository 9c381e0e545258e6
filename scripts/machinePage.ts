/**
 * `docs/machine.md` and its pictures: the processor to the cycle. State tables come from `timing/unitStates.ts`, fields from the
 * machine schema, every duration from the cost functions, the worked example from a run.
 */
import { readFileSync } from 'node:fs';
import { assembleProgram, disassemble } from '#isa';
import {
  accumulatorEntries,
  dramDevices,
  filtersOf,
  type Machine,
  machineFields,
  macsPerCycle,
  modesOf,
  presets,
  unitFor,
} from '#machine';
import { blockDiagram, TimelineRecorder, timeline } from '#report';
import { createSimulation, type SimulationEvent } from '#sim';
import { dmaCost, mmaCycles, recordOf, UNIT_MACHINES, type UnitState, vecCycles } from '#timing';

const machine = (name: string): Machine => {
  const found = presets.get(name);
  if (found === undefined) throw new Error(`no preset '${name}'`);
  return found;
};

const cell = (text: string): string => text.replaceAll('|', '\\|');
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map((v) => cell(String(v))).join(' | ')} |`).join('\n');

/** Every unit with a queue has these alike. */
const QUEUE_STATES = ['IDLE', 'SEMAPHORE'];

function statesOf(unit: string, states: readonly UnitState[]): string {
  const rows = states.flatMap(({ name, does, cycles, next }) =>
    next.map(({ when, to }, i) =>
      i === 0 ? [`**${name}**`, does, cycles ?? 'until a condition holds', when, to] : ['', '', '', when, to],
    ),
  );
  return `#### ${unit}\n\n${table(['state', 'does', 'cycles', 'leaves when', 'to'], rows)}\n`;
}

/** 3 × 3 convolution of 64 to 64 channels over 14 × 14 pixels, as one mma. */
const PIXELS = [14, 14, 1, 1];
const REDUCTION = [192, 3, 1, 1, 1];
const FILTERS = 64;

function matrixRows(): string {
  const names = ['textbook-single', 'systolic-16x16', 'tpu-v1', 'diannao', 'shidiannao', 'eyeriss', 'gemmini-16x16'];
  const rows = names.flatMap((name) => {
    const found = presets.get(name);
    if (found === undefined) return [];
    const { matrix } = found;
    const shape =
      matrix.kind === 'dot'
        ? `dot, Tn ${matrix.tn}, Ti ${matrix.ti}, ${matrix.lanePacking}`
        : matrix.kind === 'systolic'
          ? `systolic ${matrix.rows} × ${matrix.columns}, ${matrix.dataflow}, ${matrix.preload}`
          : `scalar ${matrix.rows} × ${matrix.columns}`;
    const cycles = mmaCycles(found, PIXELS, FILTERS, REDUCTION);
    const macs = 14 * 14 * FILTERS * 576;
    const peak = matrix.kind === 'dot' ? matrix.tn * matrix.ti : matrix.rows * matrix.columns;
    return [[name, shape, matrix.pipelineCycles, cycles, `${((100 * macs) / (cycles * peak)).toFixed(1)} %`]];
  });
  return table(['machine', 'unit', 'pipeline', 'cycles', 'of the peak'], rows);
}

/** The same convolution in the types of a machine. */
function typeRows(): string {
  const rows = ['textbook-single-i8x4', 'tpu-v1', 'tpu-v3', 'gemmini-16x16', 'diannao'].flatMap((name) => {
    const { matrix } = machine(name);
    return modesOf(matrix).map((mode) => {
      const unit = unitFor(matrix, mode);
      const [a, b] = unit.kind === 'dot' ? [unit.tn, unit.ti] : [unit.rows, unit.columns];
      const cycles = mmaCycles(machine(name), PIXELS, FILTERS, REDUCTION, mode);
      const entries = `${accumulatorEntries(matrix, mode)} × ${filtersOf(matrix, mode)}`;
      return [name, mode === 'i8' ? 'i8, u8' : mode, `${a} × ${b}`, macsPerCycle(matrix, mode), entries, cycles];
    });
  });
  return table(['machine', 'type', 'geometry', 'MACs a cycle', 'accumulators', 'cycles'], rows);
}

function dmaRows(): string {
  const single = machine('textbook-single');
  const bursts: Machine = { ...single, dma: { ...single.dma, burstBytes: 64 } };
  const shapes = [
    ['16 KiB in one piece', recordOf([{ size: 4096, stride: 4 }])],
    [
      '256 segments of 64 bytes: 16 columns of a 256 × 128 matrix',
      recordOf([
        { size: 16, stride: 4 },
        { size: 256, stride: 512 },
      ]),
    ],
    ['256 segments of 4 bytes: one of its columns', recordOf([{ size: 256, stride: 512 }])],
    [
      'a 3 × 3 corner of an image of 14 × 14 × 64, padded by 1: one row and one column outside',
      recordOf([
        { size: 192, stride: 4, lo: 64 },
        { size: 3, stride: 3584, lo: 1 },
      ]),
    ],
  ] as const;
  const rows = shapes.map(([what, dram]) => {
    const of = (m: Machine) => dmaCost(m, { sizes: dram, dram, elementBytes: 4 });
    const plain = of(single);
    return [what, plain.segments, plain.payloadBytes, plain.cycles, of(bursts).dramBytes, of(bursts).cycles];
  });
  return table(['transfer', 'segments', 'bytes', 'cycles, burst 1', 'bytes in bursts of 64', 'cycles, burst 64'], rows);
}

function vectorRows(): string {
  const { vector } = machine('systolic-16x16');
  const rows = (
    [
      ['`add` of 1000 elements', 'add', [1000, 1, 1, 1, 1], false],
      ['`exp` of 1000 elements', 'exp', [1000, 1, 1, 1, 1], false],
      ['sum of each of 10 rows of 100', 'mov', [100, 10, 1, 1, 1], true],
      ['3 × 3 max pooling of 7 × 7 × 64, channels in the lanes', 'mov', [64, 7, 7, 3, 3], false],
    ] as const
  ).map(([what, name, sizes, reduces]) => {
    const lanes = Math.ceil(sizes[0] / vector.lanes);
    return [
      what,
      lanes,
      sizes.slice(1).reduce<number>((a, b) => a * b, 1),
      vecCycles(machine('systolic-16x16'), name, sizes, reduces, { strides: [] }),
    ];
  });
  return table(['entry', 'groups of a run', 'runs', 'cycles'], rows);
}

/** The example program on a machine: its entries with their cycles, and a timeline. */
function example() {
  const text = readFileSync(new URL('../examples/02-vector.s', import.meta.url), 'utf8');
  const on = machine('systolic-16x16');
  const program = { ...assembleProgram(text, { file: '02-vector.s' }), machine: on };
  const recorder = new TimelineRecorder();
  const rows: (readonly (string | number)[])[] = [];
  const asks = new Map<string, number>();
  const observer = (event: SimulationEvent): void => {
    recorder.observer(event);
    if (event.type === 'channel:grant') asks.set(event.unit, event.cycle);
    if (!('start' in event)) return;
    const grant = asks.get(event.unit);
    const isTransfer = event.entry.kind === 'load' || event.entry.kind === 'store';
    rows.push([
      event.start,
      event.unit,
      `${event.pc}: ${event.entry.kind}${'semaphore' in event.entry ? ` ${event.entry.semaphore}` : ''}`,
      isTransfer ? (grant ?? '–') : '–',
      event.cycle,
    ]);
  };
  const state = createSimulation(program, { data: false, observer }).run();
  if (state.state !== 'done') throw new Error(state.state);
  rows.sort((a, b) => (a[0] as number) - (b[0] as number));
  return {
    listing: disassemble(program.words).trimEnd(),
    rows: table(['begins', 'unit', 'entry', 'channel granted', 'ends'], rows),
    cycles: state.result.cycles,
    picture: timeline(recorder.spans, {
      title: `examples/02-vector.s on ${on.name}`,
      to: state.result.cycles,
      units: ['control', 'load', 'vector', 'store'],
    }),
  };
}

function dramRows(): string {
  const devices = [...dramDevices.values()];
  const rows = [
    ['clock (MHz)', ...devices.map((d) => d.clock / 1e6)],
    ['bus (bytes), burst', ...devices.map((d) => `${d.busBytes}, ${d.burstLength}`)],
    ['bank groups × banks', ...devices.map((d) => `${d.bankGroups} × ${d.banksPerGroup}`)],
    ['row (bytes)', ...devices.map((d) => d.rowBytes)],
    ...Object.keys(devices[0]!.timing).map((name) => [name, ...devices.map((d) => d.timing[name as 'CL'])]),
  ];
  return table(['', ...devices.map((d) => d.name)], rows);
}

function fieldRows(): string {
  const shown = [machine('textbook-single'), machine('systolic-16x16')];
  const shownValue = (m: Machine, path: string): string => {
    let value: unknown = m;
    for (const key of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[key];
    return value === undefined ? '–' : typeof value === 'object' ? '' : String(value);
  };
  const rows = machineFields().map(({ path, type, optional, meaning }) => [
    `\`${path}\`${optional ? ' ?' : ''}`,
    type,
    meaning,
    ...shown.map((m) => shownValue(m, path)),
  ]);
  return table(['field (? optional)', 'value', 'meaning', ...shown.map((m) => m.name)], rows);
}

/** The files by their path in the repository. */
export function machinePages(): readonly (readonly [string, string])[] {
  const run = example();
  const page = `# The processor, to the cycle

Made by \`npm run docs\` from the state tables, cost functions and schema of the code; do not edit. [isa.md](isa.md) has the
instructions bit by bit, [control.md](control.md) the control unit; ARCHITECTURE.md has what instructions compute and which errors stop
a run. From these pages the hardware of a machine that says \`realizable: true\` can be written, and must then agree cycle for cycle.

![Block diagram of systolic-16x16](machine-core.svg)

Everything is drawn from the machine file; \`systole machine show NAME\` prints one in words. A machine of several cores has the same core
several times, before one DRAM and with a SharedRAM:

![Block diagram of textbook-cluster](machine-cluster.svg)

## Conventions

- **One clock.** Everything happens at a cycle, a rising edge of it, counted from 0. "Takes n cycles" means: what begins at cycle t is over at
  t + n, and what waits for it can begin at t + n. A run takes as many cycles as the number of the edge at which \`halt\` has drained.
- **Within a cycle** first units whose time is over complete, then idle units take the heads of their queues, in the order load, store (or
  the one DMA), link, matrix, vector, winograd, and then by number; control goes on where what it waited for has come; this repeats until nothing
  moves, which on a realizable machine it does in one round, since every instruction, wait and signal takes at least a cycle. Then
  the DRAM channel is granted.
- **Dispatch snapshots.** An entry holds the base addresses and whole records as they were at the end of its instruction. What control
  writes afterwards does not reach it.
- **Queues** hold \`control.queueDepth\` entries (the one that executes is not among them). A full one stalls control until its head is
  popped; the entry enters in the same cycle.
- **Semaphores** are counters of ${'0 … 255'}. A \`signal\` is popped when the unit is idle, so everything before it in its queue is complete; the
  count is visible \`control.signalLatency\` cycles later. A \`wait\` stays at the head of its queue until a count is visible and takes one.
- **Reset** clears registers, records (sizes 1, strides 0, bounds 0 … 1, fill 0), semaphores, queues and the loop stack; pc is 0. What
  scratchpads hold is not defined, and reading it stops the run.
- **Data.** An entry may read its operands from its first cycle on and write results up to its last. Programs that are free of races
  cannot tell when; the simulator lets all of it happen at the beginning.

## Units

A unit executes one entry at a time, in the order of its queue. A state that lasts 0 cycles is passed in the cycle in which it is entered.
The simulator jumps from event to event by closed forms; a second model walks these tables a cycle at a time, and both meet every start
and end (\`test/clocked.test.ts\`; links and meetings need several cores, which that model lacks: their times are worked out by hand in \`src/sim/manyCores.test.ts\`).

${statesOf(
  'Every unit with a queue',
  UNIT_MACHINES[0]!.states.filter((s) => QUEUE_STATES.includes(s.name)),
)}
What IDLE leads to for any other entry (SETUP is that of the DMA) is the first state of the unit's own:

${UNIT_MACHINES.map((m) =>
  statesOf(
    m.unit,
    m.states.filter((s) => !QUEUE_STATES.includes(s.name)),
  ),
).join('\n')}
## Durations, and where they come from

### DMA

What a transfer moves on the channel is counted in segments. A segment is a run of bytes in DRAM without a gap: the innermost dimension if its
stride is the size of an element, and each next one whose stride is exactly the length of the segment so far; what lies outside the bounds
(padding) is not moved. Each segment moves whole bursts: ⌈segment ÷ burst⌉ · burst bytes. Its start address is not looked at: one that begins
inside a burst is counted as if it were aligned, though it may touch one burst more. \`dram.banked\` is the model that does look.

    channel  = ⌈bytes in bursts ÷ bandwidth⌉
    transfer = max(channel + latency, ⌈bytes of all elements ÷ port⌉)
    entry    = setup + wait for the channel + transfer

The latency is paid once for each transfer, since requests of a transfer follow each other without waiting for answers. The channel is taken for
\`channel\` cycles only, so the latency of one transfer hides under the next of the other queue. On textbook-single (64 bytes a cycle):

${dmaRows()}

### Matrix unit

For P pixels, N filters, K elements of reduction, in the closed forms that follow from the tables:

    dot:      pipeline + ⌈N/Tn⌉ · P · chunks        chunks = outer · ⌈run/Ti⌉ (run), ⌈K/Ti⌉ (flat)
    scalar:   pipeline + K · N · ⌈x/columns⌉ · ⌈y/rows⌉ · images;   of a single pixel pipeline + K · ⌈N/(rows·columns)⌉
    systolic: pipeline + folds · (fill + stream + rows + columns − 2 + empty)

*Why \`rows + columns − 2\`*: element (r, c) of the array works on what entered r + c cycles before. The last element of the stream enters row 0,
column 0 at the last cycle of STREAM and reaches the far corner rows − 1 + columns − 1 cycles later.
*Why a fold is never hidden in less*: with \`preload: hidden\` the second register of each element is filled during the fold before, which
takes at least rows cycles (one streamed element, \`rows + columns − 2\` of skew and columns ≥ 1), so the next fold can begin at once.

A 3 × 3 convolution of 64 to 64 channels over 14 × 14 pixels as one \`mma\` (P 196, N 64, K 576 in 3 runs of 192):

${matrixRows()}

Types other than f32 have a geometry each (\`matrix.types\`), from which all of the above follows; states, pipeline and packing are common. Operands
are 1, 2 or 4 bytes wide, accumulators 4 (i16: 8), so that a type has entries of its own size. Zero points are taken off where operands enter, bias,
activation, scale and rounding stand in the drain path; they are stages of the pipeline and take no cycle of their own. The convolution above:

${typeRows()}

### Vector unit

    pipeline + runs · (⌈d0/lanes⌉ · cycles(F) + (d0 reduced ? log2(lanes) : 0))

On systolic-16x16 (${machine('systolic-16x16').vector.lanes} lanes):

${vectorRows()}

### Sparse weights

A compressed stream is one segment of as many bytes as its instruction says; \`scratchpad bytes\` and elements are those of the dense record:

    load.sparse = setup + wait for the channel
                + max(channel + latency, ⌈scratchpad bytes ÷ port⌉, ⌈elements ÷ elementsPerCycle⌉) + decompressor.pipelineCycles
    mma.sparse  = an mma whose reduction is the kept rows: d0/2 (two4), R elements of one run (bitmap)

The three sides run at once and each takes what the one before has done, so the slowest decides; what it gives last still passes the decompressor's
pipeline. The length of a stream and the rows of weights stand in the instruction: no duration depends on data.

### Winograd unit

    pipeline + ⌈d0/lanes⌉ · d1 · d2 · tileCycles

### DRAM in banks

With \`dram.banked\` a transfer is timed command by command; controller, address mapping, the order of commands and the constraint between each two
stand in ARCHITECTURE.md, "DRAM in banks". The devices that come along, times in their clocks (sources in \`src/machine/dram\`):

${dramRows()}

## A worked example

\`examples/02-vector.s\` computes y = exp(x) · 2 on 256 numbers in two halves, the second of which is loaded while the first is computed. On
systolic-16x16 it takes ${run.cycles} cycles:

![Units over cycles](machine-timeline.svg)

\`\`\`asm
${run.listing}
\`\`\`

${run.rows}

Reading the first line of a transfer: the \`load\` is dispatched at the end of its instruction, spends its setup, asks for the channel, and from
the grant on takes ⌈512 ÷ 16⌉ = 32 cycles of the channel and 100 of latency. The second \`load\` stands behind the \`signal\`, which takes a cycle.
The first \`vec.exp\` begins a cycle after that \`signal\`, when its count is visible to the \`wait\`, and so on: every number is the sum of states above.

## Fields of a machine file

Wherever a command takes a machine, \`NAME,FIELD=VALUE\` (or \`FILE,FIELD=VALUE\`) is that machine with a field changed, several by commas:
\`--machine textbook-single,wram.bytes=524288,dram.bandwidth=12.8\`. A field is named by its path below; a rate takes a number or a quotient
(\`64/5\`) of bytes a cycle, \`none\` takes an optional field away. What comes of it obeys all rules of machine files, and its name tells what was changed.

What is absent where a field is optional is said in its meaning. Rates are fractions, bytes in so many cycles, so that 12.8 bytes a cycle are exact.

${fieldRows()}
`;
  return [
    ['docs/machine.md', page],
    ['docs/machine-core.svg', blockDiagram(machine('systolic-16x16'))],
    ['docs/machine-cluster.svg', blockDiagram(machine('textbook-cluster'))],
    ['docs/machine-timeline.svg', run.picture],
  ];
}

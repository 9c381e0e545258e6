/**
 * The object of `--json` of `run`, `exec` and `sim`, field by field: docs/report.md is made of these tables. Their types hold the
 * report's own, so that no field goes without its line.
 */
import type { UnitResult } from '#sim';
import type { LayerReport } from './layers.ts';
import type { RunReport } from './runReport.ts';

type Told<T> = Readonly<Record<keyof T, string>>;

const RUN: Told<RunReport> = {
  model: 'the network or program, as it was named',
  machine: 'name of the processor',
  machineFile: 'the file that describes it; null for a preset',
  cores: 'its cores: totals hold the work of all, cycles of a unit are those of one',
  parkedCores: 'cores of the machine that the program leaves out',
  dtype: 'what it computed in; null where a program has sizes only, or neither multiplies nor has inputs or outputs',
  fidelity: '`timing` or `data`',
  frequency: 'Hz',
  inputs: '`name`, `dtype`, `shape`, and `source`: where the data came from',
  cycles: 'all, from reset to `halt` with everything idle',
  seconds: 'cycles ÷ frequency',
  macs: 'multiply-accumulates that the network needs, on processor and host',
  otherOps: 'operations of the matrix unit that are none',
  bytes: '`read` and `write`: between DRAM and processor, inside the bounds (not whole bursts)',
  instructions: '`program`: its words; `executed`: by control',
  bound:
    '`physical` (`physicalUnit`, `physicalBy`) and `layerwise` lower bounds in cycles, `groups` of the latter; ARCHITECTURE.md, "Bounds"',
  control:
    'cycles of control by what they went to: `issue`, `branch`, `fetch`, `data`, `queue`, `sync`, `barrier`, `host`, `halt`; they add up to `cycles`, of several cores with control of their own to as many times `cycles`',
  efficiency: 'layer-wise bound ÷ cycles; null without one',
  check:
    'comparison with the host engine, null where none was made: `ok`, `maxAbs`, `maxRel`, `tolerance`, by `outputs`',
  outputs:
    '`name`, `dtype`, `shape`, `data` in row-major order (null without data; 64-bit integers, NaN and infinities as strings)',
  dram: 'of DRAM in banks: `device`, `channels`, bursts that were `hits`, `misses` and `conflicts` (`hitRate`), `cycles` that transfers held the channel, `readBytes` and `writeBytes` of those bursts, whole and where they lie (what energy counts), `refreshes` and `refreshCycles`; bytes a second `peak`, `achieved`, and `achievedHeld`, while the channel was held; null without banks',
  layers: 'below',
  rest: 'cycles behind the last layer; all of them where a program names no layers',
  units: 'below',
  memories:
    "of a program in the textbook's dialect: the memories that it uses, whether they were judged, and their capacity; else null",
  loads: 'with `--stats`: cycles of each executed instruction and the balance of each unit; else null',
  energy: 'joules: `total`, `by` where it goes, `layers`, `rest`; null where the machine has no figures',
  host: '`cycles` and `nodes` of the host part, each node with its `reason`',
  notices: '`code` and `message` of remarks',
};

const UNIT: Told<UnitResult> = {
  name: '`load` and `store` (`dma` where one queue serves both), `link`, `matrix`, `vector`, `winograd`',
  core: 'number of its core; absent where one core runs, or all in lockstep',
  busy: 'cycles in which it executed an entry, waiting for the DRAM channel excepted; busy + idle = cycles',
  idle: 'the others',
  idleBy:
    'the same by cause: `channel`, `dram`, `tail`, `host`, `sync`, `empty`, `dependence`, `bank`, `semaphore`; ARCHITECTURE.md, "Time"',
  waits: 'the cycles under `sync` and `semaphore`, by the producer that was waited for',
  lanes:
    'lane-cycles while it computed: `available` = `used` + `pipeline` + `fill` + `drain` + `ragged`; of matrix and vector unit once they did',
  entries: 'that it took from its queue, semaphores included',
};

const LAYER: Told<LayerReport> = {
  name: 'its main node',
  op: 'operators, with what is fused',
  nodes: 'all its nodes',
  where: '`matrix`, `vector`, `dma`, `host` or `none`',
  onHost: 'nodes that the host runs, each with its reason',
  shape: 'of its result',
  cycles: 'from the end of all layers before it to its own; layers and `rest` add up to the total',
  macs: 'needed multiply-accumulates',
  vectorOps: 'operations of the vector unit',
  bytes: '`read` and `write`, as above',
  bound: 'which side was busy longer: `compute`, `memory`, `host`, or `none`',
  utilisation: 'work ÷ (cycles × peak) of the unit it ran on, 0 to 1',
  lanes: 'as of a unit, by unit',
  loops:
    'tiles: loops of its code, outermost first, with the number of `cores` (or clusters) to which their tiles are dealt',
  sparse:
    '`null` where its weights lie dense; else the `form` (`stream`: compressed in DRAM alone; `two4`, `bitmap`: multiplied as they are kept), the number of `weights`, those `nonzero` and their share, `density`; the `bytes` of the weights and `bytesSpared` against dense ones; `macsExecuted`, and `macsSkipped` of `macs`',
  winograd:
    'of a convolution by the Winograd unit: `tile`, `weights` (transformed `ahead` or `onChip`), `roundings` on the longest way, `error`, the most that an output can be off by for inputs up to 1 (it grows with them), and `reach`, the largest output that such inputs can have; else null',
  kept: 'values between layers that stay on the chip: `value`, `bytes`, `memory` (`nram`, `shared`, of weights `wram`), and whether it has `read` or `write` access',
};

const table = (fields: Readonly<Record<string, string>>): string =>
  ['| field | holds |', '|---|---|', ...Object.entries(fields).map(([name, text]) => `| \`${name}\` | ${text} |`)].join(
    '\n',
  );

/** The page docs/report.md. */
export const reportPage = (): string => `# The object of --json

\`systole run\`, \`exec\` and \`sim\` print it with \`--json\`, the same object for a network, a program file and an assembly file. Names are stable;
fields may be added. Made by \`npm run docs\`.

\`\`\`sh
systole sim schedule.s --machine textbook-single --json    # cycles, units[].busy, bytes.read, bytes.write
\`\`\`

${table(RUN)}

Beside them, where they were asked for: \`top\` (\`--top\`, \`--labels\`: best classes of each sample), \`files\` (\`--output\`: what was
written), \`answer\` (of the built-in network).

## units

${table(UNIT)}

## layers

${table(LAYER)}

# The page

\`systole report MODEL… --machine … -o report.html\` writes runs as one HTML file that opens from disk in any browser of 2023 or later; it asks no network for
anything, which a policy in it enforces. Time is simulated, numbers are not computed. Several networks and \`--machine\`s stand in one page, which compares any two.

| part | holds |
|---|---|
| Summary | cycles, time, MACs, DRAM traffic, efficiency, energy; bounds; what the host runs and why |
| Layers | a table to sort, filter and measure by a pinned layer or another run (\`×0.52\`); of a layer its loops, where its cycles went, its code |
| Advice | changes that save most, each confirmed by a run: why, what it costs, the command ([advice.md](advice.md)); \`--no-advice\` leaves it out |
| Units | cycles of each unit: at work, and idle by what it waited for |
| Roofline | layers under the roofs of the machine |
| Timeline | what each unit did when, by wheel, drag, keys and buttons down to a cycle; short neighbours of one layer are one slice where a run has more than 400,000 |
| Memory | what lies in each scratchpad when, on the timeline's cycles |
| Energy | by where it went; where the machine has figures |
| Program | the instructions of each layer |
| Machine | its picture and all its figures |
| How to make this again | the command, the version, a machine file as it was read |

\`systole diff A B\` compares two runs in the terminal, or as such a page with \`-o diff.html\`: two networks, one network and two \`--machine\`s, or files that hold
the object of \`--json\`, of which a page has the report alone. Layers are paired by the nodes they share: where one run fuses or cuts nodes differently,
groups of layers stand beside each other.

It is in English and Chinese, light and dark, and works with keyboard and screen reader. \`--json\` prints the objects above as \`runs\` instead of the figures in short.
`;

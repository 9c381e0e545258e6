/** docs/explore.md and docs/schemas/space.json: the reference of design-space exploration, made of the schema of space files and the measures. */
import * as z from 'zod';
import { entryOf, MEASURE_NAMES, spaceSchema } from '#explore';
import { AREA_NANOMETRES, type AreaPart, estimateArea, presets } from '#machine';

export function explorePages(): readonly (readonly [path: string, text: string])[] {
  const { $schema, ...schema } = z.toJSONSchema(spaceSchema, { io: 'input' });
  const named = {
    $schema,
    $id: 'systole/space/1',
    title: 'space',
    description: 'A space file of systole explore',
    ...schema,
  };
  return [
    ['docs/explore.md', page()],
    ['docs/schemas/space.json', `${JSON.stringify(named, null, 2)}\n`],
  ];
}

const bare = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;

/** Rows of an object's keys. */
function rows(object: z.ZodObject, prefix = ''): readonly string[] {
  return Object.entries(object.shape).flatMap(([key, child]) => {
    const schema = child as z.ZodType;
    const name = `${prefix}${key}`;
    const inner = bare(schema);
    const meaning = schema.description ?? inner.description ?? '';
    const needed = schema instanceof z.ZodOptional ? '' : ' (needed)';
    return [
      `| \`${name}\` | ${meaning.replaceAll('|', '\\|')}${needed} |`,
      ...(inner instanceof z.ZodObject ? rows(inner, `${name}.`) : []),
    ];
  });
}

const BETTER = { less: 'small', more: 'large' } as const;

const measures = (): string =>
  MEASURE_NAMES.map((name) => {
    const { en, unit, better, isStatic } = entryOf(name);
    return `| \`${name}\` | ${en} | ${unit === '' ? '–' : unit} | ${BETTER[better]} | ${isStatic === true ? 'the machine alone' : 'a run'} |`;
  }).join('\n');

function dimensionRows(): string {
  const vary = spaceSchema.shape.vary as unknown as z.ZodRecord;
  const options = (vary.valueType as unknown as z.ZodUnion).options;
  const object = options.find((o) => o instanceof z.ZodObject) as z.ZodObject;
  return rows(object).join('\n');
}

/** What the area model makes of a part, over what its publication states, at the node of that. */
function ratio(name: string, part: Extract<AreaPart, 'nram' | 'wram' | 'control'>): string {
  const machine = presets.get(name)!;
  const { technologyNanometres, ...stated } = machine.area!;
  const estimated = estimateArea(machine).by[part] * (technologyNanometres / AREA_NANOMETRES) ** 2;
  return (estimated / stated[part]!).toFixed(2);
}

function page(): string {
  return `# Exploring a design space

\`systole explore SPACE.yaml\` compiles networks for many machines, runs them, and finds the designs that no other beats. A question that it
answers, with pictures: [four-square-millimetres.md](four-square-millimetres.md). Made by \`npm run docs\`.

\`\`\`yaml
models: [mobilenet-v2, resnet50]     # judged together, by the geometric mean
dtype: i8
machine: textbook-single-i8x4        # a preset, or a machine file
vary:                                # any fields of the machine, by path
  nram.bytes: { from: 32768, to: 262144, times: 2 }
  vector.lanes: { values: [32, 64, 128], with: { vector.types.i8.lanes: 1 } }
  dram.bandwidth: [8, 16, 32]        # bytes a cycle
constraints:
  area: { most: 4 }
objectives: [time, energy]
search: { method: nsga2, budget: 400, seed: 1 }
\`\`\`

Editors that know JSON Schema check such a file by [schemas/space.json](schemas/space.json). Wrong ones are answered with the line, what was found and what is expected.

## Keys

| key | meaning |
|---|---|
${rows(spaceSchema).join('\n')}

A field of \`vary\` has a list of values, or:

| key | meaning |
|---|---|
${dimensionRows()}

A rate such as \`dram.bandwidth\` is a number of bytes a cycle, or a quotient as a word (\`64/5\`); \`none\` takes an optional field away. Values of numbers are in order, of
words not. Fields that belong together (the lanes of one unit for several types) change together by \`with\`.

## Measures

Objectives and constraints are measures. What is of a run is of one sample, so that batches compare.

| measure | is | unit | good | known from |
|---|---|---|---|---|
${measures()}

A limit on what the machine alone decides is looked at before anything runs: designs that break it are listed as excluded and cost nothing. Several networks make one
measure by \`combine\`: \`geomean\` takes the geometric mean of each measure; \`sum\` runs a sample of each one after the other (times, cycles, energies and traffic add up, and
throughput, power, energy-delay product and efficiency follow from the sums); \`worst\` takes the worst; \`each\` makes the network one more choice, so that every network has designs of
its own on the front.

Networks by name that are \`i8\` are quantised with weights drawn from seed 0 and calibrated on one random sample: time, energy and area do not depend on the values. Their
accuracy is no measure here. Where they are not quantised their weights are not drawn at all, and sparse forms are off; ONNX files keep what they have.

\`efficiency\` may exceed 100 %. The layer-wise bound lets every group of nodes (a convolution with the activation, addition and pooling behind it) read its inputs from DRAM and
write its results there, each once, one group after the other. A program that keeps activations on the chip from one layer to the next, or fuses layers, moves less, and where
DRAM limits it takes fewer cycles than this bound.

### The area model

Square millimetres from the machine's sizes. All constants are of 45 nm, with their sources in \`src/machine/areaModel.ts\`: a memory is 0.2 mm² and 0.006 mm² a KB, fitted to
the buffers of DianNao (Chen et al., ASPLOS 2014) and ShiDianNao (Du et al., ISCA 2015), which are of 65 nm and taken to 45 nm by the square of the length; multipliers and adders
are those of Dally's tutorial at NIPS 2015, of 45 nm (8-bit multiplication 282 µm², f32 7700 µm², f32 addition 4184 µm²), and a unit is 1.44 times what it is made of, as
DianNao's is. It serves to compare machines of one kind. It is no layout: it knows nothing of wiring between units, pads, the memory
controller, voltage and clock, and leaves out the instruction memory. Published machines that state areas keep them in their files. What the model makes of a
part, over what is published: DianNao's NRAM ${ratio('diannao', 'nram')}, WRAM ${ratio('diannao', 'wram')}, control ${ratio('diannao', 'control')}; ShiDianNao's NRAM ${ratio('shidiannao', 'nram')}, WRAM ${ratio('shidiannao', 'wram')}, control ${ratio('shidiannao', 'control')}. Matrix units
are not compared: those chips multiply 16 bits alone, and machines here have f32 too.

The energy model is that of every report ([report.md](report.md)). With \`energy: scaled\` the energy of an access to a memory follows its size from that of the machine that is varied, by
the power law of Horowitz's memories (exponent 0.46).

## Search

- \`exhaustive\` goes through all designs, at most a million.
- \`random\` draws as many different ones as \`budget\` says.
- \`nsga2\` (Deb et al., IEEE TEC 6(2), 2002) breeds them in generations, the first a Latin hypercube with the least and the most of all sizes in it; now and then half of a child's values are drawn anew. Designs that break a limit known before are never bred; those that cannot
  be compiled, or that break a limit in their run, lose against all others. No design runs twice. The same seed looks at the same designs, however many workers there are.
  On a space of 4,000 designs for LeNet-5 (time, energy and area; \`test/exploreSweep.full.test.ts\`) 400 evaluations have to reach 95 % of the hypervolume of the whole
  front in at least 8 of the seeds 1 to 10; the test prints what each reaches, and what 400 drawn at random do.

\`exhaustive\` goes through designs in an order in which neighbours share what the compiler's searches find (a contraction's tiles do not depend on the vector unit), and the pool gives such
neighbours to one thread; outcomes are the same in any order. \`npm run bench explore\`: all 2,000 designs of
[12-two-thousand-machines.yaml](../examples/12-two-thousand-machines.yaml), two workers on two cores, 29 a second, 65 ms of processor time each, compilation included.

\`effort: quick\` predicts 3 tilings of a layer in the place of 64, plays fewer turns of each, and takes fewer tiles where that costs few cycles. On 24 machines drawn from
[12-two-thousand-machines.yaml](../examples/12-two-thousand-machines.yaml), with seed 1, AlexNet takes 0.2 % more cycles than with \`full\` in the median and 1.6 % more at
most; the search with one worker took 7.2 s of processor time in place of 21, its start and the files of results among them. Look at the designs that you choose with \`systole run\`, which is \`full\`.

## Results

\`-o FOLDER\` takes them, by default a folder with the name of the space file:

| file | holds |
|---|---|
| \`results.sqlite\` | the outcome of each network on each machine, kept as soon as it is there |
| \`results.csv\`, \`results.parquet\` | a line for each design: its values, all measures, why it failed; units as in the table above |
| \`front.csv\` | those of the front |
| \`front.svg\`, \`front.png\` | all designs by the first two objectives (or the only one and the area), with the front |

With \`--queue URL\` workers on other machines run the designs: [queues.md](queues.md). Nothing else changes.

The process may be killed at any moment: \`--resume\` goes on, runs what is missing and nothing that is there, and ends with the same results as a run that was left alone. Designs that broke or ran into their time limit (SYS-EXPLORE-001, 040, 041, 110) are tried once more. A search in which no design is left for a front ends with exit code 4 and says why (030 by limits of the machine alone, 031 all failed, 032 limits of the runs).
(What a power cut takes from the end of the log runs again.) Ctrl-C ends a search in order and says how to go on; \`--limit N\` runs N networks on machines and then does the
same. With \`--resume\` constraints, objectives and search may have changed; results of another version of Systole, or of another space, are refused.

A design that makes no valid machine, a network that does not fit it, a run over \`timeout\` seconds or one that takes its worker with it twice is a result like any other, with the
code of its reason ([errors.md](errors.md)), and never the end of the search.
`;
}

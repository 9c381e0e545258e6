/**
 * Every command that has `--json`, on small real input: what it prints is held against the schema of its answer, strictly. A command without
 * a schema fails, as does an answer that no case here prints.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { writeNpy } from '#data';
import { presets } from '#machine';
import { commandsByName } from '../../scripts/jsonPage.ts';
import { declaredAnswers, printedSchema, schemaName } from '../../src/cli/answers.ts';
import { everyCommand } from '../../src/cli/command.ts';
import { Console } from '../../src/cli/console.ts';
import { showError } from '../../src/cli/errors.ts';
import { buildProgram, commandNames } from '../../src/cli/index.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-json-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  mkdirSync(join(folder, 'events'));
  const write = (name: string, text: string | Uint8Array): void => writeFileSync(join(folder, name), text);
  write(
    'mixed.txt',
    'model ir=8 producer="test" opset {"": 17}\ngraph mixed(x: float32[N,2,6,6], i: int64[3]) -> (y: float32[N,4,6,6], j: int64[3]) {\n' +
      '  const w: float32[4,2,3,3] = splat 0.5\n  const b: float32[4] = splat 1.0\n' +
      '  c = Conv[pads=[1, 1, 1, 1]](x, w, b) @conv\n  s = Sin(c) @sine\n  y = Relu(s) @relu\n  j = Add(i, i) @twice\n}\n',
  );
  write(
    'open.txt',
    'model ir=8 producer="test" opset {"": 17, "own": 1}\ngraph open(x: float32[N,4]) -> (y: float32[N,4]) {\n' +
      '  const w: float32[4,4] = splat 0.5\n  a = own::Thing(x) @thing\n  m = MatMul(x, w) @product\n  y = Add(m, a) @sum\n}\n',
  );
  write(
    'space.yaml',
    'models: adder\nmachine: textbook-single\nvary: { nram.bytes: [64, 65536], dram.bandwidth: [16, 64] }\nobjectives: [time, area]\n',
  );
  write('double.s', DOUBLE);
  write(
    'layers.s',
    'loop 4\nmove DRAM NRAM[0] 64\nsync\nmove NRAM[0] DRAM 64\nendloop\nmove DRAM WRAM 1024\nsync\ncompute MAC_32 4096\nsync\n',
  );
  write(
    'count.npy',
    writeNpy({ dtype: 'float32', dims: [16], bytes: new Uint8Array(new Float32Array(16).map((_, i) => i).buffer) }),
  );
  mkdirSync(join(folder, 'class', 'ada'), { recursive: true });
  write('class/ada/2.2.json', '{"total": 22016}');
  write('class/ada/7.8.s', 'compute nonsense\n');
  write('class/ada/notes.txt', 'no answer');
  write('labels.txt', 'zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n');
  const head = 'Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,';
  write('net.csv', `${head} Sparsity,\nConv1, 14, 14, 3, 3, 8, 12, 1, 2:4,\n`);
  write('net.cfg', CONFIG);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const DOUBLE = `.dram 4096
.input "x", 0, float32[16]
.output "y", 64, float32[16]
.node "double"
  cfg.dimi R0, 0, 16, 4
  li r1, 64
  load nram, r0, r0, R0, R0, f32
  signal load, 0
  wait vector, 0
  vec.add r0, r0, r0, R0, R0, R0, f32, record
  signal vector, 1
  wait store, 1
  store nram, r1, r0, R0, R0, f32
  halt
`;
const CONFIG = `[general]
run_name = small
[architecture_presets]
ArrayHeight: 8
ArrayWidth: 4
IfmapSramSzkB: 1
FilterSramSzkB: 1
OfmapSramSzkB: 1
IfmapOffset: 0
Bandwidth: 4
Dataflow: ws
[run_presets]
InterfaceBandwidth: USER
[sparsity]
SparsitySupport: true
SparseRep: ellpack_block
OptimizedMapping: false
`;

/** Runs a command in this process: its objects, one a line where it prints lines. `@` is the folder. */
async function printed(line: string): Promise<readonly Record<string, unknown>[]> {
  const words = line.split(' ').map((word) => word.replaceAll('@', `${folder}/`).replaceAll('\u2002', ' '));
  const args = [...words, '--json'];
  const texts: string[] = [];
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => texts.push(String(text)) > 0);
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const console = new Console({ language: 'en', json: true, debug: false });
  try {
    await (await buildProgram(console, '0.0.0', args)).parseAsync(args, { from: 'user' });
  } catch (error) {
    showError(error, console);
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
  const text = texts.join('');
  return text.startsWith('{\n')
    ? [JSON.parse(text)]
    : text
        .trimEnd()
        .split('\n')
        .map((l) => JSON.parse(l));
}

/** A committed file of docs/schemas as a validator. */
const fileSchema = (name: string): z.ZodType =>
  z.fromJSONSchema(JSON.parse(readFileSync(new URL(`../../docs/schemas/${name}.json`, import.meta.url), 'utf8')));

/** Answers that the lines have printed. */
const seen = new Set<string>();

/** Holds what a command prints against the schemas of its answers. */
async function hold(line: string, expected?: string): Promise<readonly Record<string, unknown>[]> {
  const objects = await printed(line);
  expect(objects.length, line).toBeGreaterThan(0);
  const answers = [...declaredAnswers().values()];
  for (const object of objects) {
    const found =
      answers.find((a) => a.form !== 'document' && schemaName(a) === object.schema) ??
      answers.find((a) => a.form === 'document' && a.name === expected);
    expect(found, `${line}: schema ${String(object.schema)}`).toBeDefined();
    if (expected !== undefined) expect(found!.name, `${line}\n${JSON.stringify(object).slice(0, 400)}`).toBe(expected);
    const result = printedSchema(found!).safeParse(object);
    expect(result.error?.issues.slice(0, 5) ?? [], line).toEqual([]);
    if (found!.form !== 'document') {
      const committed = fileSchema(found!.name).safeParse(object);
      expect(committed.error?.issues.slice(0, 5) ?? [], `${line}: docs/schemas`).toEqual([]);
    }
    seen.add(found!.name);
  }
  return objects;
}

const CASES: readonly (readonly [line: string, answer: string])[] = [
  ['run adder', 'run'],
  ['course', 'course'],
  ['course 2.2', 'course-exercise'],
  ['course check 2.2 2.6', 'course-check'],
  ['course check 2.2 --answer 22538', 'course-answer'],
  ['course check 2.2 --answer @class', 'error'],
  ['course grade @class', 'course-grades'],
  ['run lenet5 --labels @labels.txt --output @out', 'run'],
  ['run @mixed.txt --dim N=1', 'run'],
  ['run @open.txt --dim N=1 --timing-only', 'error'],
  ['run squeezenet --timing-only --machine textbook-cluster', 'run'],
  ['sim @double.s --input x=@count.npy --stats', 'run'],
  ['sim @layers.s --stats --tile 16', 'run'],
  ['compile @mixed.txt --dim N=1 -o @mixed.dlp', 'compile'],
  ['exec @mixed.dlp --timing-only', 'run'],
  ['asm @double.s', 'asm'],
  ['asm @double.s -o @double.dlp', 'asm'],
  ['disasm @double.dlp', 'disasm'],
  ['disasm @mixed.dlp', 'disasm'],
  ['cache', 'cache'],
  ['cache --clear', 'cache'],
  ['summary @mixed.txt --dim N=2', 'summary'],
  ['summary @open.txt', 'summary'],
  ['summary resnet18 --convention torchinfo-0.0.4', 'summary'],
  ['summary transformer --format json', 'summary'],
  ['explain @mixed.txt --dim N=1', 'explain'],
  ['explain alexnet --layer 3 --schedules 3', 'explain'],
  ['explain squeezenet --layer 3 --machine textbook-cluster', 'explain'],
  ['advise lenet5 --runs 3', 'advise'],
  ['advise --rules', 'advice-rules'],
  ['report lenet5 --no-advice -o @report.html', 'report'],
  ['diff lenet5 --machine textbook-single --machine tpu-v1', 'diff'],
  ['diff lenet5 adder -o @diff.html', 'diff'],
  ['explore @space.yaml -o @found --workers 1', 'explore'],
  ['explore @space.yaml -o @found --workers 1', 'error'],
  ['worker --queue postgres://127.0.0.1:1/none', 'error'],
  ['utilisation --multipliers 64,256', 'utilisation'],
  ['utilisation transformer --array scalar-mac --bits 16', 'utilisation'],
  ['estimate fusion lenet5 adder', 'fusion'],
  ['estimate speedup alexnet --conv 10 --time roofline', 'speedup'],
  ['estimate fully-connected --peak 4 --batch 8', 'fully-connected'],
  ['estimate tiling --layer conv4', 'tiling'],
  ['parallel lenet5 --devices 2 --links intra=16 --batch 8', 'parallel'],
  [
    'parallel mlp --devices 4 --per-node 2 --links intra=16,1us,inter=1,5us --peak 1000 --bandwidth 100 --strategy data',
    'parallel',
  ],
  ['plot roofline lenet5', 'plot-roofline'],
  ['plot roofline lenet5 --multipliers 16,64', 'plot-roofline-analytic'],
  ['plot utilisation --bits 16', 'plot-utilisation'],
  ['plot tiling --layer fc6', 'tiling'],
  ['plot activations', 'plot-activations'],
  ['plot timeline lenet5 --layer 2', 'plot-timeline'],
  ['plot memory lenet5', 'plot-memory'],
  ['plot energy lenet5', 'plot-energy'],
  ['plot machine --machine textbook-cluster', 'plot-machine'],
  ['plot activations -o @curves.svg', 'plot-written'],
  ['scalesim -t @net.csv -c @net.cfg -p @scale', 'scalesim'],
  ['machine list', 'machines'],
  ['machine list --market', 'market'],
  ['machine show eyeriss', 'machine'],
  ['machine check textbook-single', 'machine-check'],
  ['machine check @labels.txt', 'error'],
  ['machine schema', 'machine-schema'],
  ['optimize lenet5 -o @optimised.onnx', 'optimize'],
  ['quantize lenet5 -o @quantised.onnx --samples 4', 'quantize'],
  ['prune lenet5 -o @pruned.onnx --sparsity 0.5', 'prune'],
  ['run nothing.onnx', 'error'],
  ['machine', 'error'],
  ['plot nothing', 'error'],
];

/** Answers that need more than this folder, and the tests that hold them. */
const ELSEWHERE = new Map([['worker', 'test/queue.test.ts, with a server']]);

describe('what commands print', () => {
  test.each(CASES)('%s', async (line, answer) => {
    await hold(line, answer);
  });

  test('runs on every machine', async () => {
    for (const name of presets.keys()) await hold(`run @mixed.txt --dim N=1 --timing-only --machine ${name}`, 'run');
  }, 60_000);

  test('a training, line by line, and its curves', async () => {
    const kinds = async (line: string) => (await hold(line)).map((l) => l.kind);
    expect(await kinds('train adder --epochs 4 --patience 1 --sparsity 2:4 --events @events')).toEqual(
      expect.arrayContaining(['epoch', 'best', 'zeros']),
    );
    expect(await kinds('train mlp --limit 300 --epochs 1')).toEqual(['epoch', 'confusion']);
    await hold('plot training @events', 'plot-training');
  }, 60_000);

  test('a debugging session, every command of it', async () => {
    const commands = [
      ...['step', 's 2', 'cycle 2', 'event', 'back', 'back cycle 1', 'break pc 8', 'break cycle 90', 'break sem 0'],
      ...['break nram 0 64 write', 'break', 'until 60', 'continue', 'continue', 'continue', 'delete 1', 'delete all'],
      ...[
        'core',
        'core 0',
        'regs',
        'regs r1',
        'records',
        'records R0',
        'mem nram 0 4',
        'mem dram 0 2 i64',
        'mem smem 0 1',
      ],
      ...[
        'queues',
        'units',
        'sems',
        'list',
        'where',
        'help',
        'help step',
        'nonsense',
        'mem nram',
        'continue',
        'restart',
      ],
      ...['continue', 'quit'],
    ];
    const args = ['debug', `${folder}/double.s`, '--input', `x=${folder}/count.npy`];
    const words = [...args, ...commands.flatMap((c) => ['--command', c.replaceAll(' ', '\u2002')])];
    await hold(words.join(' '), 'debug');
  });
});

describe('schemas', () => {
  test('every command has an answer', async () => {
    const commands = await commandsByName();
    expect(commands.size).toBeGreaterThan(20);
    const without = [...commands].filter(
      ([, c]) => c.options.some((o) => o.long === '--json') && c.answers.length === 0,
    );
    expect(without.map(([name]) => name)).toEqual([]);
    const known = new Set(declaredAnswers().values());
    expect([...commands].flatMap(([, c]) => c.answers).every((a) => known.has(a))).toBe(true);
  });

  test('every command has a case here', async () => {
    const program = await buildProgram(new Console({ language: 'en', json: true, debug: false }), '0', commandNames());
    const lines = [...CASES.map(([line]) => line), 'train', 'debug'];
    const missing = [...everyCommand(program).keys()].filter(
      (name) => !lines.some((l) => `${l} `.startsWith(`${name} `)),
    );
    expect(missing).toEqual([]);
  });

  test('every answer was printed', () => {
    expect([...declaredAnswers().keys()].filter((name) => !seen.has(name) && !ELSEWHERE.has(name))).toEqual([]);
  });

  test('an unknown key, a missing one and another type fail', async () => {
    const [object] = (await printed('asm @double.s')) as [Record<string, unknown>];
    const schema = printedSchema(declaredAnswers().get('asm')!);
    expect(schema.safeParse(object).success).toBe(true);
    const { words: _, ...without } = object;
    for (const wrong of [
      { ...object, more: 1 },
      without,
      { ...object, words: 3 },
      { ...object, schema: 'systole/asm/0' },
    ])
      expect(schema.safeParse(wrong).success).toBe(false);
  });

  test('the committed files are what the validator uses', () => {
    const file = JSON.parse(readFileSync(new URL('../../docs/schemas/run.json', import.meta.url), 'utf8'));
    expect(file).toMatchObject({ $id: 'systole/run/1', additionalProperties: false });
    expect(file.properties.schema).toMatchObject({ const: 'systole/run/1' });
    expect(file.required).toEqual(expect.arrayContaining(['schema', 'model', 'cycles', 'layers']));
  });
});

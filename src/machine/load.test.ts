/** Machine files: presets pass, every kind of mistake is answered at its place, held by a golden. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allErrors, declaredDiagnostics, SystoleError } from '#base';
import { errorOf, errorText } from '../../test/support/errorText.ts';
import { splitChanges } from './change.ts';
import { dramDevices } from './dramDevice.ts';
import { parseMachine, resolveMachine } from './load.ts';
import { machineNames, presets } from './presets.ts';
import { machineJsonSchema, machineText } from './show.ts';

const file = 'machine.json';
const preset = (name: string) => readFileSync(new URL(`presets/${name}.json`, import.meta.url), 'utf8');
const good = preset('textbook-single');
const systolic = preset('systolic-16x16');
/** A machine that computes f32 only, with figures of energy. */
const plain = systolic;

/** The preset with one piece of text changed. */
const edit = (from: string | RegExp, to: string, text = good): string => {
  const changed = text.replace(from, to);
  expect(changed, String(from)).not.toBe(text);
  return changed;
};

describe.each(machineNames())('%s', (name) => {
  it('is a machine file like any other', () => {
    expect(parseMachine(preset(name), file)).toEqual(presets.get(name));
    expect(resolveMachine(name)).toBe(presets.get(name));
    expect(resolveMachine({ text: preset(name), file }).name).toBe(name);
  });

  it('reads as a table', async () => {
    const text = (['en', 'zh'] as const).map((language) => machineText(presets.get(name)!, language)).join('\n');
    await expect(`# vitest run src/machine -u\n${text}`).toMatchFileSnapshot(`goldens/${name}.txt`);
  });
});

it('allows comments and trailing commas', () => {
  expect(parseMachine(edit('"realizable"', '// a comment\n"realizable"'), file).name).toBe('textbook-single');
  expect(parseMachine(edit('"elementsPerCycle": 8', '"elementsPerCycle": 8,'), file).name).toBe('textbook-single');
});

it.each([...dramDevices.keys()])('takes %s spelled out', (name) => {
  const device = dramDevices.get(name)!;
  const rate = `{ "bytes": ${(device.clock / 1e9) * 2 * device.busBytes * 80}, "cycles": 5 }`;
  const system = `"channels": 16, "ranks": 1, "channelInterleaveBytes": 64, "interleavedBanks": ${device.bankGroups}, "lookahead": 7`;
  const text = edit(
    '{ "bytes": 64, "cycles": 1 }, "latencyCycles": 0',
    `${rate}, "latencyCycles": 0, "banked": { "device": ${JSON.stringify(device)}, ${system} }`,
  );
  expect(parseMachine(text, file).dram.banked!.device).toEqual(device);
});

/** What it suggests, put in its place, must be taken. */
it.each([1, 7, 1_199_999_999, 1_000_000_007])('suggests a bandwidth that the file takes, at %i Hz', (clock) => {
  const slow = withBanks('"clock":1200000000', `"clock":${clock}`);
  const error = allErrors(errorOf(() => parseMachine(slow, file))).find((e) => e.code === 'SYS-MACHINE-042')!;
  const written = /\{ "bytes": \d+, "cycles": \d+ \}/.exec(error.text('en'))![0];
  expect(parseMachine(slow.replace('{ "bytes": 96, "cycles": 5 }', written), file).dram.banked!.device!.clock).toBe(
    clock,
  );
});

it('takes slots that meet where rows and columns have buses of their own', () => {
  const text = withBanks('"rowOffset":1', '"rowOffset":0,"separate":true');
  expect(parseMachine(text, file).dram.banked!.device!.commandSlots.separate).toBe(true);
  expect(dramDevices.get('hbm2-2000')!.commandSlots.separate).toBe(true);
});

it('exports a JSON Schema', () => {
  const schema = machineJsonSchema() as { properties: object; additionalProperties: boolean };
  expect(Object.keys(schema.properties)).toContain('matrix');
  expect(schema.additionalProperties).toBe(false);
});

/** A machine whose DRAM has banks, with one figure changed. */
const withBanks = (from: string | RegExp, to: string): string => {
  const device = JSON.stringify(dramDevices.get('ddr4-2400'));
  const system = '"channels": 1, "ranks": 1, "channelInterleaveBytes": 64, "interleavedBanks": 4, "lookahead": 7';
  return edit(
    from,
    to,
    edit(
      '{ "bytes": 64, "cycles": 1 }, "latencyCycles": 0',
      `{ "bytes": 96, "cycles": 5 }, "latencyCycles": 0, "banked": {\n"device": ${device.replaceAll(/[,{]"/g, (c) => `${c[0]}\n"`)},\n${system} }`,
    ),
  );
};

const cases: readonly (readonly [string, string])[] = [
  ['a vector type that does not exist', edit('"i8": { "lanes": 64 }', '"int8": { "lanes": 64 }')],
  ['vector lanes of a type that meet in no tree', edit('"u8": { "lanes": 64 }', '"u8": { "lanes": 48 }')],
  ['vector lanes of a type without room', edit('"i8": { "lanes": 64 }', '"i8": { "lanes": 65536 }')],
  [
    'vector lanes of a type beyond circuits',
    edit('"vector": {', '"vector": { "types": { "i16": { "lanes": 16384 } },', plain),
  ],
  ['empty file', ''],
  ['not JSON', 'name: textbook'],
  ['cut off', good.slice(0, 400)],
  ['missing comma', edit('"realizable": false,', '"realizable": false')],
  ['not an object', '[1, 2]'],
  ['too deep', '['.repeat(1e5)],
  ['unknown key', edit('"lanes": 64', '"lane": 64')],
  ['unknown key, nothing near', edit('"lanes": 64', '"lanes": 64, "colour": "red"')],
  ['missing key', edit('"setupCycles": 0, ', '')],
  ['missing object', edit('"nram": { "bytes": 131072 },', '')],
  ['missing kind', edit('"kind": "dot",', '')],
  ['unknown kind', edit('"kind": "dot"', '"kind": "dott"')],
  ['key of another kind', edit('"kind": "dot"', '"kind": "systolic"')],
  ['kilobytes', edit('131072', '"128KB"')],
  ['gigahertz', edit('1000000000', '"1 GHz"')],
  ['number in quotes', edit('"tn": 16', '"tn": "16"')],
  ['quantity of another kind', edit('131072', '"3 cycles"')],
  ['rate as a number', edit('{ "bytes": 64, "cycles": 1 }', '12.8')],
  ['rate as a text', edit('{ "bytes": 64, "cycles": 1 }', '"64 B/cycle"')],
  ['rate without cycles', edit('{ "bytes": 64, "cycles": 1 }', '{ "bytes": 64 }')],
  ['wrong type', edit('"realizable": false', '"realizable": "no"')],
  ['list for a number', edit('"lanes": 64', '"lanes": [64]')],
  ['null', edit('"lanes": 64', '"lanes": null')],
  ['negative', edit('"latencyCycles": 0', '"latencyCycles": -1')],
  ['fraction', edit('131072', '131072.5')],
  ['zero', edit('"tn": 16', '"tn": 0')],
  ['beyond all numbers', edit('131072', '1e999')],
  ['empty name', edit('"name": "textbook-single"', '"name": ""')],
  ['one of a list', edit('"queues": 1', '"queues": 3')],
  ['one of some words', edit('"lanePacking": "run"', '"lanePacking": "runs"')],
  ['no power of two', edit('"lanes": 64', '"lanes": 48')],
  ['duplicate key', edit('"lanes": 64', '"lanes": 64, "lanes": 32')],
  ['NRAM below a matrix tile', edit('131072', '64')],
  ['NRAM below a vector tile', edit('131072', '512')],
  ['WRAM below a tile', edit('262144', '1024')],
  ['accumulators below an entry', edit('"accumulatorBytes": 65536', '"accumulatorBytes": 32')],
  ['DRAM beyond addresses', edit('4294963200', '8589934592')],
  ['half a word', edit('131072', '131073')],
  ['energy in another unit', edit('"mac": 4.6', '"mac": "4.6 nJ"')],
  ['energy in quotes', edit('"mac": 4.6', '"mac": "4.6 pJ"')],
  [
    'no energy for a type',
    edit('"lanePacking": "flat"', '"types": { "i8": { "rows": 32, "columns": 32 } }, "lanePacking": "flat"', plain),
  ],
  ['energy of a type that is not computed', edit('"mac": 4.6', '"mac": 4.6, "macByType": { "i8": 0.3 }', plain)],
  [
    'unknown type',
    edit('"lanePacking": "flat"', '"types": { "i4": { "rows": 32, "columns": 32 } }, "lanePacking": "flat"', plain),
  ],
  [
    'geometry of another kind',
    edit('"lanePacking": "flat"', '"types": { "f16": { "tn": 32 } }, "lanePacking": "flat"', plain),
  ],
  [
    'WRAM below a tile of i8',
    edit('"lanePacking": "flat"', '"types": { "i8": { "rows": 1024, "columns": 1024 } }, "lanePacking": "flat"', plain),
  ],
  [
    'realizable with 2²⁰ MACs of i8',
    edit(
      '"lanePacking": "flat"',
      '"types": { "i8": { "rows": 1024, "columns": 1024 } }, "lanePacking": "flat"',
      systolic,
    ),
  ],
  ['no energy for the SharedRAM', edit(/\s+"sharedRam": \{ "read".*/, '', preset('textbook-cluster'))],
  ['realizable with a free instruction', edit('"cyclesPerInstruction": 1', '"cyclesPerInstruction": 0', systolic)],
  ['realizable with DRAM that answers at once', edit('"latencyCycles": 100', '"latencyCycles": 0', systolic)],
  [
    'realizable with a port of 10⁹ bytes',
    edit('"scratchpadBytesPerCycle": 64', '"scratchpadBytesPerCycle": 1000000000', systolic),
  ],
  [
    'realizable with DRAM of 10⁹ bytes a cycle',
    edit('"bytes": 16, "cycles": 1', '"bytes": 1000000000, "cycles": 1', systolic),
  ],
  [
    'Winograd unit without tiles',
    edit('"nram"', '"winograd": { "lanes": 16, "tileCycles": {}, "pipelineCycles": 0 }, "nram"'),
  ],
  [
    'no energy for the Winograd unit',
    edit('"nram"', '"winograd": { "lanes": 16, "tileCycles": { "f2": 4 }, "pipelineCycles": 0 }, "nram"'),
  ],
  [
    'realizable with a decompressor and a Winograd unit of no time, too wide',
    edit(
      '"nram"',
      '"winograd": { "lanes": 512, "tileCycles": { "f4": 1 }, "pipelineCycles": 0 }, "nram"',
      edit('"queues"', '"decompressor": { "elementsPerCycle": 8192, "pipelineCycles": 0 }, "queues"', systolic),
    ),
  ],
  ['weights of another sparsity', edit('"tn": 16', '"tn": 16, "sparsity": { "weights": "1:4" }')],
  [
    'bitmap weights in a systolic array',
    edit('"rows": 16', '"rows": 16, "sparsity": { "weights": "bitmap" }', systolic),
  ],
  ['realizable with 8192 lanes', edit('"lanes": 32', '"lanes": 8192', systolic)],
  ['realizable with 2²⁰ MACs', edit('"rows": 16', '"rows": 1024', edit('"columns": 16', '"columns": 1024', systolic))],
  ['DRAM of no device', withBanks(/"device": \{.*?\}\},/s, '')],
  ['DRAM of two devices', withBanks('"channels": 1', '"channels": 1, "standard": "ddr4-2400"')],
  ['DRAM of a standard that is not known', withBanks(/"device": \{.*?\}\},/s, '"standard": "ddr4-2401",')],
  ['DRAM with fewer bytes than it says', withBanks('"rows":65536', '"rows":1024')],
  ['DRAM slower than it says', withBanks('"bytes": 96', '"bytes": 97')],
  ['more interleaved banks than there are', withBanks('"interleavedBanks": 4', '"interleavedBanks": 32')],
  ['channels interleaved within a burst', withBanks('"channelInterleaveBytes": 64', '"channelInterleaveBytes": 32')],
  ['part of a hertz', withBanks('1000000000', '1000000000.5')],
  ['refresh that waits for too long', withBanks('"lookahead": 7', '"lookahead": 60')],
  ['a row that is never closed in time', withBanks('"tRAS":39', '"tRAS":16')],
  ['refresh without an end', withBanks('"tRFC":420', '"tRFC":9360')],
  ['refresh that never ends in time', withBanks('"tREFI":9360', '"tREFI":40')],
  ['slots of commands that meet', withBanks('"rowOffset":1', '"rowOffset":0')],
  ['DRAM of a hertz that is slower than it says', withBanks('"clock":1200000000', '"clock":7')],
  ['DRAM of no short fraction that is slower than it says', withBanks('"clock":1200000000', '"clock":1199999999')],
  [
    'NRAM that does not divide into its banks',
    edit('"nram": { "bytes": 131072', '"nram": { "bytes": 131080, "banks": 8'),
  ],
  ['WRAM of more banks than a unit can hold', edit('"bytes": 262144', '"bytes": 262144, "banks": 64')],
  [
    'banks beside a scoreboard',
    edit(
      '"bytes": 262144',
      '"bytes": 262144, "banks": 4',
      edit(
        '"queueDepth": 1024',
        '"queueDepth": 1024, "scoreboard": { "order": "in-order", "entries": 8, "versions": 1 }',
      ),
    ),
  ],
  ['ways that are no power of two', edit('"bytes": 262144', '"bytes": 262144, "ways": 12')],
  ['realizable with 8192 ways', edit(/"nram": \{/, '"nram": { "ways": 8192,', systolic)],
  ['a bus that is no power of two', withBanks('"busBytes":8', '"busBytes":6')],
  ['nanoseconds for clocks', withBanks('"tRCD":17', '"tRCD":"14.16 ns"')],
  ['realizable with 2048 columns', edit('"columns": 16', '"columns": 2048', systolic)],
  [
    'depth of a queue that is not there',
    edit('"queueDepth": 1024', '"queueDepth": 1024, "queueDepths": { "store": 4 }'),
  ],
  [
    'fetch buffer below a group of words',
    edit(
      '"queueDepth": 1024',
      '"queueDepth": 1024, "fetch": { "wordsPerCycle": 4, "bufferWords": 2, "latencyCycles": 1, "loopWords": 0 }',
    ),
  ],
  [
    'scoreboard beside a cluster',
    edit(
      /"queueDepth": \d+/,
      '"queueDepth": 4, "scoreboard": { "order": "in-order", "versions": 1, "entries": 4 }',
      preset('textbook-cluster'),
    ),
  ],
  [
    'realizable with products at once',
    edit(
      '"cyclesPerInstruction": 1',
      '"cyclesPerInstruction": 1, "pipeline": { "aluCycles": 1, "multiplyCycles": 0, "loadCycles": 2, "configCycles": 1 }',
      systolic,
    ),
  ],
];

it('answers each mistake with its code, place and repair', async () => {
  const parts = cases.map(([what, text]) => {
    const shown = errorText(errorOf(() => parseMachine(text, file))).replace(/^(.{200}).*$/gm, '$1…');
    return `=== ${what}\n${shown}`;
  });
  parts.push(`=== unknown machine\n${errorText(errorOf(() => resolveMachine('textbok-single')))}`);
  parts.push(`=== no change\n${errorText(errorOf(() => splitChanges('tpu-v1,wram.bytes=1,wide')))}`);
  await expect(`# vitest run src/machine -u\n${parts.join('\n\n')}\n`).toMatchFileSnapshot('goldens/errors.txt');
});

it('has a case for every declared error', () => {
  const thrown = cases.map(([, text]) => errorOf(() => parseMachine(text, file)));
  thrown.push(errorOf(() => resolveMachine('nothing')));
  thrown.push(errorOf(() => splitChanges('tpu-v1,wram.bytes=1,wide')));
  const seen = new Set(thrown.flatMap(allErrors).map((e) => e.code));
  const declared = [...declaredDiagnostics().keys()].filter((code) => code.startsWith('SYS-MACHINE-'));
  expect(declared.filter((code) => !seen.has(code))).toEqual([]);
});

it('reports all problems of a file, in order', () => {
  let text = edit('131072', '"128KB"');
  text = edit('"lanes": 64', '"lanes": 48', text);
  text = edit('"tn": 16', '"tm": 16', text);
  const errors = allErrors(errorOf(() => parseMachine(text, file)));
  expect(errors.map((e) => e.code)).toEqual(['SYS-MACHINE-002', 'SYS-MACHINE-008', 'SYS-MACHINE-005']);
});

it('answers any text with a machine or with errors of its own', () => {
  const damaged = fc
    .array(
      fc.tuple(
        fc.nat(good.length),
        fc.nat(12),
        fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('{', '"', '-', '0')),
      ),
    )
    .map((edits) => edits.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), good));
  const json = fc.json();
  const replaced = fc
    .tuple(
      fc.constantFrom('131072', '"dot"', '16', 'false', '{ "bytes": 64, "cycles": 1 }', '"host"'),
      fc.json({ maxDepth: 2 }),
    )
    .map(([from, to]) => good.replace(from, () => to));
  fc.assert(
    fc.property(fc.oneof(damaged, json, replaced), (text) => {
      try {
        expect(parseMachine(text, file).name).not.toBe('');
      } catch (error) {
        if (!(error instanceof SystoleError)) throw error;
        for (const e of allErrors(error)) {
          expect(e.code).toMatch(/^SYS-MACHINE-/);
          expect(e.place.line).toBeGreaterThan(0);
          expect(e.text('zh')).not.toContain('undefined');
          expect(e.text('en')).not.toContain('undefined');
        }
      }
    }),
    { numRuns: 500 },
  );
});

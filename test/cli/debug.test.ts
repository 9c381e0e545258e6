/**
 * `systole debug` as a user calls it, from a pipe: transcripts in `goldens/`, each with its command on the first line. `vitest run
 * test/cli -u` writes them anew.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systole } from './systole.ts';

const DOUBLE = `.dram 4096
.fill 0, 64, f32 1.5
.output "y", 64, float32[16]
.node "double"
  cfg.dimi R0, 0, 16, 4
  li r1, 64
  loopi 2
    load nram, r0, r0, R0, R0, f32
    signal load, 0
    wait vector, 0
    vec.add r0, r0, r0, R0, R0, R0, f32, record
    signal vector, 1
    wait store, 1
    store nram, r1, r0, R0, R0, f32
    sw r1, r0, 8
  sync
  endloop
.node "end"
  halt
`;
/** Core 1 takes what core 0 brings into SharedRAM. */
const TWO_CORES = `.machine textbook-cluster
.cores 2
.fill 0, 64, f32 1.5
.output "y", 64, float32[16]
  cfg.dimi R0, 0, 16, 4
  csr r1, core
  li r2, 64
  bne r1, r0, meet
  load shared, r0, r0, R0, R0, f32
meet:
  sync cluster
  beq r1, r0, end
  get nram, r0, r0, R0, R0, f32
  signal link, 0
  wait store, 0
  store nram, r2, r0, R0, R0, f32
end:
  halt
`;
const DEADLOCK = 'li r1, 4\nwait vector, 2\nsync\nhalt\n';
const TEXTBOOK = 'loop 2\nmove DRAM NRAM 4096\nsync\ncompute MAC_32 512\nendloop\n';
const SINE =
  'model ir=8 producer="test" opset {"": 17}\ngraph sine(x: float32[2,8]) -> (z: float32[2,8]) {\n  y = Sin(x) @sine\n  z = Relu(y) @relu\n}\n';

/** Everything that there is, and the short forms. */
const TOUR = `# a comment, and an empty line

step 3
where
list 2 4
s
e
cycle 2
units
queues
break 6
b nram 0 64 write
b sem 1
b cycle 400
b
c
c
mem nram 0 4
mem dram 0x40 2 u32
mem smem 8 1
regs
regs r0 r1
records
rec R1
sems
back
back cycle 3
u 30
until node end
d 1
d all
until line 14
until pc 10
c
mem dram 64 4
back 2
restart
st
help back
quit
never reached
`;
const WRONG = `foo
stp
re
step none
step 1 2
break
break 99
break dram 4096
break nram 0 4 wirte
break sem 16
break line 3
break node doubel
delete 1
delete
mem nram x
mem nram 0 4 f99
mem smem 65536
regs r64
list 99
until cycle
`;
const CORES = `core
step 4
core 1
step 3
core
b nram 0 64 write
b sem 0
c
mem shared 0 2
mem nram 0 2
units
c
core 0
mem nram 0 2
where
back 2
core 2
c
c
c
sems
`;

/** Name, arguments, commands, exit code. */
const CASES: readonly (readonly [string, string, string, number])[] = [
  ['tour', 'debug double.s --machine systolic-16x16', TOUR, 0],
  ['tour-zh', 'debug double.s --machine systolic-16x16 --lang zh', TOUR, 0],
  ['wrong', 'debug double.s', WRONG, 2],
  ['wrong-zh', 'debug double.s --lang zh', WRONG, 2],
  ['deadlock', 'debug deadlock.s --machine systolic-16x16', 'c\nw\nback\ns\n', 3],
  ['textbook', 'debug textbook.s', 's 4\nqueues\nunits\nc\nbreak nram 0 4\nmem nram 0 4\n', 4],
  ['timing', 'debug double.s --timing-only', 'break nram 0 4 read\nc\nmem nram 0\n', 2],
  ['cores', 'debug cores.s', CORES, 2],
  ['host', 'debug sine.dlp', 'list 0 4\nuntil node relu\nback\nw\nmem dram 0 4\ns\nc\n', 0],
];

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'systole-debug-'));
  writeFileSync(join(folder, 'double.s'), DOUBLE);
  writeFileSync(join(folder, 'cores.s'), TWO_CORES);
  writeFileSync(join(folder, 'deadlock.s'), DEADLOCK);
  writeFileSync(join(folder, 'textbook.s'), TEXTBOOK);
  writeFileSync(join(folder, 'sine.txt'), SINE);
  await systole('compile sine.txt --machine systolic-16x16 -o sine.dlp'.split(' '), folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.concurrent('transcripts', () => {
  test.for(CASES)('%s', async ([name, line, commands, exit], { expect }) => {
    const { code, stdout, stderr } = await systole(line.split(' '), folder, commands);
    expect(code).toBe(exit);
    expect(stderr).not.toMatch(/\n\s+at |node:internal|\.ts:\d/);
    const errors = stderr === '' ? '' : `--- standard error\n${stderr}`;
    await expect(`$ systole ${line}\n${stdout}${errors}exit ${code}\n`).toMatchFileSnapshot(
      `goldens/debug-${name}.txt`,
    );
  });
});

test('--command stands for a line of input, --json answers all in one object', async () => {
  const commands = ['break 3', 'c', 'regs r1', 'foo'];
  const args = ['debug', 'double.s', '--json', ...commands.flatMap((c) => ['--command', c])];
  const { code, stdout, stderr } = await systole(args, folder);
  expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
  const answer = JSON.parse(stdout) as { answers: { registers: number[] }[] };
  expect(answer).toMatchObject({
    ...{ file: 'double.s', machine: 'textbook-single', instructions: 13, fidelity: 'data' },
    answers: [
      { command: 'break 3', breakpoints: [{ id: 1, kind: 'instruction', pc: 3 }] },
      { command: 'c', cycle: 0, instructions: 3, reasons: [{ kind: 'breakpoint', id: 1 }], instruction: { pc: 3 } },
      { command: 'regs r1' },
      { command: 'foo', error: { code: 'SYS-CLI-033' } },
    ],
  });
  expect(answer.answers[2]!.registers[1]).toBe(64);
  expect(JSON.parse((await systole([...args.slice(0, 3)], folder, commands.join('\n'))).stdout)).toEqual(answer);
  const machine = await systole(['debug', 'deadlock.s', '--json', '--command', 'c'], folder);
  expect(machine.code).toBe(3);
  expect(JSON.parse(machine.stdout)).toMatchObject({ answers: [{ cycle: 0, error: { code: 'SYS-SIM-042' } }] });
});

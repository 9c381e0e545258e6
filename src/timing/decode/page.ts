/** The reference page of the control unit, made from the decode table, the registry and the front end: `docs/control.md`. */
import { encode, type Instruction, instructions, OPCODES, opcodeClass } from '#isa';
import type { Machine } from '#machine';
import { FrontEnd } from '../frontEnd.ts';
import { DECODE_STATES, DECODE_TABLE, type DecodeState, STATUS_LINES } from './table.ts';
import { classesText, conditionText, cyclesText } from './words.ts';

const STATE_WORDS: Readonly<Record<DecodeState, string>> = {
  IDLE: 'out of reset',
  FETCH: 'takes the word at pc out of the fetch buffer',
  DECODE: 'the word stands in the instruction register; waits for what it reads',
  EXECUTE: 'scalar work, branches, loops, records',
  DISPATCH: 'hands an entry to its queue',
  STALL: 'stands before a queue without room',
  WAIT: 'until every queue is empty and every unit idle',
  HOST: 'the host works',
  TRAP: 'stopped by an error',
  HALT: 'stopped by `halt`',
};

function transitions(): string[] {
  return DECODE_TABLE.map((row, i) =>
    [
      '',
      i + 1,
      row.from,
      row.does === 'not reached' ? 'all others' : classesText(row.classes),
      conditionText(row) || '–',
      row.to,
      row.does || '–',
      cyclesText(row),
      row.account ?? '–',
      '',
    ]
      .join(' | ')
      .trim(),
  );
}

function classRows(): string[] {
  const kinds = Map.groupBy(
    Array.from({ length: OPCODES }, (_, opcode) => opcode),
    opcodeClass,
  );
  const names = new Map(instructions.map((d) => [d.opcode, d.mnemonic]));
  return [...kinds]
    .filter(([kind]) => kind !== 'illegal')
    .map(([kind, codes]) => `| ${kind} | ${codes.map((code) => `\`${names.get(code)}\``).join(' ')} |`);
}

/** When the instructions of a straight piece of code begin: a row each, a column a cycle. */
function timeline(
  code: readonly (readonly [text: string, instruction: Instruction])[],
  control: Partial<Machine['control']>,
) {
  for (const [, instruction] of code) encode(instruction);
  const machine = { control } as Machine;
  const front = new FrontEnd(
    machine,
    code.map(([, { mnemonic, fields }]) => ({ mnemonic, field: (name) => fields[name]! })),
  );
  let time = 0;
  const rows = code.map(([text], pc) => {
    const word = front.wordAt(pc, time);
    const begin = front.begin(pc, time);
    const row = { text, time, word, begin };
    time = begin + 1;
    return row;
  });
  const width = Math.max(...code.map(([text]) => text.length));
  const head = `${''.padEnd(width)}  ${Array.from({ length: time }, (_, c) => String(c % 10)).join('')}`;
  const lines = rows.map(({ text, time: from, word, begin }) => {
    const cells = `${' '.repeat(from)}${'f'.repeat(word - from)}${'d'.repeat(begin - word)}X`;
    return `${text.padEnd(width)}  ${cells}`;
  });
  return [head, ...lines].join('\n');
}

const i = (mnemonic: string, fields: Readonly<Record<string, number>>): Instruction => ({ mnemonic, fields });
const EXAMPLE = [
  ['lw   r1, r2, 0', i('lw', { rd: 1, ra: 2, imm: 0 })],
  ['addi r3, r1, 4', i('addi', { rd: 3, ra: 1, imm: 4 })],
  ['mul  r4, r3, r3', i('mul', { rd: 4, ra: 3, rb: 3 })],
  ['li   r5, 8', i('li', { rd: 5, imm: 8 })],
  ['cfg.dim R1, 0, r4, r5', i('cfg.dim', { record: 1, dim: 0, ra: 4, rb: 5 })],
  ['load nram, r3, r5, R1, R1, f32', i('load', { space: 0, rd: 3, ra: 5, dst: 1, src: 1, type: 0 })],
] as const;
const LATENCIES = { aluCycles: 1, multiplyCycles: 3, loadCycles: 2, configCycles: 2 };
const FETCH = { wordsPerCycle: 2, bufferWords: 4, latencyCycles: 3, loopWords: 16 };

/** The page as Markdown. */
export function controlPage(): string {
  return `# Control unit

Made from \`src/timing/decode\`, \`src/timing/frontEnd.ts\` and the instruction registry by \`npm run docs\`; do not edit. The simulator takes
what an instruction costs, and where it then stands, from the same table, and a model that steps the table a cycle at a time must agree
with it on random programs (\`test/clocked.test.ts\`).

## State machine

![Control unit: states and transitions](control.svg)

The same graph for Graphviz: [control.dot](control.dot).

| state | |
|---|---|
${DECODE_STATES.map((state) => `| ${state} | ${STATE_WORDS[state]} |`).join('\n')}

Inputs are the class of the opcode in the instruction register (IR) and these lines:

| line | high where |
|---|---|
${Object.entries(STATUS_LINES)
  .map(([line, words]) => `| ${line} | ${words} |`)
  .join('\n')}

For every state, each of the ${OPCODES} opcodes and any levels on the lines exactly one row applies; a line that a row does not name does
not matter to it. Cycles are those from the row's state to the next; a row of 0 cycles is passed in the cycle in which the one before
ends. They are counted to an account, and the accounts add up to the cycles of a run. *scalar* are the classes that control executes
itself, *legal* all but \`illegal\`.

| | state | classes | lines | next | does | cycles | account |
|---|---|---|---|---|---|---|---|
${transitions().join('\n')}

| class | instructions |
|---|---|
${classRows().join('\n')}
| illegal | every other opcode |

The simulator checks all words when it takes a program, so an invalid one is refused before the first cycle; hardware meets it in DECODE.

## Pipeline

Instructions begin in order, one every \`control.cyclesPerInstruction\` at best. With \`control.pipeline\` in the machine file an instruction stays
in DECODE until everything it reads has been written: a result can be read by instructions that begin the cycles of its class or more after its
own did, and writes of one register stay in order. The classes: \`aluCycles\` also for the link of a \`call\`, \`multiplyCycles\`, \`loadCycles\` for words
of the scalar memory, \`configCycles\` for records and parameters, which dispatch reads. \`r0\` is never waited for. Scalar memory takes loads and
stores in order, so nothing waits for a store. A taken branch is known at the end of its instruction and lets \`control.branchPenalty\` pass.

| stage | holds | leaves it when |
|---|---|---|
| fetch buffer | words of the stream, and words on their way | its instruction begins |
| DECODE | one instruction, its word in IR | what it reads has been written |
| EXECUTE, DISPATCH, WAIT | one instruction, \`cyclesPerInstruction\` | the row of the table says so |
| write | results on their way, as many as the longest latency allows | \`…Cycles\` of its class after the begin |

With one cycle an instruction and latencies of ${LATENCIES.aluCycles} (alu), ${LATENCIES.multiplyCycles} (multiply), ${LATENCIES.loadCycles} (load), ${LATENCIES.configCycles} (config); \`d\`: waits in DECODE, \`X\`: begins:

\`\`\`
${timeline(EXAMPLE, { pipeline: LATENCIES })}
\`\`\`

## Instruction fetch

With \`control.fetch\` words come in aligned groups of \`wordsPerCycle\`, a group a cycle, each \`latencyCycles\` after it was asked for. A group is
asked for while all its words have room among the \`bufferWords\`, in which words on their way count, too. A word leaves in the cycle in which
its instruction begins; its place can be asked for in that cycle. Where control goes on elsewhere (taken branches, jumps, calls, returns, the end of
a round of a hardware loop, a loop that is skipped) the buffer and what is on its way are dropped, and the target is asked for at once: at the
end of the instruction and of its branch penalty. The last \`loopWords\` words that came one behind the other stay in the loop buffer: what
leads back into them, or to the word behind them, drops nothing, so a loop whose body fits fetches its words once, and the stream goes on
behind its end.

The same code, with groups of ${FETCH.wordsPerCycle}, ${FETCH.bufferWords} words of buffer, a latency of ${FETCH.latencyCycles}; \`f\`: waits in FETCH:

\`\`\`
${timeline(EXAMPLE, { pipeline: LATENCIES, fetch: FETCH })}
\`\`\`

## Scoreboard

With \`control.scoreboard\` control hands every queue entry but \`wait\` and \`signal\` to the scoreboard as it pushes it. Two entries conflict where
they touch a common byte of one memory and one of them writes it. An entry starts once

- every older entry that writes what it reads is complete (read after write), and
- every older entry that reads or writes what it writes is complete (write after read, write after write), or, with \`versions\` above 1, in NRAM,
  WRAM and accumulators, lies whole within what it writes and belongs to one of fewer than \`versions\` live versions. A version of the range
  is an older entry that writes it with those that read it before the next write; it is live until all of them are complete.

\`in-order\`: a unit looks at the head of its queue only. \`out-of-order\`: it takes the oldest entry of its queue that may start; \`wait\` and
\`signal\` are taken at the head only, and nothing behind one is taken before it. What completes lets others start in the same cycle. Entries leave
the scoreboard in the order of dispatch, each when it and all older ones are complete; while \`entries\` are in it, \`room\` is low for further ones.

Memories end as if entries had been executed one after the other in the order of dispatch, so nothing races; reading what nobody has
written still stops a run. Semaphores and \`sync\` work as ever, but a semaphore that orders two conflicting entries against their dispatch is a
deadlock: the one waits for the signal, the signal's queue for the other.

A program longer than \`control.instructionWords\` is refused (SYS-SIM-003).
`;
}

/**
 * Exercise 6.6: the decode unit of 6.5 as a state machine: one table of rows from which simulator, page, picture and DOT text come. What holds of
 * it is tried for every state, opcode and level of the status lines.
 */

import { defineExercise } from 'systole/course';
import { byMnemonic, byOpcode, instructions, OPCODES, opcodeClass } from 'systole/isa';
import {
  DECODE_STATES,
  DECODE_TABLE,
  type DecodeState,
  decodeDot,
  decodeMachine,
  decodeRows,
  decodeSvg,
  STATUS_LINES,
  type Status,
  type StatusLine,
  UNHINDERED,
} from 'systole/timing';

const LINES = Object.keys(STATUS_LINES) as StatusLine[];
/** All patterns of levels on the status lines. */
const STATUSES: readonly Status[] = Array.from(
  { length: 2 ** LINES.length },
  (_, bits) => Object.fromEntries(LINES.map((line, i) => [line, ((bits >> i) & 1) === 1])) as Status,
);
const ALL_OPCODES = Array.from({ length: OPCODES }, (_, opcode) => opcode);
/** The table knows opcodes by their class alone, so one of each stands for all of them. */
const SAMPLES = [...Map.groupBy(ALL_OPCODES, opcodeClass).values()].map(([first]) => first!);

/** The states that an instruction passes where nothing holds it up but what `changes` say; it ends at the next FETCH or where it stays. */
export function way(opcode: number, changes: Partial<Status> = {}): readonly DecodeState[] {
  const passed: DecodeState[] = [decodeMachine.initial];
  do {
    const { to } = decodeMachine.step(passed.at(-1)!, { opcode, status: { ...UNHINDERED, ...changes } });
    passed.push(to);
  } while (passed.at(-1) !== passed.at(-2) && (passed.length < 3 || passed.at(-1) !== 'FETCH'));
  return passed;
}

const wayOf = (mnemonic: string, changes: Partial<Status> = {}): readonly DecodeState[] =>
  way(byMnemonic.get(mnemonic)!.opcode, changes);

/** (state, class of opcodes, levels) to which not exactly one row applies, and how many there are in all. */
function ambiguous() {
  let [tried, wrong] = [0, 0];
  for (const state of DECODE_STATES) {
    for (const opcode of SAMPLES) {
      for (const status of STATUSES) {
        tried++;
        if (decodeRows(state, opcodeClass(opcode), status).length !== 1) wrong++;
      }
    }
  }
  return { tried, wrong };
}

/** The successors of a state, over every opcode's class and all levels. */
const successors = (state: DecodeState): ReadonlySet<DecodeState> =>
  new Set(SAMPLES.flatMap((opcode) => STATUSES.map((status) => decodeMachine.step(state, { opcode, status }).to)));

function reachable(): ReadonlySet<DecodeState> {
  const reached = new Set<DecodeState>([decodeMachine.initial]);
  // A set that grows while it is gone through.
  for (const state of reached) for (const next of successors(state)) reached.add(next);
  return reached;
}

export const exercise = defineExercise({
  id: '6.6',
  title: { en: 'The decode unit as a state machine', zh: '写出 6.5 指令集译码单元的工作逻辑（状态转移图）' },
  asked: {
    en: 'Write down how the decode unit of the instruction set of 6.5 works, as a state diagram.',
    zh: '用状态转移图写出 6.5 中指令集译码单元的工作逻辑。',
  },
  explanation: {
    en: `The unit takes one instruction at a time through these states:

$$\\text{IDLE} \\to \\text{FETCH} \\to \\text{DECODE} \\to \\begin{cases}\\text{EXECUTE} & \\text{scalar work, branches, loops, records}\\\\ \\text{DISPATCH} & \\text{an entry for a queue;
before a full one STALL}\\\\ \\text{WAIT} & \\texttt{sync}, \\texttt{barrier}, \\texttt{host}, \\texttt{halt}\\end{cases} \\to \\text{FETCH}$$

DECODE waits until what the instruction reads has been written (\`ready\`). WAIT after \`sync\` is left only when every queue is empty and every unit idle (\`drained\`). An opcode that is none, a reserved
bit, an address beyond a memory lead to TRAP. TRAP and HALT are left by a reset alone.

The machine stands in one table. A row says: in this state, with an opcode of these classes and these levels on the ${LINES.length} status lines, go there, do that, count these
cycles. A state machine is right if it is *total* and *deterministic*: for each of the $10 \\cdot 14 \\cdot 2^{${LINES.length}}$ combinations of state, class and levels exactly one row applies. The check tries them all. The simulator steps
this very table, the reference page and the picture here are printed from it, and the RTL of a decoder could be.

Give \`--instruction\` and levels (\`--room\`, \`--ready\`, \`--drained\`) to see the way of one instruction.`,
    zh: `译码单元逐条处理指令，经过以下状态：

$$\\text{IDLE} \\to \\text{FETCH} \\to \\text{DECODE} \\to \\begin{cases}\\text{EXECUTE} & \\text{标量运算、分支、循环、记录}\\\\ \\text{DISPATCH} & \\text{送入队列；队列满则 STALL}\\\\ \\text{WAIT} &
\\texttt{sync},\\ \\texttt{barrier},\\ \\texttt{host},\\ \\texttt{halt}\\end{cases} \\to \\text{FETCH}$$

DECODE 等待指令要读的内容已经写好（\`ready\`）。\`sync\` 之后的 WAIT 只有当所有队列为空、所有部件空闲（\`drained\`）时才离开。非法操作码、置位的保留位、越界地址都进入 TRAP。
TRAP 与 HALT 只能由复位离开。

整个状态机是一张表。每行说明：在此状态、操作码属于这些类别、${LINES.length} 条状态线为这些电平时，转到哪里、做什么、记多少周期。状态机正确，须*完备*且*确定*：
状态、类别与电平的 $10 \\cdot 14 \\cdot 2^{${LINES.length}}$ 种组合，每一种都恰有一行适用；检查时逐一试过。模拟器就按这张表运行，参考页和这里的图也由它生成，译码器的 RTL 同样可以由它生成。

用 \`--instruction\` 与电平（\`--room\`、\`--ready\`、\`--drained\`）可以查看一条指令所走的路径。`,
  },
  rows: 4,
  answeredBy: 'design',
  code: [
    { path: 'src/timing/decode/table.ts', words: { en: 'The table', zh: '状态转移表' } },
    { path: 'src/timing/decode/machine.ts', words: { en: 'Stepping it', zh: '按表转移' } },
    { path: 'src/sim/control.ts', words: { en: 'The control unit that executes it', zh: '执行它的控制器' } },
    { path: 'docs/control.md', words: { en: 'The page printed from it', zh: '由它生成的参考页' } },
  ],
  parameters: {
    instruction: {
      kind: 'choice',
      words: { en: 'instruction whose way is shown', zh: '查看其路径的指令' },
      default: 'mma',
      among: instructions.map((d) => d.mnemonic),
    },
    room: {
      kind: 'choice',
      words: { en: 'its queue has room', zh: '队列有空位' },
      default: 'yes',
      among: ['yes', 'no'],
    },
    ready: {
      kind: 'choice',
      words: { en: 'what it reads has been written', zh: '要读的内容已写好' },
      default: 'yes',
      among: ['yes', 'no'],
    },
    drained: {
      kind: 'choice',
      words: { en: 'queues are empty and units idle', zh: '队列为空且部件空闲' },
      default: 'yes',
      among: ['yes', 'no'],
    },
  },
  show({ print, table, listing, picture }, { instruction, room, ready, drained }) {
    const status = { room: room === 'yes', ready: ready === 'yes', drained: drained === 'yes' };
    print(`${instruction}: ${wayOf(instruction, status).join(' → ')}`);
    const mnemonics = ['add', 'beq', 'cfg.dim', 'load', 'mma', 'vec', 'sync', 'host', 'halt'].filter((m) =>
      byMnemonic.has(m),
    );
    table(
      [
        { en: 'instruction', zh: '指令' },
        { en: 'states', zh: '状态' },
        { en: 'where it is held up', zh: '受阻时' },
      ],
      mnemonics.map((m) => [
        m,
        wayOf(m).slice(1).join(' → '),
        wayOf(m, { room: false, drained: false }).slice(1).join(' → '),
      ]),
    );
    picture('states', decodeSvg(), {
      en: `Control unit: ${DECODE_STATES.join(', ')}, an arrow for every transition of the table`,
      zh: `控制器：${DECODE_STATES.join('、')}，表中每个转移对应一条箭头`,
    });
    listing('control.dot', decodeDot());
  },
  check(check) {
    const { tried, wrong } = ambiguous();
    check.row(1).equal(`of ${tried} (state, class of opcodes, levels), those without exactly one row`, wrong, 0);
    check
      .row(1)
      .equal(
        '(state, opcode) without one successor',
        DECODE_STATES.flatMap((state) =>
          ALL_OPCODES.filter(
            (opcode) => !DECODE_STATES.includes(decodeMachine.step(state, { opcode, status: UNHINDERED }).to),
          ),
        ).length,
        0,
      );
    check.row(2).equal('states that are reached', [...reachable()].sort(), [...DECODE_STATES].sort());
    check.row(2).equal(
      'states that are never left',
      DECODE_STATES.filter((state) => [...successors(state)].every((to) => to === state)),
      ['TRAP', 'HALT'],
    );
    const illegal = ALL_OPCODES.filter((opcode) => !byOpcode.has(opcode));
    check.row(3).equal('opcodes that are none', illegal.length, OPCODES - instructions.length);
    check.row(3).holds(
      'each leads from DECODE to TRAP, whatever the levels',
      illegal.every((opcode) =>
        STATUSES.every((status) => decodeMachine.step('DECODE', { opcode, status }).to === 'TRAP'),
      ),
    );
    const { opcode } = byMnemonic.get('sync')!;
    const left = STATUSES.filter((status) => decodeMachine.step('WAIT', { opcode, status }).to !== 'WAIT');
    check.row(4).atLeast('levels at which sync leaves WAIT', left.length, 1);
    check.row(4).holds(
      'in all of them every queue is empty',
      left.every((status) => status.drained),
    );
    check
      .row(4)
      .equal('sync with full queues', wayOf('sync', { drained: false }), ['IDLE', 'FETCH', 'DECODE', 'WAIT', 'WAIT']);
    check.equal('mma before a full queue', wayOf('mma', { room: false }), [
      'IDLE',
      'FETCH',
      'DECODE',
      'DISPATCH',
      'STALL',
      'STALL',
    ]);
    check.equal('lw at a wrong address', wayOf('lw', { faulted: true }), [
      'IDLE',
      'FETCH',
      'DECODE',
      'EXECUTE',
      'TRAP',
      'TRAP',
    ]);
    check.equal('halt', wayOf('halt'), ['IDLE', 'FETCH', 'DECODE', 'WAIT', 'HALT', 'HALT']);
    const [svg, dot] = [decodeSvg(), decodeDot()];
    check.holds(
      'picture and DOT have every state',
      DECODE_STATES.every((s) => svg.includes(`>${s}</text>`) && dot.includes(`\n  ${s} [`)),
    );
    check.equal(
      'classes of opcodes, states',
      [SAMPLES.length, DECODE_STATES.length, DECODE_TABLE.length > 0],
      [14, 10, true],
    );
  },
});

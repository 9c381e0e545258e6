/** Exercise 1.2: the three schools of AI research, an agent of each: a feedback controller, a resolution prover, a small network. */
import { defineExercise, type Words } from 'systole/course';
import { charts } from 'systole/report';
import { TABLES, trainMlp } from '../chapter2/1.ts';
import { clauseText, implies, prove } from './resolution.ts';

/** Behaviourism: x ← x + gain·(r − x), from 0; the states, the first included. */
export function control(gain: number, steps: number, target = 1): readonly number[] {
  const states = [0];
  for (let n = 0; n < steps; n++) states.push(states[n]! + gain * (target - states[n]!));
  return states;
}

/** Symbolism: what follows from P and P → Q, and from P → Q alone. */
export const modusPonens = () => [prove([['P'], implies('P', 'Q')], 'Q'), prove([implies('P', 'Q')], 'Q')] as const;

interface School {
  readonly name: Words;
  readonly idea: Words;
  readonly work: Words;
  readonly limits: Words;
  /** Runs its agent: what it did, and whether that is what the school promises of it. */
  readonly run: () => Promise<Outcome> | Outcome;
}

interface Outcome extends Words {
  readonly achieved: boolean;
}

export const SCHOOLS: readonly School[] = [
  {
    name: { en: 'behaviourism', zh: '行为主义' },
    idea: {
      en: 'perception and action: intelligence is adaptation to an environment',
      zh: '感知—动作：智能即对环境的适应',
    },
    work: {
      en: 'Wiener’s cybernetics (1948), Brooks’s robots, reinforcement learning',
      zh: 'Wiener 的控制论（1948）、Brooks 的机器人、强化学习',
    },
    limits: { en: 'says little about thinking that does not act', zh: '难以说明不表现为动作的思维' },
    run: () => {
      const error = Math.abs(1 - control(0.5, 20).at(-1)!);
      return {
        ...{ en: `a controller, error after 20 steps ${error}`, zh: `控制器，20 步后误差 ${error}` },
        achieved: error < 1e-5,
      };
    },
  },
  {
    name: { en: 'symbolism', zh: '符号主义' },
    idea: { en: 'intelligence is the manipulation of symbols by logic', zh: '智能即按逻辑操作符号' },
    work: {
      en: 'Logic Theorist (1956), resolution (1965), expert systems',
      zh: 'Logic Theorist（1956）、归结原理（1965）、专家系统',
    },
    limits: {
      en: 'knowledge is hard to write down; validity in first-order logic is only semi-decidable',
      zh: '知识难以写全；一阶逻辑的有效性只是半可判定的',
    },
    run: () => {
      const [with_, without] = modusPonens().map(({ proved }) => proved);
      return {
        en: `a prover, {P, P→Q} ⊢ Q: ${with_}, {P→Q} ⊢ Q: ${without}`,
        zh: `证明器，{P, P→Q} ⊢ Q：${with_}，{P→Q} ⊢ Q：${without}`,
        achieved: with_! && !without!,
      };
    },
  },
  {
    name: { en: 'connectionism', zh: '连接主义' },
    idea: { en: 'intelligence comes of many simple neurons and what they learn', zh: '智能来自大量简单神经元及其学习' },
    work: {
      en: 'perceptron (1958), back-propagation (1986), deep learning',
      zh: '感知机（1958）、反向传播（1986）、深度学习',
    },
    limits: { en: 'needs much data; its answers are hard to explain', zh: '需要大量数据；结果难以解释' },
    run: async () => {
      const rows = await trainMlp(TABLES.XOR);
      return {
        ...{ en: `a 2-2-1 network, rows of XOR right ${rows}/4`, zh: `2-2-1 网络，异或答对 ${rows}/4 行` },
        achieved: rows === 4,
      };
    },
  },
];

export const exercise = defineExercise({
  id: '1.2',
  title: { en: 'Three schools of AI research', zh: '简述人工智能研究的三个学派' },
  asked: {
    en: 'Describe the three schools of research in artificial intelligence: idea, works, limits.',
    zh: '简述人工智能研究的三个学派：思想、代表性工作与局限。',
  },
  explanation: {
    en: String.raw`- **Behaviourism** comes from cybernetics. An agent perceives and acts, and the error of its action is fed back: with $x\leftarrow x+k\,(r-x)$ each step multiplies the error by $1-k$, and it shrinks, to $\lvert1-k\rvert$ of its size, if $0<k<2$.
- **Symbolism** holds that thinking is calculation with symbols. A prover by resolution adds the opposite of what is to be shown and derives a contradiction, or finds that nothing new follows. For propositions this
  ends always. In first-order logic it need not: valid formulas can be recognised, but a search for a proof of one that is not valid may go on for ever (validity is semi-decidable; A. Church and A. Turing, 1936).
- **Connectionism** builds on neurons and learns their weights. A network with one hidden layer solves XOR, which no single neuron can; large ones carry today's AI.

Sources: N. Wiener, *Cybernetics*, 1948; J. Robinson, *A Machine-Oriented Logic Based on the Resolution Principle*, 1965; D. Rumelhart, G. Hinton and R. Williams, 1986.`,
    zh: String.raw`- **行为主义**源于控制论。智能体感知并行动，动作的误差被反馈回来：按 $x\leftarrow x+k\,(r-x)$，误差每步乘以 $1-k$；当 $0<k<2$ 时其大小缩小为原来的 $\lvert1-k\rvert$ 倍。
- **符号主义**认为思维就是符号演算。归结证明器把待证结论的否定加入前提，推出矛盾，或发现不再有新的结论。对命题逻辑，这一过程总会终止；对一阶逻辑则未必：有效的公式可以被识别，
  但对并非有效的公式，搜索证明可能永不停止（有效性是半可判定的；A. Church、A. Turing，1936）。
- **连接主义**以神经元为基础，学习其权重。带一个隐层的网络能解决异或，而单个神经元不能；大型网络支撑着今天的人工智能。

来源：N. Wiener，*Cybernetics*，1948；J. Robinson，*A Machine-Oriented Logic Based on the Resolution Principle*，1965；D. Rumelhart、G. Hinton、R. Williams，1986。`,
  },
  code: [
    { path: 'course/chapter1/resolution.ts', words: { en: 'the resolution prover', zh: '归结证明器' } },
    { path: 'course/chapter2/1.ts', words: { en: 'the network on XOR', zh: '解决异或的网络' } },
  ],
  rows: 4,
  answeredBy: 'explanation',
  parameters: {
    gain: {
      kind: 'real',
      words: { en: 'gain k of the controller', zh: '控制器的增益 k' },
      default: 0.5,
      least: -1,
      most: 3,
    },
    steps: {
      kind: 'whole',
      words: { en: 'steps of the controller', zh: '控制器的步数' },
      default: 20,
      least: 1,
      most: 100,
    },
  },
  async show({ print, table, listing, picture, language }, { gain, steps }) {
    const rows: string[][] = [];
    for (const { name, idea, work, limits, run } of SCHOOLS) {
      rows.push([name, idea, work, limits, await run()].map((words) => words[language]));
    }
    table(
      [
        { en: 'school', zh: '学派' },
        { en: 'idea', zh: '思想' },
        { en: 'works', zh: '代表性工作' },
        { en: 'limits', zh: '局限' },
        { en: 'an agent of it, run here', zh: '在此运行的智能体' },
      ],
      rows,
    );
    const [proof] = modusPonens();
    listing(
      { en: 'proof of Q', zh: 'Q 的证明' },
      proof.steps
        .map(({ clause, from }) => `${from.map(clauseText).join(' ,  ')}  ⊢  ${clauseText(clause)}`)
        .join('\n'),
    );
    const english = language === 'en';
    const states = control(gain, steps);
    const { linesPicture } = await charts();
    const plot = linesPicture(
      [
        { name: 'x', points: states.map((x, n) => [n, x] as const) },
        {
          name: english ? 'target r' : '目标 r',
          points: [
            [0, 1],
            [steps, 1],
          ] as const,
        },
      ],
      { title: english ? `Feedback with gain ${gain}` : `增益为 ${gain} 的反馈`, x: english ? 'step' : '步', y: 'x' },
    );
    picture('controller', plot, {
      en: `The state of the controller over ${steps} steps; at the end ${states.at(-1)!.toPrecision(4)}, target 1`,
      zh: `控制器在 ${steps} 步中的状态；最终为 ${states.at(-1)!.toPrecision(4)}，目标为 1`,
    });
    print({
      en: `Error of the controller after ${steps} steps: ${Math.abs(1 - states.at(-1)!)}.`,
      zh: `控制器 ${steps} 步后的误差：${Math.abs(1 - states.at(-1)!)}。`,
    });
  },
  async check(check) {
    const achieved: string[] = [];
    for (const { name, run } of SCHOOLS) if ((await run()).achieved) achieved.push(`${name.zh}/${name.en}`);
    check
      .row(1)
      .equal(
        'schools whose agent, run here, does what is said of it: |error| < 1e-5, proved and not proved, 4 of 4',
        achieved,
        ['行为主义/behaviourism', '符号主义/symbolism', '连接主义/connectionism'],
      );
    const proofs = modusPonens();
    check.row(2).equal(
      '{P, P→Q} ⊢ Q, and {P→Q} ⊢ Q',
      proofs.map((p) => p.proved),
      [true, false],
    );
    const syllogism = prove([implies('A', 'B'), implies('B', 'C'), ['-C']], '-A');
    check.holds('a longer chain: A→B, B→C, ¬C ⊢ ¬A', syllogism.proved);
    check.row(3).equal('2-2-1 network, rows of XOR right', await trainMlp(TABLES.XOR), 4);
    check
      .row(4)
      .close('controller: |error| after 20 steps', Math.abs(1 - control(0.5, 20).at(-1)!), 9.5367431640625e-7, 1e-12);
  },
});

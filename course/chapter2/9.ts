/**
 * Exercise 2.9: what momentum a does to an update: v(n) = a·v(n − 1) + g(n), w ← w − η·v, the framework's SGD. Gains by gradients that agree
 * and that alternate, and steps to the bottom of a quadratic valley.
 */
import { defineExercise, judgeNumbers, type NumberField, type Slip } from 'systole/course';
import { tensorOf } from 'systole/ir';
import { charts } from 'systole/report';
import { compile, mul, optim, sum, type Tensor, tensor, Variable } from 'systole/tensor';
import { real, slip } from '../numberFields.ts';

const variable = (values: readonly number[]): Variable => new Variable(tensorOf('float64', [values.length], values));

/** The size of an update after many steps, over that of the gradient, for gradients 1, 1, 1, … or 1, −1, 1, … */
export async function gain(a: number, gradients: 'constant' | 'alternating', steps = 400): Promise<number> {
  const w = variable([0]);
  const sgd = new optim.SGD([w], { rate: 1, momentum: a });
  const step = compile((g: Tensor) => {
    sgd.step([g]);
    return w;
  });
  let before = 0;
  for (let n = 0; n < steps; n++) {
    if (n === steps - 1) before = await w.item();
    step(tensor([gradients === 'constant' || n % 2 === 0 ? 1 : -1], { dtype: 'f64' }));
  }
  return Math.abs((await w.item()) - before);
}

/** Δw(n) = −g + Σ aᵏ·Δw(n − k), taken literally, for g = 1, after `steps` steps. */
export function literalSum(a: number, steps: number): number {
  const updates: number[] = [];
  for (let n = 0; n < steps; n++) {
    updates.push(updates.reduceRight((total, update, i) => total + a ** (n - i) * update, -1));
  }
  return updates.at(-1)!;
}

/**
 * Steps from (1, 1) until both coordinates are below 1e-6 on f = (x² + 100·y²) ÷ 2; 'diverges' where they grow beyond 1e6 (or do neither).
 * `onStep` is told the larger coordinate behind each step.
 */
export async function stepsOnQuadratic(
  a: number,
  rate: number,
  { limit = 20000, onStep }: { readonly limit?: number; readonly onStep?: (n: number, largest: number) => void } = {},
): Promise<number | 'diverges'> {
  const w = variable([1, 1]);
  const curvature = tensor([1, 100], { dtype: 'f64' });
  const sgd = new optim.SGD([w], { rate, momentum: a });
  const step = compile(() => {
    sgd.minimize(sum(mul(mul(w, w), curvature)).mul(0.5));
    return w.abs().max();
  });
  for (let n = 1; n <= limit; n++) {
    const largest = await step().item();
    onStep?.(n, largest);
    if (largest < 1e-6) return n;
    if (largest > 1e6) return 'diverges';
  }
  return 'diverges';
}

/** The best rate of plain descent is 2 ÷ (1 + κ); of the heavy ball a = ((√κ − 1) ÷ (√κ + 1))², η = 4 ÷ (√κ + 1)² (Polyak 1964). κ = 100. */
export const OPTIMAL = [
  { a: 0, rate: 2 / 101 },
  { a: (9 / 11) ** 2, rate: 4 / 121 },
] as const;

const SETTINGS = [
  { a: 0, rate: 0.019 },
  { a: 0.5, rate: 0.019 },
  { a: 0.9, rate: 0.019 },
  { a: 0, rate: 0.009 },
  { a: -0.5, rate: 0.009 },
  { a: -0.5, rate: 0.019 },
] as const;

const MOMENTA = [0.9, 0.5, -0.5, -0.9];

/** How far the larger coordinate is from the bottom, by steps, for the reader's setting and the two best. */
async function descentPicture(own: { a: number; rate: number }, language: 'en' | 'zh'): Promise<string> {
  const curves = await Promise.all(
    [own, ...OPTIMAL].map(async ({ a, rate }) => {
      const points: [number, number][] = [[0, 1]];
      await stepsOnQuadratic(a, rate, {
        limit: 1000,
        // Of a run that diverges only the beginning is drawn.
        onStep: (n, largest) => largest < 100 && points.push([n, largest]),
      });
      return { name: `a = ${a.toFixed(3)}, η = ${rate.toFixed(4)}`, points };
    }),
  );
  const english = language === 'en';
  const { linesPicture } = await charts();
  return linesPicture(curves, {
    title: english ? 'Distance from the bottom of (x² + 100·y²)/2' : '与 (x² + 100·y²)/2 最低点的距离',
    x: english ? 'step' : '步数',
    y: english ? 'larger coordinate' : '较大的坐标',
    log: ['y'],
  });
}

export const exercise = defineExercise({
  id: '2.9',
  title: { en: 'Momentum between −1 and 1', zh: '动量 a 取 [0,1] 与 [-1,0] 时对权重更新的影响' },
  asked: {
    en: 'A weight update adds $a$ times the previous update to the step along the gradient. What does that do for $a$ in $[0,1]$, and for $a$ in $[-1,0]$? Hand in the numbers `agree` and `alternate`, how many times the gradient an update becomes for $a=0.9$ where gradients agree and where they alternate; `agreeMinus` and `alternateMinus`, the same for $a=-0.5$. Real numbers to three digits.',
    zh: '权重更新时，在沿梯度的一步上再加上前一次更新的 $a$ 倍。$a$ 取 $[0,1]$ 与 $[-1,0]$ 时各有什么影响？请提交数值 `agree` 与 `alternate`：$a=0.9$ 时，梯度方向一致与正负交替两种情况下更新量是梯度的多少倍；`agreeMinus` 与 `alternateMinus`：$a=-0.5$ 时的同样两个数。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`The usual recursion is $v(n)=a\,v(n-1)+g(n)$, $w\leftarrow w-\eta\,v(n)$. Unrolled, the update is $-\eta\sum_t a^{\,n-t}g(t)$: a weighted memory of all gradients.

- **$0\le a<1$.** Gradients that agree add up to $1/(1-a)$ of one, gradients that alternate cancel down to $1/(1+a)$: faster along a ravine, calmer across it.
- **$-1<a\le 0$.** The other way round: agreement gives $1/(1+\lvert a\rvert)$, alternation $1/(1-\lvert a\rvert)$. Descent is slower and swings more, so the largest step that
  still converges is smaller.
- **$\lvert a\rvert=1$.** Nothing is ever forgotten; nothing converges.

On a quadratic of condition $\kappa$ the best plain descent has $\eta=2/(1+\kappa)$ (for curvatures 1 and $\kappa$) and needs $O(\kappa)$ steps; the best heavy ball has
$a=\bigl(\tfrac{\sqrt\kappa-1}{\sqrt\kappa+1}\bigr)^2$, $\eta=\tfrac{4}{(\sqrt\kappa+1)^2}$ and needs $O(\sqrt\kappa)$. The sum that is sometimes printed,
$\Delta w(n)=-g(n)+a\,\Delta w(n-1)+a^2\Delta w(n-2)+\dots$, is another recursion: for $g=1$ it tends to $-\frac{1-a}{1-2a}$ and diverges from $a=\tfrac12$ on.

Source: B. Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964.`,
    zh: String.raw`通常的递推为 $v(n)=a\,v(n-1)+g(n)$，$w\leftarrow w-\eta\,v(n)$。展开后更新量是 $-\eta\sum_t a^{\,n-t}g(t)$：对所有历史梯度的加权记忆。

- **$0\le a<1$。** 方向一致的梯度累加到单个的 $1/(1-a)$ 倍，正负交替的梯度相消到 $1/(1+a)$ 倍：沿峡谷方向更快，横向更平稳。
- **$-1<a\le 0$。** 恰好相反：方向一致时为 $1/(1+\lvert a\rvert)$ 倍，交替时为 $1/(1-\lvert a\rvert)$ 倍。下降更慢、振荡更大，因此仍能收敛的最大步长更小。
- **$\lvert a\rvert=1$。** 什么都不会遗忘，不收敛。

对条件数为 $\kappa$ 的二次函数（曲率为 1 与 $\kappa$），普通梯度下降的最优步长是 $\eta=2/(1+\kappa)$，需要 $O(\kappa)$ 步；最优的重球法取
$a=\bigl(\tfrac{\sqrt\kappa-1}{\sqrt\kappa+1}\bigr)^2$、$\eta=\tfrac{4}{(\sqrt\kappa+1)^2}$，只需 $O(\sqrt\kappa)$ 步。有的书上印的求和式
$\Delta w(n)=-g(n)+a\,\Delta w(n-1)+a^2\Delta w(n-2)+\dots$ 是另一种递推：当 $g=1$ 时它趋于 $-\frac{1-a}{1-2a}$，从 $a=\tfrac12$ 起发散。

来源：B. Polyak，*Some methods of speeding up the convergence of iteration methods*，1964。`,
  },
  claimed: {
    en: String.raw`A widespread answer calls momentum with $a\in[0,1]$ a "penalty term" that smooths, and with $a\in[-1,0]$ a "reward term" that converges more steeply. It is neither:
no term is added to the loss. And a negative $a$ does the opposite of converging steeply: it shrinks the steps on which gradients agree and enlarges the swings. In the
valley of the table here $a=-0.5$ takes 2300 steps with $\eta=0.009$, where plain descent takes 1529 with the same $\eta$. Plain descent may take the larger step $\eta=0.019$, and
then needs 721; with $a=-0.5$ that step diverges.`,
    zh: String.raw`流传的答案称 $a\in[0,1]$ 的动量为起平滑作用的“惩罚项”，$a\in[-1,0]$ 为使收敛更陡的“奖励项”。两者都不对：损失函数中并没有加入任何项。
而且负的 $a$ 与“更陡”正相反：它缩小梯度一致时的步子，放大振荡。在这里的表所列的峡谷上，取 $\eta=0.009$ 时 $a=-0.5$ 需要 2300 步，
同一步长的普通梯度下降只需 1529 步。普通梯度下降还可以取更大的步长 $\eta=0.019$，此时只需 721 步；而 $a=-0.5$ 用这一步长则发散。`,
  },
  code: [
    {
      path: 'src/tensor/optim/rules.ts',
      words: { en: 'the update rules of the optimisers', zh: '各优化器的更新规则' },
    },
  ],
  rows: 6,
  parameters: {
    a: { kind: 'real', words: { en: 'momentum a', zh: '动量 a' }, default: 0.9, least: -1, most: 1 },
    rate: { kind: 'real', words: { en: 'learning rate η', zh: '学习率 η' }, default: 0.019, least: 1e-4, most: 1 },
  },
  async show({ print, table, picture, language }, { a: own, rate }) {
    const rows: (string | number)[][] = [];
    for (const a of [...new Set([...MOMENTA, own])].sort((x, y) => y - x)) {
      const [same, alternating] = [await gain(a, 'constant'), await gain(a, 'alternating')];
      rows.push([a, same.toFixed(4), alternating.toFixed(4)]);
    }
    table(
      ['a', { en: 'gradients that agree ×', zh: '梯度方向一致 ×' }, { en: 'that alternate ×', zh: '梯度正负交替 ×' }],
      rows,
    );
    const runs: (string | number)[][] = [];
    for (const setting of [...SETTINGS, ...OPTIMAL, { a: own, rate }]) {
      const steps = await stepsOnQuadratic(setting.a, setting.rate);
      const word = steps === 'diverges' ? { en: 'diverges', zh: '发散' }[language] : steps;
      runs.push([Number(setting.a.toFixed(4)), Number(setting.rate.toFixed(4)), word]);
    }
    table(['a', 'η', { en: 'steps down (x² + 100·y²)/2', zh: '在 (x² + 100·y²)/2 上的步数' }], runs);
    picture('descent', await descentPicture({ a: own, rate }, language), {
      en: 'Distance from the minimum by steps, on a logarithmic axis; with the best momentum it falls about seven times as fast as without',
      zh: '与最小值的距离（对数坐标）随步数的变化；动量取最优值时的下降速度约为无动量时的七倍',
    });
    print({
      en: `The sum as printed, a = 0.3 and g = 1, tends to ${literalSum(0.3, 200).toFixed(4)}; −(1 − a)/(1 − 2a) = ${(-0.7 / 0.4).toFixed(4)}.`,
      zh: `按印出的求和式，a = 0.3、g = 1 时趋于 ${literalSum(0.3, 200).toFixed(4)}；−(1 − a)/(1 − 2a) = ${(-0.7 / 0.4).toFixed(4)}。`,
    });
  },
  async check(check) {
    const gains = (kind: 'constant' | 'alternating') => Promise.all(MOMENTA.map((a) => gain(a, kind)));
    check.row(1).close('gain of a constant gradient', await gains('constant'), [10, 2, 2 / 3, 1 / 1.9], 1e-9);
    check.row(2).close('gain of an alternating gradient', await gains('alternating'), [1 / 1.9, 2 / 3, 2, 10], 1e-9);
    check.row(3).close('the sum as printed, a = 0.3', literalSum(0.3, 200), -1.75, 1e-9);
    check.atMost('the sum as printed, a = 0.5, keeps growing', literalSum(0.5, 4000), -1000);
    const steps: (number | string)[] = [];
    for (const { a, rate } of SETTINGS) steps.push(await stepsOnQuadratic(a, rate));
    check.row(4).equal('steps on the quadratic, η = 0.019: a = 0, 0.5, 0.9', steps.slice(0, 3), [721, 343, 263]);
    check.row(4).equal('steps on the quadratic, η = 0.009: a = 0, −0.5', steps.slice(3, 5), [1529, 2300]);
    check.row(5).equal('a = −0.5 with the larger η = 0.019, which plain descent may take', steps[5], 'diverges');
    const best: (number | string)[] = [];
    for (const { a, rate } of OPTIMAL) best.push(await stepsOnQuadratic(a, rate));
    check.row(6).equal('plain descent and heavy ball at their best', best, [691, 95]);
  },
  judge: async (submission) =>
    judgeNumbers(
      submission,
      await (async () => {
        const fields: NumberField[] = [];
        for (const [a, suffix] of [
          [0.9, ''],
          [-0.5, 'Minus'],
        ] as const) {
          const [same, turned] = [await gain(a, 'constant'), await gain(a, 'alternating')];
          const other = (value: number): readonly Slip[] => [
            slip(value, 'the other case is taken', '取成了另一种情况'),
          ];
          fields.push(
            real(`agree${suffix}`, `gradients that agree, a = ${a}`, `梯度方向一致，a = ${a}`, same, other(turned)),
            real(
              `alternate${suffix}`,
              `gradients that alternate, a = ${a}`,
              `梯度正负交替，a = ${a}`,
              turned,
              other(same),
            ),
          );
        }
        return fields;
      })(),
    ),
});

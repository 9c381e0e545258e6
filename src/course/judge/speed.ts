/** How fast a right program is: remarks of their own kinds, and a threshold that a teacher sets. */
import type { Finding, Judged } from '../judge.ts';

export const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

/** Of the bound; what reaches less is told where it loses its cycles. */
const NEAR = 0.9;

/** Cycles that the matrix unit waits: before its first computation, behind its last, between. */
interface Waits {
  readonly head: number;
  readonly tail: number;
  readonly gaps: number;
}

/** What is to be said of the speed of a right program; nothing of one that is near the bound, or as fast as the best that is known. */
export function speedRemarks(
  cycles: number,
  { serial, best, bound }: Readonly<Record<'serial' | 'best' | 'bound', number>>,
  { head, tail, gaps }: Waits,
): readonly Finding[] {
  if (cycles <= best) return [];
  if (cycles >= serial) {
    return [
      {
        kind: 'no-overlap',
        words: {
          en:
            `It is no faster than one step after the other (${serial} cycles): ${percent(bound / cycles)} of the bound, where ${percent(bound / best)} are known to be reached. ` +
            'Let the next tile be loaded, and the last stored, while one is computed: two buffers in turn, and one sync for all three.',
          zh:
            `它并不比逐步串行（${serial} 周期）快：只达到下界的 ${percent(bound / cycles)}，已知可达 ${percent(bound / best)}。` +
            '请在计算一个分块的同时加载下一块、写回上一块：轮流使用两个缓冲区，三者共用一个 sync。',
        },
      },
    ];
  }
  if (bound / cycles >= NEAR) return [];
  return [
    {
      kind: 'far-from-bound',
      words: {
        en:
          `It reaches ${percent(bound / cycles)} of the bound, where ${percent(bound / best)} are known to be reached: ${cycles - bound} cycles are lost ` +
          `(${head} before the first computation, ${tail} behind the last, ${gaps} between). Begin with a small tile, end with a small tile, and load and store while others are computed.`,
        zh:
          `它只达到下界的 ${percent(bound / cycles)}，已知可达 ${percent(bound / best)}：损失 ${cycles - bound} 周期` +
          `（首次计算之前 ${head}，最后一次计算之后 ${tail}，其间 ${gaps}）。请以小分块开始、以小分块结束，并在计算其他分块时加载与写回。`,
      },
    },
  ];
}

/**
 * A right program that reaches less of the bound than is asked for is incomplete; other answers stay as they are.
 * @param least of the bound, 0 … 1
 */
export function heldTo(judged: Judged, least: number): Judged {
  const { verdict, figures, findings } = judged;
  const { efficiency } = figures;
  if (verdict !== 'right' || efficiency === undefined || efficiency >= least) return judged;
  const { best, bound } = figures;
  const known = best === undefined || bound === undefined ? undefined : percent(bound / best);
  return {
    ...judged,
    verdict: 'incomplete',
    findings: [
      {
        kind: 'too-slow',
        words: {
          en: `It is right, but reaches ${percent(efficiency)} of the bound, and ${percent(least)} are asked for${known === undefined ? '' : ` (the best known reaches ${known})`}.`,
          zh: `程序正确，但只达到下界的 ${percent(efficiency)}，而要求达到 ${percent(least)}${known === undefined ? '' : `（已知最好为 ${known}）`}。`,
        },
      },
      ...findings,
    ],
  };
}

/** Why a search that came to its end has no front: nothing could run, nothing did, or nothing that ran keeps the limits. */
import { diagnostic, type SystoleError } from '#base';
import { type Exploration, failuresOf, statesOf } from './search.ts';
import type { Space } from './space.ts';

const noDesign = diagnostic<object>('SYS-EXPLORE-030', 'unsupported', {
  en: () =>
    "no design of the space keeps the limits on area, peak and capacity, so that nothing is to be run. Loosen 'constraints', or let 'vary' have other values.",
  zh: () => '空间中没有设计满足 area、peak 与 capacity 的限制，无可运行。请放宽 constraints，或给 vary 其他取值。',
});
const allFailed = diagnostic<{ failed: number; excluded: number; codes: string }>('SYS-EXPLORE-031', 'unsupported', {
  en: (p) =>
    `no design could be run: ${p.failed} failed (${p.codes})${p.excluded === 0 ? '' : `, ${p.excluded} break a limit on area, peak or capacity`}. results.csv has the reason of each; let 'vary' have other values, or take another machine or network.`,
  zh: (p) =>
    `没有可运行的设计：${p.failed} 个失败（${p.codes}）${p.excluded === 0 ? '' : `，${p.excluded} 个不满足 area、peak 或 capacity 的限制`}。各自的原因见 results.csv；请给 vary 其他取值，或换用其他机器或网络。`,
});
const noneKeeps = diagnostic<{ ran: number; limits: string }>('SYS-EXPLORE-032', 'unsupported', {
  en: (p) =>
    `none of the ${p.ran} designs that ran keeps the limits on ${p.limits}. results.csv says in 'violation' by how much; loosen 'constraints', or let 'vary' have other values.`,
  zh: (p) =>
    `运行过的 ${p.ran} 个设计都不满足 ${p.limits} 的限制。超出多少见 results.csv 的 violation 列；请放宽 constraints，或给 vary 其他取值。`,
});

/** undefined where there is a front, or where the search was cut off before its end. */
export function whyEmpty(space: Space, { designs, front, end }: Exploration): SystoleError | undefined {
  if (front.length > 0 || end !== 'complete') return undefined;
  const { done, failed, excluded } = statesOf(designs);
  if (done > 0) return noneKeeps({ ran: done, limits: Object.keys(space.constraints).join(', ') });
  if (failed === 0) return noDesign({});
  const codes = Object.entries(failuresOf(designs)).map(([code, n]) => `${code} × ${n}`);
  return allFailed({ failed, excluded, codes: codes.join(', ') });
}

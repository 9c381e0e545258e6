/** Failures that say nothing of the design for good: another try, with more time or memory or on another day, may end otherwise. */
import { diagnostic } from '#base';
import type { Outcome } from './job.ts';

export const evaluatorBroke = diagnostic<{ what: string }>('SYS-EXPLORE-001', 'internal', {
  en: (p) =>
    `evaluating this point broke: ${p.what}. This is a bug of Systole; please report it with the machine and the model.`,
  zh: (p) => `评估该点时出错：${p.what}。这是 Systole 的缺陷，请附上机器与模型报告。`,
});
export const hung = diagnostic<{ seconds: number }>('SYS-EXPLORE-040', 'unsupported', {
  en: (p) =>
    `it took longer than ${p.seconds} s and was ended. Give the space a larger 'timeout', a smaller network, or a machine with fewer tiles.`,
  zh: (p) => `用时超过 ${p.seconds} 秒而被终止。请增大空间的 timeout，或用更小的网络，或分块较少的机器。`,
});
export const died = diagnostic<{ reason: string; times: number }>('SYS-EXPLORE-041', 'unsupported', {
  en: (p) => `its worker ended ${p.times} times while at it: ${p.reason}. With fewer --workers each has more memory.`,
  zh: (p) => `其工作线程 ${p.times} 次在处理时结束：${p.reason}。减少 --workers 可让每个线程有更多内存。`,
});
export const poisoned = diagnostic<{ attempts: number; reason: string }>('SYS-EXPLORE-110', 'unsupported', {
  en: (p) =>
    `this point was given up after ${p.attempts} attempts, in each of which its worker ended without an answer; the last time: ` +
    `${p.reason}. Evaluate it alone to see why (systole estimate); too little memory is a usual cause.`,
  zh: (p) =>
    `该点尝试 ${p.attempts} 次后放弃，每次工作进程都未给出结果便终止；最后一次：${p.reason}。请单独评估以查明原因（systole estimate）；内存不足是常见原因。`,
});

/** Codes of failures that a search which goes on tries anew. */
export const NOT_FOR_GOOD: ReadonlySet<string> = new Set([evaluatorBroke, hung, died, poisoned].map((d) => d.code));

/** Whether an outcome stays what it is however often it is asked for. */
export const isForGood = (outcome: Outcome): boolean => outcome.ok || !NOT_FOR_GOOD.has(outcome.failure.code);

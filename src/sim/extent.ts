/**
 * How much one entry may be: the counters of the address generators are 31 bits wide, one for the index space of a record. What
 * counts further is no program that anyone waits for, and would run into numbers that are no longer exact. Both models refuse it.
 */
import { diagnostic, type Place } from '#base';
import { elementsOf, type RecordWords, SIZE } from '#timing';
import type { DataEntry } from './entries.ts';

/** Elements of an index space. */
const EXTENT_MAX = 2 ** 31 - 1;
/** Multiply-accumulates of one `mma`, zeros of sparse weights counted: its counter of steps is 48 bits wide. */
const MACS_MAX = 2 ** 48 - 1;

const tooMuch = diagnostic<{ what: string; whatZh: string; found: string; most: number }>('SYS-SIM-034', 'invalid', {
  en: (p) =>
    `the entry has ${p.found} ${p.what}, the processor counts to ${p.most}: some size in its records is not what was meant, or the ` +
    'work belongs into a loop.',
  zh: (p) =>
    `该队列项有 ${p.found} ${p.whatZh}，处理器最多计数到 ${p.most}：其记录中的某个尺寸有误，或应改用循环分批处理。`,
});

export const tooLong = diagnostic<{ cycle: number }>('SYS-SIM-035', 'invalid', {
  en: (p) =>
    `the run goes on to cycle ${p.cycle}, beyond 2^53 − 1, the last that is counted exactly: some duration in the machine file, some size or ` +
    'some count of a loop is not what was meant.',
  zh: (p) =>
    `运行将到达周期 ${p.cycle}，超过可精确计数的最后一个周期 2^53 − 1：机器文件中的某个时长、程序中的某个尺寸或循环次数有误。`,
});

/** Entries that a queue of the simulator holds, whatever depth the machine file gives it: some hundred megabytes. */
export const WAITING_MAX = 2 ** 19;

export const queueTooLong = diagnostic<{ queue: string; most: number }>('SYS-SIM-036', 'unsupported', {
  en: (p) =>
    `${p.most} entries wait in the ${p.queue} queue, more than the simulator holds: the program runs ahead of this unit without ever waiting ` +
    'for it. Put a sync into the loop, or give the machine a smaller queueDepth.',
  zh: (p) =>
    `${p.queue} 队列中已有 ${p.most} 个等待项，超过仿真器的容量：程序一直跑在该单元之前而从不等待。请在循环中加入 sync，或减小机器的 queueDepth。`,
});

/** @throws SYS-SIM-034 an entry of more elements than can be counted */
export function refuseEndless(entry: DataEntry, place: () => Place): void {
  const space = (record: RecordWords, to?: number): number => {
    const elements = elementsOf(record, 0, to);
    if (elements > EXTENT_MAX) {
      throw tooMuch({ what: 'elements', whatZh: '个元素', found: String(elements), most: EXTENT_MAX }, place());
    }
    return elements;
  };
  switch (entry.kind) {
    case 'load':
      space(entry.dramRecord);
      return;
    case 'store':
    case 'loadSparse':
      space(entry.padRecord);
      return;
    case 'winograd':
      space(entry.source);
      return;
    case 'vec':
      space(entry.aRecord);
      return;
    case 'mma':
    case 'mmaSparse': {
      const macs = space(entry.pixels, 3) * space(entry.reduction) * Math.max(0, entry.output[16 + SIZE]!);
      if (macs > MACS_MAX) {
        throw tooMuch({ what: 'multiply-accumulates', whatZh: '次乘加', found: String(macs), most: MACS_MAX }, place());
      }
      return;
    }
  }
}

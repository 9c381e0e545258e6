/** Programs of the textbook's instructions have no data: both models refuse to run them with data, before they begin. */
import { diagnostic, type Place } from '#base';
import { type Program, timingOnlyAt } from '#isa';

const noData = diagnostic<{ mnemonic: string }>('SYS-SIM-009', 'unsupported', {
  en: (p) =>
    `'${p.mnemonic}' has a size but neither addresses nor shapes, so that there is nothing to compute: the program counts ` +
    'time only. Simulate it without data (systole sim FILE), or write it with load, store and mma.',
  zh: (p) =>
    `“${p.mnemonic}”只有大小而没有地址和形状，无法计算数据：该程序只能计时。请不带数据仿真（systole sim FILE），` +
    '或用 load、store、mma 编写。',
});

/** @throws SYS-SIM-009 where the program has instructions without data */
export function refuseTimingOnly(program: Program, place: (instruction: number) => Place): void {
  const linear = timingOnlyAt(program);
  if (linear !== undefined) throw noData({ mnemonic: linear.mnemonic }, place(linear.index));
}

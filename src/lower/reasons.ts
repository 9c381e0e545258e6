/** Why a node goes to the host: the reasons that several lowerings share, in both languages. */
import type { ToHost } from './planner.ts';

export const toHost = (en: string, zh: string): ToHost => ({ host: { en, zh } });

export const notFloat = (dtype: string): ToHost =>
  toHost(`its operand is ${dtype}; this processor computes in float32`, `其操作数为 ${dtype}；该处理器以 float32 计算`);

export const doesNotFit = (machine: {
  readonly name: string;
  readonly nram: { readonly bytes: number };
  readonly wram: { readonly bytes: number };
}): ToHost =>
  toHost(
    `not even its smallest tile fits the scratchpads of ${machine.name} (NRAM ${machine.nram.bytes} B, WRAM ${machine.wram.bytes} B)`,
    `其最小分块也放不进 ${machine.name} 的片上存储（NRAM ${machine.nram.bytes} B，WRAM ${machine.wram.bytes} B）`,
  );

export const computed = (whatEn: string, whatZh: string): ToHost =>
  toHost(`${whatEn} computed, not constant`, `${whatZh}是计算得到的，而不是常量`);

export const insideConcat: ToHost = toHost(
  'its result lies inside a concatenation that it cannot be written to',
  '其结果位于无法直接写入的拼接之中',
);

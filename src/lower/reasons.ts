/** Why a node goes to the host: the reasons that several lowerings share, in both languages. */
import { RECORD_DIMENSIONS } from '#isa';
import { type Machine, typesOf, vectorLanes, vectorTypes } from '#machine';
import { elementTypeOf } from './elementTypes.ts';
import type { ToHost } from './planner.ts';

export const toHost = (en: string, zh: string): ToHost => ({ host: { en, zh } });

/** A unit that does not compute a type: because no such unit does, or because this machine's does not. */
export function lacksType(machine: Machine, unit: 'matrix' | 'vector', dtype: string): ToHost {
  const types = (unit === 'matrix' ? typesOf(machine.matrix) : vectorTypes(machine.vector)).join(', ');
  const name = elementTypeOf(dtype) ?? dtype;
  return toHost(
    `it computes with ${name}; the ${unit} unit of ${machine.name} computes ${types}`,
    `它以 ${name} 计算；${machine.name} 的${unit === 'matrix' ? '矩阵' : '向量'}单元支持 ${types.replaceAll(', ', '、')}`,
  );
}

/** A type in which an operator is not computed. */
export const notComputed = (dtype: string): ToHost =>
  toHost(
    `it computes with ${dtype}; on the processor this operator is computed in float32, float16 and bfloat16, some also in bool and integers of up to 32 bits`,
    `它以 ${dtype} 计算；在处理器上该算子以 float32、float16 与 bfloat16 计算，部分算子也支持 bool 和不超过 32 位的整数`,
  );

/** The reason for the host where the vector unit lacks one of these types. */
export function lacksVectorType(machine: Machine, dtypes: readonly string[]): ToHost | undefined {
  const missing = dtypes.find((dtype) => vectorLanes(machine.vector, elementTypeOf(dtype) ?? dtype) === undefined);
  return missing === undefined ? undefined : lacksType(machine, 'vector', missing);
}

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

/** A kernel that could not be planned: it walks more dimensions together than records have, or its tiles do not fit. */
export const unplanned = (
  machine: Parameters<typeof doesNotFit>[0],
  dims: number,
  most: number = RECORD_DIMENSIONS,
): ToHost =>
  dims <= most
    ? doesNotFit(machine)
    : toHost(
        `its operands are walked along ${dims} dimensions that do not merge; an instruction walks ${most}`,
        `其操作数沿 ${dims} 个无法合并的维度遍历；一条指令最多遍历 ${most} 个`,
      );

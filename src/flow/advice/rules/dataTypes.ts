/** A network in float32 on a machine that computes narrower types: half precision, 8 bits. */
import { type Machine, type MatrixType, macsPerCycle, typesOf, vectorLanes } from '#machine';
import { cyclesOf, indicesOf, wouldSave } from '../estimate.ts';
import type { Change, Facts, Proposal, Rule } from '../rule.ts';
import { both, bytesText, percent } from '../words.ts';

const BYTES = { f16: 2, bf16: 2, i8: 1 } as const;
type Narrow = keyof typeof BYTES;

/** Whether the products are of float32. */
function isFloat32({ result, layers }: Facts): boolean {
  const { macs, f16Macs, bf16Macs, i8Macs, i16Macs } = result.total;
  return macs > 0 && layers.length > 0 && macs - f16Macs - bf16Macs - i8Macs - i16Macs > macs / 2;
}

const computes = (machine: Machine, type: Narrow): boolean =>
  (typesOf(machine.matrix) as readonly MatrixType[]).includes(type) && vectorLanes(machine.vector, type) !== undefined;

function narrower(facts: Facts, type: Narrow, dtype: NonNullable<Change['dtype']>): readonly Proposal[] {
  const { machine, result } = facts;
  if (!isFloat32(facts) || !computes(machine, type)) return [];
  const rate = macsPerCycle(machine.matrix, type) / macsPerCycle(machine.matrix);
  const lanes = vectorLanes(machine.vector, type)! / machine.vector.lanes;
  const bytes = result.total.readBytes + result.total.writeBytes;
  const limited = facts.layers.filter((l) => l.limit === 'memory');
  const share = percent(result.total.channelCycles / result.cycles);
  const pace =
    rate === 1
      ? both('and the matrix unit multiplies it at the same rate', '矩阵单元对其乘加的速率相同')
      : both(
          `and the matrix unit computes ${rate} times as many products of it a cycle`,
          `矩阵单元每周期可做 ${rate} 倍的乘加`,
        );
  return [
    {
      finding: both(
        `float32 moves ${bytesText(bytes)} over a channel that is taken in ${share} of the run; ${dtype} takes ${BYTES[type]} of 4 bytes, ${pace.en}`,
        `float32 在占用率 ${share} 的通道上搬运 ${bytesText(bytes)}；${dtype} 只占 4 字节中的 ${BYTES[type]} 字节，${pace.zh}`,
      ),
      figures: {
        movedBytes: bytes,
        channelShare: result.total.channelCycles / result.cycles,
        limitedCycles: cyclesOf(limited),
        elementBytes: BYTES[type],
        macRate: rate,
        laneRate: lanes,
      },
      layers: indicesOf(limited),
      proposal:
        dtype === 'int8'
          ? both(
              'int8 instead of float32; systole quantize --data tells what it costs in accuracy',
              '以 int8 代替 float32；精度代价由 systole quantize --data 给出',
            )
          : both(
              `${dtype} instead of float32; a run with data tells what it costs in accuracy`,
              `以 ${dtype} 代替 float32；精度代价由带数据的运行给出`,
            ),
      change: { dtype },
      estimate: wouldSave(facts.layers, { memory: BYTES[type] / 4, matrix: 1 / rate, vector: 1 / lanes }),
    },
  ];
}

const SOURCE =
  'traffic and multipliers by width of operands (Sze et al., Efficient Processing of DNNs, Proc. IEEE 2017, section VII)';

export const halfPrecision: Rule = {
  name: 'half-precision',
  kind: 'time',
  title: both('half precision', '半精度'),
  looksAt: both(
    'products of float32 on a machine whose units compute float16 or bfloat16; the traffic, and the rates of the types',
    '在支持 float16 或 bfloat16 的机器上以 float32 做的乘加；访存量与各类型的速率',
  ),
  proposes: both(
    'float16, or bfloat16 where only that is there: check the accuracy with `systole run --dtype`',
    'float16，仅有 bfloat16 时用后者：精度请用 `systole run --dtype` 检验',
  ),
  source: SOURCE,
  propose: (facts) =>
    computes(facts.machine, 'f16') ? narrower(facts, 'f16', 'float16') : narrower(facts, 'bf16', 'bfloat16'),
};

export const integerPrecision: Rule = {
  name: 'integer-precision',
  kind: 'time',
  title: both('8-bit integers', '8 位整数'),
  looksAt: both(
    'products of float32 on a machine whose units compute integers of 8 bits; the traffic, and the rates of the types; the weights must be at hand',
    '在支持 8 位整数的机器上以 float32 做的乘加；访存量与各类型的速率；需要有权重',
  ),
  proposes: both(
    'the network quantised to 8 bits: `systole quantize` calibrates it on your data and says what it costs in accuracy',
    '将网络量化为 8 位：`systole quantize` 用你的数据校准并给出精度代价',
  ),
  source: SOURCE,
  propose: (facts) => (facts.hasWeights ? narrower(facts, 'i8', 'int8') : []),
};

/**
 * What students hand in for 7.7 to 7.12: a program, which is assembled, run and compared, or numbers by name. The numbers are worked out from the
 * layer and the machine; slips that are known say what was forgotten.
 */
import {
  cyclesOfProgram,
  type Judged,
  judgeNumbers,
  judgeProgram,
  type LayerWork,
  type NumberField,
  type ProgramTask,
  type Slip,
  type Submission,
} from 'systole/course';
import type { Machine } from 'systole/machine';
import { boundOf, compiledCycles } from './schedule.ts';

const slip = (value: number, en: string, zh: string): Slip => ({ value, words: { en, zh } });

/** Numbers that are asked of a layer: its work, its traffic, the bounds, and the time of one step after the other. */
export function layerNumbers(
  work: LayerWork,
  machine: Machine,
  serial: string,
  readings: readonly Slip[] = [],
): readonly NumberField[] {
  const { shape, compression, x, w, y, macs } = work;
  const { rows, columns } = shape;
  const { compute, bandwidth, cycles } = boundOf(work, machine);
  const { bytes: perTurn, cycles: turn } = machine.dram.bandwidth;
  const channel = (bytes: number): number => Math.ceil((bytes * turn) / perTurn);
  const serialCycles = cyclesOfProgram(serial, machine);
  return [
    {
      name: 'macs',
      words: { en: 'multiply-accumulates', zh: '乘加次数' },
      expected: macs,
      slips: [
        slip(
          macs + rows * columns,
          'the addition of a bias to each result is counted, which this layer does not have',
          '给每个结果多算了一次加偏置，而该层没有偏置',
        ),
        ...readings,
        slip(macs / rows, 'only one row of X is counted', '只算了 X 的一行'),
      ],
    },
    {
      name: 'bytes',
      words: { en: 'bytes on the DRAM channel', zh: 'DRAM 通道上的字节数' },
      expected: x + w + y,
      slips: [
        ...(compression.x * compression.w === 1
          ? []
          : [slip(x / compression.x + w / compression.w + y, 'X and W are uncompressed', 'X 与 W 未压缩')]),
        slip(x + w, 'the results are left out: Y is stored, too', '漏掉了结果：Y 也要写回'),
        slip(x + y, 'the weights are left out', '漏掉了权重'),
        slip(w + y, 'the input is left out', '漏掉了输入'),
        slip(
          x + w + y + 4 * columns,
          'the bytes of a bias are counted, which this layer does not have',
          '多算了偏置的字节，而该层没有偏置',
        ),
        ...(work.cores === 1
          ? []
          : [slip(work.cores * (x + w + y), 'every core is charged with the whole layer', '给每个核都算了整层的数据')]),
      ],
    },
    {
      name: 'compute',
      words: { en: 'least cycles of the matrix units', zh: '矩阵单元的最少周期' },
      expected: compute,
      slips: [
        ...(work.cores === 1
          ? []
          : [slip(compute * work.cores, 'the whole layer is given to one core', '整层都算给了一个核')]),
        slip(
          macs,
          'each cycle does one multiply-accumulate; the unit does many',
          '每周期只算一次乘加，而该单元每周期做很多次',
        ),
      ],
    },
    {
      name: 'bandwidth',
      words: { en: 'least cycles of the DRAM channel', zh: 'DRAM 通道的最少周期' },
      expected: bandwidth,
      slips: [
        slip(channel(x + w), 'the results are left out: Y goes over the same channel', '漏掉了结果：Y 也经过同一通道'),
      ],
    },
    {
      name: 'bound',
      words: { en: 'the bound', zh: '下界' },
      expected: cycles,
      slips: [
        slip(
          compute + bandwidth,
          'the two are added; they can go on at the same time, so the larger counts',
          '把两者相加了；两者可以同时进行，应取较大者',
        ),
        slip(Math.min(compute, bandwidth), 'the smaller of the two is taken', '取了两者中较小者'),
      ],
    },
    {
      name: 'serial',
      words: { en: 'cycles of one step after the other', zh: '逐步串行的周期' },
      expected: serialCycles,
      slips: [
        slip(cycles, 'everything overlaps, which is the bound', '假设全部重叠，那是下界'),
        slip(serialCycles - channel(y), 'the results are not stored', '没有写回结果'),
        slip(serialCycles - compute, 'only transfers are counted', '只算了传输'),
      ],
    },
  ];
}

/** Judges a program against its task, numbers against those of the layer. */
export async function judgeLayer(
  submission: Submission,
  task: Omit<ProgramTask, 'compiled'>,
  work: LayerWork,
  { isCompiled = true } = {},
): Promise<Judged> {
  if (submission.kind === 'numbers') {
    const best = cyclesOfProgram(task.best, task.machine);
    const known: Slip = {
      value: best,
      words: {
        en: `${best} is the cycles of the best program known here. The cycles of a program are judged by the program: hand in the program (.s).`,
        zh: `${best} 是此处已知最好程序的周期数。程序的周期由程序来评判：请提交程序（.s）。`,
      },
    };
    return judgeNumbers(submission, layerNumbers(work, task.machine, task.serial, task.readings), [known]);
  }
  const compiled = isCompiled ? { compiled: await compiledCycles(task.shape, task.machine) } : {};
  return judgeProgram(submission, { ...task, ...compiled });
}

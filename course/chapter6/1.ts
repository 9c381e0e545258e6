/**
 * Exercise 6.1: what sets a deep-learning processor apart from the neural chips of the 1980s is that few neurons of hardware serve any number of
 * neurons of the algorithm, one after the other. A layer of 4,096 outputs on 16 lanes runs correctly, in 256 passes.
 */

import { defineExercise, judgeNumbers } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { compileModel, randomInput, runAndCheck } from 'systole/flow';
import { changedMachine, type Machine, presets } from 'systole/machine';
import { grouped } from 'systole/report';
import { exportModel, Generator, nn } from 'systole/tensor';
import { SIZE } from 'systole/timing';
import { exact, slip } from '../numberFields.ts';

/** The machine of chapter 7 with so many vector-MACs: lanes that each work on one neuron. */
const machineWith = (lanes: number): Machine =>
  changedMachine(presets.get('textbook-single')!, [{ path: 'matrix.tn', value: String(lanes) }]);

/** Runs one fully connected layer with random weights and inputs, and holds it against the host. */
export async function runLayer(inputs: number, outputs: number, machine: Machine) {
  if (machine.matrix.kind !== 'dot') throw new Error(`${machine.name} has no vector-MACs`);
  const lanes = machine.matrix.tn;
  const engine = await sharedEngine();
  const layer = new nn.Linear(inputs, outputs, { bias: false, generator: new Generator(61) });
  const model = await exportModel(layer, { x: [1, inputs] }, { name: 'layer', outputs: ['y'] });
  const compiled = await compileModel(model, { machine, engine });
  const feeds = new Map(compiled.program.inputs.map((slot, i) => [slot.name, randomInput(slot, 1, i)]));
  let passes = 0;
  const { result, check } = await runAndCheck(compiled, {
    engine,
    feeds,
    // Every group of filters whose results leave the unit is a pass of its lanes.
    observer: (event) => {
      if (event.type !== 'mma:start' || event.entry.kind !== 'mma' || !event.entry.drain) return;
      passes += Math.ceil(event.entry.output[16 + SIZE]! / lanes);
    },
  });
  return { lanes, passes, cycles: result.cycles, macs: result.total.macs, right: check.ok };
}

/** Inputs of the layer; the exercise gives only its outputs. */
const INPUTS = 256;

export const exercise = defineExercise({
  id: '6.1',
  title: {
    en: 'Deep-learning processors and the neural chips of the 1980s',
    zh: '深度学习处理器与 80 年代神经网络芯片的区别',
  },
  asked: {
    en: 'What is the difference between a deep-learning processor of today and the neural-network chips of the 1980s? Hand in the number `passes`: how often 16 lanes are used for the 4096 outputs of a fully connected layer.',
    zh: '今天的深度学习处理器与 20 世纪 80 年代的神经网络芯片有什么区别？请提交数值 `passes`：全连接层有 4096 个输出时，16 条通道要轮流使用多少遍。',
  },
  explanation: {
    en: `The chips of the 1980s drew the network onto the silicon: one circuit for each neuron, one for each synapse. The ETANN of Intel had
64 neurons and 10,240 synapses, and a network that did not fit those did not run. In processes around 1 μm that was what a die held, and the networks of
the time, small and shallow, fitted.

A deep-learning processor separates the two. It has $T_n$ lanes, and a layer of $N$ neurons takes
$$\\text{passes} = \\lceil N / T_n \\rceil$$
turns on them: hardware neurons are multiplexed in time. What makes that possible is a memory beside the lanes, from which every turn gets other weights, and
instructions that say which. So the size of the network no longer depends on the size of the chip; it decides how long the layer takes, not
whether it runs. The table here runs one layer on 4 to 32 lanes: results are right every time. Cycles hardly differ: with one sample every weight is used
once, and bringing the weights takes longer than multiplying by them.

Sources: M. Holler, S. Tam, H. Castro, R. Benson, *An electrically trainable artificial neural network (ETANN) with 10240 “floating gate” synapses*,
IJCNN 1989. T. Chen et al., *DianNao: a small-footprint high-throughput accelerator for ubiquitous machine-learning*, ASPLOS 2014. The code that cuts the layer into turns
is the compiler's, \`src/lower\`.`,
    zh: `80 年代的芯片把网络直接“画”在硅片上：每个神经元一份电路，每个突触一份电路。Intel 的 ETANN 有 64 个神经元和 10240 个突触，装不下的网络就无法运行。
当时约 1 μm 的工艺只能容纳这么多，而那时的网络又小又浅，正好放得下。

深度学习处理器把两者分开：它有 $T_n$ 条通道，含 $N$ 个神经元的一层在其上轮流执行
$$\\text{遍数} = \\lceil N / T_n \\rceil$$
遍，即硬件神经元分时复用。使之成为可能的，是通道旁边的存储器（每一遍换一批权重）和指明用哪一批的指令。于是网络规模不再受芯片规模限制：
它只决定一层要算多久，而不决定能不能算。这里的表在 4～32 条通道上运行同一层：结果每次都正确。周期数几乎不变：只有一个样本时每个权重只用一次，
搬运权重的时间超过相乘的时间。

出处：M. Holler、S. Tam、H. Castro、R. Benson，*An electrically trainable artificial neural network (ETANN) with 10240 “floating gate” synapses*，
IJCNN 1989；陈天石等，*DianNao: a small-footprint high-throughput accelerator for ubiquitous machine-learning*，ASPLOS 2014。把一层切成若干遍的是编译器，见 \`src/lower\`。`,
  },
  rows: 2,
  code: [
    {
      path: 'src/lower/contraction.ts',
      words: { en: 'A layer as a contraction, before it is tiled', zh: '分块之前，以张量缩并表示的一层' },
    },
    {
      path: 'src/timing/matrix.ts',
      words: { en: 'Cycles of the matrix unit, lane group by lane group', zh: '矩阵单元的周期数：逐组通道计算' },
    },
  ],
  parameters: {
    inputs: {
      kind: 'whole',
      words: { en: 'inputs of the layer', zh: '该层的输入个数' },
      default: INPUTS,
      least: 16,
      most: 1024,
    },
    outputs: {
      kind: 'whole',
      words: { en: 'outputs (neurons) of the layer', zh: '该层的输出（神经元）个数' },
      default: 4096,
      least: 1,
      most: 8192,
    },
  },
  async show({ table }, { inputs, outputs }) {
    const rows: (string | number)[][] = [];
    for (const lanes of [4, 8, 16, 32]) {
      const { passes, cycles, macs, right } = await runLayer(inputs, outputs, machineWith(lanes));
      rows.push([lanes, passes, grouped(macs), grouped(cycles), right ? '=' : '≠']);
    }
    table(
      [
        { en: 'lanes', zh: '通道数' },
        { en: 'passes', zh: '遍数' },
        'MAC',
        { en: 'cycles', zh: '周期' },
        { en: 'outputs and the host’s', zh: '输出与主机结果' },
      ],
      rows,
    );
  },
  async check(check) {
    const { lanes, passes, macs, right } = await runLayer(INPUTS, 4096, presets.get('textbook-single')!);
    check.equal('lanes of textbook-single', lanes, 16);
    check.row(1).equal('passes of the lanes for 4096 outputs', passes, 256);
    check.row(2).holds('outputs equal the host’s', right);
    check.equal('every product is computed once', macs, INPUTS * 4096);
  },
  judge: async (submission, { inputs, outputs }) =>
    judgeNumbers(
      submission,
      await (async () => {
        const { lanes, passes } = await runLayer(inputs, outputs, presets.get('textbook-single')!);
        return [
          exact(
            'passes',
            'passes of the lanes',
            '通道使用的遍数',
            passes,
            [
              slip(outputs, 'there is one lane', '只有一条通道'),
              slip(
                1,
                'each output has a lane of its own, as in the chips of the 1980s',
                '每个输出各有一条通道，如 80 年代的芯片',
              ),
              slip(lanes, 'that is the number of lanes', '那是通道数'),
            ].filter((s) => s.value !== passes),
          ),
        ];
      })(),
    ),
});

/** Exercise 4.3: a matrix product on devices: the host's CPU, the processor of this project in its simulator, and a GPU where the host engine reaches one. */

import { defineExercise, judgeNumbers, type Words } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { compileModel, runAndCheck } from 'systole/flow';
import { tensorNumbers, tensorType } from 'systole/ir';
import { resolveMachine } from 'systole/machine';
import { writeModel } from 'systole/onnx';
import { inferTypes } from 'systole/ops';
import { summarize } from 'systole/report';
import { compile, matMul, mul, random, type Tensor, tensor } from 'systole/tensor';
import { exact, main, slip } from '../numberFields.ts';

const product = compile((a: Tensor, b: Tensor) => matMul(a, b));

export interface Run {
  readonly device: string;
  readonly values: Float64Array;
  /** Milliseconds on the host; cycles of the processor otherwise. */
  readonly time: number;
  readonly unit: 'ms' | 'cycles';
}

/** On the CPU: the median of several runs after one that is not counted. */
export async function onCpu(a: Tensor, b: Tensor, runs = 5): Promise<Run> {
  let result = product(a, b);
  await result.data();
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    result = product(a, b);
    await result.data();
    times.push(performance.now() - start);
  }
  const values = tensorNumbers(await result.value());
  return { device: 'cpu', values, time: times.sort((x, y) => x - y)[runs >> 1]!, unit: 'ms' };
}

/** On a processor: simulated with the numbers, its time in its own cycles. */
export async function onProcessor(a: Tensor, b: Tensor, machine = resolveMachine('systolic-16x16')): Promise<Run> {
  const engine = await sharedEngine();
  const model = await product.model(a, b);
  const compiled = await compileModel(model, { machine, engine });
  const names = model.graph.inputs.map((v) => v.name) as [string, string];
  const feeds = new Map([
    [names[0], await a.value()],
    [names[1], await b.value()],
  ]);
  const { outputs, result } = await runAndCheck(compiled, { engine, feeds });
  const [values] = outputs.values();
  return { device: machine.name, values: tensorNumbers(values!), time: result.cycles, unit: 'cycles' };
}

/** No GPU: the providers that were tried, and what the host engine said of each. */
export interface Absent {
  readonly absent: readonly { readonly provider: string; readonly said: string }[];
}

/** Opens a session for the model on its standard input; its own words where none opens. */
const PROBE = `const [, library, provider] = process.argv;
const { InferenceSession } = require(library);
InferenceSession.create(require('node:fs').readFileSync(0), { executionProviders: [provider], logSeverityLevel: 4 }).then(
  () => process.exit(0),
  (error) => require('node:fs').writeSync(1, String(error.message)) && process.exit(1),
);`;

/**
 * What the host engine says of a provider that does not open; undefined where it does. Tried in a process of its own: libraries of GPUs write to the
 * standard error output whatever level of logging a session asks for, and one that ends its process would end this one.
 */
async function probe(provider: string, model: Uint8Array): Promise<string | undefined> {
  const [{ spawnSync }, { createRequire }] = await Promise.all([import('node:child_process'), import('node:module')]);
  const library = createRequire(import.meta.url).resolve('onnxruntime-node');
  const { status, stdout } = spawnSync(process.execPath, ['-e', PROBE, library, provider], {
    ...{ input: model, stdio: ['pipe', 'pipe', 'ignore'], timeout: 60_000, encoding: 'utf8' },
  });
  return status === 0 ? undefined : stdout;
}

/**
 * On a GPU: by the first execution provider of the host engine that opens a session here; why none does otherwise. The build lists the
 * providers that it knows; whether a device and its libraries are there shows when one is opened.
 */
export async function onGpu(a: Tensor, b: Tensor, runs = 5): Promise<Run | Absent> {
  const { InferenceSession, listSupportedBackends, Tensor: Held } = await import('onnxruntime-node');
  const model = await product.model(a, b);
  const names = model.graph.inputs.map((v) => v.name) as [string, string];
  const bytes = writeModel(model);
  const absent: { provider: string; said: string }[] = [];
  for (const { name } of listSupportedBackends().filter((backend) => backend.name !== 'cpu')) {
    const refused = await probe(name, bytes);
    if (refused !== undefined) {
      absent.push({ provider: name, said: refused });
      continue;
    }
    try {
      const session = await InferenceSession.create(bytes, {
        executionProviders: [name],
        logSeverityLevel: 4,
      });
      const held = async (t: Tensor) => new Held('float32', (await t.data()) as Float32Array, t.shape);
      const feeds = { [names[0]]: await held(a), [names[1]]: await held(b) };
      const times: number[] = [];
      let values = new Float64Array();
      for (let i = 0; i <= runs; i++) {
        const start = performance.now();
        const [result] = Object.values(await session.run(feeds));
        values = Float64Array.from((await result!.getData()) as Float32Array);
        if (i > 0) times.push(performance.now() - start);
      }
      await session.release();
      return { device: `gpu (${name})`, values, time: times.sort((x, y) => x - y)[runs >> 1]!, unit: 'ms' };
    } catch (error) {
      absent.push({ provider: name, said: (error as Error).message });
    }
  }
  return { absent };
}

/** Why a provider does not open, in words of ours: the host engine has its own, of its sources. */
function reasonOf(said: string): Words {
  if (/adapter/i.test(said)) return { en: 'finds no GPU', zh: '找不到 GPU' };
  if (/load|library/i.test(said)) return { en: 'its library does not load', zh: '其动态库无法加载' };
  return { en: 'does not open', zh: '打不开' };
}

/** What is said where no GPU computes. */
function absence({ absent }: Absent): Words {
  if (absent.length === 0) {
    return { en: 'the host engine has no provider for a GPU', zh: '主机引擎没有面向 GPU 的执行提供者' };
  }
  const each = (language: 'en' | 'zh', colon: string): readonly string[] =>
    absent.map(({ provider, said }) => `${provider}${colon}${reasonOf(said)[language]}`);
  return {
    en: `no provider of the host engine opens a GPU: ${each('en', ' ').join('; ')}`,
    zh: `主机引擎的执行提供者都打不开 GPU：${each('zh', ' ').join('；')}`,
  };
}

/** max |x − y| ÷ max |y|. */
export function relativeError(x: Float64Array, y: Float64Array): number {
  const most = (values: Float64Array): number => values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return most(x.map((v, i) => v - y[i]!)) / most(y);
}

function operands(size: number): readonly [Tensor, Tensor] {
  const generator = new random.Generator(1);
  return [random.normal([size, size], { generator }), random.normal([size, size], { generator })];
}

const A = [
  [1, 2],
  [3, 4],
];
const B = [
  [5, 6],
  [7, 8],
];

/** What is said of a GPU: its time, or that there is none. */
export const gpuStatus = (run: Run | Absent): string =>
  'absent' in run ? 'gpu: not available' : `${run.device}: ${run.time.toFixed(3)} ms`;

/** Multiply-accumulates of a product, counted from its graph. */
export async function macs(rows: number, inner: number, columns: number): Promise<number> {
  const shaped = ([x, y]: readonly [number, number]) => tensorType('float32', [x, y]);
  const model = await product.model(tensor(A), tensor(B));
  const sizes = [shaped([rows, inner]), shaped([inner, columns])];
  const inputs = model.graph.inputs.map((v, i) => ({ ...v, type: sizes[i] }));
  const outputs = model.graph.outputs.map((v) => ({ ...v, type: undefined }));
  return summarize(inferTypes({ ...model, graph: { ...model.graph, inputs, outputs, types: new Map() } })).totals.macs;
}

export const exercise = defineExercise({
  id: '4.3',
  title: { en: 'A matrix product on several devices', zh: '实现一个矩阵乘法，分别用 CPU 和 GPU 执行' },
  asked: {
    en: 'Multiply two matrices on the CPU and on a GPU, and compare the times. Hand in the numbers `macs` and `products`: multiply-accumulates of the matrix product of two 4000 × 4000 matrices, and multiplications of their product element by element. One number alone is `macs`.',
    zh: '实现矩阵乘法，分别在 CPU 与 GPU 上执行并比较时间。请提交数值 `macs` 与 `products`：两个 4000 × 4000 矩阵的矩阵乘的乘加次数，以及逐元素积的乘法次数。只交一个数时为 `macs`。',
  },
  explanation: {
    en: String.raw`$C = AB$ has $C_{ij} = \sum_k A_{ik} B_{kj}$: for $n \times n$ matrices $n^3$ multiply-accumulates, $64 \cdot 10^9$ for $n = 4000$. The product element by element, $A \odot B$, has $n^2$ products and is another operation.

A **fair comparison** gives every device the same matrices, runs it once without counting (compilation, allocation, start of the device), takes the median of several runs, has nothing but the product between the readings of the clock, and compares the results: different orders of summation differ by rounding, $\max|C - C'| / \max|C| \le 10^{-5}$ in 32 bits.

The devices here: the CPU of the host; the processor of this project in its simulator, whose time is in its own cycles and says nothing of the host; and a GPU, through the first execution provider of the host engine that opens one. Where none opens, the answer is "gpu: not available" and why, never a time.`,
    zh: String.raw`$C = AB$ 即 $C_{ij} = \sum_k A_{ik} B_{kj}$：$n \times n$ 矩阵需 $n^3$ 次乘加，$n = 4000$ 时为 $64 \cdot 10^9$ 次。逐元素积 $A \odot B$ 只有 $n^2$ 次乘法，是另一种运算。

**公平的比较**要求：各设备使用相同的矩阵；先运行一次不计时（编译、分配内存、启动设备）；取多次运行的中位数；计时区间内只有矩阵乘；并比较结果：求和次序不同只会带来舍入差别，32 位下 $\max|C - C'| / \max|C| \le 10^{-5}$。

这里的设备：主机 CPU；本项目的处理器（在模拟器中运行，时间以它自己的周期计，与主机速度无关）；以及 GPU（由主机引擎中第一个能打开 GPU 的执行提供者运行）。打不开时回答“gpu: not available”并说明原因，绝不给出编造的时间。`,
  },
  claimed: {
    en: 'Claimed: `tf.multiply` on two 4000 × 4000 variables as the matrix product, 8.87 s on the CPU and 1.24 s on the GPU, "8 times". `tf.multiply` is the product element by element: 16 million products; the matrix product is `tf.matmul`, 64 · 10⁹ MACs (128 GFLOP). The times hold the making of graph and session, the start of the GPU, drawing the random matrices and printing, of one run without a warm-up, on different matrices. They compare nothing.',
    zh: '原答案把两个 4000 × 4000 变量的 `tf.multiply` 当作矩阵乘，CPU 8.87 s，GPU 1.24 s，“8 倍”。`tf.multiply` 是逐元素积，只有 1600 万次乘法；矩阵乘应为 `tf.matmul`，64 · 10⁹ 次 MAC（128 GFLOP）。所计时间包含建图与会话、GPU 初始化、生成随机矩阵和打印，只运行一次、没有预热，而且矩阵各不相同，因此什么也没有比较。',
  },
  rows: 5,
  code: [
    { path: 'src/tensor/functions/linear.ts', words: { en: 'matrix products', zh: '矩阵乘' } },
    { path: 'src/flow/run.ts', words: { en: 'running on the simulated processor', zh: '在模拟处理器上运行' } },
    { path: 'src/machine/index.ts', words: { en: 'machines', zh: '机器描述' } },
  ],
  parameters: {
    size: { kind: 'whole', words: { en: 'rows and columns', zh: '行列数' }, default: 64, least: 8, most: 512 },
    machine: { kind: 'machine', words: { en: 'the processor', zh: '处理器' }, default: 'systolic-16x16' },
  },
  async show({ print, table, language }, { size, machine }) {
    const given = operands(size);
    const [cpu, processor] = [await onCpu(...given), await onProcessor(...given, machine)];
    const gpu = await onGpu(...given);
    print({
      en: `${size} × ${size} × ${size}: ${await macs(size, size, size)} MACs`,
      zh: `${size} × ${size} × ${size}：${await macs(size, size, size)} 次 MAC`,
    });
    const runs = [cpu, processor, ...('absent' in gpu ? [] : [gpu])];
    table(
      [
        { en: 'device', zh: '设备' },
        { en: 'time', zh: '时间' },
        { en: 'relative difference from the CPU', zh: '与 CPU 结果的相对差' },
      ],
      runs.map(({ device, time, unit, values }) => [
        device,
        unit === 'ms' ? `${time.toFixed(3)} ms` : `${time} ${language === 'zh' ? '周期' : 'cycles'}`,
        relativeError(values, cpu.values).toExponential(1),
      ]),
    );
    if ('absent' in gpu) {
      const why = absence(gpu);
      print({ en: `${gpuStatus(gpu)} (${why.en}).`, zh: `${gpuStatus(gpu)}（${why.zh}）。` });
    }
  },
  async check({ row, holds, atMost }) {
    row(1).equal('the matrix product', await matMul(tensor(A), tensor(B)).toArray(), [
      [19, 22],
      [43, 50],
    ]);
    row(2).equal('element by element', await mul(tensor(A), tensor(B)).toArray(), [
      [5, 12],
      [21, 32],
    ]);
    row(3).equal('MACs of 4000³, counted from the graph', await macs(4000, 4000, 4000), 64000000000);
    const given = operands(256);
    const [cpu, processor] = [await onCpu(...given), await onProcessor(...given)];
    row(4).atMost(
      '256 × 256: difference of the devices, relative to the largest',
      relativeError(processor.values, cpu.values),
      1e-5,
    );
    const gpu = await onGpu(...given);
    const status = gpuStatus(gpu);
    if ('absent' in gpu) row(5).equal('where no GPU computes', status, 'gpu: not available');
    else {
      row(5).holds('a GPU computes, and its time is measured', gpu.time > 0 && status.includes(gpu.device));
      atMost(`256 × 256 on ${gpu.device}`, relativeError(gpu.values, cpu.values), 1e-3);
    }
    holds('where there is none, no time is given', !/\d/.test(gpuStatus({ absent: [] })));
  },
  judge: async (submission) =>
    judgeNumbers(
      submission,
      await (async () => {
        const elements = 4000 ** 2;
        return [
          main(
            exact(
              'macs',
              'multiply-accumulates of the matrix product',
              '矩阵乘的乘加次数',
              await macs(4000, 4000, 4000),
              [slip(elements, 'that is the product element by element', '那是逐元素积')],
            ),
          ),
          exact('products', 'multiplications of the product element by element', '逐元素积的乘法次数', elements),
        ];
      })(),
    ),
});

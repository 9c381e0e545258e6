/**
 * `systole scalesim -t TOPOLOGY -c CONFIG -p FOLDER`: SCALE-Sim's command line, files in and reports out, computed by closed forms
 * (docs/scalesim.md). What a configuration asks for beyond the array and its double buffers is said to be left out.
 */
import { join } from 'node:path';
import { diagnostic, type Notice } from '#base';
import { type ArrayConfig, readArrayConfig, readTopology, TOPOLOGY_FORMS, type TopologyForm } from '#data';
import { type LayerUse, layerUse, scaleSimCsv, scaleSimSchema, scaleSimTables, scaleSimText } from '#report';
import { answer } from '../answers.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { checkWritable, makeFolder, Output, readText } from '../files.ts';
import { textStyle } from '../style.ts';
import { choice } from '../values.ts';

interface ScaleSimOptions {
  readonly topology: string;
  readonly config: string;
  readonly path: string;
  readonly inputType?: TopologyForm;
  readonly layout?: string;
  readonly saveTrace?: 'Y' | 'N';
}

const TOPOLOGY = { en: "SCALE-Sim's topology (CSV)", zh: 'SCALE-Sim 的拓扑文件（CSV）' };
const CONFIG = { en: "SCALE-Sim's configuration (.cfg)", zh: 'SCALE-Sim 的配置文件（.cfg）' };

const noLayers = diagnostic<object>('SYS-CLI-200', 'invalid', {
  en: () => 'the topology has no layers: behind its first line every line with numbers is one. Add a layer.',
  zh: () => '拓扑文件中没有层：首行之后，每个含有数字的行是一层。请添加一层。',
});
const sparseDataflow = diagnostic<{ dataflow: string }>('SYS-CLI-201', 'unsupported', {
  en: (p) =>
    `SparsitySupport is for arrays that hold weights (Dataflow: ws), and this one is ${p.dataflow}. Set Dataflow to ws, or SparsitySupport to false.`,
  zh: (p) =>
    `SparsitySupport 只用于保持权重的阵列（Dataflow: ws），而此处为 ${p.dataflow}。请将 Dataflow 设为 ws，或将 SparsitySupport 设为 false。`,
});
const randomSparsity = diagnostic<object>('SYS-CLI-202', 'unsupported', {
  en: () =>
    'OptimizedMapping draws a sparsity at random for every row, which is not computed here. Set it to false: then the N:M of each layer in the topology counts.',
  zh: () => 'OptimizedMapping 为每一行随机抽取稀疏度，此处不计算。请将其设为 false：这样拓扑文件中每层的 N:M 生效。',
});
const leftOut = (what: string): Notice => ({
  code: 'SYS-CLI-203',
  en: `${what} is left out: stalls are those of the double buffers alone; banks and DRAM devices are not part of these reports.`,
  zh: `忽略 ${what}：停顿只来自双缓冲；存储体与 DRAM 器件不在这些报告之内。`,
});
const NO_TRACES: Notice = {
  code: 'SYS-CLI-204',
  en: 'no traces are written (-s Y): the reports are computed layer by layer, not address by address.',
  zh: '不写出访存轨迹（-s Y）：报告逐层计算，而非逐地址仿真。',
};

const SCALESIM = answer('scalesim', "SCALE-Sim's reports of a topology as numbers (docs/scalesim.md)", scaleSimSchema);

export function configureScalesim(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole scalesim -t topologies/conv_nets/alexnet.csv -c configs/scale.cfg -p results',
      does: {
        en: "SCALE-Sim's reports of a network, in results/<run_name>",
        zh: '网络的 SCALE-Sim 报告，写入 results/<run_name>',
      },
    },
    {
      run: 'systole scalesim -t topologies/GEMM_mnk/vit_s.csv -c configs/scale.cfg -p results -i gemm --json',
      does: { en: 'of matrix products, as JSON too', zh: '矩阵乘的报告，同时输出 JSON' },
    },
  ]);
  command
    .requiredOption(
      '-t, --topology <FILE.csv>',
      t({ en: 'layers: convolutions or matrix products, one a line', zh: '各层：卷积或矩阵乘，每行一层' }),
    )
    .requiredOption(
      '-c, --config <FILE.cfg>',
      t({ en: 'the array, its scratchpads, its bandwidth', zh: '阵列、暂存器与带宽' }),
    )
    .option(
      '-p, --path <FOLDER>',
      t({ en: 'where the folder of the run is made; default results', zh: '在何处创建本次运行的文件夹；默认 results' }),
      'results',
    )
    .option(
      '-i, --input-type <FORM>',
      t({
        en: 'conv or gemm, what the topology holds; default by its first line',
        zh: '拓扑文件的内容：conv 或 gemm；默认由首行判断',
      }),
      choice('--input-type', TOPOLOGY_FORMS),
    )
    .option(
      '-l, --layout <FILE.csv>',
      t({ en: 'taken, and not read: banks are not modelled', zh: '可给出但不读取：不对存储体建模' }),
    )
    .option(
      '-s, --save-trace <Y|N>',
      t({ en: 'taken: traces are never written', zh: '可给出：从不写出访存轨迹' }),
      choice('--save-trace', ['Y', 'N'] as const),
    );
  withCommonOptions(console, command, SCALESIM);
  command.action((options: ScaleSimOptions) => {
    const config = readArrayConfig(readText(options.config, CONFIG), options.config);
    const layers = readTopology(readText(options.topology, TOPOLOGY), options.topology, options.inputType);
    if (layers.length === 0) throw noLayers({}, { file: options.topology });
    const beyond = judge(config, options, console);
    const folder = join(options.path, config.runName);
    checkWritable(folder, 'folder');
    // Layers of one shape are computed once: depthwise ones come by the hundred.
    const known = new Map<string, LayerUse>();
    const uses = layers.map((layer) => {
      const key = JSON.stringify({ ...layer, name: '' });
      const use = known.get(key) ?? layerUse(layer, config, config.sparsity);
      known.set(key, use);
      return { ...use, name: layer.name };
    });
    const files = writeReports(folder, uses);
    const { runName, rows, columns, dataflow, bandwidth, ifmapWords, filterWords, ofmapWords } = config;
    const design = { rows, columns, dataflow, bandwidth, ifmapWords, filterWords, ofmapWords };
    if (console.json) {
      const array = { ...design, bandwidth: bandwidth ?? null };
      console.object(SCALESIM, { run: runName, array, leftOut: beyond, files, layers: uses });
    } else console.say(`${scaleSimText(runName, uses, design, textStyle(console))}${files.join('\n')}\n`);
  });
}

/** What is left out, told; @throws SYS-CLI-201, SYS-CLI-202 what cannot be */
function judge(config: ArrayConfig, options: ScaleSimOptions, console: Console): string[] {
  if (config.sparsity !== undefined && config.dataflow !== 'weight-stationary') {
    throw sparseDataflow({ dataflow: config.dataflow }, { file: options.config });
  }
  for (const { setting, place } of config.beyond) {
    if (setting.toLowerCase() === 'optimizedmapping') throw randomSparsity({}, place);
    console.notice(leftOut(`${place.file}:${place.line}: ${setting}`));
  }
  if (options.layout !== undefined) console.notice(leftOut(`-l ${options.layout}`));
  if (options.saveTrace === 'Y') console.notice(NO_TRACES);
  return config.beyond.map((b) => b.setting);
}

/** Names are taken only when all reports are written. */
function writeReports(folder: string, layers: readonly LayerUse[]): string[] {
  makeFolder(folder);
  const outputs = scaleSimTables(layers).map((table) => {
    const output = new Output(join(folder, table.file));
    output.write(scaleSimCsv(table));
    return output;
  });
  for (const output of outputs) output.commit();
  return outputs.map((output) => output.path);
}

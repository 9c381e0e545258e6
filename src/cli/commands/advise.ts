/** `systole advise MODEL`: what to change next, each piece of advice confirmed by a run. */
import { Argument } from 'commander';
import { createEngine } from '#engine';
import { adviseModel, rulesNamed } from '#flow';
import { adviceQuestion } from '../advice.ts';
import { ADVICE_RULES, ADVISE, adviceObject, rulesObject } from '../adviceAnswer.ts';
import { adviceText, rulesText } from '../adviceText.ts';
import { type CacheOption, cacheOf, withCacheOption } from '../cacheFolder.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { loadMachine, machineFileOf } from '../machine.ts';
import { inModel, MODEL_ARGUMENT, sizesGiven } from '../model.ts';
import {
  convolutionOption,
  coresOption,
  type ModelOptions,
  sparseOption,
  winogradOption,
  withModelOptions,
} from '../modelOptions.ts';
import { openModel } from '../openModel.ts';
import type { RunWords } from '../runCommand.ts';
import { textStyle } from '../style.ts';
import { collect, whole } from '../values.ts';

interface AdviseOptions
  extends ModelOptions,
    CacheOption,
    Pick<RunWords, 'cores' | 'sparse' | 'winograd' | 'convolution'> {
  readonly machine?: string;
  readonly limit: number;
  readonly runs: number;
  readonly rule?: readonly string[];
  readonly rules?: true;
  readonly all?: true;
}

export function configureAdvise(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole advise mobilenet-v2',
      does: { en: 'the three changes that save most, each run', zh: '节省最多的三项修改，均经运行确认' },
    },
    {
      run: 'systole advise net.onnx --machine my.json --limit 10 --all',
      does: { en: 'all that was confirmed, and what was run in vain', zh: '全部已确认的建议，以及试过而无效的修改' },
    },
    {
      run: 'systole advise net.onnx --rule wram-capacity --rule batch',
      does: { en: 'these rules alone', zh: '只用这些规则' },
    },
    { run: 'systole advise --rules', does: { en: 'the rules, in words', zh: '列出规则' } },
  ]);
  command
    .addArgument(new Argument('[MODEL]', t(MODEL_ARGUMENT)))
    .option(
      '--machine <NAME|FILE>',
      t({ en: 'the processor; default textbook-single', zh: '处理器；默认 textbook-single' }),
    )
    .option(
      '--limit <N>',
      t({ en: 'how many pieces of advice to show of each kind; default 3', zh: '每类最多显示几项建议；默认 3' }),
      whole('--limit', 1, 100),
      3,
    )
    .option(
      '--runs <N>',
      t({ en: 'how many changes to run at most; default 12', zh: '最多试运行几项修改；默认 12' }),
      whole('--runs', 1, 100),
      12,
    )
    .option('--rule <NAME>', t({ en: 'ask this rule alone; repeatable', zh: '只用该规则；可重复' }), collect)
    .option('--rules', t({ en: 'list the rules instead', zh: '改为列出规则' }))
    .option('--all', t({ en: 'also what was run and is no advice', zh: '同时列出试过而未采纳的修改' }));
  command.option(...sparseOption(console));
  command.option(...winogradOption(console));
  command.option(...convolutionOption(console));
  command.option(...coresOption(console));
  withCommonOptions(console, withCacheOption(console, withModelOptions(console, command)), ADVISE, ADVICE_RULES);
  command.action(async (name: string | undefined, options: AdviseOptions) => {
    if (options.rules === true) {
      if (console.json) return console.object(ADVICE_RULES, rulesObject(console));
      return console.say(rulesText(console, textStyle(console).palette));
    }
    if (name === undefined) return command.error("missing required argument 'MODEL'");
    rulesNamed(options.rule);
    return advise(name, options, console);
  });
}

async function advise(name: string, options: AdviseOptions, console: Console): Promise<void> {
  const machine = loadMachine(options.machine);
  const { model, onStep } = await openModel(name, console, options, 'none');
  const engine = await createEngine({ onNotice: console.notice });
  const { limit, runs, rule } = options;
  console.progress.begin(console.text({ en: 'compiling', zh: '编译' }));
  const { explained, report } = await inModel(name, () =>
    adviseModel(model, {
      ...cacheOf(options),
      ...{ machine, engine, onStep, runs },
      ...sizesGiven(name, options),
      ...(rule === undefined ? {} : { rules: rule }),
      ...(options.cores === undefined ? {} : { cores: options.cores }),
      ...(options.sparse === undefined ? {} : { sparse: options.sparse }),
      ...(options.winograd === undefined ? {} : { winograd: options.winograd }),
      ...(options.convolution === undefined ? {} : { convolution: options.convolution }),
      ...adviceQuestion(console, name, options.machine, options, { model, engine }),
    }),
  );
  if (console.json) {
    console.object(ADVISE, {
      model: name,
      machine: machine.name,
      machineFile: machineFileOf(options.machine).machineFile ?? null,
      layers: explained.program.layers.map((layer) => layer.name),
      ...adviceObject(console, report),
    });
    return;
  }
  const shown = { model: name, machine: machine.name, report, limit, all: options.all === true };
  console.say(adviceText(console, shown, textStyle(console).palette));
}

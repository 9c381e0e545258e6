/** `systole machine list|show|check|schema`: the processors, and files that describe one. */

import { Argument } from 'commander';
import pc from 'picocolors';
import * as z from 'zod';
import {
  dramDeviceSchema,
  dramDevices,
  type MarketDevice,
  machineJsonSchema,
  machineSchema,
  machineText,
  marketDevices,
  parseMachine,
  presets,
  splitChanges,
} from '#machine';
import { fields, marketText } from '#report';
import { answer } from '../answers.ts';
import { type CliCommand, define, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { readText } from '../files.ts';
import { loadMachine, MACHINE_FILE } from '../machine.ts';
import { textStyle } from '../style.ts';

const MARKET = answer(
  'market',
  'devices on the market, with the source of each figure',
  z.strictObject({
    devices: z.array(
      fields<MarketDevice>()({
        ...{ brand: z.string(), model: z.string(), precision: z.string(), source: z.string() },
        date: z.string().describe('announced: year and month'),
        peak: z.number().describe('dense operations a second; a multiply-accumulate is two'),
        bandwidth: z.number().nullable().describe('bytes a second; null: no source confirmed it'),
        power: z.number().describe('watts'),
        ridge: z.number().nullable().describe('operations a byte'),
        efficiency: z.number().describe('10¹² operations a second and watt'),
      }),
    ),
  }),
);
const MACHINES = answer(
  'machines',
  'the processors that come along, and DRAM that a machine file can name (docs/machine.md)',
  z.strictObject({ machines: z.array(machineSchema), dramDevices: z.array(dramDeviceSchema) }),
);
const MACHINE = answer('machine', 'a machine file (docs/machine-schema.json)', machineSchema, { form: 'document' });
const CHECK = answer(
  'machine-check',
  'a machine file that is right; a wrong one is an error',
  z.strictObject({ ok: z.literal(true), file: z.string(), name: z.string() }),
);
const SCHEMA = answer(
  'machine-schema',
  'the JSON Schema of machine files, as docs/machine-schema.json',
  z.looseObject({ $schema: z.string(), title: z.string() }),
  { form: 'document' },
);

export function configureMachine(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole machine list',
      does: { en: 'the processors that come with Systole', zh: 'Systole 自带的处理器' },
    },
    { run: 'systole machine check my.json', does: { en: 'is my file right?', zh: '我的文件是否正确？' } },
  ]);

  const list = withExamples(
    console,
    define(console, 'list', { en: 'list the processors that come with Systole', zh: '列出自带的处理器' }),
    [
      { run: 'systole machine list', does: { en: 'names and descriptions', zh: '名称与说明' } },
      {
        run: 'systole machine list --market',
        does: { en: 'peak, bandwidth, power and ridge of what one can buy', zh: '市售装置的峰值、带宽、功耗与拐点' },
      },
    ],
  );
  list.option(
    '--market',
    t({
      en: 'list devices on the market instead, with the source of each figure',
      zh: '改为列出市售装置，并注明各数据的来源',
    }),
  );
  list.action(({ market }: { market?: true }) => {
    if (market === true) {
      if (console.json) return console.object(MARKET, { devices: marketDevices });
      return console.say(marketText(marketDevices, textStyle(console)));
    }
    const machines = [...presets.values()];
    const devices = [...dramDevices.values()];
    if (console.json) return console.object(MACHINES, { machines, dramDevices: devices });
    const entry = ({ name, description }: { readonly name: string; readonly description: string }): string =>
      `${pc.bold(name)}\n  ${description}`;
    const heading = t({
      en: 'DRAM that a machine file can name (dram.banked.standard)',
      zh: '机器文件可引用的 DRAM（dram.banked.standard）',
    });
    return console.say([...machines.map(entry), `\n${heading}`, ...devices.map(entry)].join('\n'));
  });

  const show = withExamples(
    console,
    define(console, 'show', {
      en: 'show a processor with all its figures and their sources',
      zh: '显示处理器的全部参数及其来源',
    }),
    [
      { run: 'systole machine show systolic-16x16', does: { en: 'as a table', zh: '表格' } },
      {
        run: 'systole machine show textbook-single,wram.bytes=524288',
        does: {
          en: 'with a field changed, as wherever a machine is named; several by commas',
          zh: '修改某个字段（凡可写机器名处皆可），多项以逗号分隔',
        },
      },
      {
        run: 'systole machine show textbook-single --json > my.json',
        does: { en: 'a start for a machine of your own', zh: '作为自定义机器的起点' },
      },
    ],
  );
  show.addArgument(
    new Argument('<NAME|FILE>', t({ en: 'a name of the list, or a machine file', zh: '列表中的名称，或机器文件' })),
  );
  show.action((name: string) => {
    const machine = loadMachine(name);
    if (console.json) return console.object(MACHINE, machine);
    return console.say(machineText(machine, console.language));
  });

  const check = withExamples(console, define(console, 'check', { en: 'check a machine file', zh: '检查机器文件' }), [
    { run: 'systole machine check my.json', does: { en: 'every error with its place', zh: '逐一指出错误的位置' } },
  ]);
  check.addArgument(
    new Argument(
      '<NAME|FILE>',
      t({ en: 'a machine file (JSON), or a name of the list', zh: '机器文件（JSON），或列表中的名称' }),
    ),
  );
  check.action((file: string) => {
    // A file need not end in .json here, where one is what is expected.
    const { name, changes } = splitChanges(file);
    const machine =
      presets.has(name) || changes.length > 0 ? loadMachine(file) : parseMachine(readText(file, MACHINE_FILE), file);
    if (console.json) return console.object(CHECK, { ok: true, file, name: machine.name });
    return console.say(
      t({ en: `${file}: machine '${machine.name}' is right`, zh: `${file}：机器“${machine.name}”正确` }),
    );
  });

  const schema = withExamples(
    console,
    define(console, 'schema', {
      en: 'print the JSON Schema of machine files, for editors',
      zh: '打印机器文件的 JSON Schema，供编辑器使用',
    }),
    [
      {
        run: 'systole machine schema > machine.schema.json',
        does: { en: 'name it as "$schema" in an editor', zh: '在编辑器中引用' },
      },
    ],
  );
  schema.action(() => console.object(SCHEMA, machineJsonSchema() as { $schema: string; title: string }));

  command.addCommand(withCommonOptions(console, list, MACHINES, MARKET));
  command.addCommand(withCommonOptions(console, show, MACHINE));
  command.addCommand(withCommonOptions(console, check, CHECK));
  command.addCommand(withCommonOptions(console, schema, SCHEMA));
  withCommonOptions(console, command);
}

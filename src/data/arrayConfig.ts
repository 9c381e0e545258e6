/**
 * SCALE-Sim's configuration files (`.cfg`): sections in brackets, `name: value` or `name = value`, names in any case, comments behind
 * `#` or `;` at the start of a line. Both generations are read: ARM-software's (`IfmapSramSz`, no bandwidth) and scalesim-project's
 * (`IfmapSramSzkB`, `[run_presets]`, `[layout]`, `[sparsity]`). Addresses (`…Offset`) and request buffers change no number here.
 */
import { diagnostic, nearestName, type Place } from '#base';

export const ARRAY_DATAFLOWS = { ws: 'weight-stationary', os: 'output-stationary', is: 'input-stationary' } as const;
export type ArrayDataflow = (typeof ARRAY_DATAFLOWS)[keyof typeof ARRAY_DATAFLOWS];

export const SPARSE_REPRESENTATIONS = ['ellpack_block', 'csr', 'csc'] as const;
export type SparseRepresentation = (typeof SPARSE_REPRESENTATIONS)[number];

export interface ArrayConfig {
  /** Names the folder of the reports. */
  readonly runName: string;
  readonly rows: number;
  readonly columns: number;
  readonly dataflow: ArrayDataflow;
  /** Words of each scratchpad, both halves of it; a word is a byte. */
  readonly ifmapWords: number;
  readonly filterWords: number;
  readonly ofmapWords: number;
  /** Words a cycle between each scratchpad and DRAM; undefined where it is as wide as the array needs (`InterfaceBandwidth: CALC`). */
  readonly bandwidth: number | undefined;
  /** How sparse filters are kept, where the N:M of the topology counts. */
  readonly sparsity: SparseRepresentation | undefined;
  /** What the file asks for beyond the array and its double buffers, with where it does. */
  readonly beyond: readonly { readonly setting: string; readonly place: Place }[];
}

const badLine = diagnostic<{ found: string }>('SYS-DAT-098', 'invalid', {
  en: (p) => `found '${p.found}', expected a [section], 'name: value', or a comment behind #.`,
  zh: (p) => `此处是 '${p.found}'，应为 [节]、'名称: 值'，或 # 之后的注释。`,
});
const badSetting = diagnostic<{
  section: string;
  name: string;
  found: string | undefined;
  expected: { readonly en: string; readonly zh: string };
  nearest: string | undefined;
}>('SYS-DAT-099', 'invalid', {
  en: (p) =>
    p.found === undefined
      ? `[${p.section}] has no ${p.name}${p.nearest === undefined ? '' : ` (but ${p.nearest})`}, expected ${p.expected.en}.`
      : `${p.name} is '${p.found}', expected ${p.expected.en}.`,
  zh: (p) =>
    p.found === undefined
      ? `[${p.section}] 中没有 ${p.name}${p.nearest === undefined ? '' : `（但有 ${p.nearest}）`}，应为${p.expected.zh}。`
      : `${p.name} 为 '${p.found}'，应为${p.expected.zh}。`,
});

interface Setting {
  readonly name: string;
  readonly text: string;
  readonly place: Place;
}

const WHOLE = { en: 'a whole number of at least 1', zh: '不小于 1 的整数' };
const NAME = { en: 'a name without / and \\, which a folder can have', zh: '可作文件夹名、不含 / 与 \\ 的名称' };
const DATAFLOW = { en: 'ws, os or is', zh: 'ws、os 或 is' };
const INTERFACE = { en: 'CALC or USER', zh: 'CALC 或 USER' };
const REPRESENTATION = { en: 'ellpack_block, csr or csc', zh: 'ellpack_block、csr 或 csc' };
const FLAG = { en: 'True or False', zh: 'True 或 False' };
const RATE = {
  en: 'the words a cycle between a scratchpad and DRAM, one whole number of at least 1',
  zh: '暂存器与 DRAM 之间每周期的字数，一个不小于 1 的整数',
};

/** @throws SYS-DAT-098 a line that is no setting, SYS-DAT-099 a setting that is missing or wrong; with file, line and column */
export function readArrayConfig(text: string, file: string): ArrayConfig {
  const sections = sectionsOf(text.replace(/^\ufeff/, ''), file);
  const end: Place = { file, line: 1 };
  const find = (section: string, ...names: readonly string[]): Setting | undefined =>
    names.map((name) => sections.get(section)?.settings.get(name.toLowerCase())).find((s) => s !== undefined);
  const wrong = (section: string, name: string, setting: Setting | undefined, expected: typeof WHOLE) => {
    const known = [...(sections.get(section)?.settings.values() ?? [])].map((s) => s.name);
    const nearest = setting === undefined ? nearestName(name, known) : undefined;
    const place = setting?.place ?? sections.get(section)?.place ?? end;
    return badSetting({ section, name, found: setting?.text, expected, nearest }, place);
  };
  const whole = (...names: readonly string[]): number => {
    const setting = find('architecture_presets', ...names);
    const value = wholeOf(setting?.text);
    if (value === undefined) throw wrong('architecture_presets', names[0]!, setting, WHOLE);
    return value;
  };
  const flag = (section: string, name: string): Setting | undefined => {
    const setting = find(section, name);
    if (setting === undefined || /^false$/i.test(setting.text)) return undefined;
    if (!/^true$/i.test(setting.text)) throw wrong(section, name, setting, FLAG);
    return setting;
  };

  const run = find('general', 'run_name');
  const runName = run?.text.replace(/^(["'])(.*)\1$/, '$2').trim() ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what no folder is named with
  if (!/^[^/\\\u0000-\u001f]+$/.test(runName) || /^\.+$/.test(runName)) throw wrong('general', 'run_name', run, NAME);
  const [rows, columns] = [whole('ArrayHeight'), whole('ArrayWidth')];
  const words = (operand: string): number => 1024 * whole(`${operand}SramSzkB`, `${operand}SramSz`);
  const [ifmapWords, filterWords, ofmapWords] = [words('Ifmap'), words('Filter'), words('Ofmap')];
  const flow = find('architecture_presets', 'Dataflow');
  const dataflow = ARRAY_DATAFLOWS[(flow?.text ?? '') as keyof typeof ARRAY_DATAFLOWS];
  if (dataflow === undefined) throw wrong('architecture_presets', 'Dataflow', flow, DATAFLOW);

  const mode = find('run_presets', 'InterfaceBandwidth');
  if (mode !== undefined && !/^(?:CALC|USER)$/.test(mode.text)) {
    throw wrong('run_presets', 'InterfaceBandwidth', mode, INTERFACE);
  }
  const rate = find('architecture_presets', 'Bandwidth');
  // Several are one for each scratchpad, of which SCALE-Sim takes the first for all; here they must not differ.
  const rates = new Set(rate?.text.split(',').map((r) => r.trim()));
  const bandwidth = rates.size === 1 ? wholeOf([...rates][0]) : undefined;
  const isGiven = mode?.text === 'USER';
  if (isGiven && bandwidth === undefined) throw wrong('architecture_presets', 'Bandwidth', rate, RATE);

  const isSparse = flag('sparsity', 'SparsitySupport') !== undefined;
  const kind = find('sparsity', 'SparseRep');
  const representation = SPARSE_REPRESENTATIONS.find((r) => r === kind?.text);
  if (isSparse && representation === undefined) throw wrong('sparsity', 'SparseRep', kind, REPRESENTATION);
  const beyond = [
    flag('layout', 'IfmapCustomLayout'),
    flag('layout', 'FilterCustomLayout'),
    flag('run_presets', 'UseRamulatorTrace'),
    isSparse ? flag('sparsity', 'OptimizedMapping') : undefined,
  ].flatMap((s) => (s === undefined ? [] : [{ setting: s.name, place: s.place }]));
  return {
    runName,
    rows,
    columns,
    dataflow,
    ifmapWords,
    filterWords,
    ofmapWords,
    bandwidth: isGiven ? bandwidth : undefined,
    sparsity: isSparse ? representation : undefined,
    beyond,
  };
}

function wholeOf(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && /^[1-9]\d*$/.test(text) && value <= 2 ** 31 ? value : undefined;
}

/** Settings by their names in lower case; of two of one name the last counts. */
function sectionsOf(source: string, file: string) {
  const sections = new Map<string, { readonly place: Place; readonly settings: Map<string, Setting> }>();
  let settings: Map<string, Setting> | undefined;
  source.split(/\r\n|\r|\n/).forEach((line, i) => {
    const bare = line.trim();
    if (bare === '' || /^[#;]/.test(bare)) return;
    const indent = line.length - line.trimStart().length;
    const place: Place = { file, line: i + 1, column: indent + 1, length: bare.length, source };
    const section = /^\[([^\]]+)\]$/.exec(bare)?.[1]?.trim().toLowerCase();
    if (section !== undefined) {
      settings = sections.get(section)?.settings ?? new Map();
      sections.set(section, { place, settings });
      return;
    }
    const [, name, between, text] = /^([^:=]+?)(\s*[:=]\s*)(.*)$/.exec(bare) ?? [];
    if (name === undefined || settings === undefined) throw badLine({ found: bare.slice(0, 80) }, place);
    const column = indent + name.length + between!.length + 1;
    settings.set(name.toLowerCase(), {
      name,
      text: text!,
      place: { ...place, column, length: Math.max(1, text!.length) },
    });
  });
  return sections;
}

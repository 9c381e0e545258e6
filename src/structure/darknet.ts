/**
 * Darknet's network description (`.cfg`, pjreddie's darknet, src/parser.c) as a graph without weights. Sections are layers in order,
 * numbered from 0 behind `[net]`; `route` and `shortcut` name others by number, or backwards from where they stand.
 */
import { diagnostic, nearestName, type Place } from '#base';
import type { Model } from '#ir';
import type { StructureOptions } from './caffe.ts';
import { DARKNET_LAYERS } from './darknetLayers.ts';
import { Network } from './network.ts';

const notSection = diagnostic<{ found: string }>('SYS-STR-030', 'invalid', {
  en: (p) => `found '${p.found}'; expected [section], name=value, or a comment behind #`,
  zh: (p) => `此处是“${p.found}”；应为 [节]、名称=值，或 # 之后的注释`,
});
const noNet = diagnostic<{ found: string }>('SYS-STR-031', 'invalid', {
  en: (p) =>
    `the first section is ${p.found === '' ? 'missing' : `[${p.found}]`}; expected [net] with width, height and channels (or inputs)`,
  zh: (p) =>
    `第一节${p.found === '' ? '不存在' : `为 [${p.found}]`}；应为含有 width、height、channels（或 inputs）的 [net]`,
});
const unknownSection = diagnostic<{ section: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-STR-032',
  'unsupported',
  {
    en: (p) =>
      `[${p.section}] is not read.${p.nearest === undefined ? '' : ` Did you mean [${p.nearest}]?`} Supported: ${p.known.join(', ')}. Remove the section, or export the network to ONNX.`,
    zh: (p) =>
      `不支持 [${p.section}]。${p.nearest === undefined ? '' : `是否指 [${p.nearest}]？`}支持：${p.known.join('、')}。请删除该节，或将网络导出为 ONNX。`,
  },
);
const notANumber = diagnostic<{ key: string; found: string }>('SYS-STR-033', 'invalid', {
  en: (p) => `${p.key} is '${p.found}'; expected a number`,
  zh: (p) => `${p.key} 为“${p.found}”；应为数值`,
});
const noLayer = diagnostic<{ section: string; found: number; layers: number }>('SYS-STR-034', 'invalid', {
  en: (p) =>
    `[${p.section}] reads layer ${p.found}; before it there are layers 0 to ${p.layers - 1} (negative numbers count back from here)`,
  zh: (p) => `[${p.section}] 读取第 ${p.found} 层；其之前只有第 0 至 ${p.layers - 1} 层（负数从此处往回数）`,
});

/** A section of the file: its settings, the last of each name. */
export class Section {
  readonly name: string;
  readonly place: Place;
  readonly #settings = new Map<string, { readonly text: string; readonly place: Place }>();

  constructor(name: string, place: Place) {
    this.name = name;
    this.place = place;
  }

  set(key: string, text: string, place: Place): void {
    this.#settings.set(key, { text, place });
  }

  has(key: string): boolean {
    return this.#settings.has(key);
  }

  text(key: string, otherwise: string): string {
    return this.#settings.get(key)?.text ?? otherwise;
  }

  number(key: string, otherwise: number): number {
    return this.numbers(key)[0] ?? otherwise;
  }

  numbers(key: string): readonly number[] {
    const setting = this.#settings.get(key);
    if (setting === undefined) return [];
    return setting.text
      .split(',')
      .map((t) => t.trim())
      .filter((t) => t !== '')
      .map((t) => {
        const value = Number(t);
        if (Number.isNaN(value)) throw notANumber({ key, found: t }, setting.place);
        return value;
      });
  }
}

/** The sections of a `.cfg`. @throws SYS-STR-030 a line that is none of a section, a setting and a comment */
export function readSections(source: string, file?: string): readonly Section[] {
  const sections: Section[] = [];
  source.split('\n').forEach((line, i) => {
    const text = line.trim();
    if (text === '' || text.startsWith('#') || text.startsWith(';')) return;
    const place: Place = {
      ...(file === undefined ? {} : { file }),
      ...{ line: i + 1, column: line.indexOf(text) + 1, length: text.length, source },
    };
    const head = /^\[\s*([A-Za-z0-9_]+)\s*\]$/.exec(text);
    if (head !== null) {
      sections.push(new Section(head[1]!, place));
      return;
    }
    const setting = /^([A-Za-z0-9_]+)\s*=\s*(.*)$/.exec(text);
    const section = sections.at(-1);
    if (setting === null || section === undefined) throw notSection({ found: text.slice(0, 40) }, place);
    section.set(setting[1]!, setting[2]!.trim(), place);
  });
  return sections;
}

/**
 * Reads a network description.
 * @throws SYS-STR-030, -031, -033, -034 text that describes no network; -032, -035, -036 layers that are not read
 */
export function readDarknet(source: string, options: StructureOptions = {}): Model {
  const [first, ...sections] = readSections(source, options.file);
  if (first === undefined || (first.name !== 'net' && first.name !== 'network'))
    throw noNet({ found: first?.name ?? '' }, first?.place ?? {});
  const image = ['channels', 'height', 'width'].map((key) => first.number(key, 0));
  const stated = image.every((n) => n > 0) ? image : [first.number('inputs', 0)];
  const given = options.inputSize?.slice(1);
  // Of another rank it is no size of this input: whoever asked for it says so.
  const dims = given !== undefined && (given.length === stated.length || !(stated[0]! > 0)) ? given : stated;
  if (dims.some((n) => !(n > 0))) throw noNet({ found: first.name }, first.place);
  const net = new Network(options.file?.replace(/^.*[/\\]/, '').replace(/\.cfg$/, '') ?? 'network');
  const values: string[] = [];
  let value = net.input('data', ['N', ...dims]);
  sections.forEach((section, i) => {
    const layer = (at: number): string => {
      const index = at < 0 ? i + at : at;
      const made = values[index];
      if (made === undefined || index < 0)
        throw noLayer({ section: section.name, found: at, layers: i }, section.place);
      return made;
    };
    const build = DARKNET_LAYERS[section.name];
    if (build === undefined) {
      const known = Object.keys(DARKNET_LAYERS);
      throw unknownSection({ section: section.name, nearest: nearestName(section.name, known), known }, section.place);
    }
    value = build({ net, section, name: `${i}_${section.name}`, input: value, layer });
    values.push(value);
  });
  return net.model();
}

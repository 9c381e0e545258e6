/**
 * The recordings that a compiled function keeps: the ones used last, up to a limit, since each is a session of the host engine with
 * memory of its own. One that is recorded again and again is slower than eager mode, so that is said once, with the argument that differs.
 */
import { diagnostic, type Notice } from '#base';
import { typeText } from '#ir';
import { Tensor } from './tensor.ts';
import type { Leaf, Tree } from './tree.ts';

const wrongLimit = diagnostic<{ found: number }>('SYS-TEN-191', 'usage', {
  en: (p) => `compile() cannot keep ${p.found} recordings: cacheLimit is a whole number from 1.`,
  zh: (p) => `compile() 无法保留 ${p.found} 份记录：cacheLimit 应为不小于 1 的整数。`,
});

/** As many recordings are kept unless said otherwise. */
const LIMIT = 64;
/** So many recordings of one function are more than sizes of batches, modes and the like make. */
const OFTEN = 16;
/** So many of the differing values are shown. */
const SHOWN = 4;

interface Held<E> {
  readonly key: string;
  readonly entry: E;
  used: number;
}

export class Recordings<E> {
  readonly #limit: number;
  readonly #fits: (entry: E) => boolean;
  readonly #letGo: (entry: E) => void;
  readonly #held = new Map<string, Held<E>[]>();
  #kept = 0;
  #clock = 0;
  #made = 0;

  /**
   * @param fits whether an entry of the right key serves the call
   * @param letGo is told of entries that are kept no longer
   * @throws SYS-TEN-191 a limit below 1
   */
  constructor(limit: number | undefined, fits: (entry: E) => boolean, letGo: (entry: E) => void) {
    if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1)) throw wrongLimit({ found: limit });
    this.#limit = limit ?? LIMIT;
    this.#fits = fits;
    this.#letGo = letGo;
  }

  /** How many there have been, those that were let go too. */
  get made(): number {
    return this.#made;
  }

  find(key: string): E | undefined {
    const found = this.#held.get(key)?.find(({ entry }) => this.#fits(entry));
    if (found === undefined) return undefined;
    found.used = ++this.#clock;
    return found.entry;
  }

  /** Keeps the entry; beyond the limit the one that was used longest ago goes. */
  add(key: string, entry: E): void {
    this.#made++;
    this.#held.set(key, [...(this.#held.get(key) ?? []), { key, entry, used: ++this.#clock }]);
    if (++this.#kept <= this.#limit) return;
    const oldest = [...this.#held.values()].flat().reduce((a, b) => (b.used < a.used ? b : a));
    const rest = this.#held.get(oldest.key)!.filter((held) => held !== oldest);
    if (rest.length === 0) this.#held.delete(oldest.key);
    else this.#held.set(oldest.key, rest);
    this.#kept--;
    this.#letGo(oldest.entry);
  }
}

/** Watches with which arguments a function is recorded, and tells once when that is too often. */
export class RecordingWatch {
  readonly #name: string;
  readonly #tell: (notice: Notice) => void;
  /** What stood at each place of the arguments, over all recordings. */
  readonly #seen = new Map<string, Set<string>>();
  #count = 0;

  constructor(name: string, tell: (notice: Notice) => void) {
    this.#name = name;
    this.#tell = tell;
  }

  recorded(args: readonly Tree[]): void {
    if (++this.#count > OFTEN) return;
    for (const [place, text] of args.flatMap((arg, i) => placesOf(arg, `${i + 1}`))) {
      const texts = this.#seen.get(place) ?? new Set();
      this.#seen.set(place, texts.add(text));
    }
    if (this.#count < OFTEN) return;
    const [place, texts] = [...this.#seen].reduce((a, b) => (b[1].size > a[1].size ? b : a), ['', new Set<string>()]);
    this.#seen.clear();
    this.#tell(recordedOften(this.#name, texts.size > 1 ? place : undefined, [...texts]));
  }
}

const recordedOften = (name: string, place: string | undefined, found: readonly string[]): Notice => {
  const shown = (of: 'en' | 'zh'): string =>
    found.slice(0, SHOWN).join(of === 'en' ? '; ' : '；') + (found.length > SHOWN ? ' …' : '');
  return {
    code: 'SYS-TEN-190',
    en:
      `the compiled function '${name}' has been recorded ${OFTEN} times: ` +
      (place === undefined
        ? 'what it reads beside its arguments differs (training or inference mode, trainable variables, autocast). '
        : `argument ${place} differs (${shown('en')}). `) +
      'Each recording costs more than many calls. Pad tensors to a few sizes, and give a number that changes as a tensor.',
    zh:
      `编译函数“${name}”已被记录 ${OFTEN} 次：` +
      (place === undefined
        ? '其参数之外读取的状态不同（训练或推理模式、变量是否可训练、autocast）。'
        : `第 ${place} 个参数不同（${shown('zh')}）。`) +
      '每次记录的开销超过多次调用。请把张量填充为少数几种尺寸，并以张量传入变化的数。',
  };
};

/** What a recording depends on of a plain argument, told from every other. */
export const plainText = (leaf: Leaf): string => `=${typeof leaf} ${Object.is(leaf, -0) ? '-0' : String(leaf)}`;

/** Leaves by place: '1', '2.rate', '3[0]'. */
function placesOf(tree: Tree, place: string): (readonly [place: string, text: string])[] {
  if (tree instanceof Tensor) return [[place, typeText(tree.type)]];
  if (Array.isArray(tree)) return tree.flatMap((part: Tree, i) => placesOf(part, `${place}[${i}]`));
  if (typeof tree === 'object' && tree !== null) {
    return Object.entries(tree).flatMap(([key, part]) => placesOf(part as Tree, `${place}.${key}`));
  }
  return [[place, plainText(tree as Leaf).slice(1)]];
}

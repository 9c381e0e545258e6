/**
 * Judges numbers by name: each within its tolerance of what the exercise computes. Where one is off, known slips say what was forgotten; beyond
 * those, a factor that slips of units have (2, 4, 8, 1024 …) is told, or how far off it is to a band.
 */
import { nearestName } from '#base';
import type { Words } from '../exercise.ts';
import type { Finding, Judged, Submission } from '../judge.ts';
import { refusedKind } from '../judge.ts';

/** A wrong number that is known, and what leads to it. */
export interface Slip {
  readonly value: number;
  readonly words: Words;
}

export interface NumberField {
  /** As it is handed in: `total=22538`. */
  readonly name: string;
  readonly words: Words;
  /** What the exercise finds. */
  readonly expected: number;
  /** The number that a single one without a name is: `--answer 22538` comes as `answer`. */
  readonly main?: boolean;
  /** Absolute; 0 where it is exact. */
  readonly tolerance?: number;
  readonly slips?: readonly Slip[];
}

const FACTORS: readonly (readonly [factor: number, words: Words])[] = [
  [
    2,
    {
      en: 'twice as much: a multiply-accumulate is one, not a multiplication and an addition',
      zh: '正确值的两倍：一次乘加算一次，而不是乘法与加法各一次',
    },
  ],
  [1 / 2, { en: 'half as much', zh: '正确值的一半' }],
  [
    4,
    {
      en: 'four times as much: bytes instead of elements of 32 bits, or four cores counted',
      zh: '正确值的四倍：用了字节数而不是 32 位元素数，或计入了四个核',
    },
  ],
  [
    1 / 4,
    {
      en: 'a quarter: elements of 32 bits instead of bytes, or one core of four',
      zh: '正确值的四分之一：用了 32 位元素数而不是字节数，或只算了四个核之一',
    },
  ],
  [8, { en: 'eight times as much: bits instead of bytes', zh: '正确值的八倍：用了位数而不是字节数' }],
  [1 / 8, { en: 'an eighth: a number of bits taken for bytes', zh: '正确值的八分之一：把位数当成了字节数' }],
  [1024 / 1000, { en: '1024 in the place of 1000', zh: '把 1000 当成 1024 的结果' }],
  [1000 / 1024, { en: '1000 in the place of 1024', zh: '把 1024 当成 1000 的结果' }],
  [100, { en: 'a hundred times as much: percent instead of the part', zh: '正确值的一百倍：用了百分数而不是比值' }],
  [-1, { en: 'of the right size with the wrong sign', zh: '大小正确而正负号相反的数' }],
  [1000, { en: 'a thousand times as much', zh: '正确值的一千倍' }],
  [1 / 1000, { en: 'a thousandth', zh: '正确值的千分之一' }],
];

/** Whether two numbers are the same to about six digits: for slips, whose roundings vary. */
const isNear = (a: number, b: number): boolean =>
  Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b));

type Values = Readonly<Record<string, number>>;

/**
 * The numbers by name, and of what fields: the main one alone, with its name or without, is the whole answer. An unnamed number that is another of
 * the fields keeps no name: it is right, and only which it is was not said.
 */
function named(values: Values, fields: readonly NumberField[]): readonly [Values, readonly NumberField[]] {
  const main = fields.find((f) => f.main) ?? (fields.length === 1 ? fields[0] : undefined);
  if (main === undefined) return [values, fields];
  const { answer, ...others } = values;
  const isMain = answer !== undefined && !Object.hasOwn(others, main.name) && !isOther(answer, main, fields);
  const all = isMain ? { ...others, [main.name]: answer } : values;
  const isAlone = Object.keys(all).length === 1 && Object.hasOwn(all, main.name);
  return [all, isAlone ? [main] : fields];
}

/** Whether a number is one of the others, and neither the main one nor a known slip of it. */
const isOther = (value: number, main: NumberField, fields: readonly NumberField[]): boolean =>
  !isRight(main, value) &&
  slipOf(main, value) === undefined &&
  fields.some((f) => f !== main && isRight(f, value) && f.expected !== 0);

/**
 * What is off is told by its direction and the order of its size, and by its factor where slips of units have that; the right numbers are not told.
 * @param elsewhere numbers that are known and not asked for, such as the cycles of a program that is: what is said of one that comes without a name
 */
export function judgeNumbers(
  submission: Submission,
  all: readonly NumberField[],
  elsewhere: readonly Slip[] = [],
): Judged {
  if (submission.kind !== 'numbers') return refusedKind('numbers');
  const endless = Object.entries(submission.values).filter(([, value]) => !Number.isFinite(value));
  if (endless.length > 0) return refusedValues(endless);
  const [values, fields] = named(submission.values, all);
  const names = fields.map((f) => f.name);
  const wrong: Finding[] = [];
  const open: Finding[] = [];
  const good: Finding[] = [];
  const { answer, ...others } = values;
  const isUnnamed = answer !== undefined && !names.includes('answer');
  for (const name of Object.keys(isUnnamed ? others : values))
    if (!names.includes(name)) wrong.push({ kind: 'unknown-name', words: unknownName(name, names) });
  const missing: NumberField[] = [];
  for (const field of fields) {
    const { name, words } = field;
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      // One whose name alone is missing is said below.
      if (!isUnnamed || !isRight(field, answer)) missing.push(field);
    } else if (isRight(field, value)) {
      const [en, zh] = [`${name} (${words.en}) is right: ${value}.`, `${name}（${words.zh}）正确：${value}。`];
      good.push({ kind: 'correct', words: { en, zh } });
    } else wrong.push({ kind: 'wrong-number', words: whyWrong(field, value) });
  }
  if (isUnnamed) {
    const unnamed = unnamedNumber(
      answer,
      fields.filter((f) => !Object.hasOwn(values, f.name)),
      { names, elsewhere },
    );
    // Of a number alone that fits nothing it is not known which it is meant to be, let alone which others are missing.
    if (Object.keys(others).length === 0 && unnamed.verdict !== 'incomplete')
      return { verdict: unnamed.verdict, findings: [unnamed.finding], figures: values };
    (unnamed.verdict === 'wrong' ? wrong : open).push(unnamed.finding);
  }
  if (missing.length > 0) open.push({ kind: 'missing-number', words: notGiven(missing) });
  const verdict = wrong.length > 0 ? 'wrong' : open.length > 0 ? 'incomplete' : 'right';
  return { verdict, findings: [...wrong, ...open, ...good], figures: values };
}

interface Unnamed {
  readonly verdict: 'wrong' | 'incomplete' | 'refused';
  readonly finding: Finding;
}

/** What is said of a number without a name where there are several: which it is, which slip it is, or that it is none. */
function unnamedNumber(
  value: number,
  fields: readonly NumberField[],
  { names, elsewhere }: { readonly names: readonly string[]; readonly elsewhere: readonly Slip[] },
): Unnamed {
  const same = fields.filter((f) => isRight(f, value));
  // Nothing is wrong with the number: only which one it is was not said.
  if (same.length > 0) return { verdict: 'incomplete', finding: { kind: 'unnamed', words: unnamed(value, same) } };
  const known = elsewhere.find((s) => isNear(value, s.value));
  if (known !== undefined) return { verdict: 'refused', finding: { kind: 'not-asked', words: known.words } };
  const slipped = fields.find((f) => slipOf(f, value) !== undefined);
  if (slipped !== undefined)
    return { verdict: 'wrong', finding: { kind: 'wrong-number', words: whyWrong(slipped, value) } };
  return { verdict: 'refused', finding: { kind: 'unnamed', words: sayWhich(names) } };
}

const isRight = ({ expected, tolerance = 0 }: NumberField, value: number): boolean =>
  Math.abs(value - expected) <= tolerance;

const refusedValues = (values: readonly (readonly [name: string, value: number])[]): Judged => ({
  verdict: 'refused',
  findings: values.map(([name, value]) => ({
    kind: 'not-finite',
    words: { en: `${name}: ${value} is no finite number.`, zh: `${name}：${value} 不是有限的数。` },
  })),
  // JSON has no infinity.
  figures: {},
});

function notGiven(fields: readonly NumberField[]): Words {
  const en = fields.map(({ name, words }) => `${name} (${words.en})`);
  const zh = fields.map(({ name, words }) => `${name}（${words.zh}）`);
  return {
    en: en.length === 1 ? `${en[0]} is not given.` : `Not given: ${en.join(', ')}.`,
    zh: `未给出 ${zh.join('、')}。`,
  };
}

function unnamed(value: number, fields: readonly NumberField[]): Words {
  const en = fields.map(({ name, words }) => `${name} (${words.en})`).join(', ');
  const zh = fields.map(({ name, words }) => `${name}（${words.zh}）`).join('、');
  const { name } = fields[0]!;
  return {
    en: `${value} is ${en}. Several numbers are asked for, so say which it is: ${name}=${value}.`,
    zh: `${value} 是 ${zh}。本题要求多个数，请说明是哪个：${name}=${value}。`,
  };
}

const listOf = (names: readonly string[]): Words => ({
  en: `The numbers are: ${names.join(', ')}.`,
  zh: `应提交的数值：${names.join('、')}。`,
});

const sayWhich = (names: readonly string[]): Words => ({
  en: `Say which number it is: NAME=NUMBER. ${listOf(names).en}`,
  zh: `请说明是哪个数：名称=数。${listOf(names).zh}`,
});

function unknownName(name: string, names: readonly string[]): Words {
  const list = listOf(names);
  const nearest = nearestName(name, names);
  return {
    en: `'${name}' is not asked for.${nearest === undefined ? '' : ` Did you mean '${nearest}'?`} ${list.en}`,
    zh: `没有要求“${name}”。${nearest === undefined ? '' : `是否指“${nearest}”？`}${list.zh}`,
  };
}

/** The nearest, as tolerances of several may overlap. */
const slipOf = ({ tolerance = 0, slips = [] }: NumberField, value: number): Slip | undefined =>
  slips
    .filter((s) => isNear(value, s.value) || Math.abs(value - s.value) <= tolerance)
    .sort((a, b) => Math.abs(value - a.value) - Math.abs(value - b.value))[0];

function whyWrong(field: NumberField, value: number): Words {
  const { name, words, expected } = field;
  const slip = slipOf(field, value);
  const say = (en: string, zh: string): Words => ({
    en: `${name} (${words.en}): ${value} is not right. ${en}`,
    zh: `${name}（${words.zh}）：${value} 不正确。${zh}`,
  });
  if (slip !== undefined)
    return say(`That is what comes out where ${slip.words.en}.`, `这个数的由来：${slip.words.zh}。`);
  const factor = FACTORS.find(([f]) => isNear(value, f * expected));
  if (factor !== undefined && expected !== 0) return say(`It is ${factor[1].en}.`, `它是${factor[1].zh}。`);
  const size = sizeOf(Math.abs(value - expected) / Math.abs(expected));
  return value > expected
    ? say(`It is too large${size.en}.`, `它偏大${size.zh}。`)
    : say(`It is too small${size.en}.`, `它偏小${size.zh}。`);
}

/** How far off, as parts of the right number: upper ends of bands, none of which says the number. */
const BANDS: readonly (readonly [most: number, words: Words])[] = [
  [0.01, { en: ', by less than 1 %', zh: '不到 1 %' }],
  [0.1, { en: ', by 1 to 10 %', zh: ' 1 % 至 10 %' }],
  [1, { en: ', by 10 to 100 %', zh: ' 10 % 至 100 %' }],
  [Number.MAX_VALUE, { en: ', by more than the whole', zh: '，相差超过正确值本身' }],
];

/** Nothing is said of the size where the right number is 0. */
const sizeOf = (off: number): Words => BANDS.find(([most]) => off <= most)?.[1] ?? { en: '', zh: '' };

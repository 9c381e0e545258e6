/**
 * Judges numbers by name: each within its tolerance of what the exercise computes. Where one is off, known slips say what was forgotten; beyond
 * those, a factor that slips of units have (2, 4, 8, 1024 …) is told.
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
  [1000, { en: 'a thousand times as much', zh: '正确值的一千倍' }],
  [1 / 1000, { en: 'a thousandth', zh: '正确值的千分之一' }],
];

/** Whether two numbers are the same to about six digits: for slips, whose roundings vary. */
const isNear = (a: number, b: number): boolean =>
  Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b));

/** The numbers by name, and of what fields; a single one without a name is the main one. */
function named(values: Values, fields: readonly NumberField[]): readonly [Values, readonly NumberField[]] {
  const main = fields.find((f) => f.main) ?? (fields.length === 1 ? fields[0] : undefined);
  if (main === undefined || !Object.hasOwn(values, 'answer')) return [values, fields];
  const { answer, ...others } = values;
  return [{ ...others, [main.name]: answer! }, Object.keys(others).length === 0 ? [main] : fields];
}

type Values = Readonly<Record<string, number>>;

/** The right numbers are not given away with a wrong answer. */
export function judgeNumbers(submission: Submission, all: readonly NumberField[]): Judged {
  if (submission.kind !== 'numbers') return refusedKind('numbers');
  const endless = Object.entries(submission.values).filter(([, value]) => !Number.isFinite(value));
  if (endless.length > 0) return refusedValues(endless);
  const [values, fields] = named(submission.values, all);
  const names = fields.map((f) => f.name);
  const wrong: Finding[] = [];
  const open: Finding[] = [];
  const good: Finding[] = [];
  for (const [name, value] of Object.entries(values)) {
    const same = fields.filter((f) => isRight(f, value) && !Object.hasOwn(values, f.name));
    // Nothing is wrong with the number: only which one it is was not said.
    if (name === 'answer' && !names.includes(name) && same.length > 0)
      open.push({ kind: 'unnamed', words: unnamed(value, same) });
    else if (!names.includes(name)) wrong.push({ kind: 'unknown-name', words: unknownName(name, names) });
  }
  const missing: NumberField[] = [];
  const { answer } = values;
  for (const field of fields) {
    const { name, words } = field;
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      // One whose name alone is missing was just said.
      if (answer === undefined || !isRight(field, answer)) missing.push(field);
    } else if (isRight(field, value)) {
      const [en, zh] = [`${name} (${words.en}) is right: ${value}.`, `${name}（${words.zh}）正确：${value}。`];
      good.push({ kind: 'correct', words: { en, zh } });
    } else wrong.push({ kind: 'wrong-number', words: whyWrong(field, value) });
  }
  if (missing.length > 0) open.push({ kind: 'missing-number', words: notGiven(missing) });
  const verdict = wrong.length > 0 ? 'wrong' : open.length > 0 ? 'incomplete' : 'right';
  return { verdict, findings: [...wrong, ...open, ...good], figures: values };
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

function unknownName(name: string, names: readonly string[]): Words {
  const list = { en: `The numbers are: ${names.join(', ')}.`, zh: `应提交的数值：${names.join('、')}。` };
  if (name === 'answer') {
    return {
      en: `Say which number it is: NAME=NUMBER. ${list.en}`,
      zh: `请说明是哪个数：名称=数。${list.zh}`,
    };
  }
  const nearest = nearestName(name, names);
  return {
    en: `'${name}' is not asked for.${nearest === undefined ? '' : ` Did you mean '${nearest}'?`} ${list.en}`,
    zh: `没有要求“${name}”。${nearest === undefined ? '' : `是否指“${nearest}”？`}${list.zh}`,
  };
}

function whyWrong({ name, words, expected, tolerance = 0, slips = [] }: NumberField, value: number): Words {
  // The nearest, as tolerances of several may overlap.
  const slip = slips
    .filter((s) => isNear(value, s.value) || Math.abs(value - s.value) <= tolerance)
    .sort((a, b) => Math.abs(value - a.value) - Math.abs(value - b.value))[0];
  const say = (en: string, zh: string): Words => ({
    en: `${name} (${words.en}): ${value} is not right. ${en}`,
    zh: `${name}（${words.zh}）：${value} 不正确。${zh}`,
  });
  if (slip !== undefined)
    return say(`That is what comes out where ${slip.words.en}.`, `这个数的由来：${slip.words.zh}。`);
  const factor = FACTORS.find(([f]) => isNear(value, f * expected));
  if (factor !== undefined && expected !== 0) return say(`It is ${factor[1].en}.`, `它是${factor[1].zh}。`);
  const off = Number((value - expected).toPrecision(6));
  return off > 0
    ? say(`It is ${off} too many.`, `比正确值多 ${off}。`)
    : say(`It is ${-off} too few.`, `比正确值少 ${-off}。`);
}

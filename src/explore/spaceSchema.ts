/** The form of a space file; docs/explore.md and docs/schemas/space.json are made of it. */
import * as z from 'zod';
import { EFFORTS } from '#lower';
import { POINT_TYPES } from './job.ts';
import { MEASURE_NAMES, type Measure, RULES } from './measures.ts';

export interface Both {
  readonly en: string;
  readonly zh: string;
}

/** By definition, which a schema shares with its copies: `describe` makes one. */
const said = new Map<unknown, Both>();

/** A schema, and what belongs there, in words that stand behind "expected". */
function says<T extends z.ZodType>(schema: T, en: string, zh: string): T {
  said.set(schema.def, { en, zh });
  return schema;
}
/** What belongs where a schema stands. */
export const expectationOf = (schema: z.ZodType): Both | undefined => said.get(schema.def);

const oneOf = <const T extends readonly [string, ...string[]]>(names: T) =>
  says(z.enum(names), `one of ${names.join(', ')}`, ` ${names.join('、')} 之一`);

const number = says(z.number(), 'a number', '数');
const whole = says(
  z
    .int()
    .min(1)
    .max(2 ** 32 - 1),
  'a whole number from 1',
  '不小于 1 的整数',
);
const text = says(z.string().min(1), 'a text', '文本');
const value = says(
  z.union([z.number(), z.string().min(1), z.boolean()]),
  'a value of the field: a number, or a word where the field takes words',
  '该字段的值：数，或字段所取的词',
);

/** One, or a list of several. */
const some = <T extends z.ZodType>(one: T, en: string, zh: string) => says(z.union([one, z.array(one).min(1)]), en, zh);

export const dimensionSchema = z.strictObject({
  values: says(z.array(value).min(1), 'a list of values', '值的列表')
    .optional()
    .describe('in place of a range: these values; numbers count as ordered'),
  from: number.optional().describe('first value of a range'),
  to: number.optional().describe('last value of a range, itself among the values where the steps meet it'),
  step: says(z.number().positive(), 'a number above 0', '大于 0 的数')
    .optional()
    .describe('from one value of a range to the next: from, from + step, …'),
  times: says(z.number().gt(1), 'a number above 1', '大于 1 的数')
    .optional()
    .describe('in place of step: from one value to the next by this factor; 2 for powers of two'),
  with: says(z.record(z.string(), z.number().positive()), 'fields with factors above 0', '字段与大于 0 的系数')
    .optional()
    .describe('other fields of the machine that change along: each has the value times its factor'),
});

const limit = z.strictObject({
  most: number.optional().describe('no larger'),
  least: number.optional().describe('no smaller'),
});

const measureNames = MEASURE_NAMES as readonly [Measure, ...Measure[]];

export const spaceSchema = z.strictObject({
  models: some(
    text,
    'the name of a network or an ONNX file, or a list of them',
    '网络名称或 ONNX 文件，或其列表',
  ).describe('networks: names of `systole summary`, or files, looked for beside the space file'),
  combine: oneOf(RULES)
    .optional()
    .describe('how measures of several networks become one; each: the network is one more choice; default geomean'),
  dtype: some(oneOf(POINT_TYPES), `${POINT_TYPES.join(', ')}, or a list of them`, `${POINT_TYPES.join('、')}，或其列表`)
    .optional()
    .describe('data types; several are one more choice of the space; default f32'),
  batch: some(whole, 'a whole number from 1, or a list of them', '不小于 1 的整数，或其列表')
    .optional()
    .describe('batch sizes; several are one more choice; default 1 for a network by name, as it stands for a file'),
  machine: text.describe('the machine that is varied: a preset, or a machine file, looked for beside the space file'),
  vary: says(
    z.record(
      z.string(),
      says(
        z.union([z.array(value).min(1), dimensionSchema]),
        'a list of values, or a range: from, to and one of step and times',
        '值的列表，或范围：from、to 加上 step 与 times 之一',
      ),
    ),
    'fields of the machine with their values',
    '机器字段及其取值',
  ).describe('fields of the machine by path, each with a list of values or a range'),
  energy: oneOf(['scaled', 'stated'])
    .optional()
    .describe(
      "scaled, the default: the energy of an access follows a memory's size (exponent 0.46) unless it is varied itself; stated: as in the machine",
    ),
  constraints: says(z.partialRecord(z.enum(measureNames), limit), 'measures with limits', '度量及其限制')
    .optional()
    .describe('limits that a design must keep, by measure'),
  objectives: says(
    z.array(oneOf(measureNames)).min(1).max(4),
    'a list of one to four measures',
    '一至四个度量的列表',
  ).describe('what is to be as good as possible'),
  search: z
    .strictObject({
      method: oneOf(['exhaustive', 'random', 'nsga2']).describe(
        'every design; so many of them, drawn; or an evolutionary search (NSGA-II)',
      ),
      budget: whole.optional().describe('designs to run, of random and nsga2; default 400'),
      seed: says(
        z
          .int()
          .min(0)
          .max(2 ** 32 - 1),
        'a whole number from 0',
        '不小于 0 的整数',
      )
        .optional()
        .describe(
          'of random and nsga2; the same seed runs the same designs, however many workers there are; default 1',
        ),
      population: says(z.int().min(4).max(1000), 'a whole number from 4 to 1000', '4 到 1000 的整数')
        .optional()
        .describe('designs of a generation of nsga2; default 20'),
    })
    .optional()
    .describe('default exhaustive'),
  effort: oneOf(EFFORTS)
    .optional()
    .describe('how long the compiler looks for tilings: quick, the default, or full, as systole run does'),
  timeout: says(z.number().positive(), 'seconds, above 0', '大于 0 的秒数')
    .optional()
    .describe('seconds that a network may take on a machine; what takes longer counts as failed; default 600'),
});

export type SpaceDocument = z.infer<typeof spaceSchema>;
export type DimensionDocument = z.infer<typeof dimensionSchema>;

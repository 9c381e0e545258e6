/**
 * A design space: what is varied, and what is asked. Its dimensions are lists of values; a design is a position in each (a genome). Dimensions are
 * the data type, the batch, the network where each is judged for itself, and fields of the machine.
 */
import { diagnostic, nearestName, type Place, SystoleError, throwErrors } from '#base';
import type { Effort } from '#lower';
import {
  changedMachine,
  expectedInstead,
  type FieldChange,
  type Machine,
  machineFields,
  withMemoryEnergy,
} from '#machine';
import { failureOf } from './evaluate.ts';
import { type Failure, type ModelReference, type Point, type PointType, sha256, sorted } from './job.ts';
import type { Constraints, Limit, Measure, Rule } from './measures.ts';
import type { Genome, Parameter } from './nsga2.ts';
import { type SpaceFile, textOf, wrongValue } from './spaceFile.ts';
import type { DimensionDocument } from './spaceSchema.ts';

export type FieldValue = number | string | boolean;

/** What is varied. */
export interface Dimension extends Parameter {
  /** `dtype`, `batch`, `model`, or the path of a field. */
  readonly name: string;
  readonly values: readonly FieldValue[];
  /** Of a field: those that change along, by factor. */
  readonly with?: Readonly<Record<string, number>>;
}

export interface NamedModel {
  readonly name: string;
  readonly reference: ModelReference;
}

export interface Search {
  readonly method: 'exhaustive' | 'random' | 'nsga2';
  readonly budget: number;
  readonly seed: number;
  readonly population: number;
}

export interface Space {
  readonly models: readonly NamedModel[];
  readonly rule: Rule;
  readonly machine: Machine;
  readonly dimensions: readonly Dimension[];
  readonly energy: 'scaled' | 'stated';
  readonly constraints: Constraints;
  readonly objectives: readonly Measure[];
  readonly search: Search;
  readonly effort: Effort;
  /** Milliseconds that a job may take. */
  readonly timeout: number;
  /** Number of designs. */
  readonly size: number;
}

/** Values of one dimension at most; designs of a space that is gone through whole. */
const MOST_VALUES = 10_000;
const MOST_EXHAUSTIVE = 1_000_000;

const unknownField = diagnostic<{ path: string; nearest: string | undefined; machine: string }>(
  'SYS-EXPLORE-020',
  'invalid',
  {
    en: (p) =>
      `machines have no field '${p.path}'.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`} docs/machine.md lists the fields; '${p.machine}' is the machine that is varied.`,
    zh: (p) =>
      `机器没有字段“${p.path}”。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}字段见 docs/machine.md；被改变的机器是“${p.machine}”。`,
  },
);
const badRange = diagnostic<{ path: string; found: string }>('SYS-EXPLORE-021', 'invalid', {
  en: (p) =>
    `'${p.path}' has ${p.found}, expected either values: [ … ], or from, to and one of step and times, with from no larger than to and at most ${MOST_VALUES} values.`,
  zh: (p) =>
    `“${p.path}”为 ${p.found}，应为 values: [ … ]，或 from、to 加上 step 与 times 之一，且 from 不大于 to，至多 ${MOST_VALUES} 个值。`,
});
const twiceVaried = diagnostic<{ path: string }>('SYS-EXPLORE-022', 'invalid', {
  en: (p) => `'${p.path}' is changed by two keys of 'vary'. Leave one out: a field has one value at a time.`,
  zh: (p) => `“${p.path}”由 vary 的两个键改变。请去掉其一：一个字段只能有一个值。`,
});
const noEnergy = diagnostic<{ what: string; machine: string }>('SYS-EXPLORE-023', 'unsupported', {
  en: (p) =>
    `'${p.what}' needs figures of energy, and machine '${p.machine}' has none. Take a machine with a section 'energy' (textbook-single has one), or leave '${p.what}' out.`,
  zh: (p) =>
    `“${p.what}”需要能耗数据，而机器“${p.machine}”没有。请用带 energy 部分的机器（如 textbook-single），或去掉“${p.what}”。`,
});
const tooLarge = diagnostic<{ size: number; most: number }>('SYS-EXPLORE-024', 'unsupported', {
  en: (p) =>
    `the space has ${p.size} designs; an exhaustive search takes at most ${p.most}. Take method nsga2 or random with a budget, or fewer values.`,
  zh: (p) => `该空间有 ${p.size} 个设计；穷举至多 ${p.most} 个。请改用 nsga2 或 random 并给出 budget，或减少取值。`,
});
const sameTwice = diagnostic<{ key: string; value: string }>('SYS-EXPLORE-025', 'invalid', {
  en: (p) => `'${p.key}' names ${p.value} twice. Leave one out.`,
  zh: (p) => `“${p.key}”中 ${p.value} 出现两次。请去掉其一。`,
});
const factorOfWord = diagnostic<{ path: string; value: string }>('SYS-EXPLORE-026', 'invalid', {
  en: (p) =>
    `'with' multiplies the values of '${p.path}', and ${p.value} is no number. Leave 'with' out, or vary numbers.`,
  zh: (p) => `with 会乘以“${p.path}”的值，而 ${p.value} 不是数。请去掉 with，或使用数值。`,
});
const noBetween = diagnostic<{ measure: string; least: number; most: number }>('SYS-EXPLORE-027', 'invalid', {
  en: (p) =>
    `'${p.measure}' is to be at least ${p.least} and at most ${p.most}, which no design can be. Write a least that is no larger than most.`,
  zh: (p) => `“${p.measure}”要求不小于 ${p.least} 且不大于 ${p.most}，没有设计能满足。请使 least 不大于 most。`,
});
const ofOtherMethod = diagnostic<{ key: string; method: string; methods: readonly string[] }>(
  'SYS-EXPLORE-028',
  'invalid',
  {
    en: (p) =>
      `'search.${p.key}' is of ${p.methods.join(' and ')}, and the method is ${p.method}. Leave it out, or take method ${p.methods.join(' or ')}.`,
    zh: (p) =>
      `“search.${p.key}”用于 ${p.methods.join(' 与 ')}，而 method 为 ${p.method}。请去掉它，或改用 method ${p.methods.join(' 或 ')}。`,
  },
);
/** Keys of a search with the methods that read them. */
const METHODS_OF = {
  budget: ['random', 'nsga2'],
  seed: ['random', 'nsga2'],
  population: ['nsga2'],
} as const satisfies Readonly<Record<string, readonly Search['method'][]>>;

export interface SpaceSources {
  /** The machine that the file names. */
  readonly machine: (name: string) => Machine | Promise<Machine>;
  readonly model: (name: string) => Promise<ModelReference>;
}

/** @throws SYS-EXPLORE-012, 020 to 028 and what the sources throw, with the place in the file */
export async function spaceOf({ document, place }: SpaceFile, sources: SpaceSources): Promise<Space> {
  const machine = await placed(place(['machine']), () => sources.machine(document.machine));
  const errors: SystoleError[] = [];
  const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
    value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];
  const names = list(document.models);
  const models: NamedModel[] = [];
  for (const [i, name] of names.entries()) {
    const path = Array.isArray(document.models) ? ['models', i] : ['models'];
    models.push({ name, reference: await placed(place(path), () => sources.model(name)) });
  }
  for (const key of ['models', 'dtype', 'batch'] as const)
    for (const [i, v] of list<FieldValue>(document[key]).entries())
      if (list<FieldValue>(document[key]).indexOf(v) < i)
        errors.push(sameTwice({ key, value: String(v) }, place([key, i])));

  const rule = document.combine ?? 'geomean';
  const known = fieldPaths();
  const taken = new Set<string>();
  const dimensions: Dimension[] = [];
  const choices = (name: string, values: readonly FieldValue[], ordered: boolean): void => {
    dimensions.push({ name, values, size: values.length, ordered });
  };
  if (rule === 'each' && names.length > 1) choices('model', names, false);
  choices('dtype', list(document.dtype ?? 'f32'), false);
  if (document.batch !== undefined) choices('batch', list(document.batch), true);
  for (const [path, given] of Object.entries(document.vary)) {
    const own = Array.isArray(given) ? {} : (given.with ?? {});
    for (const [i, field] of [path, ...Object.keys(own)].entries()) {
      const at = i === 0 ? place(['vary', path], 'key') : place(['vary', path, 'with', field], 'key');
      if (!known.includes(field))
        errors.push(unknownField({ path: field, nearest: nearestName(field, known), machine: machine.name }, at));
      if (taken.has(field)) errors.push(twiceVaried({ path: field }, at));
      taken.add(field);
    }
    const values = Array.isArray(given) ? given : valuesOf(given);
    if (values === undefined) {
      errors.push(badRange({ path, found: rangeText(given as DimensionDocument) }, place(['vary', path])));
      continue;
    }
    const written = Array.isArray(given) ? given : (given as DimensionDocument).values;
    if (known.includes(path))
      for (const [i, value] of values.entries()) {
        const expected = expectedInstead(machine, { path, value: String(value) });
        if (expected === undefined) continue;
        const at =
          written === undefined ? ['vary', path] : ['vary', path, ...(Array.isArray(given) ? [] : ['values']), i];
        errors.push(wrongValue({ key: path, found: textOf(value), expected, nearest: undefined }, place(at)));
        // Of a range one value says what is wrong with all.
        if (written === undefined) break;
      }
    const twice = values.find((v, i) => values.indexOf(v) < i);
    if (twice !== undefined) errors.push(sameTwice({ key: path, value: String(twice) }, place(['vary', path])));
    const word = Object.keys(own).length === 0 ? undefined : values.find((v) => typeof v !== 'number');
    if (word !== undefined)
      errors.push(factorOfWord({ path, value: String(word) }, place(['vary', path, 'with'], 'key')));
    const ordered = values.every((v) => typeof v === 'number');
    // In order, whatever the order in the file: neighbours are to be alike.
    const sortedValues = ordered ? [...values].sort((a, b) => Number(a) - Number(b)) : values;
    dimensions.push({
      ...{ name: path, values: sortedValues, size: values.length, ordered },
      ...(Object.keys(own).length === 0 ? {} : { with: own }),
    });
  }
  const judged = [
    ...document.objectives.map((name, i) => ({ name, at: ['objectives', i] })),
    ...Object.keys(document.constraints ?? {}).map((name) => ({ name: name as Measure, at: ['constraints', name] })),
  ];
  for (const { name, at } of judged)
    if (machine.energy === undefined && ['energy', 'power', 'edp'].includes(name))
      errors.push(noEnergy({ what: name, machine: machine.name }, place(at)));
  for (const [i, name] of document.objectives.entries())
    if (document.objectives.indexOf(name) < i)
      errors.push(sameTwice({ key: 'objectives', value: name }, place(['objectives', i])));

  for (const [name, { least, most }] of Object.entries(document.constraints ?? {}) as [Measure, Limit][])
    if (least !== undefined && most !== undefined && least > most)
      errors.push(noBetween({ measure: name, least, most }, place(['constraints', name])));

  const { method = 'exhaustive', budget = 400, seed = 1, population = 20 } = document.search ?? {};
  for (const [key, methods] of Object.entries(METHODS_OF) as [keyof typeof METHODS_OF, readonly Search['method'][]][])
    if (document.search?.[key] !== undefined && !methods.includes(method))
      errors.push(ofOtherMethod({ key, method, methods }, place(['search', key], 'key')));
  const size = dimensions.reduce((n, d) => n * d.size, 1);
  if (method === 'exhaustive' && size > MOST_EXHAUSTIVE)
    errors.push(tooLarge({ size, most: MOST_EXHAUSTIVE }, place(['search', 'method'])));
  throwErrors(errors);
  return {
    ...{ models, rule, machine, dimensions, size },
    energy: document.energy ?? 'scaled',
    constraints: (document.constraints ?? {}) as Constraints,
    objectives: document.objectives,
    search: { method, budget, seed, population },
    effort: document.effort ?? 'quick',
    timeout: 1000 * (document.timeout ?? 600),
  };
}

async function placed<T>(at: Place, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw error instanceof SystoleError && error.place.file === undefined ? error.at(at) : error;
  }
}

/** Fields that have a value of their own, energies and areas among them. */
const fieldPaths = (): readonly string[] =>
  machineFields()
    .filter((f) => f.type !== 'object' && !['name', 'description', 'sources'].includes(f.path))
    .map((f) => f.path);

function valuesOf({ values, from, to, step, times }: DimensionDocument): readonly FieldValue[] | undefined {
  const isRange = from !== undefined && to !== undefined && (step === undefined) !== (times === undefined);
  if (values !== undefined)
    return [from, to, step, times].every((v) => v === undefined) && values.length <= MOST_VALUES ? values : undefined;
  if (!isRange || from > to || (times !== undefined && from <= 0)) return undefined;
  const out: number[] = [];
  for (let i = 0; ; i++) {
    // Products and not sums of steps, so that 0.1 ten times is 1.
    const v = Number((step === undefined ? from * times! ** i : from + i * step).toPrecision(12));
    if (v > to * (1 + 1e-9)) return out;
    if (out.push(v) > MOST_VALUES) return undefined;
  }
}

const rangeText = (given: DimensionDocument): string =>
  `{ ${Object.entries(given)
    .filter(([key]) => key !== 'with')
    .map(([key, v]) => `${key}: ${Array.isArray(v) ? '[ … ]' : String(v)}`)
    .join(', ')} }`;

/** Identity of the results of a space: all that the jobs of its designs are made of, but not what is asked of them. */
export async function spaceIdentity({ models, rule, machine, dimensions, energy, effort }: Space): Promise<string> {
  const references = models.map((m) => ('network' in m.reference ? m.reference.network : m.reference.sha256));
  const subject = ['systole space 1', references, rule === 'each', dimensions, energy, effort, machine];
  return sha256(new TextEncoder().encode(JSON.stringify(sorted(subject))));
}

/** The design at a position of all. @param order of the dimensions, the last of them fastest */
export function genomeAt({ dimensions }: Space, index: number, order = dimensions.map((_, i) => i)): Genome {
  const genome = new Array<number>(dimensions.length);
  let rest = index;
  for (const i of order.toReversed()) {
    const { size } = dimensions[i]!;
    genome[i] = rest % size;
    rest = Math.floor(rest / size);
  }
  return genome;
}

export type Values = Readonly<Record<string, FieldValue>>;

/** What a design has in each dimension. */
export const valuesAt = ({ dimensions }: Space, genome: Genome): Values =>
  Object.fromEntries(dimensions.map((d, i) => [d.name, d.values[genome[i]!]!]));

/** The machine of a design, or why there is none of such sizes. */
export function machineAt(space: Space, genome: Genome): Machine | Failure {
  const changes = space.dimensions.flatMap((d, i): readonly FieldChange[] => {
    if (['dtype', 'batch', 'model'].includes(d.name)) return [];
    const value = d.values[genome[i]!]!;
    const along = Object.entries(d.with ?? {}).map(([path, factor]) => ({ path, value: Number(value) * factor }));
    return [{ path: d.name, value: typeof value === 'boolean' ? String(value) : value }, ...along];
  });
  try {
    const changed = changedMachine(space.machine, changes);
    return space.energy === 'scaled' ? withMemoryEnergy(changed, space.machine) : changed;
  } catch (error) {
    return failureOf(error);
  }
}

/** The points of a design: one for each network that it is judged by. */
export function pointsAt(space: Space, values: Values, machine: Machine): readonly Point[] {
  const { model, dtype, batch } = values;
  return space.models
    .filter((m) => model === undefined || m.name === model)
    .map(({ reference }) => ({
      ...{ model: reference, type: dtype as PointType, effort: space.effort, machine },
      ...(batch === undefined ? {} : { batch: batch as number }),
    }));
}

/** One change, compiled and run: only time is counted. */
import { SystoleError } from '#base';
import type { Model } from '#ir';
import type { Program } from '#isa';
import { changedMachine } from '#machine';
import { type AdviceTotals, energyReport, physicalBound, type Texts } from '#report';
import type { SimulationResult } from '#sim';
import { type CompileOptions, compileModel } from '../compile.ts';
import { convertModel } from '../compression/convert.ts';
import { executeProgram } from '../execute.ts';
import { areaOf } from './hardware.ts';
import type { Change, Facts } from './rule.ts';

export type Trial = { readonly totals: AdviceTotals } | { readonly refused: Texts };

export interface Subject {
  /** As it was imported. */
  readonly model: Model;
  readonly options: CompileOptions;
  /** In 8 bits; absent where it cannot be quantised. */
  readonly quantised?: () => Promise<Model>;
}

/** What a run took, of one sample. */
export function totalsOfRun(program: Program, result: SimulationResult, batch: Facts['batch']): AdviceTotals {
  const samples = Math.max(1, batch ?? 1);
  const energy = energyReport(program, result);
  return {
    samples,
    cycles: result.cycles / samples,
    physical: physicalBound(program, result).cycles / samples,
    energy: energy === null ? null : energy.total / samples,
    area: areaOf(program.machine),
  };
}

/** @param batch of the run as it was */
export async function runChange(subject: Subject, change: Change, batch: Facts['batch']): Promise<Trial> {
  try {
    const model = await modelOf(subject, change);
    const options = changedOptions(subject.options, change, model);
    const { program } = await compileModel(model, options);
    const { result } = await executeProgram(program, { data: false });
    return { totals: totalsOfRun(program, result, change.batch ?? batch) };
  } catch (error) {
    // A machine that no circuit could be, a batch that the network's shapes rule out: the change is not to be had.
    if (error instanceof SystoleError && error.kind !== 'internal' && error.kind !== 'check')
      return { refused: { en: `${error.code}: ${error.text('en')}`, zh: `${error.code}：${error.text('zh')}` } };
    throw error;
  }
}

async function modelOf({ model, quantised }: Subject, { dtype }: Change): Promise<Model> {
  if (dtype === undefined) return model;
  if (dtype !== 'int8') return (await convertModel(model, dtype)).model;
  return quantised === undefined ? model : quantised();
}

export function changedOptions(options: CompileOptions, change: Change, model: Model): CompileOptions {
  const { winograd, convolution, sparse, cores, batch, dims, ...rest } = options;
  const firsts = model.graph.inputs.map(({ type }) => (type?.kind === 'tensor' ? type.shape?.[0] : undefined));
  // The batch says what the symbol of the first dimension would.
  const others = Object.entries(dims ?? {}).filter(([name]) => change.batch === undefined || !firsts.includes(name));
  const given = <K extends keyof CompileOptions>(key: K, value: CompileOptions[K]): object =>
    value === undefined ? {} : { [key]: value };
  return {
    ...rest,
    machine: changedMachine(options.machine, change.fields ?? []),
    dims: Object.fromEntries(others),
    ...given('batch', change.batch ?? batch),
    ...given('winograd', change.winograd ?? winograd),
    ...given('convolution', change.convolution ?? convolution),
    ...given('sparse', change.sparse ?? sparse),
    ...given('cores', change.cores === 'all' ? undefined : (change.cores ?? cores)),
  };
}

/**
 * What a point takes: its network compiled for its machine and run, time alone. Pure: the outcome follows from the job, wherever and in
 * whatever order it is evaluated. An evaluator keeps prepared networks (loaded, converted, through the passes), since many points share them.
 */
import { SystoleError } from '#base';
import type { Engine } from '#engine';
import {
  bindSizes,
  convertModel,
  EMBEDDED,
  embeddedModel,
  executeProgram,
  lowerPrepared,
  type Prepared,
  prepareModel,
  quantisedForTime,
  takesIntegers,
} from '#flow';
import type { Model } from '#ir';
import { buildModel } from '#models';
import { readModel } from '#onnx';
import { energyReport, physicalBound } from '#report';
import { Generator } from '#tensor';
import { evaluatorBroke } from './failures.ts';
import type { Failure, Job, Metrics, ModelBytes, ModelReference, Outcome, Point } from './job.ts';

/** Prepared networks that are kept at once, the last used ones: a sweep over types and batches goes through them in turn. */
const MOST_PREPARED = 8;
/** On how many random samples a network is calibrated whose time alone is wanted. */
const CALIBRATION = 1;

export interface Evaluator {
  evaluate(job: Job): Promise<Outcome>;
}

export function createEvaluator(engine: Engine, bytesOf: ModelBytes): Evaluator {
  const prepared = new Map<string, Promise<Prepared>>();
  const preparedFor = (point: Point, integers: boolean): Promise<Prepared> => {
    const key = JSON.stringify([point.model, point.type, point.batch ?? null, integers]);
    const known = prepared.get(key) ?? prepare(point, integers, engine, bytesOf);
    prepared.delete(key);
    prepared.set(key, known);
    if (prepared.size > MOST_PREPARED) prepared.delete(prepared.keys().next().value!);
    return known;
  };
  return {
    async evaluate({ key, point }) {
      try {
        const network = await preparedFor(point, takesIntegers(point.machine));
        return { key, ok: true, metrics: await metricsOf(network, point) };
      } catch (error) {
        return { key, ok: false, failure: failureOf(error) };
      }
    },
  };
}

async function metricsOf(network: Prepared, { model, type, machine, effort }: Point): Promise<Metrics> {
  // Weights that were not drawn are zeros, of which nothing follows.
  const hasWeights = !('network' in model) || embeddedIn(model.network) !== undefined || type === 'i8';
  const program = lowerPrepared(network, { machine, effort, ...(hasWeights ? {} : { sparse: 'off' as const }) });
  const { result } = await executeProgram(program, { data: false });
  const bound = physicalBound(program, result);
  const first = network.model.graph.inputs[0]?.type;
  const samples = first?.kind === 'tensor' ? first.shape?.[0] : undefined;
  return {
    samples: typeof samples === 'number' && samples > 0 ? samples : 1,
    cycles: result.cycles,
    seconds: result.cycles / machine.frequency,
    energy: energyReport(program, result)?.total ?? null,
    efficiency: (program.layerwise?.cycles ?? 0) / result.cycles,
    bound: bound.cycles,
    boundBy: bound.unit,
    macs: program.layers.reduce((sum, layer) => sum + layer.macs, 0),
    dramBytes: result.total.readBurstBytes + result.total.writeBurstBytes,
  };
}

async function prepare(
  { model: reference, type, batch }: Point,
  integers: boolean,
  engine: Engine,
  bytesOf: ModelBytes,
): Promise<Prepared> {
  const size = batch ?? ('network' in reference ? 1 : undefined);
  const sizes = size === undefined ? {} : { batch: size };
  const imported = await load(reference, type === 'i8', bytesOf);
  const converted = async (): Promise<Model> => {
    if (type === 'f32') return imported;
    if (type === 'i8') return quantisedForTime(bindSizes(imported, sizes).model, CALIBRATION, engine);
    return (await convertModel(imported, type === 'f16' ? 'float16' : 'bfloat16')).model;
  };
  const isBound = type === 'i8';
  return prepareModel(await converted(), { ...(isBound ? {} : sizes), engine, integers });
}

/** The network that comes with Systole under a name, as every command takes it. */
const embeddedIn = (network: string) => EMBEDDED.find((name) => name === network);

/** Networks by name have their own weights, or where they are quantised weights drawn from seed 0; else their values do not count. */
async function load(reference: ModelReference, weights: boolean, bytesOf: ModelBytes): Promise<Model> {
  const embedded = 'network' in reference ? embeddedIn(reference.network) : undefined;
  if (embedded !== undefined) return embeddedModel(embedded);
  if ('network' in reference)
    return buildModel(reference.network, weights ? { generator: new Generator(0) } : { weights: false });
  return readModel(await bytesOf(reference.sha256), { file: reference.file });
}

export function failureOf(error: unknown): Failure {
  const known =
    error instanceof SystoleError
      ? error
      : evaluatorBroke({ what: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  return { code: known.code, en: known.text('en'), zh: known.text('zh') };
}

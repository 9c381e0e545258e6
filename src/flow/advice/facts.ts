/** What the rules look at, from a run that was explained. */
import { coresOf } from '#machine';
import type { LayerResult } from '#sim';
import { memoryBytes, topologyOf } from '#sim';
import type { Explained, LayerExplanation } from '../explain.ts';
import type { Facts, LayerFacts, Limit } from './rule.ts';
import type { TouchRecorder } from './touched.ts';

export function factsOf(
  explained: Explained,
  touched: TouchRecorder,
  about: Pick<Facts, 'options' | 'hasWeights'>,
): Facts {
  const { program, optimized, result, layers, host } = explained;
  const { machine } = program;
  const cores = topologyOf(program).places.length;
  const { nram, wram, aram, shared } = memoryBytes(machine, 0);
  return {
    ...{ machine, program, optimized, result, host, cores, ...about },
    layers: layers.map((layer) => layerFacts(layer, cores, touched)),
    batch: batchOf(program.inputs.map((slot) => slot.dims)),
    capacity: { nram, wram, aram, shared },
    touched: touched.all(),
  };
}

function layerFacts({ plan, run, bound, losses }: LayerExplanation, cores: number, touched: TouchRecorder): LayerFacts {
  const time = timesOf(run, cores);
  const limit = (Object.keys(time) as Limit[]).reduce((most, by) => (time[by] > time[most] ? by : most));
  return { plan, run, bound, losses, time, limit, touched: touched.of(plan.index) };
}

const timesOf = (run: LayerResult, cores: number): Record<Limit, number> => ({
  matrix: (run.busy.matrix ?? 0) / cores,
  vector: (run.busy.vector ?? 0) / cores,
  memory: run.channelCycles,
});

function batchOf(shapes: readonly (readonly number[])[]): number | undefined {
  const first = new Set(shapes.map((dims) => dims[0]));
  const [batch] = first;
  return first.size === 1 ? batch : undefined;
}

/** Cores of the chip, whether the program runs on them or not. */
export const allCores = ({ machine }: Facts): number => coresOf(machine);

/** What `advise` and `report` ask of the advisor beside a run: the commands of its changes, the network in 8 bits, the line of progress. */
import type { Engine } from '#engine';
import { type AdviseOptions, bindSizes, quantisedForTime } from '#flow';
import type { Model } from '#ir';
import type { Console } from './console.ts';
import { loadModel, originOf } from './model.ts';
import { changedCommand, INT8_SAMPLES, type RunWords } from './runCommand.ts';

/** Of networks whose weights are drawn: as `systole quantize` draws them, where nothing is said. */
const SEED = 0;

export function adviceQuestion(
  console: Console,
  name: string,
  machine: string | undefined,
  options: RunWords,
  { model, engine }: { readonly model: Model; readonly engine: Engine },
): Pick<AdviseOptions, 'commandOf' | 'quantised' | 'onRun'> {
  const symbols = model.graph.inputs.flatMap(({ type }) => {
    const first = type?.kind === 'tensor' ? type.shape?.[0] : undefined;
    return typeof first === 'string' ? [first] : [];
  });
  const { dim = {}, batch } = options;
  // `quantize` takes whole networks of float32 that have weights.
  const isWhole = options.fetch === undefined && options.dtype === 'f32' && originOf(name) !== 'structure';
  const quantised = async (): Promise<Model> => {
    const { model: weighted } = await loadModel(name, console, { seed: SEED, isTold: false });
    const bound = bindSizes(weighted, { dims: dim, ...(batch === undefined ? {} : { batch }) });
    return quantisedForTime(bound.model, INT8_SAMPLES, engine);
  };
  return {
    ...(isWhole ? { quantised } : {}),
    commandOf: (change) => changedCommand(name, machine, options, change, symbols),
    onRun: (done, total) =>
      console.progress.update(() =>
        console.text({ en: `trying change ${done + 1}/${total}`, zh: `试运行修改 ${done + 1}/${total}` }),
      ),
  };
}

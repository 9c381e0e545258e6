/**
 * Networks of models/ with drawn weights in every data type, with data: integers equal to ONNX Runtime's, half precision within its
 * roundings, and all of it on the processor.
 */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { bindSizes, compileModel, quantiseModel, randomInput, randomSamples, runAndCheck } from '#flow';
import { type Model, staticShape, type Tensor, typeOf } from '#ir';
import { presets } from '#machine';
import { buildModel } from '#models';
import { inHalf } from '../support/halfGraphs.ts';
import { HAS_VNNI } from '../support/randomQuantised.ts';

/**
 * DenseNet in halves only: in 8 bits its BatchNormalizations, which follow concatenations, stay floats between DequantizeLinear and
 * QuantizeLinear, where the last bit of a product decides between two codes now and then.
 */
const NETWORKS = ['mobilenet-v2', 'resnet18', 'squeezenet', 'densenet121'] as const;
const MACHINES = ['textbook-single', 'textbook-single-i8x4', 'textbook-cluster'] as const;
const TYPES = ['i8', 'u8', 'f16', 'bf16'] as const;

/** A random image for the one input. */
function feedsOf({ graph }: Model): Map<string, Tensor> {
  const [input] = graph.inputs;
  const dims = staticShape(typeOf(graph, input!.name))!;
  return new Map([[input!.name, randomInput({ dtype: 'float32', dims: [...dims] }, 7, 0)]]);
}

async function inType(
  model: Model,
  type: (typeof TYPES)[number],
): Promise<{ model: Model; feeds: Map<string, Tensor> }> {
  const feeds = feedsOf(model);
  if (type === 'f16' || type === 'bf16') {
    return inHalf({ model, feeds }, type === 'f16' ? 'float16' : 'bfloat16')!;
  }
  const engine = await sharedEngine();
  const options = { calibration: 'minmax', percentile: 99.99, exclude: [], perTensor: false } as const;
  const made = await quantiseModel(model, async (m) => randomSamples(m, { samples: 1, seed: 1 }), {
    ...options,
    ...{ reduceRange: !HAS_VNNI, activations: type, engine },
  });
  return { model: made.model, feeds };
}

describe.each(NETWORKS)('%s', (name) => {
  const types = TYPES.filter((type) => name !== 'densenet121' || type === 'f16' || type === 'bf16');
  test.each(types)(
    '%s',
    async (type) => {
      const engine = await sharedEngine();
      const { model: network } = bindSizes(await buildModel(name), { batch: 1 });
      const { model, feeds } = await inType(network, type);
      for (const machine of MACHINES) {
        const compiled = await compileModel(model, { machine: presets.get(machine)!, engine });
        const { check } = await runAndCheck(compiled, { engine, feeds });
        expect(check, machine).toMatchObject({ ok: true, ...(type === 'i8' || type === 'u8' ? { maxAbs: 0 } : {}) });
        expect(compiled.program.layers.filter((l) => l.where === 'host')).toEqual([]);
      }
    },
    600_000,
  );
});

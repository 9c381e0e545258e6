/**
 * The passes over every model of ONNX's conformance suite that the host engine runs: each twice, fed as the suite feeds
 * it, and with all its inputs made constants, which folds whatever can be folded.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SystoleError } from '#base';
import { createEngine, hostValues } from '#engine';
import { type Model, type Tensor, tensorNumbers } from '#ir';
import { readModel, readTensor } from '#onnx';
import { runPasses } from '#passes';

const suite = new URL('../../../shared/data/onnx-conformance/node/', import.meta.url);

/** Models whose two runs differ by their nature. */
const RANDOM = /bernoulli|randomnormal|randomuniform|multinomial|training_dropout/;

/**
 * The suite's expansion of AffineGrid gives Range a value of shape [1] through an If, where the operator asks for a
 * scalar. ONNX Runtime notices only where the condition is constant, so that it can look through the If.
 */
const INVALID = /^test_affine_grid_\dd(_align_corners)?_expanded .*'Range' op should be scalars/;

/**
 * What ONNX Runtime does otherwise than ONNX: masked scores are the least float, where the suite (and what expandFunctions writes out) has −∞.
 */
const HOST_DIFFERS = /^test_attention_4d_with_past_and_present_qk_matmul_bias_4d_mask_causal .*: qk_matmul_output/;

const asConstants = (model: Model, feeds: ReadonlyMap<string, Tensor>): Model => ({
  ...model,
  graph: { ...model.graph, inputs: [], constants: new Map([...model.graph.constants, ...feeds]) },
});

function far(a: Tensor, b: Tensor): boolean {
  if (a.dtype !== b.dtype || `${a.dims}` !== `${b.dims}`) return true;
  if ('strings' in a) return !('strings' in b) || a.strings.some((s, i) => s !== b.strings[i]);
  const [x, y] = [tensorNumbers(a), tensorNumbers(b)];
  const scale = x.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1e-6);
  const tolerance = a.dtype === 'float16' ? 2e-3 : a.dtype === 'bfloat16' ? 1e-2 : 1e-5;
  return x.some((v, i) => !(Object.is(v, y[i]) || v === y[i] || Math.abs(v - y[i]!) <= tolerance * scale));
}

test.skipIf(!existsSync(suite))(
  'outputs survive (skipped where ../shared/data/onnx-conformance is absent)',
  async () => {
    const engine = await createEngine();
    const counts = { run: 0, notOnHost: 0, foldedAway: 0, invalid: 0 };
    const wrong: string[] = [];
    for (const name of readdirSync(suite)) {
      if (RANDOM.test(name)) continue;
      const folder = new URL(`${name}/`, suite);
      let model: Model;
      const feeds = new Map<string, Tensor>();
      let expected: Map<string, Tensor>;
      try {
        model = readModel(readFileSync(new URL('model.onnx', folder)));
        for (const [i, input] of model.graph.inputs.entries()) {
          feeds.set(input.name, readTensor(readFileSync(new URL(`test_data_set_0/input_${i}.pb`, folder))));
        }
        expected = await hostValues(model, feeds, undefined, engine);
      } catch (error) {
        // What cannot be read or run by itself is the business of test/conformance.
        expect(error, name).toBeInstanceOf(SystoleError);
        counts.notOnHost++;
        continue;
      }
      counts.run++;
      for (const [kind, before, given] of [
        ['fed', model, feeds],
        ['constant', asConstants(model, feeds), new Map<string, Tensor>()],
      ] as const) {
        try {
          const { model: after } = await runPasses(before, { engine });
          if (kind === 'constant' && after.graph.nodes.every((n) => n.op === 'Identity')) counts.foldedAway++;
          const found = await hostValues(after, given, undefined, engine);
          for (const [output, value] of expected)
            if (far(value, found.get(output)!) && !HOST_DIFFERS.test(`${name} ${kind}: ${output}`))
              wrong.push(`${name} ${kind}: ${output}`);
        } catch (error) {
          const text = `${name} ${kind}: ${error}`;
          if (INVALID.test(text)) counts.invalid++;
          else wrong.push(text);
        }
      }
    }
    console.log(`conformance models through the passes: ${JSON.stringify(counts)}`);
    expect(wrong).toEqual([]);
    expect(counts.run).toBeGreaterThan(1000);
    expect(counts.foldedAway).toBeGreaterThan(500);
  },
);

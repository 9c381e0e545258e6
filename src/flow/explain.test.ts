/** Explanations add up, on machines of every kind; what is described is what was compiled. */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { presets } from '#machine';
import { buildModel } from '#models';
import { pruneWeights } from './compression/index.ts';
import { lenet5Model } from './embedded/index.ts';
import { explainModel, LOSSES, layersNamed } from './explain.ts';

const MACHINES = ['textbook-single', 'systolic-16x16', 'textbook-cluster', 'tpu-v1'];

const CASES = MACHINES.flatMap((machine) => ['lenet5', 'mobilenet-v2'].map((network) => [machine, network] as const));

describe('where the cycles went', () => {
  test.each(CASES)('adds up on %s: %s', async (name, network) => {
    const machine = presets.get(name)!;
    const model = await buildModel(network, { weights: false });
    const { layers, program, result } = await explainModel(model, { machine, engine: await sharedEngine(), batch: 1 });
    expect(layers.length).toBe(program.layers.filter((l) => l.where !== 'host').length);
    for (const { plan, run, bound, losses, contraction } of layers) {
      if (plan.where === 'matrix') {
        expect(contraction?.chosen.predicted, plan.name).toEqual(plan.predicted);
        // `y 2 × 19 + 18 [core × 2]`: three tiles of 19 at most, on two cores.
        const told = contraction?.chosen.loops.map((text) => {
          const [, dim, whole, size, rest, cores] = /^(\S+) (\d+) × (\d+)(?: \+ (\d+))?(?: \[core × (\d+)\])?/.exec(
            text,
          )!;
          const tiles = Number(whole) + (rest === undefined ? 0 : 1);
          return { dim, tiles, size: Number(size), ...(cores === undefined ? {} : { cores: Number(cores) }) };
        });
        expect(told, plan.name).toEqual(plan.loops.filter((l) => l.tiles > 1));
      }
      const sum = LOSSES.reduce((n, l) => n + losses[l], 0);
      expect(sum, `${plan.name} ${JSON.stringify(losses)}`).toBeCloseTo(run.cycles, 6);
      for (const l of LOSSES) expect(losses[l], `${plan.name} ${l}`).toBeGreaterThanOrEqual(0);
      expect(bound.cycles).toBeGreaterThan(0);
      expect(bound.cycles, plan.name).toBeLessThanOrEqual(run.cycles + 1e-6);
    }
    expect(result.cycles).toBeGreaterThan(0);
  });
});

test('a convolution with what is fused behind it', async () => {
  const machine = presets.get('textbook-single')!;
  const model = await buildModel('resnet18', { weights: false });
  const { layers } = await explainModel(model, {
    ...{ machine, engine: await sharedEngine(), batch: 1, schedules: 3 },
    choose: (program) => layersNamed(program, 'layer1/0/conv2/Conv'),
  });
  expect(layers.map((l) => l.plan.op)).toEqual(['Conv+Add+Relu']);
  const { form, nest, memories, considered, chosen } = layers[0]!.contraction!;
  expect(form.text).toEqual([
    'out[y, x, n] = Σ a[y + ky − 1, x + kx − 1, c] · w[n, ky, kx, c]',
    'out[y, x, n] += bias[n]',
    'out[y, x, n] = add(out[y, x, n], operand0)',
    'out[y, x, n] = max(out[y, x, n], 0)',
  ]);
  expect(form.domain.map((d) => `${d.index}<${d.size}`)).toEqual(['y<56', 'x<56', 'n<64', 'ky<3', 'kx<3', 'c<64']);
  expect(nest.map((line) => line.trim().split(' ')[0])).toEqual(
    expect.arrayContaining(['load', 'mma', 'vec', 'store']),
  );
  for (const m of memories) expect(m.used).toBeLessThanOrEqual(m.of);
  expect(considered).toHaveLength(3);
  expect(considered[0]!.loops).toEqual(chosen.loops);
  expect(layers[0]!.plan.predicted!.cycles).toBe(chosen.predicted.cycles);
});

test('the forms in which sparse weights may lie', async () => {
  const machine = presets.get('textbook-extended')!;
  const { model } = pruneWeights(lenet5Model(), {
    ...{ share: 0.5, pattern: '2:4', global: false },
    isExcluded: () => false,
  });
  const explain = async (sparse: 'auto' | 'off') =>
    (await explainModel(model, { machine, engine: await sharedEngine(), batch: 1, sparse })).layers;
  for (const { plan, contraction } of await explain('auto')) {
    const forms = contraction?.forms ?? [];
    if (plan.sparse === undefined) continue;
    expect(forms.map((f) => f.form)).toEqual(['dense', 'stream', 'bitmap']);
    const chosen = forms.filter((f) => f.isChosen);
    expect(chosen).toMatchObject([{ form: plan.sparse.form }]);
    expect(chosen[0]!.predicted.cycles).toBe(Math.min(...forms.map((f) => f.predicted.cycles)));
  }
  for (const { plan, contraction } of await explain('off'))
    expect([plan.sparse, contraction?.forms ?? []]).toEqual([undefined, []]);
});

test('a layer that is not there', async () => {
  const machine = presets.get('textbook-single')!;
  const model = await buildModel('lenet5', { weights: false });
  const explained = explainModel(model, {
    ...{ machine, engine: await sharedEngine(), batch: 1 },
    choose: (program) => layersNamed(program, 'conv1/Con'),
  });
  await expect(explained).rejects.toMatchObject({ code: 'SYS-FLOW-150' });
});

test.each(['textbook-single', 'tpu-v1'])(
  'kernels of the vector unit on %s: as many transfers as are made, buffers that fit',
  async (name) => {
    const machine = presets.get(name)!;
    const loads = new Map<number, number>();
    let described = 0;
    for (const network of ['mobilenet-v2', 'vit-small']) {
      loads.clear();
      const { layers } = await explainModel(await buildModel(network, { weights: false }), {
        ...{ machine, engine: await sharedEngine(), batch: 1, prefetch: false, schedules: 3 },
        observer: (e) => {
          const transfer = e.type === 'load:end' || e.type === 'store:end';
          if (transfer) loads.set(e.layer, (loads.get(e.layer) ?? 0) + 1);
        },
      });
      for (const { plan, kernel } of layers) {
        expect(kernel !== undefined, plan.name).toBe(plan.where === 'vector');
        if (kernel === undefined) continue;
        described++;
        const transfers = kernel.streams.reduce((n, s) => n + s.transfers, 0);
        expect(transfers, `${plan.name}\n${kernel.nest.join('\n')}`).toBe(loads.get(plan.index) ?? 0);
        expect(kernel.memory.used, plan.name).toBeLessThanOrEqual(kernel.memory.of);
        expect(kernel.chosen.predicted).toEqual(plan.predicted);
        expect(kernel.nest.filter((l) => l.trim().startsWith('vec.')).length, plan.name).toBeGreaterThan(0);
        const [best] = kernel.considered;
        if (best !== undefined) expect(best.predicted.cycles, plan.name).toBeLessThanOrEqual(plan.predicted!.cycles);
      }
    }
    expect(described).toBeGreaterThan(20);
  },
);

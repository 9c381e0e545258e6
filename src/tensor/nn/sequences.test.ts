/** Recurrent layers and attention against the formulas in plain loops, with PyTorch's names and order of gates. */
import { describe, expect, test } from 'vitest';
import { createEngine } from '#engine';
import { tensorNumbers, tensorOf } from '#ir';
import { exportModel, fromData, Generator, nn, type Tensor, tensor } from '../index.ts';

const values = async (t: Tensor): Promise<number[]> => Array.from(tensorNumbers(await t.value()));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

interface Layer {
  readonly ih: number[][];
  readonly hh: number[][];
  readonly b: number[];
  readonly b2: number[];
}

async function parameters(module: nn.Module, suffix: string): Promise<Layer> {
  const state = await module.state();
  const matrix = (name: string): number[][] => {
    const t = state.get(`${name}${suffix}`)!;
    const flat = Array.from(tensorNumbers(t));
    const width = t.dims[1] ?? 1;
    return Array.from({ length: t.dims[0]! }, (_, i) => flat.slice(i * width, (i + 1) * width));
  };
  return {
    ih: matrix('weight_ih'),
    hh: matrix('weight_hh'),
    b: matrix('bias_ih').map((r) => r[0]!),
    b2: matrix('bias_hh').map((r) => r[0]!),
  };
}

const product = (w: number[][], x: readonly number[], row: number): number =>
  w[row]!.reduce((sum, v, i) => sum + v * x[i]!, 0);

/** One step from (h, c), as PyTorch's documentation states the three. */
const STEPS = {
  LSTM: (p: Layer, x: number[], h: number[], c: number[]) => {
    const n = h.length;
    const gate = (g: number, j: number): number =>
      product(p.ih, x, g * n + j) + p.b[g * n + j]! + product(p.hh, h, g * n + j) + p.b2[g * n + j]!;
    const next = c.map((old, j) => sigmoid(gate(1, j)) * old + sigmoid(gate(0, j)) * Math.tanh(gate(2, j)));
    return { h: next.map((v, j) => sigmoid(gate(3, j)) * Math.tanh(v)), c: next };
  },
  GRU: (p: Layer, x: number[], h: number[], c: number[]) => {
    const n = h.length;
    const part = (g: number, j: number): [number, number] => [
      product(p.ih, x, g * n + j) + p.b[g * n + j]!,
      product(p.hh, h, g * n + j) + p.b2[g * n + j]!,
    ];
    const both = (g: number, j: number): number => part(g, j)[0] + part(g, j)[1];
    const next = h.map((old, j) => {
      const z = sigmoid(both(1, j));
      const candidate = Math.tanh(part(2, j)[0] + sigmoid(both(0, j)) * part(2, j)[1]);
      return (1 - z) * candidate + z * old;
    });
    return { h: next, c };
  },
  RNN: (p: Layer, x: number[], h: number[], c: number[]) => ({
    h: h.map((_, j) => Math.tanh(product(p.ih, x, j) + p.b[j]! + product(p.hh, h, j) + p.b2[j]!)),
    c,
  }),
};

describe('recurrent layers', () => {
  const [time, batch, inputs, hidden] = [4, 2, 3, 5];
  const cases = (['LSTM', 'GRU', 'RNN'] as const).flatMap((op) =>
    [false, true].map((bidirectional) => [op, bidirectional] as const),
  );

  test.each(cases)('%s of two layers, bidirectional: %s', async (op, bidirectional) => {
    const generator = new Generator(7);
    const module = new nn[op](inputs, hidden, { layers: 2, bidirectional, generator });
    const suffixes = bidirectional ? ['', '_reverse'] : [''];
    const names = [0, 1].flatMap((l) =>
      suffixes.flatMap((d) => ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((n) => `${n}_l${l}${d}`)),
    );
    expect(module.variables().map(([name]) => name)).toEqual(names);
    const x = tensor(
      Float32Array.from({ length: time * batch * inputs }, (_, i) => Math.sin(i * 1.7)),
      {
        shape: [time, batch, inputs],
      },
    );
    const [y, ends] = module.forward(x) as [Tensor, Tensor | [Tensor, Tensor]];
    expect(y.shape).toEqual([time, batch, hidden * suffixes.length]);
    const flat = await values(x);
    let sequence = Array.from({ length: time }, (_, t) =>
      Array.from({ length: batch }, (_, b) => flat.slice((t * batch + b) * inputs, (t * batch + b + 1) * inputs)),
    );
    const last: number[] = [];
    for (const layer of [0, 1]) {
      const each = await Promise.all(
        suffixes.map(async (d) => {
          const p = await parameters(module, `_l${layer}${d}`);
          const order = d === '' ? sequence : sequence.toReversed();
          const state = Array.from({ length: batch }, () => ({
            h: new Array<number>(hidden).fill(0),
            c: new Array<number>(hidden).fill(0),
          }));
          const outs = order.map((step) =>
            step.map((row, b) => {
              state[b] = STEPS[op](p, row, state[b]!.h, state[b]!.c);
              return state[b]!.h;
            }),
          );
          last.push(...state.flatMap((s) => s.h));
          return d === '' ? outs : outs.toReversed();
        }),
      );
      sequence = sequence.map((step, t) => step.map((_, b) => each.flatMap((e) => e[t]![b]!)));
    }
    const close = (a: readonly number[], b: readonly number[]): void => {
      expect(a).toHaveLength(b.length);
      a.forEach((v, i) => {
        expect(v).toBeCloseTo(b[i]!, 5);
      });
    };
    close(await values(y), sequence.flat(2));
    close(await values(Array.isArray(ends) ? ends[0] : (ends as Tensor)), last);
  });

  test('the cell of exercise 3.7', async () => {
    const cell = new nn.LSTM(1, 1);
    for (const [name, v] of cell.variables())
      v.set(
        tensorOf(
          'float32',
          v.shape,
          v.shape.flatMap((n) => new Array(n).fill(name.startsWith('weight') ? 0.5 : 0)).slice(0, v.size),
        ),
      );
    const state = (value: number): Tensor => tensor([[[value]]]);
    const [y, [h, c]] = cell.forward(state(1), [state(0.5), state(0.2)]);
    expect(await y.item()).toBeCloseTo(0.34863010460570704, 6);
    expect(await h.item()).toBeCloseTo(0.34863010460570704, 6);
    expect(await c.item()).toBeCloseTo(0.56721537910009, 6);
    // 4 (20·30 + 20) with one bias; PyTorch's layer has two of them.
    expect(new nn.LSTM(10, 20).size).toBe(2480 + 80);
    expect(new nn.LSTM(10, 20, { bias: false }).size).toBe(2400);
  });

  test.each(['LSTM', 'GRU', 'RNN'] as const)('%s over padded sequences', async (op) => {
    const layer = new nn[op](3, 4, { batchFirst: true, bidirectional: true, layers: 2, generator: new Generator(5) });
    const x = tensor(
      Float32Array.from({ length: 30 }, (_, i) => Math.sin(i)),
      { shape: [2, 5, 3] },
    );
    const run = (t: Tensor, lengths?: Tensor): [Tensor, Tensor] => {
      const [y, ends] = (layer as nn.GRU).forward(t, undefined, lengths) as unknown as [Tensor, Tensor | [Tensor]];
      return [y, Array.isArray(ends) ? ends[0] : ends];
    };
    const [y, h] = run(x, tensor([3, 5], { dtype: 'i64' }));
    const [short, shortEnd] = run(x.at([0, 1], [0, 3]));
    const [long] = run(x.at([1, 2]));
    const close = (a: readonly number[], b: readonly number[]): void => {
      expect(a).toHaveLength(b.length);
      for (const [i, v] of a.entries()) expect(v).toBeCloseTo(b[i]!, 5);
    };
    close(await values(y.at(0, [0, 3])), await values(short.at(0)));
    expect((await values(y.at(0, [3, 5]))).every((v) => v === 0)).toBe(true);
    close(await values(y.at(1)), await values(long.at(0)));
    close(await values(h.at([], [0, 1])), await values(shortEnd));
  });

  test('exported with open sizes, batch first', async () => {
    const net = new nn.GRU(3, 4, { batchFirst: true, bidirectional: true });
    const model = await exportModel(net, { x: ['N', 'T', 3] }, { outputs: ['y', 'h'] });
    expect(model.graph.outputs.map((v) => v.type)).toEqual([
      { kind: 'tensor', dtype: 'float32', shape: ['N', 'T', 8] },
      { kind: 'tensor', dtype: 'float32', shape: [2, 'N', 4] },
    ]);
    expect(model.graph.constants.get('weight_ih_l0_reverse')!.dims).toEqual([12, 3]);
    const session = await (await createEngine()).load(model);
    const x = tensorOf(
      'float32',
      [2, 5, 3],
      Array.from({ length: 30 }, (_, i) => Math.cos(i)),
    );
    const got = await session.run(new Map([['x', x]]));
    const [y] = net.eval().forward(fromData(x));
    expect(tensorNumbers(got.get('y')! as never)).toEqual(tensorNumbers(await y.value()));
  });
});

describe('attention', () => {
  test('several heads with a mask, by hand', async () => {
    const [batch, time, size, heads] = [2, 3, 4, 2];
    const attention = new nn.MultiHeadAttention(size, heads, { generator: new Generator(3) });
    expect(attention.variables().map(([name, v]) => [name, v.shape])).toEqual([
      ['in_proj_weight', [12, 4]],
      ['in_proj_bias', [12]],
      ['out_proj.weight', [4, 4]],
      ['out_proj.bias', [4]],
    ]);
    const x = Array.from({ length: batch * time * size }, (_, i) => Math.sin(i * 0.9));
    const causal = tensor([0, -1e9, -1e9, 0, 0, -1e9, 0, 0, 0], { shape: [3, 3] });
    const given = tensor(Float32Array.from(x), { shape: [batch, time, size] });
    const got = await values(attention.forward(given, given, given, causal));
    expect(await values(attention.forward(given, given, given, nn.causalMask(3)))).toEqual(got);
    // The same with key and value as tensors of their own.
    const apart = await values(attention.forward(given, given.add(0), given.add(0), causal));
    const state = await attention.state();
    const w = Array.from(tensorNumbers(state.get('in_proj_weight')!));
    const out = Array.from(tensorNumbers(state.get('out_proj.weight')!));
    const expected: number[] = [];
    for (let n = 0; n < batch; n++) {
      const row = (t: number, which: number, j: number): number => {
        let sum = 0;
        for (let i = 0; i < size; i++) sum += w[(which * size + j) * size + i]! * x[(n * time + t) * size + i]!;
        return sum;
      };
      for (let t = 0; t < time; t++) {
        const mixed: number[] = [];
        for (let h = 0; h < heads; h++) {
          const d = size / heads;
          const features = Array.from({ length: d }, (_, k) => h * d + k);
          const scores = Array.from({ length: t + 1 }, (_, s) =>
            Math.exp(features.reduce((sum, j) => sum + row(t, 0, j) * row(s, 1, j), 0) / Math.sqrt(d)),
          );
          const total = scores.reduce((a, b) => a + b);
          for (const j of features) mixed.push(scores.reduce((sum, e, s) => sum + (e / total) * row(s, 2, j), 0));
        }
        for (let j = 0; j < size; j++) expected.push(mixed.reduce((sum, v, i) => sum + v * out[j * size + i]!, 0));
      }
    }
    got.forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i]!, 5);
      expect(apart[i]!).toBeCloseTo(expected[i]!, 5);
    });
  });

  test('an encoder layer with positions, exported with an open batch', async () => {
    class Net extends nn.Module {
      readonly position = new nn.PositionalEmbedding(9, 8);
      readonly layer = new nn.TransformerEncoderLayer(8, 2, 16, { activation: 'gelu', normFirst: true });
      override forward(x: Tensor): Tensor {
        return this.layer.forward(this.position.forward(x));
      }
    }
    const net = new Net();
    const model = await exportModel(net, { x: ['N', 5, 8] });
    expect(model.graph.outputs).toEqual([
      { name: 'output', type: { kind: 'tensor', dtype: 'float32', shape: ['N', 5, 8] } },
    ]);
    expect(net.training).toBe(true);
    const names = ['self_attn.in_proj_weight', 'linear1.weight', 'norm2.bias'];
    for (const name of names) expect(model.graph.constants.has(`layer.${name}`), name).toBe(true);
    const x = tensorOf(
      'float32',
      [3, 5, 8],
      Array.from({ length: 120 }, (_, i) => Math.cos(i)),
    );
    const got = await (await (await createEngine()).load(model)).run(new Map([['x', x]]));
    const eager = tensorNumbers(await net.eval().forward(fromData(x)).value());
    tensorNumbers(got.get('output')! as never).forEach((v, i) => {
      expect(v).toBeCloseTo(eager[i]!, 5);
    });
  });
});

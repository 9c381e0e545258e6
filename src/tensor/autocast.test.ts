/** Mixed precision: which types operators compute in, f32 master weights, and the numbers of exercise 5.9. */
import { describe, expect, test } from 'vitest';
import { tensorOf } from '#ir';
import {
  add,
  autocast,
  cast,
  compile,
  crossEntropy,
  grad,
  matMul,
  mean,
  nn,
  random,
  softmax,
  type Tensor,
  tensor,
} from '#tensor';
import { Variable } from './variable.ts';

const f16 = async (x: number): Promise<number> => (await cast(cast(tensor([x]), 'f16'), 'f32').data())[0] as number;

describe('f16', () => {
  test('rounds as exercise 5.9 says', async () => {
    expect(await f16(1e-8)).toBe(0);
    expect(await f16(1e-8 * 1024)).toBeCloseTo(1.025e-5, 8);
    expect(await f16(2 ** -24)).toBe(Number('5.960464477539063e-8'));
    expect(await f16(2 ** -25)).toBe(0);
    expect(await f16(65504)).toBe(65504);
    expect(await f16(65520)).toBe(Number.POSITIVE_INFINITY);
  });

  test('1000 updates of 1e-4 are lost on f16 weights and kept by an f32 master', async () => {
    const run = async (dtype: 'f16' | 'f32'): Promise<number> => {
      const w = new Variable(tensorOf(dtype === 'f16' ? 'float16' : 'float32', [1], [1]));
      const step = compile(() => {
        w.assign(cast(add(cast(w, dtype), cast(tensor([1e-4]), dtype)), dtype));
        return w;
      });
      for (let i = 0; i < 1000; i++) step();
      return (await cast(w, 'f32').data())[0] as number;
    };
    expect(await run('f16')).toBe(1);
    expect(await run('f32')).toBeCloseTo(1.1000165939331055, 6);
  });
});

describe('autocast', () => {
  const a = tensor([[1 + 2 ** -12, 2]]);
  const b = tensor([[1], [0]]);

  test('narrows products, and keeps softmax, sums and losses in f32', () => {
    autocast('f16', () => {
      const p = matMul(a, b);
      expect(p.dtype).toBe('f16');
      expect(p.relu().dtype).toBe('f16');
      expect(softmax(p).dtype).toBe('f32');
      expect(mean(p).dtype).toBe('f32');
      expect(add(p, a).dtype).toBe('f32');
      expect(
        crossEntropy(
          matMul(
            a,
            tensor([
              [1, 2],
              [3, 4],
            ]),
          ),
          tensor([1], { dtype: 'i64' }),
        ).dtype,
      ).toBe('f32');
      expect(matMul(a.cast('f64'), b.cast('f64')).dtype).toBe('f64');
    });
    expect(autocast('bf16', () => matMul(a, b)).dtype).toBe('bf16');
    expect(autocast('f32', () => matMul(a, b)).dtype).toBe('f32');
    expect(matMul(a, b).dtype).toBe('f32');
  });

  test('rounds operands and results, compiled or not', async () => {
    const f = () => cast(matMul(a, b), 'f32');
    for (const run of [f, compile(f)]) {
      expect(await autocast('f16', run).data()).toEqual(Float32Array.of(1));
      expect(await run().data()).toEqual(Float32Array.of(1 + 2 ** -12));
      expect(await autocast('bf16', run).data()).toEqual(Float32Array.of(1));
    }
  });

  test('gradients come back to f32 masters in f32, of every kind of layer', async () => {
    const generator = new random.Generator(3);
    const network = new nn.Sequential(
      new nn.Conv(1, 4, 3, { generator }),
      new nn.BatchNorm(4),
      nn.relu(),
      nn.maxPool(2),
      new nn.ConvTranspose(4, 2, 2, { stride: 2, generator }),
      nn.flatten(),
      new nn.LayerNorm(32),
      new nn.Linear(32, 3, { generator }),
    );
    const x = random.normal([2, 1, 6, 6], { generator });
    const y = tensor([0, 2], { dtype: 'i64' });
    const gradients = (dtype: 'f32' | 'f16' | 'bf16') => () =>
      grad(
        autocast(dtype, () => crossEntropy(network.forward(x), y)),
        network.parameters(),
      );
    const flat = async (list: readonly Tensor[]): Promise<number[]> =>
      (await Promise.all(list.map(async (g) => [...((await g.data()) as Float32Array)]))).flat();
    const norm = (v: readonly number[]): number => Math.sqrt(v.reduce((sum, e) => sum + e * e, 0));
    const exact = await flat(gradients('f32')());
    // f16 has 11 bits of the fraction, bf16 8.
    for (const [dtype, bound] of [
      ['f16', 2 ** -8],
      ['bf16', 2 ** -5],
    ] as const) {
      for (const found of [gradients(dtype)(), compile(gradients(dtype))()]) {
        expect(found.map((g) => g.dtype)).toEqual(found.map(() => 'f32'));
        const off = norm((await flat(found)).map((v, i) => v - exact[i]!));
        expect(off).toBeGreaterThan(0);
        expect(off).toBeLessThan(bound * norm(exact));
      }
    }
  });

  test('refuses other types, and functions that are asynchronous', () => {
    expect(() => autocast('f64' as 'f16', () => a)).toThrow(expect.objectContaining({ code: 'SYS-TEN-090' }));
    expect(() => autocast('f16', async () => a)).toThrow(expect.objectContaining({ code: 'SYS-TEN-091' }));
  });
});

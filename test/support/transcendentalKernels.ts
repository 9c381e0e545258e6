/** Holds a transcendental function of the kernels against its definition, bit for bit. */
import { erfF32, expF32, logF32, rsqrtF32, sigmoidF32, softplusF32, tanhF32 } from '#isa';
import { presets } from '#machine';
import { createKernels } from '#sim';
import { recordOf } from '#timing';

const DEFINITIONS = {
  exp: expF32,
  log: logF32,
  sigmoid: sigmoidF32,
  tanh: tanhF32,
  erf: erfF32,
  softplus: softplusF32,
  rsqrt: rsqrtF32,
};

/** Over every `step`-th bit pattern; NaNs count as alike. */
export function firstTranscendentalDifference(name: keyof typeof DEFINITIONS, step: number): string | undefined {
  const kernels = createKernels(presets.get('textbook-single')!);
  const definition = DEFINITIONS[name];
  const count = 16384;
  const record = recordOf([{ size: count, stride: 4 }]);
  const input = new Int32Array(kernels.nram.buffer, kernels.nram.byteOffset, count);
  const arguments_ = new Float32Array(kernels.nram.buffer, kernels.nram.byteOffset, count);
  const results = new Float32Array(kernels.nram.buffer, kernels.nram.byteOffset + 4 * count, count);
  for (let bits = 0; bits < 2 ** 32; bits += count * step) {
    for (let i = 0; i < count; i++) input[i] = bits + i * step;
    kernels.vec({
      kind: 'vec',
      pc: 0,
      function: name,
      type: 'f32',
      result: 'f32',
      saturate: false,
      zero: 0,
      a: 0,
      b: 0,
      c: 4 * count,
      aRecord: record,
      bRecord: record,
      cRecord: record,
      bMode: 'none',
      accumulate: 'none',
      init: false,
    });
    for (let i = 0; i < count; i++) {
      const x = arguments_[i]!;
      const expected = definition(x);
      if (!Object.is(results[i], expected)) return `${name}(${x}): kernels ${results[i]}, definition ${expected}`;
    }
  }
  return undefined;
}

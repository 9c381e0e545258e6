/**
 * The embedded LeNet-5, trained by `systole train lenet5` on MNIST, and a digit for it that is drawn by rule. The weights are kept as
 * float16, which changes none of its answers on the held-out images; `npm run embed FILE` writes them from a trained network.
 */
import { drawDigits, sliceImages } from '#data';
import { type Model, type Tensor, tensorNumbers, tensorOf } from '#ir';
import { readModel } from '#onnx';
import { LENET5 } from './lenet5.gen.ts';

/** Input `input` [N, 1, 28, 28]: grey levels 0 (paper) to 255 (ink); output `output` [N, 10]: logits of the digits. */
export function lenet5Model(): Model {
  const model = readModel(Uint8Array.from(atob(LENET5), (c) => c.charCodeAt(0)));
  const constants = new Map(
    [...model.graph.constants].map(([name, t]) => [
      name,
      t.dtype === 'float16' ? tensorOf('float32', t.dims, tensorNumbers(t)) : t,
    ]),
  );
  return { ...model, graph: { ...model.graph, constants } };
}

/** Which of the drawn digits it is shown. */
const DRAWN = { seed: 2, index: 3 } as const;

export interface DigitInput {
  readonly label: number;
  readonly feed: Tensor;
  readonly pixels: Uint8Array;
}

/** The embedded input, `batch` times. */
export function digitInput(batch: number): DigitInput {
  const one = sliceImages(drawDigits({ count: DRAWN.index + 1, seed: DRAWN.seed }), DRAWN.index, DRAWN.index + 1);
  const levels = new Float64Array(batch * one.pixels.length);
  for (let n = 0; n < batch; n++) levels.set(one.pixels, n * one.pixels.length);
  return {
    label: one.labels[0]!,
    feed: tensorOf('float32', [batch, 1, one.height, one.width], levels),
    pixels: one.pixels,
  };
}

/** The digit of the largest logit, and its probability. */
export function digitOf(logits: Tensor): { readonly digit: number; readonly probability: number } {
  const row = Array.from(tensorNumbers(logits).subarray(0, 10));
  const largest = Math.max(...row);
  const total = row.reduce((sum, x) => sum + Math.exp(x - largest), 0);
  return { digit: row.indexOf(largest), probability: 1 / total };
}

const SHADES = ' .:-=+*#%@';

/** The picture in letters: two columns a pixel row pair, so that it is about square on a terminal. */
export function digitText(pixels: Uint8Array, side = 28): string {
  const lines: string[] = [];
  for (let y = 0; y < side; y += 2) {
    let line = '';
    for (let x = 0; x < side; x++) {
      const level = (pixels[y * side + x]! + (pixels[(y + 1) * side + x] ?? 0)) / 2;
      line += SHADES[Math.min(SHADES.length - 1, Math.floor((level / 256) * SHADES.length))];
    }
    lines.push(line.trimEnd());
  }
  while (lines[0] === '') lines.shift();
  while (lines.at(-1) === '') lines.pop();
  return lines.join('\n');
}

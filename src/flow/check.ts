/**
 * The check that every run makes: outputs of the processor against those of the host engine on the same feeds. Integers and
 * booleans must be equal. A float passes if it is within 1e-4 of the reference, relative to the larger of its own
 * magnitude and a tenth of the tensor's largest, so that values that cancel to almost nothing are judged by the scale they came from.
 */
import type { Engine } from '#engine';
import { type Model, type Tensor, tensorNumbers } from '#ir';

export const TOLERANCE = 1e-4;

export interface OutputCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly maxAbs: number;
  /** Largest error in units of the scale above. */
  readonly maxRel: number;
  /** Elements outside the tolerance. */
  readonly wrong: number;
  readonly elements: number;
}

export interface Check {
  readonly ok: boolean;
  readonly engine: Engine['kind'];
  readonly tolerance: number;
  readonly maxAbs: number;
  readonly maxRel: number;
  readonly outputs: readonly OutputCheck[];
}

/**
 * Runs the model on the host as it stands: the rewrites of ONNX Runtime 1.30 are not all right (it fuses a Pad with 0 into
 * MaxPool, whose padding is −∞, and Transpose into a MatMul by a vector), and for one run they cost more than they save.
 */
export async function runOnHost(
  model: Model,
  feeds: ReadonlyMap<string, Tensor>,
  engine: Engine,
): Promise<Map<string, Tensor>> {
  const session = await engine.load(model, { optimize: false });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

export function compareOutputs(
  found: ReadonlyMap<string, Tensor>,
  reference: ReadonlyMap<string, Tensor>,
  engine: Engine['kind'],
): Check {
  const outputs = [...reference].map(([name, expected]) => compareTensors(name, found.get(name), expected));
  return {
    ok: outputs.every((o) => o.ok),
    engine,
    tolerance: TOLERANCE,
    maxAbs: Math.max(0, ...outputs.map((o) => o.maxAbs)),
    maxRel: Math.max(0, ...outputs.map((o) => o.maxRel)),
    outputs,
  };
}

const FLOATS = new Set(['float32', 'float64', 'float16', 'bfloat16']);

function compareTensors(name: string, found: Tensor | undefined, expected: Tensor): OutputCheck {
  const b = tensorNumbers(expected);
  if (found === undefined || found.dtype !== expected.dtype || found.dims.join() !== expected.dims.join()) {
    const infinite = Number.POSITIVE_INFINITY;
    return { name, ok: false, maxAbs: infinite, maxRel: infinite, wrong: b.length, elements: b.length };
  }
  const a = tensorNumbers(found);
  const exact = !FLOATS.has(expected.dtype);
  let largest = 0;
  for (const v of b) if (Number.isFinite(v)) largest = Math.max(largest, Math.abs(v));
  const floor = Math.max(largest / 10, 1e-30);
  let maxAbs = 0;
  let maxRel = 0;
  let wrong = 0;
  for (let i = 0; i < b.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    if (Object.is(x, y) || x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const error = Math.abs(x - y);
    const abs = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    const rel = Number.isFinite(y) ? abs / Math.max(Math.abs(y), floor) : Number.POSITIVE_INFINITY;
    maxAbs = Math.max(maxAbs, abs);
    maxRel = Math.max(maxRel, rel);
    if (exact || !(rel <= TOLERANCE)) wrong++;
  }
  return { name, ok: wrong === 0, maxAbs, maxRel, wrong, elements: b.length };
}

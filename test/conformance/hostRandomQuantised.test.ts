/**
 * Random uses of the operators on quantised values: the reference evaluation against the host engine, bit for bit, floats too. Seeded;
 * the attributes of a failing case are in its message.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { Random } from '#base';
import { createEngine, type Engine } from '#engine';
import { type Tensor, tensorBytes } from '#ir';
import { evaluateNode, inferTypes, sampleModel } from '#ops';
import { caseText, many } from '../support/randomContractions.ts';
import { HAS_VNNI, RANDOM_QUANTISED } from '../support/randomQuantised.ts';

const CASES = 150;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
  if (!HAS_VNNI)
    console.log('no VNNI on this CPU: ONNX Runtime may saturate products of u8 and i8, so weights have 7 bits here');
});

describe.each(Object.entries(RANDOM_QUANTISED))('%s', (_, draw) => {
  test.each(many(CASES, (seed) => seed))('seed %i', async (seed) => {
    const s = draw(new Random(9000 + seed));
    const feeds = new Map<string, Tensor>();
    s.inputs.forEach((t, i) => {
      if (t !== undefined && !s.constants?.includes(i)) feeds.set(`x${i}`, t);
    });
    const session = await engine.load(inferTypes(sampleModel(s)), { optimize: false, threads: 1 });
    const host = await session.run(feeds);
    await session.release();
    const reference = evaluateNode(s.node, s.opset, s.inputs);
    s.node.outputs.forEach((name, i) => {
      const found = host.get(name)!;
      expect([reference[i]!.dtype, reference[i]!.dims], caseText(s)).toEqual([found.dtype, found.dims]);
      expect([...tensorBytes(reference[i]!)], caseText(s)).toEqual([...tensorBytes(found)]);
    });
  });
});

/**
 * Random LSTM, GRU and RNN, Einsum and Resize: combinations that no sample has, the reference evaluation against the
 * host engine. Seeded; the attributes of a failing case are in its message.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { Random } from '#base';
import { createEngine, type Engine } from '#engine';
import { evaluateNode, inferTypes, sampleModel } from '#ops';
import { difference } from '../support/compareTensors.ts';
import { caseText, many, RANDOM_CONTRACTIONS } from '../support/randomContractions.ts';

const CASES = 200;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});

describe.each(Object.entries(RANDOM_CONTRACTIONS))('%s', (_, draw) => {
  test.each(many(CASES, (seed) => seed))('seed %i', async (seed) => {
    const s = draw(new Random(5000 + seed));
    const text = caseText(s);
    const feeds = new Map(s.inputs.flatMap((t, i) => (t === undefined ? [] : [[`x${i}`, t] as const])));
    const session = await engine.load(inferTypes(sampleModel(s)), { optimize: false, threads: 1 });
    const host = await session.run(feeds);
    await session.release();
    const reference = evaluateNode(s.node, s.opset, s.inputs);
    s.node.outputs.forEach((name, i) => {
      expect(difference(reference[i], host.get(name)!), `${name}: ${text}`).toBeUndefined();
    });
  });
});

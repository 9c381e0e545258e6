/**
 * The reference evaluation against the host engine, for every sample of every operator. A sample that the host has no
 * kernel for says so itself (`noHost`), and the reason is printed.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '#engine';
import type { Tensor } from '#ir';
import { evaluateNode, inferTypes, operators, sampleModel } from '#ops';
import { difference } from '../support/compareTensors.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});

let compared = 0;
const withoutHost: string[] = [];
afterAll(() => {
  console.log(`${compared} samples of ${operators.size} operators agree with the ${engine.kind} host engine`);
  for (const line of withoutHost) console.log(`not compared: ${line}`);
});

describe.each([...operators.values()])('$name', (op) => {
  test.each(op.samples())('$name', async (s) => {
    if (s.noHost !== undefined) {
      withoutHost.push(`${op.name}, ${s.name}: ${s.noHost}`);
      return;
    }
    const feeds = new Map<string, Tensor>();
    s.inputs.forEach((tensor, i) => {
      if (tensor !== undefined && !s.constants?.includes(i)) feeds.set(s.node.inputs[i]!, tensor);
    });
    const session = await engine.load(inferTypes(sampleModel(s)), { optimize: false, threads: 1 });
    const host = await session.run(feeds);
    await session.release();
    const reference = evaluateNode(s.node, s.opset, s.inputs);
    s.node.outputs.forEach((name, i) => {
      if (name !== '') expect(difference(reference[i], host.get(name)!), `output ${name}`).toBeUndefined();
    });
    compared++;
  });
});

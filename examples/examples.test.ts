/** The examples run, and say what they promise. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { assembleProgram } from '#isa';
import { presets } from '#machine';
import { createSimulation } from '#sim';
import { runNetwork } from './01-run-a-network.ts';

test('01: a network of your own', async () => {
  const { answer, cycles, text } = await runNetwork();
  // x · w = [1 + 4 + 9, −1 + 0 + 3] and its negative, which relu turns to 0.
  expect(answer).toEqual([14, 2, 0, 0]);
  expect(cycles).toBeGreaterThan(0);
  expect(text).toContain('MatMul+Relu');
});

test('02: assembly by hand', () => {
  const text = readFileSync(new URL('./02-vector.s', import.meta.url), 'utf8');
  const simulation = createSimulation(assembleProgram(text, { file: '02-vector.s' }), { data: true });
  const x = Float32Array.from({ length: 256 }, (_, i) => i / 256);
  simulation.writeInput('x', new Uint8Array(x.buffer));
  expect(simulation.run().state).toBe('done');
  const y = new Float32Array(simulation.readOutput('y').slice().buffer);
  y.forEach((value, i) => {
    expect(value).toBeCloseTo(2 * Math.exp(x[i]!), 5);
  });
});

test('03: the textbook’s dialect on four cores', () => {
  const text = readFileSync(new URL('./03-four-cores.asm', import.meta.url), 'utf8');
  const machine = presets.get('textbook-cluster')!;
  const run = createSimulation(assembleProgram(text, { file: '03-four-cores.asm', machine }), { data: false }).run();
  expect(run).toMatchObject({ state: 'done', result: { cycles: 1520 } });
});

test('04: where operands lie', () => {
  const text = readFileSync(new URL('./04-double-buffer.asm', import.meta.url), 'utf8');
  const run = createSimulation(assembleProgram(text, { file: '04-double-buffer.asm' }), { data: false }).run();
  expect(run).toMatchObject({ state: 'done', result: { cycles: 133888 } });
});

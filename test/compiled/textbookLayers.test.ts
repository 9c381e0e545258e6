/**
 * The layers of the textbook's exercises 7.8, 7.9, 7.11 and 7.12, compiled: within the bars of the exercises, at least as fast as the
 * best programs known that are ordered by `sync` alone (7.8: of those whose operations fill the unit's 16 × 16), and as predicted.
 */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { presets } from '#machine';
import { GraphBuilder } from '../support/graphBuilder.ts';

test.each([
  { exercise: '7.8', rows: 32, inner: 256, columns: 128, on: 'textbook-single', cycles: 4224 },
  { exercise: '7.9', rows: 1024, inner: 256, columns: 128, on: 'textbook-single', cycles: 131_600 },
  { exercise: '7.11', rows: 32, inner: 256, columns: 128, on: 'textbook-cluster', cycles: 1409 },
  { exercise: '7.12', rows: 1024, inner: 256, columns: 2048, on: 'textbook-cluster', cycles: 525_504 },
])('$exercise takes at most $cycles cycles', async ({ rows, inner, columns, on, cycles }) => {
  const b = new GraphBuilder(1, 13);
  const product = b.node('MatMul', [b.input([rows, inner]).name, b.weights([inner, columns], inner)]);
  const engine = await sharedEngine();
  const { program } = await compileModel(b.model([product]), { machine: presets.get(on)!, engine });
  const { result } = await executeProgram(program, { data: false });
  console.log(`${result.cycles} cycles, ${program.layers[0]!.predicted!.cycles} predicted`);
  expect(result.cycles).toBeLessThanOrEqual(cycles);
  expect(Math.abs(program.layers[0]!.predicted!.cycles / result.cycles - 1)).toBeLessThan(0.001);
});

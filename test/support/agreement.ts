/**
 * Graphs made by hand that must agree with the host on every test machine: each a name and a function that builds it.
 */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, runAndCheck } from '#flow';
import type { Attribute } from '#ir';
import { presets, vectorTypes } from '#machine';
import { runCompiled } from './compiledRun.ts';
import { GraphBuilder } from './graphBuilder.ts';
import { inHalf } from './halfGraphs.ts';
import { MACHINES } from './machines.ts';
import { ROUNDING } from './processorGraphs.ts';

export interface GraphCase {
  readonly name: string;
  /** 18 by default. */
  readonly opset?: number;
  /** Builds the graph; answers with the names of its outputs. */
  readonly make: (b: GraphBuilder) => readonly string[];
  /**
   * Operators that must be on the host, on every machine. By default: none on the presets; small machines may lack the
   * room.
   */
  readonly onHost?: readonly string[];
  /** Element types beside f32 that it computes in: where a machine has no lanes for them, the host may. */
  readonly types?: readonly string[];
}

export function agreeOnEveryMachine(cases: readonly GraphCase[]): void {
  describe.each(cases)('$name', ({ opset = 18, make, onHost, types = [] }) => {
    test.each(MACHINES.map((m) => [m.name, m] as const))('%s', async (_, machine) => {
      const b = new GraphBuilder(1, opset);
      const outputs = make(b);
      const { faults, compiled } = await runCompiled(b.model(outputs), machine, b.feeds(), { rounding: ROUNDING });
      expect(faults).toEqual([]);
      const host = compiled.program.layers.flatMap((l) => l.onHost ?? []).map((n) => n.op);
      if (types.some((t) => !vectorTypes(machine.vector).includes(t))) return;
      if (onHost !== undefined || presets.has(machine.name)) expect(host).toEqual(onHost ?? []);
    });
  });
}

/** A value is within this of a rounded one beside it, relative to it. */
const STEPS = { float16: 2 ** -10, bfloat16: 2 ** -7 } as const;

/** The same graphs in half precision, where it knows their operators: each node rounds its results once, so that they are the host's or next to them. */
export function agreeInHalves(cases: readonly GraphCase[]): void {
  describe.each(['float16', 'bfloat16'] as const)('%s', (half) => {
    const taken = cases.flatMap(({ name, opset = 18, make, onHost }) => {
      const b = new GraphBuilder(1, opset);
      const made = onHost === undefined ? inHalf({ model: b.model(make(b)), feeds: b.feeds() }, half) : undefined;
      return made === undefined ? [] : [[name, made] as const];
    });
    test.each(taken)('%s', async (_, { model, feeds }) => {
      const engine = await sharedEngine();
      for (const name of ['textbook-single', 'textbook-cluster']) {
        const compiled = await compileModel(model, { machine: presets.get(name)!, engine });
        expect(compiled.program.layers.flatMap((l) => (l.onHost ?? []).map((n) => `${n.op}: ${n.reason.en}`))).toEqual(
          [],
        );
        const { check } = await runAndCheck(compiled, { engine, feeds });
        expect(check.maxRel).toBeLessThanOrEqual(STEPS[half]);
      }
    });
  });
}

/** One convolution of a random input. */
export const convolution =
  (input: readonly number[], kernel: readonly number[], attributes: Record<string, Attribute> = {}) =>
  (b: GraphBuilder): string[] => [
    b.node('Conv', [b.input(input).name, b.weights(kernel), b.constant([kernel[0]!])], attributes),
  ];

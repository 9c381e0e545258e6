/** Every sample of every operator, of whatever opset, gives the same when its node is applied as one of the tensor API's own opset. */
import { describe, expect, test } from 'vitest';
import { type Tensor as Data, float, tensorNumbers, tensorOf } from '#ir';
import { BUILD_OPSET, evaluateNode, type Operator, operators } from '#ops';
import { sample } from '../ops/sampling.ts';
import type { Cell } from './cell.ts';
import { withReference } from './eager.ts';
import { fromData } from './functions/create.ts';
import { applyUpgraded } from './upgrade.ts';

/** Samples that have no equal in BUILD_OPSET. */
const REFUSED = /^(BatchNormalization per activation|(Deq|Q)uantizeLinear (blocks|a stated type))/;

/** Written as several nodes, each of which rounds. */
const DECOMPOSED = new Set(['RMSNormalization', 'GroupNormalization']);

function close(found: Float64Array, expected: Float64Array, bound: number): void {
  if (bound === 0) expect(found).toEqual(expected);
  else for (const [i, v] of expected.entries()) expect(Math.abs(found[i]! - v)).toBeLessThan(bound * (1 + Math.abs(v)));
}

const older = (op: Operator) => op.samples().filter((s) => s.opset !== BUILD_OPSET);

describe.each([...operators.values()].filter((op) => older(op).length > 0))('$name', (op) => {
  const others = older(op);
  test.each(others.map((s) => [s.name, s] as const))('%s', (_, s) => {
    const expected = (): readonly Data[] => evaluateNode(s.node, s.opset, s.inputs);
    const got = (): readonly Data[] =>
      withReference(() =>
        applyUpgraded(
          s.node,
          s.opset,
          s.inputs.map((t) => t && fromData(t)),
        ).map((t) => t.known ?? (t.source as Cell).data!),
      );
    let wanted: readonly Data[];
    try {
      wanted = expected();
    } catch {
      return;
    }
    if (REFUSED.test(`${op.name} ${s.name}`)) {
      expect(got).toThrow(/SYS-TEN-009|operator set/);
      return;
    }
    const found = got();
    wanted.forEach((t, i) => {
      if (op.name === 'Dropout' && i === 1) return;
      expect([found[i]!.dtype, found[i]!.dims]).toEqual([t.dtype, t.dims]);
      if (t.dtype !== 'string') close(tensorNumbers(found[i]!), tensorNumbers(t), DECOMPOSED.has(op.name) ? 1e-5 : 0);
    });
  });
});

test('what has no equal is refused with its node', () => {
  const s = sample('n', 'Clip', 6, { min: float(0) }, [tensorOf('float32', [2], [-1, 1])]);
  const old = { ...s.node, op: 'BatchNormalization', outputs: ['y', 'm'] };
  expect(() =>
    applyUpgraded(
      old,
      7,
      s.inputs.map((t) => t && fromData(t)),
    ),
  ).toThrow(/opset 7/);
});

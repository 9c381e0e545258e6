/** The attributes of Resize, checked: how it interpolates. */
import { floatAttribute, intAttribute, stringAttribute } from '#ir';
import type { InferContext } from '../define.ts';
import type { Refuse } from '../shapes.ts';
import { COORDINATE_MODES, NEAREST_MODES } from './coordinates.ts';
import type { Interpolation } from './interpolation.ts';

const MODES = ['nearest', 'linear', 'cubic'] as const;

type Node = Refuse & Pick<InferContext, 'node' | 'opset'>;

function word<T extends string>(c: Node, attribute: string, words: readonly T[], otherwise: T): T {
  const name = stringAttribute(c.node, attribute, otherwise);
  return words.find((w) => w === name) ?? c.fail(`${attribute} '${name}'`, words.join(' | '));
}

/** Resize-10 has the coordinates of Upsample, and no cubic mode. */
export function interpolationOf(c: Node): Interpolation {
  const first = c.opset < 11;
  return {
    mode: word(c, 'mode', first ? MODES.slice(0, 2) : MODES, 'nearest'),
    coordinates: first ? 'asymmetric' : word(c, 'coordinate_transformation_mode', COORDINATE_MODES, 'half_pixel'),
    nearest: first ? 'simple' : word(c, 'nearest_mode', NEAREST_MODES, 'round_prefer_floor'),
    cubicA: floatAttribute(c.node, 'cubic_coeff_a', -0.75),
    excludeOutside: intAttribute(c.node, 'exclude_outside', 0) !== 0,
    antialias: intAttribute(c.node, 'antialias', 0) !== 0,
    extrapolation: floatAttribute(c.node, 'extrapolation_value', 0),
  };
}

/** Upsample is Resize-10. */
export const upsampleInterpolation = (c: Node): Interpolation => interpolationOf({ ...c, opset: 10 });

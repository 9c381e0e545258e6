/**
 * Gradients of ScatterElements and ScatterND: the updates gather what stands at their places, and the data keeps what they leave
 * of it. Where data and updates of one place are equally large, `max` and `min` give each an equal share; where without a reduction
 * several updates meet in one place, all of them get its gradient, as in the frameworks.
 */
import { string, stringAttribute } from '#ir';
import type { Attributes, Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';

interface Places {
  /** What stands at the places of the updates. */
  gather(from: Expression): Expression;
  /** `to` with updates written there. */
  scatter(to: Expression, updates: Expression, reduction: string): Expression;
}

type Pair = readonly [data: Expression, updates: Expression];

export function scatterGradient(
  c: GradientContext,
  scatter: 'ScatterElements' | 'ScatterND',
  gather: 'GatherElements' | 'GatherND',
): readonly (Expression | undefined)[] {
  const [data, indices, updates, dy, y] = [c.inputs[0]!, c.inputs[1]!, c.inputs[2]!, c.dy[0]!, c.outputs[0]!];
  const { reduction: _, ...along }: Attributes = Object.fromEntries(c.node.attributes);
  const places: Places = {
    gather: (from) => from.apply(gather, [indices], along),
    scatter: (to, values, reduction) =>
      to.apply(scatter, [indices, values], { ...along, reduction: string(reduction) }),
  };
  const [byData, byUpdates] = pair(stringAttribute(c.node, 'reduction', 'none'), places, { data, updates, dy, y });
  return [byData, undefined, byUpdates];
}

interface Values {
  readonly data: Expression;
  readonly updates: Expression;
  readonly dy: Expression;
  readonly y: Expression;
}

function pair(reduction: string, places: Places, v: Values): Pair {
  switch (reduction) {
    case 'none':
      return [places.scatter(v.dy, v.updates.zeros(), 'none'), places.gather(v.dy)];
    case 'add':
      return [v.dy, places.gather(v.dy)];
    case 'mul':
      return ofProducts(places, v);
    default:
      return ofExtrema(places, v);
  }
}

/** As ReduceProd: an update gets the product of all that meets there but itself, found without dividing by zero. */
function ofProducts({ gather, scatter }: Places, { data, updates, dy }: Values): Pair {
  const isZero = updates.equal(0);
  const filled = isZero.where(1, updates);
  const zeros = gather(scatter(data.zeros(), isZero.cast(data.dtype), 'add'));
  const product = gather(dy.mul(scatter(data, filled, 'mul')));
  const ofZero = zeros.equal(1).where(product, 0);
  const ofOthers = zeros.equal(0).where(product.div(filled), 0);
  return [dy.mul(scatter(data.ones(), updates, 'mul')), isZero.where(ofZero, ofOthers)];
}

function ofExtrema({ gather, scatter }: Places, { data, updates, dy, y }: Values): Pair {
  const ofData = data.equal(y).cast(data.dtype);
  const ofUpdates = updates.equal(gather(y)).cast(data.dtype);
  const share = dy.div(scatter(ofData, ofUpdates, 'add'));
  return [share.mul(ofData), gather(share).mul(ofUpdates)];
}

/**
 * The operations as methods: `x.add(y)` is `add(x, y)`. Each is declared once, as a function whose first argument is the tensor; a line
 * below hangs it on the class, its type follows.
 */
import { detach } from './autograd.ts';
import * as elementwise from './functions/elementwise.ts';
import * as indexing from './functions/indexing.ts';
import { dot, matMul, outer, tril, triu } from './functions/linear.ts';
import * as movement from './functions/movement.ts';
import * as reduce from './functions/reduce.ts';
import { Tensor } from './tensor.ts';

const { where: _where, ...ofElements } = elementwise;

const { concat: _concat, stack: _stack, sizesOf: _sizesOf, ...ofShape } = movement;
const { meanSquare: _meanSquare, ...reductions } = reduce;

const METHODS = { ...ofElements, ...ofShape, ...indexing, ...reductions, matMul, dot, outer, tril, triu, detach };

type Rest<F> = F extends (x: infer _X, ...rest: infer R) => infer O ? (...rest: R) => O : never;
type Methods = { readonly [K in keyof typeof METHODS]: Rest<(typeof METHODS)[K]> };

declare module './tensor.ts' {
  interface Tensor extends Methods {}
}

for (const [name, f] of Object.entries(METHODS)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: unknown[]) {
      return (f as (x: Tensor, ...rest: unknown[]) => unknown)(this, ...rest);
    },
    writable: true,
    configurable: true,
  });
}

/** Lowering of Gemm: a contraction whose pixels are the rows; a C that is no constant row is added afterwards. */
import { floatAttribute, intAttribute, tensorNumbers } from '#ir';
import { vectorLanes } from '#machine';
import type { Contraction } from '../contraction.ts';
import { elementsOf } from '../elementTypes.ts';
import { planElementwise } from '../kernels/elementwise.ts';
import type { Lowering } from '../planner.ts';
import { doesNotFit, lacksType } from '../reasons.ts';
import type { VectorKernel } from '../vectorNest.ts';
import { broadcastView, permuteView, placeOf, type View } from '../views.ts';
import { type Chain, chainsBehind, epilogueOf, noChain } from './epilogue.ts';
import { contractionJob, only, vectorJob } from './jobs.ts';
import { product } from './product.ts';

export const lowerGemm: Lowering = (node, p) => {
  const [aName, bName, cName] = [node.inputs[0]!, node.inputs[1]!, node.inputs[2]];
  const types = p.floatTypes(aName);
  if (types === undefined) return lacksType(p.machine, 'matrix', p.dtype(aName));
  const alpha = floatAttribute(node, 'alpha', 1);
  const beta = floatAttribute(node, 'beta', 1);
  const transA = intAttribute(node, 'transA', 0) !== 0;
  const transB = intAttribute(node, 'transB', 0) !== 0;
  const constantB = p.constant(bName);
  const [m, n] = p.dims(node.outputs[0]!) as [number, number];
  const a = transA ? permuteView(p.view(aName), [1, 0]) : p.view(aName);
  const inner = a.dims[1]!;

  // A constant row of biases goes through the drain path; anything else is added afterwards.
  const hasC = cName !== undefined && cName !== '' && beta !== 0;
  const c = hasC ? p.constant(cName) : undefined;
  const isRow = constantB !== undefined && c?.dims.every((d, i) => d === 1 || i === c.dims.length - 1) === true;
  const rowValues = isRow && c !== undefined ? tensorNumbers(c) : undefined;
  const addsC = hasC && !isRow;
  // Constant weights take alpha in.
  const scales = constantB === undefined && alpha !== 1;
  const separate = addsC || scales;
  const dtype = p.slotType(aName);
  if (separate && vectorLanes(p.machine.vector, types.a) === undefined) return lacksType(p.machine, 'vector', dtype);

  const alone = noChain(node.outputs[0]!);
  const chains = separate ? [alone] : chainsBehind(p, node.outputs[0]!);
  const dynamicB = constantB === undefined ? (transB ? permuteView(p.view(bName), [1, 0]) : p.view(bName)) : undefined;
  const contraction = (out: View, chain: Chain): Contraction =>
    product(node.name, a, out, m, n, inner, {
      types,
      act: chain.act,
      ...epilogueOf(chain, ({ strides: [x, n] }) => ({ outer: [], b: 0, y: 0, x: x!, n: n! })),
      weights:
        constantB !== undefined
          ? {
              kind: 'constant',
              of: JSON.stringify([node.inputs.slice(1), alpha, beta]),
              data: elementsOf(constantB, alpha),
              stride: { o: 0, n: transB ? inner : 1, c: transB ? 1 : n, ky: 0, kx: 0 },
              bias: rowValues && ((_, i) => beta * rowValues[rowValues.length === 1 ? 0 : i]!),
            }
          : {
              kind: 'dynamic',
              place: placeOf(dynamicB!),
              cStride: dynamicB!.strides[0]!,
              nStride: dynamicB!.strides[1]!,
            },
    });
  const reads = [a, ...(dynamicB ? [dynamicB] : [])];
  const plan = (out: View) => (chain: Chain) => ({ writes: out, ...only(() => contraction(out, chain)) });
  if (!separate)
    return contractionJob(p, node, chains, reads, (chain) => plan(p.output(chain.output, 'row-major'))(chain));
  const out = p.temporary(`${node.name}.product`, [m, n], dtype);
  if (p.tiling(contraction(out, alone)) === undefined) return doesNotFit(p.machine);
  const result = p.output(node.outputs[0]!, 'row-major');
  const scaled = scales && addsC ? p.temporary(`${node.name}.scaled`, [m, n], dtype) : scales ? result : out;
  const addend = addsC ? p.view(cName!) : out;
  const scale = (machine = p.machine): VectorKernel | undefined =>
    planElementwise({ inputs: [out], output: scaled, steps: [{ f: 'mul', a: 0, b: { scalar: alpha } }] }, machine);
  const add = (machine = p.machine): VectorKernel | undefined =>
    planElementwise(
      {
        inputs: [scaled, broadcastView(addend, [m, n])],
        output: result,
        steps:
          beta === 1
            ? [{ f: 'add', a: 0, b: 1 }]
            : [
                { f: 'mul', a: 1, b: { scalar: beta } },
                { f: 'add', a: 'out', b: 0 },
              ],
      },
      machine,
    );
  if ((scales && scale() === undefined) || (addsC && add() === undefined)) return doesNotFit(p.machine);
  contractionJob(p, node, chains, reads, plan(out));
  if (scales) vectorJob(p, [node], scale, { reads: [out], writes: [scaled], op: 'Mul' });
  if (addsC) vectorJob(p, [node], add, { reads: [scaled, addend], writes: [result], op: 'Add' });
  return undefined;
};

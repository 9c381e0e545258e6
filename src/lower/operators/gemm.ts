/** Lowering of Gemm: a contraction whose pixels are the rows; a C that is no constant row is added afterwards. */
import { floatAttribute, type GraphNode, intAttribute, tensorNumbers } from '#ir';
import type { Activation, Contraction } from '../contraction.ts';
import { planElementwise } from '../kernels/elementwise.ts';
import type { Lowering } from '../planner.ts';
import { doesNotFit, notFloat } from '../reasons.ts';
import type { VectorKernel } from '../vectorNest.ts';
import { addressOf, broadcastView, permuteView } from '../views.ts';
import { floats } from './constants.ts';
import { fusedActivation } from './fuse.ts';
import { contractionJob, vectorJob } from './jobs.ts';
import { product } from './product.ts';

export const lowerGemm: Lowering = (node, p) => {
  const [aName, bName, cName] = [node.inputs[0]!, node.inputs[1]!, node.inputs[2]];
  if (!p.isFloat(aName)) return notFloat(p.dtype(aName));
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

  const fused = separate
    ? { act: { kind: 'none' } as Activation, output: node.outputs[0]! }
    : fusedActivation(p, node.outputs[0]!);
  const fusedNode = 'node' in fused ? (fused.node as GraphNode | undefined) : undefined;
  const nodes = fusedNode === undefined ? [node] : [node, fusedNode];
  const out = separate ? p.temporary(`${node.name}.product`, [m, n]) : p.output(fused.output, 'row-major');
  const dynamicB = constantB === undefined ? (transB ? permuteView(p.view(bName), [1, 0]) : p.view(bName)) : undefined;
  const contraction = (): Contraction =>
    product(node.name, a, out, m, n, inner, {
      act: fused.act,
      weights:
        constantB !== undefined
          ? {
              kind: 'constant',
              data: alpha === 1 ? floats(constantB) : () => floats(constantB)().map((v) => v * alpha),
              stride: { o: 0, n: transB ? inner : 1, c: transB ? 1 : n, ky: 0, kx: 0 },
              bias: rowValues && ((_, i) => beta * rowValues[rowValues.length === 1 ? 0 : i]!),
            }
          : {
              kind: 'dynamic',
              address: addressOf(dynamicB!),
              cStride: dynamicB!.strides[0]!,
              nStride: dynamicB!.strides[1]!,
            },
    });
  const found = p.tiling(contraction());
  if (found === undefined) return doesNotFit(p.machine);
  const reads = [a, ...(dynamicB ? [dynamicB] : [])];
  if (!separate) {
    if (fusedNode !== undefined) p.done.add(fusedNode);
    contractionJob(p, nodes, contraction, found, { reads, writes: [out] });
    return undefined;
  }
  const result = p.output(node.outputs[0]!, 'row-major');
  const scaled = scales && addsC ? p.temporary(`${node.name}.scaled`, [m, n]) : scales ? result : out;
  const addend = addsC ? p.view(cName!) : out;
  const scale = (): VectorKernel | undefined =>
    planElementwise({ inputs: [out], output: scaled, steps: [{ f: 'mul', a: 0, b: { scalar: alpha } }] }, p.machine);
  const add = (): VectorKernel | undefined =>
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
      p.machine,
    );
  if ((scales && scale() === undefined) || (addsC && add() === undefined)) return doesNotFit(p.machine);
  contractionJob(p, nodes, contraction, found, { reads, writes: [out] });
  if (scales) vectorJob(p, [node], scale, { reads: [out], writes: [scaled], op: 'Mul' });
  if (addsC) vectorJob(p, [node], add, { reads: [scaled, addend], writes: [result], op: 'Add' });
  return undefined;
};

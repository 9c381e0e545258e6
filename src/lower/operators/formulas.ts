/**
 * Jobs of formulas: one kernel where the reduced axes fit a tile, otherwise a pass for each reduction, which leaves its result in
 * DRAM for those behind it.
 */
import { elementCount, type GraphNode } from '#ir';
import type { ElementType, SlotType } from '#isa';
import type { Machine } from '#machine';
import { elementTypeOf, isHalf } from '../elementTypes.ts';
import { withoutConversions } from '../formula/conversions.ts';
import { convert, type Expression, inOrder, replace } from '../formula/expression.ts';
import { axesOf, type Formula, missingTypes, planFormula } from '../formula/kernel.ts';
import { inWords } from '../formula/words.ts';
import type { Planner, ToHost } from '../planner.ts';
import { toHost, unplanned } from '../reasons.ts';
import { predictVectorKernel, type VectorKernel } from '../vectorNest.ts';
import { broadcastView, denseStrides, elementBytesOf, typeOfView, type View } from '../views.ts';
import { vectorJob } from './jobs.ts';
import { slowerInWords } from './onHost.ts';

const SLOTS: Readonly<Partial<Record<ElementType, SlotType>>> = {
  f32: 'float32',
  i8: 'int8',
  u8: 'uint8',
  i16: 'int16',
  i32: 'int32',
};

/** The type in which formulas compute with a tensor's elements: halves as f32. undefined: the vector unit does not. */
export function elementOf(dtype: string): ElementType | undefined {
  const type = elementTypeOf(dtype);
  return isHalf(type) ? 'f32' : type;
}

/** A value as an operand. */
export function operandOf(view: View): Expression {
  const type = typeOfView(view);
  const input = { kind: 'input', type, view } as const;
  return isHalf(type) ? convert(input, 'f32') : input;
}

/** A value as it is read: from memory, or computed along. */
export const readValue = (p: Planner, name: string): Expression => p.deferred(name)?.root ?? operandOf(p.view(name));

/** What a node leaves of a formula: halves are rounded, whoever goes on from there. */
export function rounded(root: Expression, dtype: string): Expression {
  const type = elementTypeOf(dtype);
  return isHalf(type) ? convert(convert(root, type), 'f32') : root;
}

/** A view of an intermediate result of a node. */
export function between(p: Planner, name: string, dims: readonly number[], dtype: SlotType): View {
  const width = elementBytesOf({ dtype } as View);
  const buffer = p.buffer(name, width * elementCount(dims));
  return { buffer, offset: 0, dtype, dims, strides: denseStrides(dims, width) };
}

const noLanes = (name: string, types: readonly string[]): ToHost =>
  toHost(
    `it computes in ${types.join(', ')}, for which the vector unit of ${name} has no lanes`,
    `它以 ${types.join('、')} 计算，而 ${name} 的向量单元没有相应的通道`,
  );

interface KernelJob {
  readonly plan: (machine: Machine) => VectorKernel | undefined;
  readonly reads: readonly View[];
  readonly writes: readonly View[];
}

/** The kernels of one node, judged together before any of them becomes a job. */
export class Kernels {
  readonly #p: Planner;
  readonly #node: GraphNode;
  #jobs: readonly KernelJob[] = [];
  #refused: ToHost | undefined;
  #temporaries = 0;
  #isInWords = false;

  constructor(p: Planner, node: GraphNode) {
    this.#p = p;
    this.#node = node;
  }

  /** The same kernels so far, to go on from in another way. */
  copy(): Kernels {
    const copy = new Kernels(this.#p, this.#node);
    copy.#jobs = this.#jobs;
    copy.#refused = this.#refused;
    copy.#temporaries = this.#temporaries;
    copy.#isInWords = this.#isInWords;
    return copy;
  }

  /** Why the node goes to the host, as far as is known. */
  get refused(): ToHost | undefined {
    return this.#refused;
  }

  /** Why the host is to do the node, which the processor can, but not as fast; undefined where that is not so. */
  get slower(): ToHost | undefined {
    if (!this.#isInWords || this.#refused !== undefined) return undefined;
    const { machine } = this.#p;
    const cycles = this.#jobs.reduce((n, { plan }) => n + predictVectorKernel(plan(machine)!, machine).cycles, 0);
    return slowerInWords(this.#p, this.#node, cycles);
  }

  /** Memory for an intermediate result. */
  temporary(dims: readonly number[], dtype: SlotType = 'float32'): View {
    return between(this.#p, `${this.#node.name}.${this.#temporaries++}`, dims, dtype);
  }

  add(
    plan: (machine: Machine) => VectorKernel | undefined,
    reads: readonly View[],
    writes: readonly View[],
    otherwise: () => ToHost,
  ): void {
    if (this.#refused !== undefined) return;
    if (plan(this.#p.machine) === undefined) this.#refused = otherwise();
    else this.#jobs = [...this.#jobs, { plan, reads, writes }];
  }

  /** @param dims index space; @param output of the same rank */
  formula(
    dims: readonly number[],
    reduced: readonly boolean[],
    root: Expression,
    output: View,
    writes: View = output,
  ): void {
    const { machine } = this.#p;
    const type = typeOfView(output);
    const inType = isHalf(type) ? convert(root, type) : root;
    const plain = { dims, reduced, root: inSpace(withoutConversions(inType), dims), output, type, isInWords: false };
    const words = inWords(plain.root, type, machine);
    this.#isInWords ||= words !== undefined;
    const formula: Formula =
      words === undefined
        ? plain
        : { ...plain, root: words.root, ...(words.isResultInWords ? { type: 'f32', isInWords: true } : {}) };
    const missing = missingTypes(formula, machine);
    if (missing.length > 0) this.#refused ??= noLanes(machine.name, missing);
    if (this.#refused !== undefined) return;
    if (planFormula(formula, machine) !== undefined) {
      this.#push(formula, writes);
      return;
    }
    this.#inPasses(formula, writes);
  }

  #push(formula: Formula, writes: View): void {
    const { machine } = this.#p;
    this.add(
      (of) => planFormula(formula, of),
      viewsOf(formula.root),
      [writes],
      () => unplanned(machine, axesOf(formula).length),
    );
  }

  /** Each reduction a kernel of its own, then what is computed with them. */
  #inPasses(formula: Formula, writes: View): void {
    const by = new Map<Expression, Expression>();
    const reductions = inOrder(formula.root).filter((e) => e.kind === 'reduce');
    const kept = formula.dims.map((d, i) => (formula.reduced[i] ? 1 : d));
    for (const e of reductions) {
      const rest = { ...formula, root: replace(formula.root, by) };
      if (by.size > 0 && planFormula(rest, this.#p.machine) !== undefined) return this.#push(rest, writes);
      const row = this.temporary(kept, SLOTS[e.type]!);
      this.#push({ ...formula, root: replace(e, by), output: row, type: e.type, isInWords: false }, row);
      by.set(e, operandOf(row));
    }
    this.#push({ ...formula, root: replace(formula.root, by) }, writes);
  }

  /**
   * Makes the jobs, the last of them with the work of the nodes; or says why the node goes to the host.
   * @param allParts whether a job of another kind counts that work
   */
  commit(nodes: readonly GraphNode[] = [this.#node], allParts = false): ToHost | undefined {
    if (this.#refused !== undefined) return this.#refused;
    const op = nodes.map((n) => n.op).join('+');
    this.#jobs.forEach(({ plan, reads, writes }, i) => {
      const isPart = allParts || i < this.#jobs.length - 1;
      vectorJob(this.#p, nodes, plan, { reads, writes, ...(isPart ? { op } : {}) });
    });
    return undefined;
  }
}

const viewsOf = (root: Expression): View[] => inOrder(root).flatMap((e) => (e.kind === 'input' ? [e.view] : []));

/** Operands with the rank of the index space. */
function inSpace(root: Expression, dims: readonly number[]): Expression {
  const by = new Map<Expression, Expression>();
  for (const e of inOrder(root)) {
    if (e.kind !== 'input' || e.view.dims.length === dims.length) continue;
    const lead = dims.slice(0, dims.length - e.view.dims.length).map(() => 1);
    by.set(e, { ...e, view: broadcastView(e.view, [...lead, ...e.view.dims]) });
  }
  return by.size === 0 ? root : replace(root, by);
}

/**
 * The planner: what the lowering of one node sees and leaves. A lowering (one file an operator family under `operators/`, one
 * line each in `operators/table.ts`) looks at the node and either makes jobs, or makes its outputs views of existing
 * memory, or says why the node goes to the host. It must decide for the host before it makes anything, and where it can
 * before it asks for the memory of an operand: that ends the host part which makes it.
 */
import { internalError } from '#base';
import {
  elementCount,
  type Graph,
  type GraphNode,
  type Model,
  namesRead,
  staticShape,
  type Tensor,
  tensorBytes,
  typeOf,
} from '#ir';
import { SLOT_BYTES, type SlotType } from '#isa';
import type { Machine } from '#machine';
import { nodeCost, onnxOpset } from '#ops';
import { type Contraction, type ContractionTypes, fitsContraction, holdsWeights, type Tiling } from './contraction.ts';
import { matrixTypeOf } from './elementTypes.ts';
import type { ExpandedModel } from './expand.ts';
import type { Expression } from './formula/expression.ts';
import type { ConvolutionChoice } from './im2col/unfold.ts';
import type { Job, ToHost } from './job.ts';
import { checkTiling } from './legality.ts';
import { formsOf, type SparseWeights } from './sparse/forms.ts';
import { searchTiling } from './tileSearch.ts';
import { type Buffer, channelsLastStrides, denseStrides, sliceView, type View } from './views.ts';
import type { WinogradChoice } from './winograd/applies.ts';

export type { Emitted, Job, Prepared, ToHost, WramUse } from './job.ts';

/** Chooses the tiling of a contraction; undefined where none fits. The tile search, unless a caller of `lower` knows better. */
export type Schedule = (k: Contraction, machine: Machine, weightBuffers?: number) => Tiling | undefined;

/** Whether weights that are sparse may lie compressed: where that is predicted to pay, or nowhere. */
export type SparseOption = 'auto' | 'off';

export type Lowering = (node: GraphNode, p: Planner) => ToHost | undefined;

/** Where a value is to be placed inside another (concatenation by address). */
interface Placement {
  readonly parent: string;
  readonly axis: number;
  readonly start: number;
  /** Dimensions in which the parent has it, where they are not its own: those and its own differ by ones. */
  readonly dims?: readonly number[];
}

/** A value that readers compute along, being cheaper to compute than to read. */
export interface Deferred {
  readonly node: GraphNode;
  readonly root: Expression;
  /** Makes the job that leaves it in memory. */
  readonly make: () => void;
}

const SLOT_TYPES = new Set<string>(Object.keys(SLOT_BYTES));

const NOT_EXPANDED = { origin: new Map(), reasons: new Map(), macs: new Map() };

export class Planner {
  readonly model: Model;
  readonly graph: Graph;
  readonly machine: Machine;
  readonly opset: number;
  readonly jobs: Job[] = [];
  readonly buffers: Buffer[] = [];
  /** Contents of constant buffers. */
  readonly contents = new Map<Buffer, () => Uint8Array>();
  /** Packed weights, by all that they depend on. */
  readonly packed = new Map<string, Buffer>();
  readonly #views = new Map<string, View>();
  readonly #deferred = new Map<string, Deferred>();
  readonly #consumers = new Map<string, GraphNode[]>();
  readonly #outputs: ReadonlySet<string>;
  readonly #placements = new Map<string, Placement>();
  readonly #wantsChannelsLast = new Set<string>();
  /** Buffers of the network's inputs. */
  readonly inputs = new Set<Buffer>();
  readonly #done = new Set<GraphNode>();
  /** Values that jobs made so far leave in memory. */
  readonly #made = new Set<string>();

  readonly #producers = new Map<string, GraphNode>();
  readonly #ahead: Set<GraphNode>;
  readonly #schedule: Schedule;
  readonly #expanded: Pick<ExpandedModel, 'origin' | 'reasons' | 'macs'>;

  /** Whether layers may be done tile by tile, one in the scratchpads of the other. */
  readonly depthFirst: boolean;
  /** Whether a pooling may be done with the tiles of the convolution before it. */
  readonly mayFuse: (pool: GraphNode) => boolean;
  /** Poolings that are done so. */
  readonly fusedPools: GraphNode[] = [];
  /** The most buffers of weights. */
  readonly weightBuffers: number | undefined;
  readonly #sparse: SparseOption;
  /** What is done with the Winograd unit. */
  readonly winograd: WinogradChoice;
  /** How convolutions have their windows. */
  readonly convolution: ConvolutionChoice;
  /** Whether tilings are searched for, and not given. */
  readonly searches: boolean;

  constructor(
    model: Model,
    machine: Machine,
    {
      schedule = searchTiling,
      depthFirst = true,
      mayFuse = () => true,
      weightBuffers,
      sparse = 'auto',
      winograd = 'auto',
      convolution = schedule === searchTiling ? 'auto' : 'direct',
    }: {
      readonly schedule?: Schedule;
      readonly depthFirst?: boolean;
      readonly mayFuse?: (pool: GraphNode) => boolean;
      readonly weightBuffers?: number;
      readonly sparse?: SparseOption;
      readonly winograd?: WinogradChoice;
      readonly convolution?: ConvolutionChoice;
    } = {},
    expanded: Pick<ExpandedModel, 'origin' | 'reasons' | 'macs'> = NOT_EXPANDED,
  ) {
    this.#schedule = schedule;
    this.searches = schedule === searchTiling;
    this.depthFirst = depthFirst;
    this.mayFuse = mayFuse;
    this.weightBuffers = weightBuffers;
    this.#sparse = sparse;
    this.winograd = winograd;
    this.convolution = convolution;
    this.#expanded = expanded;
    this.model = model;
    this.graph = model.graph;
    this.machine = machine;
    this.opset = onnxOpset(model);
    this.#outputs = new Set(model.graph.outputs.map((o) => o.name));
    this.#ahead = new Set(model.graph.nodes);
    for (const node of model.graph.nodes) {
      for (const name of node.outputs) if (name !== '') this.#producers.set(name, node);
      for (const name of new Set(namesRead(node))) {
        this.#consumers.set(name, [...(this.#consumers.get(name) ?? []), node]);
      }
    }
  }

  // — what is known of values —

  dims(name: string): readonly number[] {
    const dims = staticShape(typeOf(this.graph, name));
    if (dims === undefined) throw internalError({ what: `the shape of '${name}' is not known at lowering` });
    return dims;
  }

  dtype(name: string): string {
    const type = typeOf(this.graph, name);
    return type?.kind === 'tensor' ? type.dtype : 'unknown';
  }

  /** Whether a value is a float32 tensor of known, non-empty shape. */
  isFloat(name: string): boolean {
    const dims = staticShape(typeOf(this.graph, name));
    return this.dtype(name) === 'float32' && dims !== undefined && elementCount(dims) > 0;
  }

  /** The types of a contraction of floats, where the matrix unit computes that of a value; undefined otherwise. */
  floatTypes(name: string): ContractionTypes | undefined {
    const type = matrixTypeOf(this.machine, this.dtype(name));
    return type === 'f32' || type === 'f16' || type === 'bf16' ? { a: type, w: type, result: type } : undefined;
  }

  constant(name: string | undefined): Tensor | undefined {
    return name === undefined ? undefined : this.graph.constants.get(name);
  }

  /** The nodes that read a value, be it in a subgraph. */
  consumers(name: string): readonly GraphNode[] {
    return this.#consumers.get(name) ?? [];
  }

  isOutput(name: string): boolean {
    return this.#outputs.has(name);
  }

  /** The only reader of a value that is nothing else: what may be fused into its producer. */
  onlyConsumer(name: string): GraphNode | undefined {
    const all = this.consumers(name);
    const [reader] = all;
    if (this.isOutput(name) || all.length !== 1 || reader === undefined) return undefined;
    const inputOnce = reader.inputs.includes(name) && namesRead(reader).filter((i) => i === name).length === 1;
    return inputOnce ? reader : undefined;
  }

  macs(nodes: readonly GraphNode[]): number {
    return nodes.reduce((n, node) => n + this.macsOf(node, () => nodeCost(this.model, node).macs), 0);
  }

  /** MACs that a node counts for: its own, unless it was written for another node. */
  macsOf(node: GraphNode, own: () => number): number {
    return this.#expanded.macs.get(node) ?? own();
  }

  /** The node of the given model that a node was written for; itself where it is one. */
  originOf(node: GraphNode): GraphNode {
    return this.#expanded.origin.get(node) ?? node;
  }

  /** Why a node that no kernel does was not written out in others either. */
  notExpanded(node: GraphNode): ToHost | undefined {
    const reason = this.#expanded.reasons.get(node);
    return reason && { host: reason };
  }

  /** Elementary operations that the vector unit has to do for these nodes; a multiply-add counts once. */
  vectorOps(nodes: readonly GraphNode[]): number {
    return nodes.reduce((n, node) => {
      const c = nodeCost(this.model, node);
      return n + Math.max(c.multiplications, c.additions) + c.comparisons + c.transcendentals;
    }, 0);
  }

  /**
   * The tiling of a contraction, or undefined where nothing fits. With less NRAM, because values stay there, a caller's choice may not fit;
   * one that cannot pool results leaves the pooling to a layer of its own.
   * @throws what `checkTiling` throws of a caller's choice
   */
  tiling(k: Contraction, machine = this.machine): Tiling | undefined {
    const found = this.#schedule(k, machine, this.weightBuffers);
    if (found === undefined || this.#schedule === searchTiling) return found;
    if (machine !== this.machine || holdsWeights(k) || k.pool !== undefined)
      return fitsContraction(k, found, machine) ? found : undefined;
    checkTiling(k, found, machine);
    return found;
  }

  /** Forms in which the weights of a contraction may lie: dense first, then those that its zeros and the machine allow. */
  weightForms(k: Contraction): readonly (SparseWeights | undefined)[] {
    return [undefined, ...(this.#sparse === 'off' ? [] : formsOf(k, this.machine))];
  }

  isInput(buffer: Buffer): boolean {
    return this.inputs.has(buffer);
  }

  /** Says that the job of another node does this one, too. */
  fuse(node: GraphNode): void {
    this.#done.add(node);
    this.made(node.outputs);
  }

  /** Whether another node's job already does it. */
  isDone(node: GraphNode): boolean {
    return this.#done.has(node);
  }

  /** The node that makes a value. */
  producerOf(name: string): GraphNode | undefined {
    return this.#producers.get(name);
  }

  /** Says that nodes up to this one are planned, or are being planned. */
  reached(node: GraphNode): void {
    this.#ahead.delete(node);
  }

  /** Whether a node is yet to be planned. */
  isAhead(node: GraphNode): boolean {
    return this.#ahead.has(node);
  }

  /** Says that these values exist behind the jobs made so far. */
  made(names: readonly string[]): void {
    for (const name of names) this.#made.add(name);
  }

  /** Whether a job made now may read a value; one that is planned later may have memory already. */
  isMade(name: string): boolean {
    return this.graph.constants.has(name) || this.#made.has(name);
  }

  // — memory —

  buffer(name: string, bytes: number, pinned = false): Buffer {
    const b: Buffer = {
      name,
      bytes: Math.max(bytes, 1),
      address: 0,
      first: Number.POSITIVE_INFINITY,
      last: -1,
      pinned,
    };
    this.buffers.push(b);
    return b;
  }

  /** Constant data in DRAM. */
  constantView(name: string, dims: readonly number[], dtype: SlotType, bytes: () => Uint8Array): View {
    const buffer = this.buffer(name, elementCount(dims) * SLOT_BYTES[dtype], true);
    this.contents.set(buffer, bytes);
    return { buffer, offset: 0, dtype, dims, strides: denseStrides(dims, SLOT_BYTES[dtype]) };
  }

  floatConstant(name: string, dims: readonly number[], values: () => Float32Array): View {
    return this.constantView(name, dims, 'float32', () => {
      const v = values();
      return new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
    });
  }

  /** Told of a value whose memory is asked for: what waits for the host and makes it is then placed. */
  onDemand: (name: string) => void = () => {};

  /** The memory of a value that exists: produced before, an input, or a constant (placed at its first use). */
  view(name: string): View {
    const later = this.#deferred.get(name);
    this.#deferred.delete(name);
    later?.make();
    const constant = this.graph.constants.get(name);
    // Also where it has memory: a lowering that gave up may have made some for it.
    if (constant === undefined) this.onDemand(name);
    const known = this.#views.get(name);
    if (known !== undefined) return known;
    if (constant === undefined) throw internalError({ what: `value '${name}' is used before it has memory` });
    const dtype = this.slotType(name);
    let view: View;
    if ('splat' in constant) {
      // One element, repeated by strides of 0.
      const one = this.constantView(name, [1], dtype, () => constant.splat);
      view = { ...one, dims: constant.dims, strides: constant.dims.map(() => 0) };
    } else {
      view = this.constantView(name, constant.dims, dtype, () => tensorBytes(constant));
    }
    this.#views.set(name, view);
    return view;
  }

  slotType(name: string): SlotType {
    const dtype = this.dtype(name);
    if (!SLOT_TYPES.has(dtype)) throw internalError({ what: `value '${name}' of type ${dtype} cannot lie in DRAM` });
    return dtype as SlotType;
  }

  /** Makes `name` another view of existing memory. */
  alias(name: string, view: View): void {
    this.#views.set(name, view);
  }

  hasView(name: string): boolean {
    return this.#views.has(name) || this.#deferred.has(name);
  }

  /** Says that a value is computed where it is read, and has memory only once somebody asks for that. */
  defer(name: string, how: Deferred): void {
    this.#deferred.set(name, how);
  }

  deferred(name: string): Deferred | undefined {
    return this.#deferred.get(name);
  }

  /** Nodes whose values are computed along where these expressions are. */
  absorbed(expressions: readonly Expression[]): readonly GraphNode[] {
    const all = new Set(expressions);
    return [...this.#deferred.values()].filter(({ root }) => all.has(root)).map(({ node }) => node);
  }

  /** A value for an intermediate step of one node. */
  temporary(name: string, dims: readonly number[], dtype: SlotType = 'float32'): View {
    const bytes = SLOT_BYTES[dtype];
    const buffer = this.buffer(name, bytes * elementCount(dims));
    return { buffer, offset: 0, dtype, dims, strides: denseStrides(dims, bytes) };
  }

  /** Memory for a value about to be produced. `layout` is a wish: a concatenation or a reshape behind it may decide otherwise. */
  output(name: string, layout: 'channels-last' | 'row-major' | View): View {
    const known = this.#views.get(name);
    if (known !== undefined) return known;
    const dims = this.dims(name);
    const placed = this.#placements.get(name);
    if (placed !== undefined) {
      const parent = this.output(placed.parent, 'row-major');
      const shown = placed.dims ?? dims;
      const view = sliceView(parent, placed.axis, placed.start, shown[placed.axis]!, 1);
      const own = placed.dims === undefined ? view : withOnes(view, dims);
      this.#views.set(name, own);
      return own;
    }
    const dtype = this.slotType(name);
    const bytes = SLOT_BYTES[dtype];
    const buffer = this.buffer(name, elementCount(dims) * bytes, this.isOutput(name));
    const strides = this.#strides(name, dims, bytes, layout);
    const view: View = { buffer, offset: 0, dtype, dims, strides };
    this.#views.set(name, view);
    return view;
  }

  #strides(
    name: string,
    dims: readonly number[],
    bytes: number,
    layout: 'channels-last' | 'row-major' | View,
  ): number[] {
    const reshaped = this.consumers(name).some((n) => n.op === 'Reshape' || n.op === 'Flatten');
    if (this.#wantsChannelsLast.has(name)) return channelsLastStrides(dims, bytes);
    if (reshaped || layout === 'row-major' || dims.length < 3) return denseStrides(dims, bytes);
    if (layout === 'channels-last') return channelsLastStrides(dims, bytes);
    // Like another value of the same dims: the dense layout with the same order of strides.
    const order = dims.map((_, i) => i).sort((p, q) => layout.strides[q]! - layout.strides[p]! || p - q);
    const sorted = denseStrides(
      order.map((d) => dims[d]!),
      bytes,
    );
    const out = new Array<number>(dims.length);
    order.forEach((d, i) => {
      out[d] = sorted[i]!;
    });
    return out;
  }

  /** Says that a value shall be produced inside another; ignored where it already has a place. */
  placeInside(name: string, placement: Placement): void {
    if (!this.#placements.has(name)) this.#placements.set(name, placement);
  }

  wantChannelsLast(name: string): void {
    this.#wantsChannelsLast.add(name);
  }

  // — jobs —

  job(job: Job): void {
    const index = this.jobs.length;
    this.jobs.push(job);
    for (const v of job.writes) touch(v.buffer, index);
    for (const v of job.reads) touch(v.buffer, index);
  }
}

/** A view in dimensions that differ by ones. */
function withOnes(v: View, dims: readonly number[]): View {
  const strides = v.strides.filter((_, i) => v.dims[i] !== 1);
  let next = 0;
  return { ...v, dims, strides: dims.map((d) => (d === 1 ? 0 : strides[next++]!)) };
}

function touch(b: Buffer, index: number): void {
  b.first = Math.min(b.first, index);
  b.last = Math.max(b.last, index);
}

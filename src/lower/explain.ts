/**
 * A contraction in words: its affine form, which is what the tile search starts from, and what a tiling makes of it, as a loop nest
 * that can be read, with buffers and traffic. Identifiers only; whoever shows it puts the sentences around.
 */
import type { LayerPlan, LayerPrediction, Space } from '#isa';
import { accumulatorEntries, type Machine, unitFor } from '#machine';
import { type AffineExpression, affineExpression, subscriptText } from './affine.ts';
import {
  buildContraction,
  type Contraction,
  predictContraction,
  type Spatial,
  sumsOf,
  type Tiling,
  typesOfContraction,
} from './contraction.ts';
import { reductionBlocks } from './contractionWeights.ts';
import { coresFor, togetherOf } from './cores.ts';
import type { Unfold } from './im2col/unfold.ts';
import type { ElementwiseStep, StepOperand } from './kernels/elementwise.ts';
import { weightBuffers, withRing } from './ring.ts';
import { formsOf, inDenseForm, inForm, sparseOf, type WeightForm } from './sparse/forms.ts';
import {
  bufferBytes,
  buffersOf,
  holdingOf,
  isKept,
  isRagged,
  type LoopDim,
  levelOf,
  loadedIn,
  partsOf,
  planLoops,
  type Stream,
  tilesOf,
} from './stream.ts';
import { rankTilings, searchTiling } from './tileSearch.ts';
import type { AlgorithmText } from './winograd/explain.ts';

/** The affine expression of a contraction, with what the processor adds to it. */
export interface AffineForm extends AffineExpression {
  /** Subscripts of each tensor, as text. */
  readonly access: Readonly<Record<'out' | 'a' | 'w', readonly string[]>>;
  /** `out[b, y, x, n] += a[…] · w[…]`, and what follows. */
  readonly text: readonly string[];
  /** The unit's instruction over a tile: result, reduction and filters at a time. */
  readonly intrinsic: string;
}

/** The form of a contraction. Indices of size 1 are left out. */
export function affineForm(given: Contraction, machine: Machine): AffineForm {
  // What is unfolded is a matter of the schedule.
  const k = given.unfold?.of ?? given;
  const { domain, maps } = affineExpression({
    ...{ outer: k.outer.map((o) => o.total), b: k.b.total, n: k.n.total, c: k.c.total },
    ...{ y: convolved(k.y), x: convolved(k.x) },
  });
  const has = new Set(domain.map((d) => d.index));
  const kept = (names: readonly string[]): string[] => names.filter((name) => has.has(name));
  const outer = k.outer.map((_, i) => `g${i}`);
  const access = {
    out: maps.out.map(subscriptText),
    a: maps.a.map(subscriptText),
    w: maps.w.map(subscriptText),
  };
  const types = typesOfContraction(k);
  const list = (names: readonly string[]): string => `[${names.join(', ')}]`;
  const { merged } = k;
  const diagonal =
    merged === undefined
      ? []
      : [
          `w${list(access.w)} = ${k.quantisation?.zero.w ?? 0} where ${blockOf('n', k.n.total / merged.groups)} ≠ ${blockOf('c', merged.channels)}`,
        ];
  const hasBias = k.weights.kind === 'constant' && k.weights.bias !== undefined;
  const out = `out${list(access.out)}`;
  const act = k.act;
  const ahead = k.prologue;
  const before =
    ahead === undefined
      ? []
      : [
          `a${list(access.a)} = Σ input[…] · v[ky, kx, c], ${ahead.y.kernel} × ${ahead.x.kernel} (vector unit, in nram)`,
        ];
  const after = [
    ...(hasBias ? [`${out} += bias${list(kept([...outer, 'n']))}`] : []),
    ...(act.kind === 'clamp'
      ? [`${out} = clamp(${out}, ${act.low}, ${act.high})`]
      : act.kind === 'leaky'
        ? [`${out} = leaky(${out}, ${act.alpha})`]
        : []),
    ...(k.quantisation?.scale === undefined
      ? []
      : [`${out} = ${types.result}(${out} · scale${list(kept([...outer, 'n']))} + ${k.quantisation.zero.result})`]),
    ...(k.epilogue?.steps ?? []).map((s) => `${out} = ${stepText(s, out)}`),
    ...(k.pool === undefined ? [] : [`pooled${list(access.out)} = ${poolingText(k, 'out')}`]),
  ];
  const unit = unitFor(machine.matrix, types.a);
  const zero = k.quantisation?.zero;
  const less = (value: string, point: number | undefined): string =>
    point === undefined || point === 0 ? value : `(${value} − ${point})`;
  const shape = unit.kind === 'dot' ? `Tn ${unit.tn} × Ti ${unit.ti}` : `${unit.rows} × ${unit.columns}`;
  return {
    domain,
    maps,
    access,
    text: [
      ...before,
      `${out} = Σ ${less(`a${list(access.a)}`, zero?.a)} · ${less(`w${list(access.w)}`, zero?.w)}`,
      ...diagonal,
      ...after,
    ],
    intrinsic: `mma(pixels, reduction, filters): ${unit.kind} ${shape}${types.a === 'f32' ? '' : ` of ${types.a}`}`,
  };
}

/** Number of the block of so many in which an index lies. */
const blockOf = (index: string, size: number): string => (size === 1 ? index : `⌊${index} ÷ ${size}⌋`);

/** An axis as the convolution sees it, before anything is pooled. */
const convolved = (s: Spatial): Spatial => (s.pool === undefined ? s : { ...s, total: s.pool.limit });

/** `max(out[2·y + ky, 2·x + kx], ky < 3, kx < 3)`, or the sum with what it is multiplied by. */
function poolingText({ pool, y, x }: Contraction, of: string): string {
  const axes = [
    ['y', y.pool],
    ['x', x.pool],
  ] as const;
  const used = axes.flatMap(([index, p]) => (p === undefined ? [] : [{ index, p }]));
  const at = used.map(({ index, p }) =>
    subscriptText({
      terms: [
        { index, by: p.scale },
        { index: `k${index}`, by: p.dilation },
      ],
      offset: -p.pad,
    }),
  );
  const taps = used.map(({ index, p }) => `k${index} < ${p.kernel}`);
  const reduced = `${pool?.reduce === 'max' ? 'max' : 'Σ'}(${of}[${at.join(', ')}], ${taps.join(', ')})`;
  const scale = pool?.scale;
  return scale === undefined ? reduced : `${reduced} · ${typeof scale === 'number' ? scale : 'factors[y, x]'}`;
}

export const stepText = (s: ElementwiseStep, out: string): string => {
  const operand = (at: StepOperand): string => (at === 'out' ? out : at === 'beside' ? at : `operand${at}`);
  const second = s.b === undefined ? [] : [typeof s.b === 'object' ? String(s.b.scalar) : operand(s.b)];
  return `${s.into === undefined ? '' : `${s.into} = `}${s.f}(${[operand(s.a), ...second].join(', ')})`;
};

/** One stream of a nest. */
export interface StreamBuffer {
  readonly name: string;
  readonly space: Space;
  /** How many, and bytes of each; none of what stays in NRAM between layers. */
  readonly buffers: number;
  readonly bytes: number;
  /** Transfers of all cores; one multicast serves several. */
  readonly transfers: number;
}

/** A schedule of a contraction. */
export interface ScheduleText {
  /** Tiles of each loop with several, outermost first: `n 3 × 48`, `y 2 × 19 + 18`, `n 4 × 16 [core × 4]`. */
  readonly loops: readonly string[];
  readonly predicted: LayerPrediction;
  /** Whether pooled tiles hand on the rows that the next one has in common with them. */
  readonly carriesRows?: true;
}

export interface ContractionText {
  readonly form: AffineForm;
  /** The nest, indented by two spaces a level. */
  readonly nest: readonly string[];
  readonly streams: readonly StreamBuffer[];
  /** Bytes used and there are, and entries of the accumulators. */
  readonly memories: readonly {
    readonly name: 'nram' | 'wram' | 'accumulators';
    readonly used: number;
    readonly of: number;
  }[];
  readonly chosen: ScheduleText;
  /** Forms in which the weights may lie, each as it would be tiled; empty where they have no zeros that the machine can use. */
  readonly forms: readonly FormText[];
  /** Those that were predicted, the best first; the chosen one among them unless a caller chose. */
  readonly considered: readonly ScheduleText[];
  /** Of convolutions in groups that may be merged: in how many ways that was predicted. */
  readonly merges?: readonly MergeText[];
  /** Of pooled results: cycles predicted of the pooling as a layer of its own, and of the convolution before it, where that was tried. */
  readonly apart?: { readonly pooling: number; readonly convolution?: number };
  /** Of convolutions: all ways to do it. */
  readonly algorithms?: readonly AlgorithmText[];
}

/** A form of the weights, and the schedule that it would have. */
export interface FormText extends ScheduleText {
  readonly form: 'dense' | WeightForm;
  readonly isChosen: boolean;
}

/** So many groups side by side as one with block-diagonal weights, and the schedule that it would have. */
export interface MergeText extends ScheduleText {
  readonly groups: number;
  readonly isChosen: boolean;
}

/** Tiles × their size, plus the ragged last; in brackets to how many it is dealt. No words: it is read in every language. */
export function loopText(l: LoopDim): string {
  const [tiles, size] = [tilesOf(l), Math.min(l.tile, l.total)];
  const sizes = isRagged(l) ? `${tiles - 1} × ${size} + ${l.total % l.tile}` : `${tiles} × ${size}`;
  return `${l.name} ${sizes}${l.deal === undefined ? '' : ` [${l.deal.over} × ${partsOf(l)}]`}`;
}

function scheduleText(k: Contraction, t: Tiling, machine: Machine): ScheduleText {
  const built = withRing(buildContraction(k, t, machine, 0), k, t, machine);
  return {
    loops: built.nest.loops.filter((l) => tilesOf(l) > 1).map(loopText),
    predicted: predictContraction(built, k, t, machine),
    ...(t.carriesRows === true ? { carriesRows: true } : {}),
  };
}

/** The loops of a tiling as a layer's plan lists them. */
export const loopsOfTiling = (k: Contraction, t: Tiling, machine: Machine): LayerPlan['loops'] =>
  planLoops(buildContraction(k, t, machine, 0).nest.loops);

/**
 * Describes a contraction under a tiling, and the schedules that the search predicted.
 * @param plan the layer that was made of it: among its neighbours it may load weights early, or have its own loaded
 * @param weightBuffersAllowed as `LowerOptions.weightBuffers`
 */
export function describeContraction(
  k: Contraction,
  t: Tiling,
  machine: Machine,
  most: number,
  plan?: Pick<LayerPlan, 'predicted'>,
  weightBuffersAllowed?: number,
): ContractionText {
  const built = withRing(buildContraction(k, t, machine, 0), k, t, machine, weightBuffersAllowed);
  const { loops, output, prologue, epilogue } = built.nest;
  const inputs = [...(prologue?.inputs ?? []), ...built.nest.inputs];
  const cores = coresFor(machine);
  const all: readonly Stream[] = [...inputs, ...(epilogue?.inputs ?? []), output];
  const streams = all.map((s): StreamBuffer => {
    const level = loadedIn(loops, s);
    const over = new Set(holdingOf(loops, s)?.over);
    // Tiles that are held come once for all turns of the loops that they are held over.
    const turns = loops.reduce((n, l, i) => n * (i < levelOf(loops, s) && !over.has(l) ? tilesOf(l) : partsOf(l)), 1);
    return {
      name: s.name,
      space: s.space,
      buffers: isKept(s) ? 0 : s === built.w ? weightBuffers(built) : buffersOf(loops, s),
      bytes: bufferBytes(s),
      transfers: isKept(s)
        ? 0
        : (turns * (s.parts?.length ?? 1)) / (s === output ? 1 : togetherOf(loops, s, level, cores).cores),
    };
  });
  const { a: type } = typesOfContraction(k);
  const sums = reductionBlocks(k, t) > 1 ? sumsOf(k, t, machine) : 0;
  return {
    form: affineForm(k, machine),
    nest: nestText(k, t, loops, [...inputs, ...(epilogue?.inputs ?? [])], output),
    streams,
    memories: [
      { name: 'nram', used: built.nramBytes, of: machine.nram.bytes },
      { name: 'wram', used: weightBuffers(built) * bufferBytes(built.w), of: machine.wram.bytes },
      { name: 'accumulators', used: sums, of: accumulatorEntries(machine.matrix, type) },
    ],
    chosen: { ...scheduleText(k, t, machine), ...(plan?.predicted && { predicted: plan.predicted }) },
    forms: formTexts(k, t, machine),
    ...(k.pool === undefined ? {} : { apart: { pooling: k.pool.alone } }),
    considered: rankTilings(k, machine, weightBuffersAllowed)
      .slice(0, most)
      .map((r) => scheduleText(k, r.tiling, machine)),
  };
}

function formTexts(k: Contraction, t: Tiling, machine: Machine): FormText[] {
  const dense = inDenseForm(k);
  const chosen = sparseOf(k)?.form;
  const forms = formsOf(dense, machine);
  if (forms.length === 0) return [];
  return [undefined, ...forms].flatMap((sparse) => {
    const isChosen = sparse?.form === chosen;
    const candidate = inForm(dense, sparse);
    const tiling = isChosen ? t : searchTiling(candidate, machine);
    return tiling === undefined
      ? []
      : [{ form: sparse?.form ?? 'dense', isChosen, ...scheduleText(candidate, tiling, machine) }];
  });
}

/** The ways to merge groups that were tried for a contraction; none where there was but one. @param tried of the same node */
export function mergesOfTried(
  k: Contraction,
  tried: readonly { readonly k: Contraction; readonly tiling: Tiling | undefined; readonly machine: Machine }[],
): MergeText[] {
  const behind = (of: Contraction): string => JSON.stringify([of.epilogue?.steps ?? [], of.act]);
  const groupsOf = (of: Contraction): number => of.merged?.groups ?? 1;
  const ways = new Map<number, MergeText>();
  for (const other of tried) {
    if (other.tiling === undefined || other.k.prologue !== undefined || behind(other.k) !== behind(k)) continue;
    const groups = groupsOf(other.k);
    const text = scheduleText(other.k, other.tiling, other.machine);
    // Each by the faster of its ways to have windows.
    if ((ways.get(groups)?.predicted.cycles ?? Number.POSITIVE_INFINITY) <= text.predicted.cycles) continue;
    ways.set(groups, { groups, isChosen: groups === groupsOf(k), ...text });
  }
  return ways.size === 1 && k.merged === undefined
    ? []
    : [...ways.values()].sort((a, b) => a.predicted.cycles - b.predicted.cycles);
}

/** What of a pixel stands side by side in a tile of unfolded activations, and the whole tile. */
const TAPS = { rows: 'ky × c', columns: 'kx × c', window: 'ky × kx × c' } as const;
const PIXELS = { rows: 'y × x+halo', columns: 'x × y+halo', window: 'y × x' } as const;
const unfoldedDims = ({ taps }: Unfold): string => `${PIXELS[taps]} × ${TAPS[taps]}`;

function nestText(
  k: Contraction,
  t: Tiling,
  loops: readonly LoopDim[],
  inputs: readonly Stream[],
  output: Stream,
): string[] {
  const lines: string[] = [];
  let depth = 0;
  const line = (text: string): number => lines.push(`${'  '.repeat(depth)}${text}`);
  const sizeOf = (s: Stream): string =>
    s.parts !== undefined && k.unfold !== undefined
      ? `b × ${unfoldedDims(k.unfold)}`
      : s.linear === undefined
        ? s.dims
            .map((d) => (d.loop === undefined ? d.limit : d.window === undefined ? d.loop.name : `${d.loop.name}+halo`))
            .join(' × ')
        : `${[...(s.loops ?? [])].map((l) => l.name).join(' × ')}, packed${s.linear.stream === undefined ? '' : `, ${s.linear.stream.format} stream`}`;
  const form = sparseOf(k)?.form;
  const multiplied = form !== undefined && form !== 'stream';
  const outLevel = levelOf(loops, output);
  const enter = (level: number): void => {
    for (const s of inputs) {
      if (isKept(s) || levelOf(loops, s) !== level) continue;
      const over = holdingOf(loops, s)?.over.map((l) => l.name) ?? [];
      const parts = s.parts === undefined || s.parts.length === 1 ? '' : `, in ${s.parts.length} transfers`;
      const held = `${parts}${over.length === 0 ? '' : `, held from the first ${over.join(', ')}`}`;
      line(`load ${s.name} [${sizeOf(s)}] → ${s.space}${held}`);
    }
    const l = loops[level];
    if (l === undefined) {
      if (k.prologue !== undefined) line('vec window → activations');
      if (k.unfold?.by === 'vector') line(`vec mov → activations [${unfoldedDims(k.unfold)}]`);
      line(multiplied ? 'mma.sparse' : 'mma');
    } else if (tilesOf(l) === 1) enter(level + 1);
    else {
      line(`for ${loopText(l)}:`);
      depth++;
      enter(level + 1);
      depth--;
    }
    if (level !== outLevel) return;
    for (const s of k.epilogue?.steps ?? []) line(`vec ${stepText(s, k.pool === undefined ? 'result' : 'tile')}`);
    if (k.pool !== undefined)
      line(
        `vec ${poolingText(k.unfold?.of ?? k, 'tile')} → ${output.name}${t.carriesRows === true ? ', hands rows on' : ''}`,
      );
    if (!isKept(output)) line(`store ${output.name} [${sizeOf(output)}]`);
  };
  enter(0);
  return lines;
}

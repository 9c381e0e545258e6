/**
 * A contraction in words: its affine form, which is what the tile search starts from, and what a tiling makes of it, as a loop nest
 * that can be read, with buffers and traffic. Identifiers only; whoever shows it puts the sentences around.
 */
import type { LayerPlan, LayerPrediction, Space } from '#isa';
import { accumulatorEntries, filtersOf, type Machine, unitFor } from '#machine';
import {
  buildContraction,
  type Contraction,
  predictContraction,
  type Spatial,
  type Tiling,
  typesOfContraction,
} from './contraction.ts';
import { reductionBlocks } from './contractionWeights.ts';
import { coresFor, togetherOf } from './cores.ts';
import type { ElementwiseStep } from './kernels/elementwise.ts';
import { turnsOfAll } from './prediction.ts';
import { formsOf, inDenseForm, inForm, sparseOf, type WeightForm } from './sparse/forms.ts';
import {
  bufferBytes,
  buffersOf,
  isRagged,
  type LoopDim,
  levelOf,
  partsOf,
  planLoops,
  type Stream,
  tilesOf,
} from './stream.ts';
import { rankTilings, searchTiling } from './tileSearch.ts';

/** A contraction as one affine expression over its iteration domain. */
export interface AffineForm {
  readonly domain: readonly {
    readonly index: string;
    readonly size: number;
    readonly kind: 'parallel' | 'reduction';
  }[];
  /** Subscripts of each tensor: affine in the indices. */
  readonly access: Readonly<Record<'out' | 'a' | 'w', readonly string[]>>;
  /** `out[b, y, x, n] += a[…] · w[…]`, and what follows. */
  readonly text: readonly string[];
  /** The unit's instruction over a tile: result, reduction and filters at a time. */
  readonly intrinsic: string;
}

const affine = (index: string, scale: number, kernelIndex: string, dilation: number, pad: number): string => {
  const times = (name: string, by: number): string => (by === 1 ? name : `${by}·${name}`);
  const kernel = kernelIndex === '' ? '' : ` + ${times(kernelIndex, dilation)}`;
  return `${times(index, scale)}${kernel}${pad === 0 ? '' : ` − ${pad}`}`;
};

/** The form of a contraction. Indices of size 1 are left out. */
export function affineForm(k: Contraction, machine: Machine): AffineForm {
  const isThere = (s: Pick<Spatial, 'total' | 'kernel'>): boolean => s.total > 1 || s.kernel > 1;
  const outer = k.outer.map((_, i) => `g${i}`);
  const spatial = [
    ['y', k.y],
    ['x', k.x],
  ] as const;
  const all = [
    ...k.outer.map((o, i) => ({ index: `g${i}`, size: o.total, kind: 'parallel' as const })),
    { index: 'b', size: k.b.total, kind: 'parallel' as const },
    ...spatial.map(([index, s]) => ({ index, size: s.total, kind: 'parallel' as const })),
    { index: 'n', size: k.n.total, kind: 'parallel' as const },
    ...spatial.map(([index, s]) => ({ index: `k${index}`, size: s.kernel, kind: 'reduction' as const })),
    { index: 'c', size: k.c.total, kind: 'reduction' as const },
  ];
  const domain = all.filter((d) => d.size > 1 || d.index === 'n' || d.index === 'c');
  const has = new Set(domain.map((d) => d.index));
  const kept = (names: readonly string[]): string[] => names.filter((name) => has.has(name));
  const access = {
    out: kept([...outer, 'b', 'y', 'x', 'n']),
    a: [
      ...kept([...outer, 'b']),
      ...spatial.flatMap(([index, s]) =>
        isThere(s)
          ? [
              has.has(index)
                ? affine(index, s.scale, has.has(`k${index}`) ? `k${index}` : '', s.dilation, s.pad)
                : affine(`k${index}`, s.dilation, '', 1, s.pad),
            ]
          : [],
      ),
      'c',
    ],
    w: kept([...outer, 'n', 'ky', 'kx', 'c']),
  };
  const types = typesOfContraction(k);
  const list = (names: readonly string[]): string => `[${names.join(', ')}]`;
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
  ];
  const unit = unitFor(machine.matrix, types.a);
  const zero = k.quantisation?.zero;
  const less = (value: string, point: number | undefined): string =>
    point === undefined || point === 0 ? value : `(${value} − ${point})`;
  const shape = unit.kind === 'dot' ? `Tn ${unit.tn} × Ti ${unit.ti}` : `${unit.rows} × ${unit.columns}`;
  return {
    domain,
    access,
    text: [
      ...before,
      `${out} = Σ ${less(`a${list(access.a)}`, zero?.a)} · ${less(`w${list(access.w)}`, zero?.w)}`,
      ...after,
    ],
    intrinsic: `mma(pixels, reduction, filters): ${unit.kind} ${shape}${types.a === 'f32' ? '' : ` of ${types.a}`}`,
  };
}

const stepText = (s: ElementwiseStep, out: string): string => {
  const operand = (at: number | 'out'): string => (at === 'out' ? out : `operand${at}`);
  const second = s.b === undefined ? [] : [typeof s.b === 'object' ? String(s.b.scalar) : operand(s.b)];
  return `${s.f}(${[operand(s.a), ...second].join(', ')})`;
};

/** One stream of a nest. */
export interface StreamBuffer {
  readonly name: string;
  readonly space: Space;
  /** How many, and bytes of each. */
  readonly buffers: number;
  readonly bytes: number;
  /** Transfers of all cores; one multicast serves several. */
  readonly transfers: number;
}

/** A schedule of a contraction. */
export interface ScheduleText {
  /** Tiles of each loop with several, outermost first: `n 3 × 48`. */
  readonly loops: readonly string[];
  readonly predicted: LayerPrediction;
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
}

/** A form of the weights, and the schedule that it would have. */
export interface FormText extends ScheduleText {
  readonly form: 'dense' | WeightForm;
  readonly isChosen: boolean;
}

const loopText = (l: LoopDim): string =>
  `${l.name} ${tilesOf(l)} × ${Math.min(l.tile, l.total)}${isRagged(l) ? `, last ${l.total % l.tile}` : ''}${
    l.deal === undefined ? '' : `, over ${partsOf(l)} ${l.deal.over}s`
  }`;

function scheduleText(k: Contraction, t: Tiling, machine: Machine): ScheduleText {
  const built = buildContraction(k, t, machine, 0);
  return {
    loops: built.nest.loops.filter((l) => tilesOf(l) > 1).map(loopText),
    predicted: predictContraction(built, k, t, machine),
  };
}

/** The loops of a tiling as a layer's plan lists them. */
export const loopsOfTiling = (k: Contraction, t: Tiling, machine: Machine): LayerPlan['loops'] =>
  planLoops(buildContraction(k, t, machine, 0).nest.loops);

/**
 * Describes a contraction under a tiling, and the schedules that the search predicted.
 * @param plan the layer that was made of it: among its neighbours it may load weights early, or have its own loaded
 */
export function describeContraction(
  k: Contraction,
  t: Tiling,
  machine: Machine,
  most: number,
  plan?: Pick<LayerPlan, 'predicted'>,
): ContractionText {
  const built = buildContraction(k, t, machine, 0);
  const { loops, output, prologue, epilogue } = built.nest;
  const inputs = [...(prologue?.inputs ?? []), ...built.nest.inputs];
  const cores = coresFor(machine);
  const all: readonly Stream[] = [...inputs, ...(epilogue?.inputs ?? []), output];
  const streams = all.map((s): StreamBuffer => {
    const level = levelOf(loops, s);
    return {
      name: s.name,
      space: s.space,
      buffers: buffersOf(loops, s),
      bytes: bufferBytes(s),
      transfers: turnsOfAll(loops, level) / (s === output ? 1 : togetherOf(loops, s, level, cores).cores),
    };
  });
  const { a: type } = typesOfContraction(k);
  const tn = filtersOf(machine.matrix, type);
  const sums = reductionBlocks(k, t) > 1 ? Math.ceil(t.n / tn) * t.b * t.y * t.x : 0;
  return {
    form: affineForm(k, machine),
    nest: nestText(k, loops, [...inputs, ...(epilogue?.inputs ?? [])], output),
    streams,
    memories: [
      { name: 'nram', used: built.nramBytes, of: machine.nram.bytes },
      { name: 'wram', used: built.wramBytes, of: machine.wram.bytes },
      { name: 'accumulators', used: sums, of: accumulatorEntries(machine.matrix, type) },
    ],
    chosen: { ...scheduleText(k, t, machine), ...(plan?.predicted && { predicted: plan.predicted }) },
    forms: formTexts(k, t, machine),
    considered: rankTilings(k, machine)
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

function nestText(k: Contraction, loops: readonly LoopDim[], inputs: readonly Stream[], output: Stream): string[] {
  const lines: string[] = [];
  let depth = 0;
  const line = (text: string): number => lines.push(`${'  '.repeat(depth)}${text}`);
  const sizeOf = (s: Stream): string =>
    s.linear === undefined
      ? s.dims
          .map((d) => (d.loop === undefined ? d.limit : d.window === undefined ? d.loop.name : `${d.loop.name}+halo`))
          .join(' × ')
      : `${[...(s.loops ?? [])].map((l) => l.name).join(' × ')}, packed${s.linear.stream === undefined ? '' : `, ${s.linear.stream.format} stream`}`;
  const form = sparseOf(k)?.form;
  const multiplied = form !== undefined && form !== 'stream';
  const outLevel = levelOf(loops, output);
  const enter = (level: number): void => {
    for (const s of inputs) if (levelOf(loops, s) === level) line(`load ${s.name} [${sizeOf(s)}] → ${s.space}`);
    const l = loops[level];
    if (l === undefined) {
      if (k.prologue !== undefined) line('vec window → activations');
      line(multiplied ? 'mma.sparse' : 'mma');
    } else if (tilesOf(l) === 1) enter(level + 1);
    else {
      line(`for ${loopText(l)}:`);
      depth++;
      enter(level + 1);
      depth--;
    }
    if (level !== outLevel) return;
    for (const s of k.epilogue?.steps ?? []) line(`vec ${stepText(s, 'result')}`);
    line(`store ${output.name} [${sizeOf(output)}]`);
  };
  enter(0);
  return lines;
}

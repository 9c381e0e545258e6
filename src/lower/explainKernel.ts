/**
 * A kernel of the vector unit in words: what each of its tensors is read or written at, and the loop nest with the instructions of a tile,
 * buffers and traffic. The instructions are those that the kernel's body says, the same that code and time are made of. Identifiers only;
 * whoever shows it puts the sentences around.
 */
import type { LayerPrediction, Space } from '#isa';
import { coresOf, type Machine } from '#machine';
import { coresFor, togetherOf } from './cores.ts';
import type { Register } from './emitter.ts';
import { loopText, type ScheduleText, type StreamBuffer } from './explain.ts';
import {
  align,
  bufferBytes,
  buffersOf,
  holdingOf,
  isKept,
  isRagged,
  type LoopDim,
  levelOf,
  loadedIn,
  partsOf,
  type Stream,
  type StreamDim,
  TileContext,
  tilesOf,
} from './stream.ts';
import { predictVectorKernel, type VectorKernel } from './vectorNest.ts';
import type { Access, Step, StepSize } from './vectorSteps.ts';

export interface KernelText {
  /** Each tensor with its subscripts: `input[b, 2·y + 0…2 − 1, x, c]`. */
  readonly access: readonly string[];
  /** `for` of the subscripts: `y < 27`. */
  readonly domain: readonly string[];
  /** The nest, indented by two spaces a level. */
  readonly nest: readonly string[];
  readonly streams: readonly StreamBuffer[];
  /** Bytes of NRAM used, tiles between instructions among them, and there are. */
  readonly memory: { readonly name: Space; readonly used: number; readonly of: number };
  readonly chosen: ScheduleText;
  /** Tilings that were predicted, the best first; empty where tiles are cut by rule: outermost dimensions first, until they fit and overlap. */
  readonly considered: readonly ScheduleText[];
}

const scheduleText = (k: VectorKernel, predicted: LayerPrediction): ScheduleText => ({
  loops: k.loops.filter((l) => tilesOf(l) > 1).map(loopText),
  predicted,
});

/**
 * Describes a kernel as it was emitted.
 * @param predicted of the layer that was made of it: among its neighbours it may load what the next one needs
 * @param most how many of the tilings that were considered to tell
 */
export function describeKernel(
  k: VectorKernel,
  machine: Machine,
  most: number,
  predicted: LayerPrediction = predictVectorKernel(k, machine),
): KernelText {
  const all = [...k.inputs, k.output];
  const between = k.temporaries.reduce((n, t) => n + align(t.bytes), 0);
  const buffers = all.reduce((n, s) => n + (isKept(s) ? 0 : buffersOf(k.loops, s) * bufferBytes(s)), 0);
  return {
    access: all.map(
      (s) => `${s.name}[${[...(s.outer ?? []).map((o) => o.loop.name), ...s.dims.map(subscript)].join(', ')}]`,
    ),
    domain: k.loops.filter((l) => l.total > 1).map((l) => `${l.name} < ${l.total}`),
    nest: nestOf(k),
    streams: all.map((s) => bufferOf(k, s, machine)),
    memory: { name: 'nram', used: buffers + between, of: machine.nram.bytes },
    chosen: scheduleText(k, predicted),
    considered: (k.considered?.(most) ?? []).map((c) => scheduleText(c, predictVectorKernel(c, machine))),
  };
}

function subscript({ loop, limit, scale = 1, window = 1, pad = 0 }: StreamDim): string {
  if (loop === undefined) return limit === 1 ? '0' : `0…${limit - 1}`;
  const terms = [scale === 1 ? loop.name : `${scale}·${loop.name}`, ...(window > 1 ? [`0…${window - 1}`] : [])].join(
    ' + ',
  );
  return pad === 0 ? terms : `${terms} ${pad > 0 ? '−' : '+'} ${Math.abs(pad)}`;
}

function bufferOf({ loops, output }: VectorKernel, s: Stream, machine: Machine): StreamBuffer {
  const over = new Set(holdingOf(loops, s)?.over);
  const turns = loops.reduce((n, l, i) => n * (i < levelOf(loops, s) && !over.has(l) ? tilesOf(l) : partsOf(l)), 1);
  const together =
    s === output || coresOf(machine) === 1 ? 1 : togetherOf(loops, s, loadedIn(loops, s), coresFor(machine)).cores;
  return {
    ...{ name: s.name, space: s.space, bytes: bufferBytes(s) },
    buffers: isKept(s) ? 0 : buffersOf(loops, s),
    transfers: isKept(s) ? 0 : turns / together,
  };
}

function nestOf(k: VectorKernel): string[] {
  const { loops, inputs, output } = k;
  const lines: string[] = [];
  const line = (depth: number, text: string): number => lines.push(`${'  '.repeat(depth)}${text}`);
  const sizes = (s: Stream): string =>
    s.dims
      .map((d) => (d.loop === undefined ? d.limit : (d.window ?? 1) > 1 ? `${d.loop.name}+halo` : d.loop.name))
      .join(' × ');
  const outLevel = levelOf(loops, output);
  const enter = (level: number, depth: number): void => {
    for (const s of inputs) {
      if (isKept(s) || levelOf(loops, s) !== level) continue;
      const over = holdingOf(loops, s)?.over.map((l) => l.name) ?? [];
      line(
        depth,
        `load ${s.name} [${sizes(s)}] → ${s.space}${over.length === 0 ? '' : `, held from the first ${over.join(', ')}`}`,
      );
    }
    const l = loops[level];
    if (l === undefined) bodyOf(k, (text, inner) => line(depth + inner, text));
    else if (tilesOf(l) === 1) enter(level + 1, depth);
    else {
      line(depth, `for ${loopText(l)}:`);
      enter(level + 1, depth + 1);
    }
    if (level === outLevel && !isKept(output)) line(depth, `store ${output.name} [${sizes(output)}]`);
  };
  enter(0, 0);
  return lines;
}

/** The instructions of a tile. */
function bodyOf(k: VectorKernel, line: (text: string, depth: number) => void): void {
  // Stand-ins for the registers that hold indices and sizes, as where time is added up.
  const stand = new Map<LoopDim, Register>(k.loops.map((l, i) => [l, i]));
  const ragged = new Map([...stand].filter(([l]) => isRagged(l)));
  const at = new TileContext(stand, ragged, new Map());
  let depth = 0;
  const branch = (condition: string, steps: () => void): void => {
    line(condition, depth);
    depth++;
    steps();
    depth--;
  };
  k.body(at, {
    first: (l, first, others) => {
      if (tilesOf(l) === 1) return first();
      branch(`if ${l.name} = 0:`, first);
      const before = depth;
      branch('else:', others);
      depth = before;
    },
    last: (l, steps) => {
      if (tilesOf(l) === 1) return steps();
      branch(`if ${l.name} = ${tilesOf(l) - 1}:`, steps);
    },
    step: (s) => line(stepLine(s, k.loops), depth),
  });
}

/** `vec.mul input, weights → result += (y × 3 × 3 × c)`, dimensions outermost first. */
function stepLine(s: Step, loops: readonly LoopDim[]): string {
  const name = ({ tile }: Access): string => tile.name;
  const size = (v: StepSize): string => {
    if (typeof v === 'number') return String(v);
    return 'of' in v ? `${v.by}·${v.of.name} + ${v.plus}` : loops[v.register]!.name;
  };
  const second = s.b === undefined ? [] : ['scalar' in s.b ? String(s.b.scalar) : name(s.b)];
  const into = s.accumulate === undefined ? '' : s.accumulate === 'add' ? ' +=' : ` ${s.accumulate}=`;
  const dims = [...s.sizes].reverse().filter((v) => v !== 1);
  const over = dims.length === 0 ? '' : ` (${dims.map(size).join(' × ')})`;
  return `vec.${s.f} ${[name(s.a), ...second].join(', ')} → ${name(s.c)}${into}${over}`;
}

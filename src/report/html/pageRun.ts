/** From what a run leaves behind to its entry of a page, and from the object of `--json`, which holds its report alone. */
import { disassemble, type HostNode, type LayerPlan, type Program } from '#isa';
import { coresOf, type Machine, type MatrixType } from '#machine';
import type { AdviceReport } from '../advice.ts';
import { type Json, toJson } from '../json.ts';
import { blockDiagram } from '../pictures/blockDiagram.ts';
import type { MemoryRecorder } from '../pictures/memoryMap.ts';
import { type Roofs, roofsOf } from '../pictures/roofline.ts';
import type { RunReport } from '../runReport.ts';
import type { PageListing, PageLosses, PageMemory, PageReport, PageRun } from './data.ts';
import { packLifetimes } from './lifetimes.ts';
import type { SliceRecorder } from './slices.ts';

/** Entries of a page and the columns that they name. */
export interface PageParts {
  readonly run: PageRun;
  readonly parts: readonly Uint8Array[];
}

export interface PageRunFacts {
  readonly report: RunReport;
  readonly program: Program;
  readonly slices: SliceRecorder;
  /** By the name that the memory has in the page. */
  readonly memories: readonly { readonly name: string; readonly bytes: number; readonly recorder: MemoryRecorder }[];
  readonly explained: readonly {
    readonly plan: LayerPlan;
    readonly bound: PageLosses['bound'];
    readonly losses: PageLosses['losses'];
  }[];
  /** The command that makes this run again. */
  readonly command: string;
  readonly advice?: AdviceReport;
}

export function pageRun(facts: PageRunFacts): PageParts {
  const { report, program, slices, explained, command, advice } = facts;
  const parts: Uint8Array[] = [];
  const put = (bytes: Uint8Array): number => parts.push(bytes) - 1;
  const { labels, merged, tracks } = slices.packed();
  const byLayer = new Map(explained.map((e) => [e.plan.index, e]));
  const { machine } = program;
  const run: PageRun = {
    report: plainReport(report),
    command,
    machine,
    explained: program.layers.map(({ index }) => {
      const found = byLayer.get(index);
      return found === undefined ? null : { bound: found.bound, losses: found.losses };
    }),
    timeline: {
      ...{ labels, merged },
      tracks: tracks.map(({ unit, slices: n, columns }) => ({ unit, slices: n, part: put(columns) })),
    },
    memories: facts.memories.map(({ name, bytes, recorder }): PageMemory => {
      const packed = packLifetimes(recorder.lifetimes);
      return {
        ...{ name, bytes, buffers: packed.buffers, merged: packed.merged, dropped: recorder.dropped },
        part: put(packed.columns),
      };
    }),
    listing: listingOf(program),
    diagram: { en: blockDiagram(machine, 'en'), zh: blockDiagram(machine, 'zh') },
    roofs: roofsOfCores(machine, program.cores, typeOf(report.dtype)),
    ...(advice === undefined ? {} : { advice }),
  };
  return { run, parts };
}

/** Of the cores that run the program: DRAM is shared, everything else is theirs. */
function roofsOfCores(machine: Machine, cores = coresOf(machine), type: MatrixType): Roofs {
  const all = roofsOf(machine, type);
  const share = cores / coresOf(machine);
  const peak = all.peak * share;
  const memories = all.memories.map(({ level, bandwidth: whole }) => {
    const bandwidth = level === 'dram' ? whole : whole * share;
    return { level, bandwidth, ridge: peak / bandwidth };
  });
  return { peak, withVector: all.withVector * share, memories };
}

/** Without tensors; numbers that JSON lacks as strings. */
function plainReport({ outputs: _, ...report }: RunReport): PageReport {
  return toJson(report) as unknown as PageReport;
}

const TYPES: Readonly<Record<string, MatrixType>> = { float16: 'f16', bfloat16: 'bf16', int8: 'i8', int16: 'i16' };

/** The type whose peak is the roof: of several the first that is multiplied. */
const typeOf = (dtype: string | null): MatrixType => TYPES[(dtype ?? '').split(',')[0]!] ?? 'f32';

const INDEX = /\s+# (\d+)(.*)$/;

/** Lines of the disassembly without the comments that number them. */
function listingOf(program: Program): PageListing {
  const lines: string[] = [];
  const indices: number[] = [];
  for (const line of disassemble(program.words).trimEnd().split('\n')) {
    const found = INDEX.exec(line);
    lines.push(found === null ? line : `${line.slice(0, found.index)}${found[2] === '' ? '' : `  #${found[2]}`}`);
    indices.push(found === null ? -1 : Number(found[1]));
  }
  return { lines, indices, layers: program.layers.map(({ from, to }) => [from, to]) };
}

/** Whether an object is one that `--json` of `run`, `exec`, `sim` prints, as far as a page needs it. */
export function isReportObject(value: unknown): value is { readonly [key: string]: Json } {
  if (typeof value !== 'object' || value === null) return false;
  const v = value as Record<string, unknown>;
  return (
    typeof v.model === 'string' &&
    typeof v.machine === 'string' &&
    typeof v.cycles === 'number' &&
    typeof v.seconds === 'number' &&
    [v.layers, v.units, v.inputs, v.notices].every((list) => Array.isArray(list)) &&
    [v.bytes, v.bound, v.instructions, v.host, v.control].every((o) => typeof o === 'object' && o !== null)
  );
}

/** The report of such an object: its texts are in one language, and stand for both. */
export function reportOfJson(object: { readonly [key: string]: Json }): PageReport {
  const both = (text: unknown): { en: string; zh: string } => ({ en: String(text), zh: String(text) });
  const told = (nodes: unknown): readonly HostNode[] =>
    (nodes as (HostNode & { reason: unknown; estimate: unknown })[]).map(({ estimate, ...node }) => ({
      ...{ ...node, reason: both(node.reason) },
      ...(estimate === null ? {} : { estimate: both(estimate) }),
    }));
  const { outputs: _, ...rest } = object;
  const report = rest as unknown as PageReport;
  const notices = object.notices as unknown as { code: string; message: string }[];
  return {
    ...report,
    layers: report.layers.map((layer) => ({ ...layer, onHost: told(layer.onHost) })),
    host: { ...report.host, nodes: told(report.host.nodes) },
    notices: notices.map(({ code, message }) => ({ code, ...both(message) })),
  };
}

/**
 * What exercises 7.7 to 7.12 have in common: schedules of a fully connected layer Y = X·W are run for their time alone, shown side by side with
 * the bound, drawn, and held against what was worked out for them; and the same layer as our compiler schedules it.
 */
import { Random, SystoleError } from 'systole/base';
import { type Check, type LayerWork, layerBound, type Output, type ProductShape, type Words } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { compileModel, executeProgram } from 'systole/flow';
import { type Model, tensorOf, tensorType } from 'systole/ir';
import { assembleProgram, memoryUses } from 'systole/isa';
import type { Machine } from 'systole/machine';
import { inferTypes } from 'systole/ops';
import { TimelineRecorder, timeline } from 'systole/report';
import { createSimulation, type Observer, type SimulationResult } from 'systole/sim';

export interface Schedule {
  readonly name: Words;
  readonly text: string;
  /** Where it is not that of the others. */
  readonly machine?: Machine;
}

/** What the assembler says against a program; undefined where it fits. */
export function refusal(text: string, machine: Machine): SystoleError | undefined {
  try {
    assembleProgram(text, { file: 'schedule.s', machine });
    return undefined;
  } catch (error) {
    if (error instanceof SystoleError) return error;
    throw error;
  }
}

/** Runs a program for its time alone. Races are looked for where it says where its operands lie. */
export function run(text: string, machine: Machine, observer?: Observer): SimulationResult {
  const program = assembleProgram(text, { file: 'schedule.s', machine });
  const state = createSimulation(program, { data: false, ...(observer === undefined ? {} : { observer }) }).run();
  if (state.state !== 'done') throw new Error(state.state);
  return state.result;
}

export interface Time {
  readonly cycles: number;
  /** On the DRAM channel. */
  readonly bytes: number;
  /** Cycles that the DRAM channel and the matrix unit are busy. */
  readonly busy: readonly [dram: number, matrix: number];
}

export function timeOf(text: string, machine: Machine): Time {
  const { cycles, total, units } = run(text, machine);
  const busy = (name: string): number => units.find((u) => u.name === name)!.busy;
  return { cycles, bytes: total.readBytes + total.writeBytes, busy: [busy('dma'), busy('matrix')] };
}

export const cyclesOf = (text: string, machine: Machine): number => timeOf(text, machine).cycles;

/** Bytes that a program with places uses of the memories of the chip. */
export function placesOf(text: string, machine: Machine): Readonly<Record<string, number>> {
  const program = assembleProgram(text, { file: 'placed.s', machine });
  return Object.fromEntries(
    memoryUses(program).flatMap((m) => (m.judged && m.memory !== 'dram' ? [[m.memory, m.usedBytes!]] : [])),
  );
}

/** The least cycles of a layer: compute, bandwidth, and the larger. */
export function boundOf(work: LayerWork, machine: Machine) {
  const { compute, bandwidth } = layerBound(work, machine);
  return { compute, bandwidth, cycles: Math.max(compute, bandwidth) };
}

const percent = (part: number): string => `${(100 * part).toFixed(2)} %`;

/** A line for each schedule, the bound last; with the compiler's, where `compiled` is given. */
export function showSchedules(
  out: Output,
  schedules: readonly Schedule[],
  { machine, work, compiled }: { readonly machine: Machine; readonly work: LayerWork; readonly compiled?: number },
): void {
  const bound = boundOf(work, machine);
  const word = (words: Words): string => words[out.language];
  const rows: (readonly (string | number)[])[] = [];
  for (const { name, text, machine: own = machine } of schedules) {
    const no = refusal(text, own);
    if (no === undefined) {
      const { cycles, bytes, busy } = timeOf(text, own);
      rows.push([word(name), cycles, bytes, ...busy, percent(busy[1] / cycles), percent(bound.cycles / cycles)]);
    } else {
      const line = { en: `${name.en} does not fit`, zh: `${name.zh}放不下` };
      out.print({ en: `${line.en} (${no.code}): ${no.text('en')}`, zh: `${line.zh}（${no.code}）：${no.text('zh')}` });
    }
  }
  if (compiled !== undefined) {
    const name = word({ en: 'systole compile', zh: 'systole compile（编译器）' });
    rows.push([name, compiled, '', '', '', percent(bound.compute / compiled), percent(bound.cycles / compiled)]);
  }
  const least = work.x + work.w + work.y;
  rows.push([
    word({ en: 'bound', zh: '下界' }),
    bound.cycles,
    least,
    bound.bandwidth,
    bound.compute,
    percent(bound.compute / bound.cycles),
    '100.00 %',
  ]);
  out.table(
    [
      { en: 'schedule', zh: '调度' },
      { en: 'cycles', zh: '周期' },
      { en: 'DRAM bytes', zh: 'DRAM 字节' },
      { en: 'DRAM busy', zh: 'DRAM 忙' },
      { en: 'matrix busy', zh: '矩阵单元忙' },
      { en: 'utilisation', zh: '利用率' },
      { en: 'of the bound', zh: '达到下界的' },
    ],
    rows,
  );
}

/** Who does what when, in the first `to` cycles. */
export function showTimeline(
  out: Output,
  { name, text }: Schedule,
  { machine, file, to }: { readonly machine: Machine; readonly file: string; readonly to?: number },
): void {
  if (refusal(text, machine) !== undefined) return;
  const recorder = new TimelineRecorder(20_000);
  const { cycles } = run(text, machine, recorder.observer);
  const end = Math.min(to ?? cycles, cycles);
  const title: Words =
    end < cycles
      ? {
          en: `${name.en}: the first ${end} of ${cycles} cycles`,
          zh: `${name.zh}：共 ${cycles} 周期，显示前 ${end} 周期`,
        }
      : { en: `${name.en}: ${cycles} cycles`, zh: `${name.zh}：${cycles} 周期` };
  const svg = timeline(recorder.spans, { title: title[out.language], to: end, end: cycles, language: out.language });
  out.picture(file, svg, {
    en: `Timeline of the units: ${title.en}. A row for each unit, blocks where it transfers or computes, and between them what it waits for.`,
    zh: `各单元的时间线：${title.zh}。每行一个单元，色块为传输或计算，其间为等待的原因。`,
  });
}

/** The layer as a graph: MatMul with constant weights that are not 0. */
function graphOf({ rows, inner, columns }: ProductShape): Model {
  const random = new Random(1);
  const w = tensorOf(
    'float32',
    [inner, columns],
    Array.from({ length: inner * columns }, () => random.uniform() + 0.5),
  );
  return inferTypes({
    irVersion: 9,
    producer: 'systole',
    opsets: new Map([['', 20]]),
    graph: {
      name: 'layer',
      inputs: [{ name: 'x', type: tensorType('float32', [rows, inner]) }],
      outputs: [{ name: 'y', type: undefined }],
      nodes: [{ name: 'product', op: 'MatMul', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: new Map() }],
      constants: new Map([['w', w]]),
      types: new Map(),
    },
    functions: [],
    metadata: new Map(),
  });
}

const compiled = new Map<string, Promise<number>>();

/**
 * Cycles that the layer takes as `systole compile` schedules it: real instructions, all addresses, semaphores instead of sync. Found once for each
 * machine: answers of a class are judged against the same.
 */
export function compiledCycles(shape: ProductShape, machine: Machine): Promise<number> {
  const key = JSON.stringify([shape, machine]);
  const known = compiled.get(key) ?? compile(shape, machine);
  compiled.set(key, known);
  return known;
}

async function compile(shape: ProductShape, machine: Machine): Promise<number> {
  const { program } = await compileModel(graphOf(shape), { machine, engine: await sharedEngine() });
  return (await executeProgram(program, { data: false })).result.cycles;
}

/** What was worked out for a schedule: its cycles, and the acceptance row that has them. */
export type Figure = readonly [name: string, text: string, cycles: number, row?: number];

/** Every schedule takes exactly its cycles, moves so many bytes and keeps the units busy so long. */
export function checkSchedules(
  check: Check,
  figures: readonly Figure[],
  machine: Machine,
  rest?: Omit<Time, 'cycles'>,
): void {
  for (const [name, text, cycles, row] of figures) {
    const time = timeOf(text, machine);
    (row === undefined ? check : check.row(row)).equal(name, time.cycles, cycles);
    if (rest !== undefined) check.equal(`${name}: bytes, busy`, [time.bytes, time.busy], [rest.bytes, rest.busy]);
  }
}

/**
 * Judges a student's program for a layer Y = X·W: it is assembled, held against the work of the layer, its order and its room, run on the
 * machine, and compared with programs of our own and with the bound. Programs of the textbook's dialect have sizes only, so what they compute is
 * judged by counting (`work.ts`, `order.ts`); one of the instruction set has data and is judged by its results (`data.ts`).
 */
import { allErrors, diagnostic, SystoleError } from '#base';
import { type AssembledFile, assembleFile, COMPUTE_TYPES, isTextbook } from '#isa';
import { type Machine, macsPerCycle } from '#machine';
import { createSimulation, type SimulationResult } from '#sim';
import { cyclesAtRate } from '#timing';
import type { Finding, Judged, Submission } from '../judge.ts';
import { refusedKind } from '../judge.ts';
import { runWithData } from './data.ts';
import type { Slip } from './numbers.ts';
import { orderFindings } from './order.ts';
import { listed, placeFindings } from './places.ts';
import { percent, speedRemarks } from './speed.ts';
import { type Statements, statementsOf } from './statements.ts';
import {
  type Compression,
  type LayerWork,
  lacks,
  layerWork,
  type ProductShape,
  repair,
  totalsOf,
  uncompressed,
} from './work.ts';

/** The layer that a program is to compute, the machine, and programs of the dialect to compare with. */
export interface ProgramTask {
  readonly shape: ProductShape;
  readonly machine: Machine;
  readonly compression?: Compression;
  /** Multiply-accumulates that another reading of the task has, and which it is. */
  readonly readings?: readonly Slip[];
  /** One step after the other. */
  readonly serial: string;
  /** The fastest that is known. */
  readonly best: string;
  /** Cycles that the compiler's own program takes. */
  readonly compiled?: number;
}

/** Least cycles for a layer: of the matrix units at their peak, and of the DRAM channel with every operand once. */
export function layerBound(
  work: LayerWork,
  machine: Machine,
): { readonly compute: number; readonly bandwidth: number } {
  return {
    compute: Math.ceil(work.macs / (macsPerCycle(machine.matrix) * work.cores)),
    bandwidth: cyclesAtRate(work.x + work.w + work.y, machine.dram.bandwidth),
  };
}

/** What a run told: the result, and when the matrix unit began first and ended last. */
interface Timed {
  readonly result: SimulationResult;
  readonly first: number;
  readonly last: number;
}

/** Statements that a submission may execute. */
const MOST_STATEMENTS = 2_000_000;

function timed({ program }: AssembledFile, hazards: boolean): Timed {
  let [first, last] = [-1, 0];
  const simulation = createSimulation(program, {
    data: false,
    hazards,
    observer: (event) => {
      if (event.type !== 'compute:end' && event.type !== 'mma:end') return;
      if (first < 0) first = event.start;
      last = Math.max(last, event.cycle);
    },
  });
  const state = simulation.run();
  if (state.state !== 'done') throw new Error(state.state);
  return { result: state.result, first, last };
}

const notForMachine = diagnostic<{ machine: string; error: SystoleError }>('SYS-COURSE-003', 'usage', {
  en: (p) =>
    `the exercise's own programs, against which answers are judged, do not run on machine '${p.machine}': ${p.error.text('en')} Leave --machine out, or name one that they run on.`,
  zh: (p) =>
    `评判答案所用的本题自带程序无法在机器“${p.machine}”上运行：${p.error.text('zh')}请去掉 --machine，或换一台能运行它们的机器。`,
});

/**
 * Cycles of a program of our own.
 * @throws SYS-COURSE-003 where it does not run on the machine: its file is none that a reader has
 */
export function cyclesOfProgram(text: string, machine: Machine): number {
  try {
    return timed(assembleFile(text, { file: 'reference.s', machine }), false).result.cycles;
  } catch (error) {
    if (!(error instanceof SystoleError) || error.kind === 'internal') throw error;
    throw notForMachine({ machine: machine.name, error });
  }
}

export async function judgeProgram(submission: Submission, task: ProgramTask): Promise<Judged> {
  if (submission.kind !== 'program') return refusedKind('program');
  const { file, text } = submission;
  if (/\.[mc]?[jt]s$/i.test(file)) return refusedModule(file);
  const { machine, shape, compression } = task;
  const layer = layerWork(shape, machine, compression);
  const bounds = layerBound(layer, machine);
  const references = {
    serial: cyclesOfProgram(task.serial, machine),
    best: cyclesOfProgram(task.best, machine),
    ...(task.compiled === undefined ? {} : { compiled: task.compiled }),
    bound: Math.max(bounds.compute, bounds.bandwidth),
  };
  let assembled: AssembledFile;
  try {
    assembled = assembleFile(text, { file, machine });
  } catch (error) {
    if (!(error instanceof SystoleError)) throw error;
    return unassembled(error, references);
  }
  const told: Told = { wrong: [], open: [], remarks: [] };
  let run: Timed | undefined;
  if (isTextbook(text)) {
    const program = statementsOf(assembled.program, assembled.lines);
    const executed = program.statements.reduce((n, s) => n + s.times, 0);
    if (executed > MOST_STATEMENTS) return endless(executed, references);
    judgeWork(told, program, layer, task);
    const places = placeFindings(assembled, program, layer, told.wrong.length === 0);
    told.wrong.push(...places.wrong);
    told.open.push(...places.open);
    run = timed(assembled, false);
    const { dramRead } = totalsOf(program, layer.cores);
    if (told.wrong.length === 0 && dramRead > layer.x + layer.w) told.remarks.push(moreTraffic(dramRead, layer));
  } else {
    const data = await runWithData(assembled, shape, compression);
    told.wrong.push(...data.wrong);
    if (data.wrong.length === 0) run = timed(assembled, true);
  }
  return judged(told, bounds, references, run);
}

const refusedModule = (file: string): Judged => ({
  verdict: 'refused',
  findings: [
    {
      kind: 'wrong-kind',
      words: {
        en: `This exercise asks for a program (.s or .asm), and '${file}' is a module: modules are answers to the recipes.`,
        zh: `本题要求提交程序（.s 或 .asm），而 '${file}' 是模块：模块是“扩展 Systole 的步骤”的答案。`,
      },
    },
  ],
  figures: {},
});

interface Told {
  readonly wrong: Finding[];
  /** What keeps it from being right without being wrong. */
  readonly open: Finding[];
  readonly remarks: Finding[];
}

type References = Readonly<Record<'serial' | 'best' | 'bound', number>> & { readonly compiled?: number };

/** Errors of the assembler. What does not fit is no slip of writing: it is what the exercise is about. */
function unassembled(error: SystoleError, references: References): Judged {
  const errors = allErrors(error);
  const isFull = (e: SystoleError): boolean => e.code === 'SYS-ASM-057' || e.code === 'SYS-ASM-062';
  const findings = errors
    .filter((e) => !isFull(e))
    .map(
      (e): Finding => ({
        kind: 'syntax',
        code: e.code,
        ...(e.place.line === undefined ? {} : { line: e.place.line }),
        ...(e.place.column === undefined ? {} : { column: e.place.column }),
        words: { en: e.text('en'), zh: e.text('zh') },
      }),
    );
  for (const [memory, list] of Map.groupBy(errors.filter(isFull), (e) => String(e.params.memory))) {
    const capacity = Number(list[0]!.params.capacity);
    const reach = Math.max(...list.map((e) => Number(e.params.to ?? e.params.bytes)));
    const at = [...new Set(list.map((e) => e.place.line!))];
    const lines = `${at.length === 1 ? 'line' : 'lines'} ${listed(at, 'and')}`;
    findings.push({
      kind: 'over-capacity',
      code: list[0]!.code,
      ...(list[0]!.place.line === undefined ? {} : { line: list[0]!.place.line }),
      ...(list[0]!.place.column === undefined ? {} : { column: list[0]!.place.column }),
      words: {
        en:
          `Too much for ${memory}: operands reach to byte ${reach} (${lines}), and it has ${capacity}, ${reach - capacity} fewer. ` +
          'Take smaller tiles, or let buffers that are free again be used again; with two buffers each tile counts twice.',
        zh:
          `${memory} 放不下：操作数到达第 ${reach} 字节（第 ${at.join('、')} 行），而容量为 ${capacity} 字节，超出 ${reach - capacity} 字节。` +
          '请减小分块，或重复使用已空闲的缓冲区；双缓冲时每个分块要算两份。',
      },
    });
  }
  return { verdict: errors.every(isFull) ? 'wrong' : 'refused', findings: onePerLine(findings), figures: references };
}

const endless = (executed: number, references: References): Judged => ({
  verdict: 'refused',
  findings: [
    {
      kind: 'too-long',
      words: {
        en: `The program executes ${executed} statements; programs of up to ${MOST_STATEMENTS} are judged. Take larger tiles.`,
        zh: `程序要执行 ${executed} 条语句，最多评判 ${MOST_STATEMENTS} 条。请增大分块。`,
      },
    },
  ],
  figures: references,
});

function judgeWork(told: Told, program: Statements, layer: LayerWork, { machine, readings = [] }: ProgramTask): void {
  const others = program.statements.flatMap((s) => (s.kind === 'compute' && s.type !== 'MAC_32' ? [s] : []));
  for (const { type, line } of others) {
    const bits = Number(type.split('_')[1]);
    const isMac = type.startsWith('MAC_');
    told.wrong.push({
      kind: 'wrong-unit',
      line,
      words: {
        en: isMac
          ? `${type} multiplies operands of ${bits} bits; those of the layer have 32, which MAC_32 multiplies.`
          : `${type} does not multiply and accumulate: a product of matrices is made of MAC_32. (${COMPUTE_TYPES.length} types there are.)`,
        zh: isMac
          ? `${type} 的操作数为 ${bits} 位；本层的操作数为 32 位，应使用 MAC_32。`
          : `${type} 不是乘加运算：矩阵乘由 MAC_32 完成。（共有 ${COMPUTE_TYPES.length} 种类型。）`,
      },
    });
  }
  // What else is wrong does not depend on the type.
  const typed: Statements = {
    ...program,
    statements: program.statements.map((s) => (s.kind === 'compute' ? { ...s, type: 'MAC_32' } : s)),
  };
  const totals = totalsOf(typed, layer.cores);
  const lacking = lacks(totals, layer);
  told.wrong.push(...lacking);
  const reading = readings.find((r) => r.value === totals.macs && r.value !== layer.macs);
  if (reading !== undefined) {
    const { en, zh } = reading.words;
    const words = { en: `So many are right where ${en}.`, zh: `这个次数对应的是：${zh}。` };
    told.wrong.push({ kind: 'other-reading', words });
  }
  const whole = uncompressed(totals, layer);
  if (whole.length > 0) told.wrong.push(loadedUncompressed(whole, layer));
  // No change of one line mends these, and room is that of other sizes.
  if (reading !== undefined || whole.length > 0) return;
  if (lacking.some((f) => f.kind === 'wrong-unit-of-size')) return;
  if (lacking.length > 0) {
    const repaired = repair(typed, layer, (p) => orderFindings(p, layer, machine).length === 0);
    if (repaired !== undefined) told.wrong.push(repaired);
    return;
  }
  told.wrong.push(...orderFindings(typed, layer, machine));
}

function loadedUncompressed(operands: readonly string[], { x, w, compression }: LayerWork): Finding {
  const sizes = { X: [x, x / compression.x], W: [w, w / compression.w] } as const;
  const of = operands.map((name) => [name, ...sizes[name as 'X']] as const);
  const [en, zh] = [listed(operands, 'and'), operands.join(' 与 ')];
  return {
    kind: 'uncompressed',
    words: {
      en: `${en} ${of.length === 1 ? 'is' : 'are'} loaded uncompressed: ${of.map(([n, part, all]) => `${n} has ${part} bytes compressed, and ${all} are loaded`).join('; ')}.`,
      zh: `${zh} 按未压缩的大小加载：${of.map(([n, part, all]) => `${n} 压缩后为 ${part} 字节，却加载了 ${all} 字节`).join('；')}。`,
    },
  };
}

const moreTraffic = (read: number, { x, w }: LayerWork): Finding => ({
  kind: 'more-traffic',
  words: {
    en: `${read} bytes are read from DRAM; X and W have ${x + w} together: ${read - x - w} bytes are loaded more than once.`,
    zh: `从 DRAM 读取 ${read} 字节，而 X 与 W 共 ${x + w} 字节：有 ${read - x - w} 字节被重复加载。`,
  },
});

/** The same may be found by counting and by addresses. */
const onePerLine = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter(
    (f, i) => f.line === undefined || findings.findIndex((g) => g.kind === f.kind && g.line === f.line) === i,
  );

/** The verdict, with the figures of the run where there was one. */
function judged(
  { wrong, open, remarks }: Told,
  bounds: ReturnType<typeof layerBound>,
  references: References,
  run: Timed | undefined,
): Judged {
  if (run === undefined) return { verdict: 'wrong', findings: wrong, figures: references };
  const { cycles, total, units } = run.result;
  const { serial, best, bound, compiled } = references;
  const busy = units.find((u) => u.name === 'matrix')!.busy;
  const counted = { cycles, ...references, macs: total.macs, dramBytes: total.readBytes + total.writeBytes };
  const figures = { ...counted, utilisation: busy / cycles, efficiency: bound / cycles };
  // Of other work than that of the layer these would say nothing.
  if (wrong.length > 0) return { verdict: 'wrong', findings: onePerLine(wrong), figures: counted };
  if (cycles < bound) {
    const finding: Finding = {
      kind: 'below-bound',
      words: {
        en: `${cycles} cycles are fewer than the bound of ${bound}, which no program can do: some of the work is missing.`,
        zh: `${cycles} 周期少于下界 ${bound}，任何程序都做不到：必有部分工作缺失。`,
      },
    };
    return { verdict: 'wrong', findings: [finding], figures: counted };
  }
  const slower: Finding[] =
    cycles > serial
      ? [
          {
            kind: 'slower-than-serial',
            words: {
              en:
                `The program computes the layer, but takes ${cycles} cycles, ${cycles - serial} more than one step after the other (${serial}). ` +
                `Look for what is loaded more than once, pieces so small that rounding to whole cycles counts, and syncs between what could go on side by side.`,
              zh:
                `程序完成了该层，但用了 ${cycles} 周期，比逐步串行（${serial}）还多 ${cycles - serial} 周期。` +
                '请检查：是否重复加载、分块是否小到取整损失明显、可并行的操作之间是否有多余的 sync。',
            },
          },
        ]
      : [];
  const [head, tail] = [run.first, cycles - run.last];
  const gaps = cycles - busy - head - tail;
  const known =
    cycles < best
      ? ['faster than the best known by hand', '快于手写的已知最好程序']
      : cycles === best
        ? ['as fast as the best known by hand', '与手写的已知最好程序一样快']
        : [
            `${cycles - best} more than the best known by hand (${best})`,
            `比手写的已知最好程序（${best}）多 ${cycles - best}`,
          ];
  const channel = units.find((u) => u.name === 'dma')?.busy ?? 0;
  const byMemory = bounds.bandwidth > bounds.compute;
  const correct: Finding = {
    kind: 'correct',
    words: {
      en:
        `It does the work of the layer in ${cycles} cycles: one step after the other takes ${serial}, ${known[0]}${compiled === undefined ? '' : `; 'systole compile' needs ${compiled}`}; the bound is ${bound}, that of ` +
        `${byMemory ? 'the DRAM channel' : 'the matrix unit'} (${percent(bound / cycles)} reached). The matrix unit works ${percent(busy / cycles)} of the ` +
        `time, transfers ${percent(channel / cycles)}. ${head} cycles pass before the first computation, ${tail} behind the last` +
        `${byMemory ? '' : `, and the matrix unit waits ${gaps} between`}.`,
      zh:
        `它用 ${cycles} 周期完成了该层：逐步串行为 ${serial}，${known[1]}${compiled === undefined ? '' : `；'systole compile' 为 ${compiled}`}；下界为 ${bound}，取决于${byMemory ? ' DRAM 通道' : '矩阵单元'}` +
        `（达到 ${percent(bound / cycles)}）。矩阵单元有 ${percent(busy / cycles)} 的时间在工作，传输为 ${percent(channel / cycles)}。` +
        `首次计算之前有 ${head} 周期，最后一次计算之后有 ${tail} 周期${byMemory ? '' : `，其间矩阵单元等待 ${gaps} 周期`}。`,
    },
  };
  const lacking = [...slower, ...open];
  const slow = slower.length > 0 ? [] : speedRemarks(cycles, references, { head, tail, gaps });
  return {
    verdict: lacking.length > 0 ? 'incomplete' : 'right',
    findings: [...lacking, ...(slower.length > 0 ? [] : [correct]), ...slow, ...remarks],
    figures,
  };
}

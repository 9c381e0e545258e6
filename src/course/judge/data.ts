/**
 * A program of the instruction set as an answer: it has inputs x and w and an output y, is run with numbers and held against X·W. Races and
 * reads of what nobody wrote stop the run.
 */
import { Random, SystoleError } from '#base';
import { type AssembledFile, byOpcode, type Program, SLOT_BYTES, type TensorSlot } from '#isa';
import { createSimulation } from '#sim';
import type { Finding } from '../judge.ts';
import type { Compression, ProductShape } from './work.ts';

/** Instructions that a submission may execute. */
const MOST_INSTRUCTIONS = 50_000_000;

const KINDS: Readonly<Record<string, string>> = { 'SYS-SIM-030': 'never-written', 'SYS-SIM-031': 'race' };

export async function runWithData(
  { program, lines }: AssembledFile,
  shape: ProductShape,
  compression: Compression | undefined,
): Promise<{ readonly wrong: readonly Finding[] }> {
  const { rows, inner, columns } = shape;
  if (compression !== undefined) {
    const words = {
      en: "Programs with compressed data are judged in the textbook's dialect here: write move, compute, loop and sync.",
      zh: '压缩数据的程序在此只评判教材写法：请使用 move、compute、loop 与 sync。',
    };
    return { wrong: [{ kind: 'wrong-kind', words }] };
  }
  const wanted = [
    ['input', 'x', [rows, inner], program.inputs],
    ['input', 'w', [inner, columns], program.inputs],
    ['output', 'y', [rows, columns], program.outputs],
  ] as const;
  const wrong = wanted.flatMap(([kind, name, dims, slots]): Finding[] => {
    const found = (slots as readonly TensorSlot[]).find((s) => s.name === name);
    const size = (d: readonly number[]): string => `f32[${d.join(', ')}]`;
    if (found?.dtype === 'float32' && size(found.dims) === size(dims)) return [];
    const has =
      found === undefined
        ? ['has none', '没有']
        : [`has ${found.dtype}[${found.dims.join(', ')}]`, `为 ${found.dtype}[${found.dims.join(', ')}]`];
    return [
      {
        kind: 'wrong-operands',
        words: {
          en: `The program is to declare '.${kind} ${name}, ADDRESS, ${size(dims)}'; it ${has[0]}.`,
          zh: `程序应声明 '.${kind} ${name}, 地址, ${size(dims)}'；现在${has[1]}。`,
        },
      },
    ];
  });
  if (wrong.length > 0) return { wrong };
  const random = new Random(7);
  // Their products add up exactly in any order.
  const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.integer(-3, 3));
  const [x, w] = [numbers(rows * inner), numbers(inner * columns)];
  const simulation = createSimulation(program, { data: true, maxInstructions: MOST_INSTRUCTIONS });
  try {
    simulation.writeInput('x', new Uint8Array(x.buffer));
    simulation.writeInput('w', new Uint8Array(w.buffer));
    simulation.run();
  } catch (error) {
    if (!(error instanceof SystoleError)) throw error;
    return { wrong: [faultOf(error, program, lines)] };
  }
  const y = new Float32Array(simulation.readOutput('y').slice().buffer, 0, (rows * columns * SLOT_BYTES.float32) / 4);
  let [off, at, right] = [0, -1, 0];
  for (let r = 0; r < rows; r++) {
    const row = new Float64Array(columns);
    for (let k = 0; k < inner; k++) {
      const a = x[r * inner + k]!;
      for (let c = 0; c < columns; c++) row[c]! += a * w[k * columns + c]!;
    }
    for (let c = 0; c < columns; c++) {
      if (row[c] === y[r * columns + c]) continue;
      off++;
      if (at < 0) [at, right] = [r * columns + c, row[c]!];
    }
  }
  if (off === 0) return { wrong: [] };
  const [row, column] = [Math.floor(at / columns), at % columns];
  return {
    wrong: [
      {
        kind: 'wrong-results',
        words: {
          en: `${off} of ${rows * columns} results are not those of X·W, the first in row ${row}, column ${column} (from 0): found ${y[at]}, expected ${right}.`,
          zh: `${rows * columns} 个结果中有 ${off} 个与 X·W 不符，第一个在第 ${row} 行第 ${column} 列（从 0 起）：得到 ${y[at]}，应为 ${right}。`,
        },
      },
    ],
  };
}

function faultOf(error: SystoleError, program: Program, lines: Int32Array): Finding {
  const { instruction } = error.place;
  const line = instruction === undefined ? undefined : lines[instruction];
  const at = { code: error.code, ...(line === undefined ? {} : { line }) };
  const { params } = error;
  const other = lines[Number(/\d+/.exec(String(params.other))?.[0] ?? Number.NaN)];
  if (error.code !== 'SYS-SIM-031' || line === undefined || other === undefined)
    return { kind: KINDS[error.code] ?? 'fault', ...at, words: { en: error.text('en'), zh: error.text('zh') } };
  const [unit, otherUnit] = [String(params.unit), String(params.otherUnit)];
  const verbs = { read: ['reads', '读'], write: ['writes', '写'] } as const;
  const [does, did] = [verbs[params.access as 'read'], verbs[params.otherAccess as 'read']];
  const place = `${params.memory}[${params.address}]`;
  const usesSync = Array.from(program.words).some((word) => byOpcode.get(Number(word >> 56n))?.mnemonic === 'sync');
  const sync = ['put a sync between them', '在两者之间加 sync'] as const;
  const semaphore = [
    `let ${otherUnit} signal a semaphore behind line ${other} and ${unit} wait for it before line ${line}`,
    `让 ${otherUnit} 在第 ${other} 行之后 signal 一个信号量，${unit} 在第 ${line} 行之前 wait 它`,
  ] as const;
  const [first, second] = usesSync ? [sync, semaphore] : [semaphore, sync];
  return {
    kind: 'race',
    ...at,
    words: {
      en:
        `Race on ${place}: line ${line} (${unit}) ${does[0]} it, line ${other} (${otherUnit}) ${did[0]} it, and nothing orders the two: the result depends on ` +
        `timing. ${first[0][0]!.toUpperCase()}${first[0].slice(1)}, or ${second[0]}, or use separate buffers.`,
      zh:
        `${place} 上有竞争：第 ${line} 行（${unit}）${does[1]}该处，第 ${other} 行（${otherUnit}）${did[1]}该处，两者之间没有定序，结果取决于时序。` +
        `请${first[1]}，或${second[1]}，或使用不同的缓冲区。`,
    },
  };
}

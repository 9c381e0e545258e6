/**
 * Where a program in the textbook's dialect says that its operands lie: sizes that are not those of a product, races and reads of what nobody wrote (the
 * simulator's own detector), what is overwritten or stored before its time (`contents.ts`); and what lacks addresses, so that it cannot be judged.
 */
import { SystoleError } from '#base';
import { type AssembledFile, LINEAR_NAMES, LINEAR_SPACES, type LinearSpace, memoryUses } from '#isa';
import { createSimulation } from '#sim';
import type { Finding } from '../judge.ts';
import { contentFinding } from './contents.ts';
import type { Compute, Move, Statements } from './statements.ts';
import type { LayerWork } from './work.ts';

/**
 * @param isWhole whether the program does the layer's work and in an order in which it can be done: only then is followed what lies where
 * @returns what is wrong, and what keeps the program from being judged
 */
export function placeFindings(
  assembled: AssembledFile,
  program: Statements,
  layer: LayerWork,
  isWhole: boolean,
): Readonly<Record<'wrong' | 'open', readonly Finding[]>> {
  const { machine } = assembled.program;
  const uses = memoryUses(assembled.program).filter((m) => m.memory !== 'dram');
  const bare = withoutPlaces(program);
  const open = bare.length === 0 ? [] : [noAddresses(bare, program, layer, machine)];
  if (uses.every((m) => !m.judged)) return { wrong: [], open };
  const wrong: Finding[] = layer.compression.macs === 1 ? [...operandsOf(program, layer)] : [];
  try {
    createSimulation(assembled.program, { data: false, hazards: true }).run();
  } catch (error) {
    if (!(error instanceof SystoleError)) throw error;
    wrong.push(hazardOf(error, assembled, program));
  }
  const scratch = bare.every(({ memories }) => memories.every((m) => m === 'shared'));
  if (isWhole && wrong.length === 0 && scratch) {
    const found = contentFinding(program, layer);
    if (found !== undefined) wrong.push(found);
  }
  return { wrong, open };
}

/** A statement, and its memories of which it does not say where the operand lies. */
interface Bare {
  readonly statement: Move | Compute;
  readonly memories: readonly LinearSpace[];
}

function withoutPlaces({ statements, operands }: Statements): readonly Bare[] {
  return statements.flatMap((statement): Bare[] => {
    if (statement.kind === 'sync') return [];
    const own = operands.filter((o) => o.instruction === statement.instruction);
    const has = (memory: LinearSpace, mode: 'read' | 'write'): boolean =>
      own.some((o) => o.memory === memory && o.mode === mode);
    const memories: readonly LinearSpace[] =
      statement.kind === 'move'
        ? [
            ...(statement.from === 'dram' || has(statement.from, 'read') ? [] : [statement.from]),
            ...(statement.to === 'dram' || has(statement.to, 'write') ? [] : [statement.to]),
          ]
        : [
            ...(has('nram', 'read') && has('nram', 'write') ? [] : (['nram'] as const)),
            ...(has('wram', 'read') ? [] : (['wram'] as const)),
          ];
    return memories.length === 0 ? [] : [{ statement, memories }];
  });
}

/** Names the lines where some have addresses; else says how they are written, in sizes of the layer. */
function noAddresses(
  bare: readonly Bare[],
  { operands }: Statements,
  layer: LayerWork,
  machine: AssembledFile['program']['machine'],
): Finding {
  const lacking = new Set(bare.flatMap(({ memories }) => memories));
  const names = LINEAR_SPACES.filter((m) => lacking.has(m)).map((m) => LINEAR_NAMES[m]);
  const some = operands.some((o) => o.memory !== 'dram');
  const at = [...new Set(bare.map(({ statement }) => statement.line))];
  const example = exampleOf(layer, machine);
  const [wrote, wroteZh] = some
    ? [
        `${at.length === 1 ? `Line ${at[0]} does` : `Lines ${listed(at, 'and')} do`} not say where ${at.length === 1 ? 'its' : 'their'} operands lie in ${listed(names, 'and')}`,
        `第 ${at.join('、')} 行没有说明操作数在 ${names.join('、')} 中的位置`,
      ]
    : [
        `The program does not say where its operands lie in ${listed(names, 'and')}`,
        `程序没有说明操作数在 ${names.join('、')} 中的位置`,
      ];
  return {
    kind: 'no-addresses',
    ...(some ? { line: at[0]! } : {}),
    words: {
      en:
        `${wrote}, so whether they fit together, and whether a buffer is overwritten while it is used, cannot be judged. ` +
        `Write addresses behind the memories, two in turn for two buffers: ${example.moves.map((m) => `'${m}'`).join(', ')}; ` +
        `behind compute what it reads, and what it writes behind 'to': '${example.compute}'.`,
      zh:
        `${wroteZh}，因此无法评判它们能否同时放下，也无法评判缓冲区是否在使用中被覆盖。` +
        `请在存储器名后写出地址，双缓冲写两个轮流使用的地址：${example.moves.map((m) => `'${m}'`).join('，')}；` +
        `compute 之后写出读取的操作数，'to' 之后写出写入的操作数：'${example.compute}'。`,
    },
  };
}

/** Statements with addresses for a tile of the layer, of which two fit. */
function exampleOf({ shape, compression, cores }: LayerWork, machine: AssembledFile['program']['machine']) {
  const rows = Math.min(shape.rows, 32);
  const own = shape.columns / cores;
  let columns = own;
  const weights = (): number => 4 * shape.inner * columns * compression.w;
  while (2 * weights() > machine.wram.bytes && columns % 2 === 0) columns /= 2;
  const byRows = rows < shape.rows;
  if (!byRows && columns === own && columns % 2 === 0) columns /= 2;
  const byColumns = !byRows && columns < own;
  const [x, w, y] = [4 * rows * shape.inner * compression.x, weights(), 4 * rows * columns];
  const [xAt, wAt] = [byRows ? `0, ${x}` : '0', byColumns ? `0, ${w}` : '0'];
  const end = byRows ? 2 * x : x;
  const yAt = byRows || byColumns ? `${end}, ${end + y}` : `${end}`;
  const macs = rows * shape.inner * columns * compression.macs;
  return {
    moves: [
      ...(machine.cluster === undefined
        ? [`move DRAM NRAM[${xAt}] ${x}`]
        : [`move DRAM SHARED[${xAt}] ${x}`, `move SHARED[${xAt}] NRAM[${xAt}] ${x} mc`]),
      ...(byColumns ? [`move DRAM WRAM[${wAt}] ${w}`] : []),
    ],
    compute: `compute MAC_32 ${macs} NRAM[${xAt}] ${x} WRAM[${wAt}] ${w} to NRAM[${yAt}] ${y}`,
  };
}

/**
 * Computations whose operands are not those of so many multiply-accumulates: a product of r × k by k × c has x = 4rk, w = 4kc and y = 4rc bytes,
 * so that (rkc)² = (x ÷ 4)(w ÷ 4)(y ÷ 4). Of several that are read in NRAM one may be the sums that are added to.
 */
function operandsOf({ statements, operands }: Statements, { compression }: LayerWork): readonly Finding[] {
  return statements.flatMap((s): Finding[] => {
    if (s.kind !== 'compute') return [];
    const of = (memory: LinearSpace, mode: 'read' | 'write'): readonly number[] =>
      operands.flatMap((o) =>
        o.instruction === s.instruction && o.memory === memory && o.mode === mode ? [o.bytes] : [],
      );
    const sum = (list: readonly number[]): number => list.reduce((n, bytes) => n + bytes, 0);
    const [reads, w, y] = [of('nram', 'read'), sum(of('wram', 'read')), sum(of('nram', 'write'))];
    const x = sum(reads);
    if (x === 0 || w === 0 || y === 0) return [];
    const macs = (of: number): number => Math.sqrt(((of / 4 / compression.x) * (w / 4 / compression.w) * y) / 4);
    const fits = (of: number): boolean => Math.abs(macs(of) - s.count) <= 1e-9 * s.count;
    if (fits(x) || (reads.length > 1 && reads.includes(y) && fits(x - y))) return [];
    const made = Number(macs(x).toFixed(1));
    return [
      {
        kind: 'wrong-operands',
        line: s.line,
        words: {
          en:
            `A product of ${x} bytes of X and ${w} of W with ${y} bytes of results has ${made} multiply-accumulates, and line ${s.line} ` +
            `counts ${s.count}: one of the sizes is wrong.`,
          zh:
            `由 X 的 ${x} 字节与 W 的 ${w} 字节得到 ${y} 字节结果的乘积需要 ${made} 次乘加，而第 ${s.line} 行写的是 ${s.count} 次：` +
            '其中有一个大小不对。',
        },
      },
    ];
  });
}

function hazardOf(error: SystoleError, { lines }: AssembledFile, { statements, operands }: Statements): Finding {
  const instruction = error.place.instruction ?? 0;
  const line = lines[instruction]!;
  const memory = String(error.params.memory);
  const address = Number(error.params.address);
  const space = (Object.keys(LINEAR_NAMES) as LinearSpace[]).find((s) => LINEAR_NAMES[s] === memory);
  const words = { en: error.text('en'), zh: error.text('zh') };
  const finding = { line, code: error.code };
  if (error.code === 'SYS-SIM-030') {
    const writers = operands.filter(
      (o) => o.memory === space && o.mode === 'write' && o.addresses.some((a) => a <= address && address < a + o.bytes),
    );
    const own = statements.find((s) => s.instruction === instruction);
    const what = own?.kind === 'compute' ? ['computes with', '计算所用的'] : ['moves', '传输的'];
    if (writers.length === 0) {
      return {
        ...finding,
        kind: 'never-written',
        words: {
          en: `Line ${line} ${what[0]} ${memory}[${address}], which no statement writes: the address, the step or the size of an operand is wrong.`,
          zh: `第 ${line} 行${what[1]} ${memory}[${address}] 没有任何语句写入：某个操作数的地址、步长或大小有误。`,
        },
      };
    }
    const by = [...new Set(writers.map((o) => lines[o.instruction]!))];
    return {
      ...finding,
      kind: 'missing-sync',
      words: {
        en:
          `Line ${line} ${what[0]} ${memory}[${address}] before line ${listed(by, 'or')} has written it: units go their own way until a sync. ` +
          'Put a sync between writing and reading.',
        zh: `第 ${line} 行${what[1]} ${memory}[${address}] 尚未由第 ${by.join('、')} 行写入：在 sync 之前各单元互不等待。请在写与读之间加 sync。`,
      },
    };
  }
  const other = Number(/\d+/.exec(String(error.params.other))?.[0] ?? instruction);
  const [mine, theirs] = [error.params.access, error.params.otherAccess];
  if (error.code !== 'SYS-SIM-031') return { ...finding, kind: 'fault', words };
  const verbs = { read: ['reads', '读'], write: ['writes', '写'] } as const;
  const otherLine = lines[other]!;
  return {
    ...finding,
    kind: 'race',
    words: {
      en:
        `Race on ${memory}[${address}]: line ${line} ${verbs[mine as 'read'][0]} it while line ${otherLine} ${verbs[theirs as 'read'][0]} it, and no sync ` +
        'orders the two; the result depends on timing. Use the other buffer, in the order in which the tiles take turns, or put a sync between them.',
      zh:
        `${memory}[${address}] 上有竞争：第 ${line} 行${verbs[mine as 'read'][1]}该处的同时，第 ${otherLine} 行也在${verbs[theirs as 'read'][1]}该处，两者之间没有 sync，` +
        '结果取决于时序。请按分块轮换的次序使用另一个缓冲区，或在两者之间加 sync。',
    },
  };
}

/** One, two and three. */
export const listed = (names: readonly (string | number)[], and: string): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${and} ${names.at(-1)}`;

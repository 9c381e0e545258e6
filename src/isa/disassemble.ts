/**
 * The disassembler: words to text that assembles to the same words. Loops that nest properly are written with `endloop`,
 * branch targets inside the program as labels, anything that does not decode (or loops as no program may) as `.word`.
 */
import { SystoleError } from '#base';
import { quoted } from './assembler/tokens.ts';
import type { Instruction } from './define.ts';
import { decode, hexWord } from './encode.ts';
import { LOOP_DEPTH } from './fields.ts';
import { byMnemonic } from './registry.ts';
import { isLoop, printInstruction } from './syntax.ts';

export interface DisassembleOptions {
  /** Layer or graph node that begins at an instruction, by its index; undefined: from here on none. */
  readonly nodes?: ReadonlyMap<number, string | undefined>;
  /** Each line ends in a comment with the instruction's index. */
  readonly addresses?: boolean;
}

/** Where the index comments stand. */
const COMMENT_COLUMN = 64;

export function disassemble(words: BigUint64Array, options: DisassembleOptions = {}): string {
  const { nodes, addresses = true } = options;
  const decoded = Array.from(words, (word, i) => decodeOr(word, i));
  const loopEnds = properLoops(decoded);
  const labels = labelsOf(decoded);
  const closing = new Map<number, number>();
  for (const end of loopEnds.values()) closing.set(end, (closing.get(end) ?? 0) + 1);

  const lines: string[] = [];
  let depth = 0;
  const put = (text: string, comment = ''): void => {
    const line = `${'  '.repeat(depth + 1)}${text}`;
    lines.push(comment === '' ? line : `${line.padEnd(COMMENT_COLUMN - 1)} # ${comment}`);
  };
  for (let i = 0; i <= words.length; i++) {
    for (let n = closing.get(i) ?? 0; n > 0; n--) {
      depth--;
      put('endloop');
    }
    if (nodes?.has(i) && i < words.length) {
      const node = nodes.get(i);
      lines.push(node === undefined ? '.node' : `.node ${quoted(node)}`);
    }
    const label = labels.get(i);
    if (label !== undefined) lines.push(`${label}:`);
    if (i === words.length) break;
    const at = addresses ? String(i) : '';
    const instruction = decoded[i]!;
    if (instruction instanceof SystoleError) {
      put(`.word ${hexWord(words[i]!)}`, `${at} ${instruction.code}`.trim());
    } else if (isLoop(byMnemonic.get(instruction.mnemonic)!)) {
      if (loopEnds.has(i)) {
        put(printInstruction(instruction, ''), at);
        depth++;
      } else put(`.word ${hexWord(words[i]!)}`, `${at} ${printInstruction(instruction)}`.trim());
    } else {
      const target = instruction.fields.target;
      const text = printInstruction(instruction, target === undefined ? undefined : labels.get(i + target));
      put(text, `${at}${floatComment(instruction)}`.trim());
    }
  }
  return `${lines.join('\n')}\n`;
}

/** One word as assembly: branches to a place relative to it (`.+3`), what does not decode as `.word`. */
export function instructionText(word: bigint, index: number): string {
  const instruction = decodeOr(word, index);
  return instruction instanceof SystoleError ? `.word ${hexWord(word)}` : printInstruction(instruction);
}

function decodeOr(word: bigint, index: number): Instruction | SystoleError {
  try {
    return decode(word, index);
  } catch (error) {
    if (error instanceof SystoleError) return error;
    throw error;
  }
}

/** End of the body of every loop that lies within the program and within the loops around it. */
function properLoops(decoded: readonly (Instruction | SystoleError)[]): Map<number, number> {
  const ends = new Map<number, number>();
  const around: number[] = [];
  for (const [i, instruction] of decoded.entries()) {
    while (around.length > 0 && around.at(-1)! <= i) around.pop();
    if (instruction instanceof SystoleError || !isLoop(byMnemonic.get(instruction.mnemonic)!)) continue;
    const end = i + instruction.fields.target!;
    if (end > (around.at(-1) ?? decoded.length) || around.length === LOOP_DEPTH) continue;
    ends.set(i, end);
    around.push(end);
  }
  return ends;
}

/** `L0`, `L1`, … for every branch target inside the program (its end included), in order of place. */
function labelsOf(decoded: readonly (Instruction | SystoleError)[]): Map<number, string> {
  const places = new Set<number>();
  for (const [i, instruction] of decoded.entries()) {
    if (instruction instanceof SystoleError || isLoop(byMnemonic.get(instruction.mnemonic)!)) continue;
    const target = instruction.fields.target;
    if (target !== undefined && i + target >= 0 && i + target <= decoded.length) places.add(i + target);
  }
  return new Map([...places].sort((a, b) => a - b).map((place, n) => [place, `L${n}`]));
}

const word = new Int32Array(1);
const float = new Float32Array(word.buffer);

/** What a large constant is as a float, where that reads like one. */
function floatComment(instruction: Instruction): string {
  if (instruction.mnemonic !== 'li') return '';
  word[0] = instruction.fields.imm!;
  const value = float[0]!;
  const magnitude = Math.abs(value);
  if (Math.abs(word[0]!) < 2 ** 20 || !(magnitude >= 1e-6 && magnitude <= 1e9)) return '';
  return `  ${Number(value.toPrecision(9))}f`;
}

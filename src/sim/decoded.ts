/**
 * The program decoded once: one object of one shape for each instruction, fields an instruction lacks at 0, so that the
 * interpreter's accesses stay monomorphic. Field names are those of the definitions in `isa/instructions`.
 */
import { diagnostic } from '#base';
import { byMnemonic, decode, instructions, type Program } from '#isa';
import { type ControlPath, controlCost, controlPath } from '#timing';

/** Every field of every definition, each once: a new instruction's are there without being listed. */
const BLANK = Object.fromEntries(instructions.flatMap(({ fields }) => fields.map(({ name }) => [name, 0] as const)));

/** Those that interpreter and dispatch ask for: the compiler refuses any other. */
type Asked =
  | 'rd'
  | 'ra'
  | 'rb'
  | 'rc'
  | 'imm'
  | 'target'
  | 'count'
  | 'record'
  | 'dim'
  | 'size'
  | 'stride'
  | 'part'
  | 'queue'
  | 'semaphore'
  | 'space'
  | 'type'
  | 'src'
  | 'dst'
  | 'pixels'
  | 'reduction'
  | 'output'
  | 'acc'
  | 'bias'
  | 'clear'
  | 'drain'
  | 'useBias'
  | 'act'
  | 'result'
  | 'za'
  | 'zw'
  | 'zc'
  | 'weights'
  | 'function'
  | 'a'
  | 'b'
  | 'c'
  | 'bMode'
  | 'accumulate'
  | 'init'
  | 'result'
  | 'saturate'
  | 'from'
  | 'to'
  | 'bytes'
  | 'multicast'
  | 'scope'
  | 'number'
  | 'format'
  | 'tile';

export type Decoded = Readonly<Record<Asked, number>> & {
  readonly mnemonic: string;
  /** Its way through the control unit's state machine. */
  readonly path: ControlPath;
};

const tooLong = diagnostic<{ words: number; capacity: number; machine: string }>('SYS-SIM-003', 'unsupported', {
  en: (p) =>
    `the program has ${p.words} instruction words, the instruction memory of '${p.machine}' holds ${p.capacity}: ` +
    'split the program, or raise control.instructionWords in the machine file.',
  zh: (p) =>
    `程序有 ${p.words} 个指令字，而机器“${p.machine}”的指令存储器只能容纳 ${p.capacity} 个：` +
    '请拆分程序，或在机器文件中增大 control.instructionWords。',
});
const dramTooLarge = diagnostic<{ bytes: number; capacity: number; machine: string }>('SYS-SIM-004', 'unsupported', {
  en: (p) =>
    `the program needs ${p.bytes} bytes of DRAM, '${p.machine}' has ${p.capacity}: ` +
    'use a smaller batch, or raise dram.bytes in the machine file.',
  zh: (p) =>
    `程序需要 ${p.bytes} 字节 DRAM，机器“${p.machine}”只有 ${p.capacity} 字节：请减小批量，或在机器文件中增大 dram.bytes。`,
});

/**
 * Decodes all words.
 * @throws SYS-ISA-001…003 invalid word, SYS-SIM-003 program too long, SYS-SIM-004 DRAM too small
 */
export function decodeProgram({ words, machine, dramBytes }: Program): Decoded[] {
  const capacity = machine.control.instructionWords;
  if (words.length > capacity) throw tooLong({ words: words.length, capacity, machine: machine.name });
  if (dramBytes > machine.dram.bytes) {
    throw dramTooLarge({ bytes: dramBytes, capacity: machine.dram.bytes, machine: machine.name });
  }
  const cost = controlCost(machine);
  const paths = new Map([...byMnemonic].map(([mnemonic, definition]) => [mnemonic, controlPath(definition, cost)]));
  return Array.from(words, (word, i) => {
    const { mnemonic, fields } = decode(word, i);
    return { ...BLANK, ...fields, mnemonic, path: paths.get(mnemonic)! } as Decoded;
  });
}

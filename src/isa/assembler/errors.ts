/** What can be wrong with an assembly file. Each text says what was found, what was expected, and the repair. */
import { diagnostic, type Place, type SystoleError } from '#base';

const didYouMean = (nearest: string | undefined): string =>
  nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
const didYouMeanZh = (nearest: string | undefined): string => (nearest === undefined ? '' : `是否指 '${nearest}'？`);

interface Named {
  readonly name: string;
  readonly nearest: string | undefined;
}

export const strayCharacter = diagnostic<{ readonly found: string }>('SYS-ASM-001', 'invalid', {
  en: (p) => `'${p.found}' means nothing here. Comments start with '#', '//' or ';', text stands in double quotes.`,
  zh: (p) => `此处的 '${p.found}' 没有意义。注释以 '#'、'//' 或 ';' 开头，文本写在双引号中。`,
});

export const openString = diagnostic<object>('SYS-ASM-002', 'invalid', {
  en: () => 'the text in double quotes does not end on this line. Add the closing quote.',
  zh: () => '双引号中的文本没有在本行结束。请补上右引号。',
});

export const unknownMnemonic = diagnostic<Named>('SYS-ASM-003', 'invalid', {
  en: (p) => `there is no instruction '${p.name}'.${didYouMean(p.nearest)} The instruction page lists all mnemonics.`,
  zh: (p) => `没有指令 '${p.name}'。${didYouMeanZh(p.nearest)}指令手册列出了所有助记符。`,
});

export const operandCount = diagnostic<{
  readonly mnemonic: string;
  readonly found: number;
  readonly expected: number;
  readonly signature: string;
}>('SYS-ASM-004', 'invalid', {
  en: (p) =>
    `'${p.mnemonic}' takes ${p.expected} operand${p.expected === 1 ? '' : 's'}, found ${p.found}. Write: ${p.signature}`,
  zh: (p) => `'${p.mnemonic}' 需要 ${p.expected} 个操作数，实际为 ${p.found} 个。写法：${p.signature}`,
});

export const operandKind = diagnostic<{ readonly found: string; readonly en: string; readonly zh: string }>(
  'SYS-ASM-005',
  'invalid',
  {
    en: (p) => `found '${p.found}', expected ${p.en}.`,
    zh: (p) => `此处为 '${p.found}'，应为${p.zh}。`,
  },
);

export const badRegister = diagnostic<{ readonly found: string; readonly range: string }>('SYS-ASM-006', 'invalid', {
  en: (p) => `there is no '${p.found}': expected one of ${p.range} (scalar registers r0…r63, records R0…R31).`,
  zh: (p) => `没有 '${p.found}'：应为 ${p.range} 之一（标量寄存器 r0…r63，记录 R0…R31）。`,
});

export const outOfRange = diagnostic<{ readonly value: string; readonly min: string; readonly max: string }>(
  'SYS-ASM-007',
  'invalid',
  {
    en: (p) => `${p.value} does not fit: expected ${p.min}…${p.max}.`,
    zh: (p) => `${p.value} 超出范围：应为 ${p.min}…${p.max}。`,
  },
);

export const unknownLabel = diagnostic<Named>('SYS-ASM-008', 'invalid', {
  en: (p) => `no label '${p.name}' in this file.${didYouMean(p.nearest)} A label is defined as 'name:'.`,
  zh: (p) => `本文件中没有标号 '${p.name}'。${didYouMeanZh(p.nearest)}标号以 'name:' 定义。`,
});

export const duplicateName = diagnostic<{ readonly name: string; readonly line: number }>('SYS-ASM-009', 'invalid', {
  en: (p) => `'${p.name}' is already defined on line ${p.line}. Give one of them another name.`,
  zh: (p) => `'${p.name}' 已在第 ${p.line} 行定义。请为其中之一改名。`,
});

export const strayEndloop = diagnostic<object>('SYS-ASM-010', 'invalid', {
  en: () => "'endloop' without an open loop. It closes a 'loop' or 'loopi' that has no label.",
  zh: () => "'endloop' 之前没有未闭合的循环。它闭合不带标号的 'loop' 或 'loopi'。",
});

export const openLoop = diagnostic<object>('SYS-ASM-011', 'invalid', {
  en: () => "the loop that starts here is not closed. Write 'endloop' behind its body, or name the label behind it.",
  zh: () => "从这里开始的循环没有闭合。请在循环体之后写 'endloop'，或写出其后的标号。",
});

export const loopTooDeep = diagnostic<{ readonly depth: number; readonly limit: number }>(
  'SYS-ASM-012',
  'unsupported',
  {
    en: (p) =>
      `this loop is nested ${p.depth} deep; the hardware holds ${p.limit}. Write out the rounds of one of them, or, outside of the textbook's dialect, write the outermost one with a branch (bne).`,
    zh: (p) =>
      `此循环嵌套了 ${p.depth} 层；硬件支持 ${p.limit} 层。请展开其中一层；教材写法之外也可将最外层改写为分支（bne）。`,
  },
);

export const emptyLoop = diagnostic<object>('SYS-ASM-013', 'invalid', {
  en: () => "the loop's body is empty; it needs at least one instruction (nop will do).",
  zh: () => '循环体为空；至少需要一条指令（nop 亦可）。',
});

export const crossingLoops = diagnostic<{ readonly line: number }>('SYS-ASM-014', 'invalid', {
  en: (p) =>
    `this loop ends behind the end of the loop of line ${p.line} that contains it. Loops must lie wholly inside each other.`,
  zh: (p) => `此循环的结尾在包含它的第 ${p.line} 行循环的结尾之后。循环必须完全嵌套。`,
});

export const unknownDirective = diagnostic<Named & { readonly known: readonly string[] }>('SYS-ASM-015', 'invalid', {
  en: (p) => `there is no directive '${p.name}'.${didYouMean(p.nearest)} Known: ${p.known.join(', ')}.`,
  zh: (p) => `没有伪指令 '${p.name}'。${didYouMeanZh(p.nearest)}可用：${p.known.join('、')}。`,
});

export const directiveForm = diagnostic<{ readonly directive: string; readonly usage: string }>(
  'SYS-ASM-016',
  'invalid',
  {
    en: (p) => `'${p.directive}' is not complete or has too much behind it. Write: ${p.usage}`,
    zh: (p) => `'${p.directive}' 不完整或有多余内容。写法：${p.usage}`,
  },
);

export const unknownOption = diagnostic<Named & { readonly mnemonic: string; readonly known: readonly string[] }>(
  'SYS-ASM-017',
  'invalid',
  {
    en: (p) =>
      `'${p.mnemonic}' has no option '${p.name}'.${didYouMean(p.nearest)} ` +
      (p.known.length === 0 ? 'It takes no options.' : `Its options: ${p.known.join(', ')}.`),
    zh: (p) =>
      `'${p.mnemonic}' 没有选项 '${p.name}'。${didYouMeanZh(p.nearest)}` +
      (p.known.length === 0 ? '它没有选项。' : `可用选项：${p.known.join('、')}。`),
  },
);

export const duplicateOption = diagnostic<{ readonly name: string; readonly first: string }>('SYS-ASM-018', 'invalid', {
  en: (p) =>
    p.name === p.first
      ? `option '${p.name}' is written twice. Remove one.`
      : `'${p.name}' and '${p.first}' exclude each other. Keep one.`,
  zh: (p) =>
    p.name === p.first ? `选项 '${p.name}' 写了两次。请删去一个。` : `'${p.name}' 与 '${p.first}' 互斥。请保留一个。`,
});

export const unknownChoice = diagnostic<Named & { readonly known: readonly string[] }>('SYS-ASM-019', 'invalid', {
  en: (p) => `found '${p.name}', expected one of ${p.known.join(', ')}.${didYouMean(p.nearest)}`,
  zh: (p) => `此处为 '${p.name}'，应为 ${p.known.join('、')} 之一。${didYouMeanZh(p.nearest)}`,
});

/** The same words in both languages. */
export interface Both {
  readonly en: string;
  readonly zh: string;
}

export const misplaced = diagnostic<{ readonly found: string; readonly expected: Both }>('SYS-ASM-020', 'invalid', {
  en: (p) => `found '${p.found}', expected ${p.expected.en}.`,
  zh: (p) => `此处为 '${p.found}'，应为${p.expected.zh}。`,
});

export const unknownName = diagnostic<Named>('SYS-ASM-021', 'invalid', {
  en: (p) =>
    `'${p.name}' is no number and no name known here.${didYouMean(p.nearest)} Define it with .equ ${p.name}, value.`,
  zh: (p) => `'${p.name}' 既不是数，也不是已知的名称。${didYouMeanZh(p.nearest)}请用 .equ ${p.name}, value 定义。`,
});

export const badExpression = diagnostic<{ readonly why: 'division' | 'float' | 'size' }>('SYS-ASM-022', 'invalid', {
  en: (p) =>
    ({
      division: 'division by zero in this expression.',
      float: 'expressions are of integers; a float must stand alone.',
      size: 'this expression has more than 256 parts or a value beyond 128 bits. Write the result itself.',
    })[p.why],
  zh: (p) =>
    ({
      division: '表达式中除以零。',
      float: '表达式只含整数；浮点数须单独书写。',
      size: '此表达式超过 256 个部分或数值超出 128 位。请直接写出结果。',
    })[p.why],
});

export const reservedName = diagnostic<{ readonly name: string }>('SYS-ASM-023', 'invalid', {
  en: (p) => `'${p.name}' is the name of a register or record and cannot be defined. Choose another name.`,
  zh: (p) => `'${p.name}' 是寄存器或记录的名称，不能定义。请换一个名称。`,
});

export const unknownProgramMachine = diagnostic<Named & { readonly known: readonly string[] }>(
  'SYS-ASM-024',
  'invalid',
  {
    en: (p) => `there is no machine '${p.name}'.${didYouMean(p.nearest)} Known: ${p.known.join(', ')}.`,
    zh: (p) => `没有机器 '${p.name}'。${didYouMeanZh(p.nearest)}已知：${p.known.join('、')}。`,
  },
);

export const outsideDram = diagnostic<{ readonly from: number; readonly to: number; readonly dram: number }>(
  'SYS-ASM-025',
  'unsupported',
  {
    en: (p) => `bytes ${p.from}…${p.to - 1} lie outside DRAM, which has ${p.dram} bytes here (.dram, or the machine).`,
    zh: (p) => `字节 ${p.from}…${p.to - 1} 超出 DRAM，此处 DRAM 为 ${p.dram} 字节（.dram 或机器文件）。`,
  },
);

export const overlap = diagnostic<{ readonly from: number; readonly to: number; readonly line: number }>(
  'SYS-ASM-026',
  'invalid',
  {
    en: (p) => `bytes ${p.from}…${p.to - 1} are already given on line ${p.line}. Move one of the two.`,
    zh: (p) => `字节 ${p.from}…${p.to - 1} 已在第 ${p.line} 行给出。请移动其中之一。`,
  },
);

export const noHostParts = diagnostic<{ readonly part: number }>('SYS-ASM-027', 'unsupported', {
  en: (p) =>
    `host part ${p.part} does not exist: a program from an assembly file has none. Only compiled models call the host.`,
  zh: (p) => `主机部分 ${p.part} 不存在：汇编文件的程序没有主机部分。只有编译的模型才调用主机。`,
});

export const tooLong = diagnostic<{ readonly words: number; readonly capacity: number; readonly machine: string }>(
  'SYS-ASM-028',
  'unsupported',
  {
    en: (p) =>
      `the program has ${p.words} words; the instruction memory of machine '${p.machine}' holds ${p.capacity}. Use loops.`,
    zh: (p) => `程序有 ${p.words} 个字；机器 '${p.machine}' 的指令存储器容纳 ${p.capacity} 个。请使用循环。`,
  },
);

export const noInstruction = diagnostic<object>('SYS-ASM-029', 'invalid', {
  en: () => "the file has no instruction. The shortest program is 'halt'.",
  zh: () => "文件中没有指令。最短的程序是 'halt'。",
});

export const tooMany = diagnostic<{ readonly limit: number }>('SYS-ASM-030', 'invalid', {
  en: (p) => `stopped after ${p.limit} errors; more may follow. Repair these first.`,
  zh: (p) => `出现 ${p.limit} 个错误后停止；之后可能还有。请先修正这些。`,
});

export const missingComma = diagnostic<{ readonly found: string; readonly before: string }>('SYS-ASM-031', 'invalid', {
  en: (p) => `found '${p.found}' right behind '${p.before}', expected ','. Operands are separated by commas.`,
  zh: (p) => `'${p.before}' 之后直接是 '${p.found}'，应为 ','。操作数之间用逗号分隔。`,
});

export const emptyOperand = diagnostic<{ readonly number: number; readonly signature: string }>(
  'SYS-ASM-032',
  'invalid',
  {
    en: (p) => `operand ${p.number} is empty: there is nothing between its commas. Write: ${p.signature}`,
    zh: (p) => `第 ${p.number} 个操作数为空：逗号之间没有内容。写法：${p.signature}`,
  },
);

export const noMultiple = diagnostic<{ readonly bytes: number; readonly type: string; readonly size: number }>(
  'SYS-ASM-033',
  'invalid',
  {
    en: (p) => `${p.bytes} bytes do not hold whole elements of ${p.type}: expected a multiple of ${p.size}.`,
    zh: (p) => `${p.bytes} 字节不是整数个 ${p.type} 元素：应为 ${p.size} 的倍数。`,
  },
);

export const tooFar = diagnostic<{
  readonly label: string;
  readonly offset: number;
  readonly min: number;
  readonly max: number;
}>('SYS-ASM-034', 'invalid', {
  en: (p) => `'${p.label}' lies ${p.offset} instructions from here, expected ${p.min}…${p.max}.`,
  zh: (p) => `'${p.label}' 距此 ${p.offset} 条指令，应为 ${p.min}…${p.max}。`,
});

export const omittedPart = diagnostic<{ readonly kind: 'constant' | 'host' | 'machine'; readonly name: string }>(
  'SYS-ASM-035',
  'unsupported',
  {
    en: (p) =>
      ({
        constant: `the text does not hold constant '${p.name}', so it is not the whole program. Run the program file itself (systole exec or sim FILE.dlp), or write .constant, .const and .fill lines in place of this one.`,
        host: `the text does not hold host part '${p.name}', so it is not the whole program. Run the program file itself (systole exec or sim FILE.dlp).`,
        machine: `the program is for machine '${p.name}', which the text does not hold. Name its file with --machine, or run the program file itself (systole exec or sim FILE.dlp).`,
      })[p.kind],
    zh: (p) =>
      ({
        constant: `文本中没有常量 '${p.name}'，因此不是完整的程序。请直接运行程序文件（systole exec 或 sim FILE.dlp），或用 .constant、.const、.fill 行代替本行。`,
        host: `文本中没有主机部分 '${p.name}'，因此不是完整的程序。请直接运行程序文件（systole exec 或 sim FILE.dlp）。`,
        machine: `程序用于机器 '${p.name}'，但文本中没有该机器。请用 --machine 给出其文件，或直接运行程序文件（systole exec 或 sim FILE.dlp）。`,
      })[p.kind],
  },
);

export const incompleteConstant = diagnostic<{ readonly name: string; readonly address: number }>(
  'SYS-ASM-036',
  'invalid',
  {
    en: (p) =>
      `no line gives the byte of constant '${p.name}' at 0x${p.address.toString(16)}. Give all of its bytes with .const or .fill.`,
    zh: (p) =>
      `没有任何行给出常量 '${p.name}' 在 0x${p.address.toString(16)} 处的字节。请用 .const 或 .fill 给出其全部字节。`,
  },
);

/** Thrown inside the assembler once the limit is reached; never leaves it. */
class Enough extends Error {}

/** Collects the errors of one file, in the order of their places. */
export class ErrorList {
  readonly errors: SystoleError[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(error: SystoleError): void {
    this.errors.push(error);
    if (this.errors.length < this.#limit) return;
    const place: Place = error.place.file === undefined ? {} : { file: error.place.file };
    this.errors.push(tooMany({ limit: this.#limit }, place));
    throw new Enough();
  }

  /** Runs `body`, which ends early where the limit is reached. */
  collect(body: () => void): void {
    try {
      body();
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
    }
  }

  /** By line and column; what has no line comes last. */
  sorted(): readonly SystoleError[] {
    const line = (e: SystoleError) => e.place.line ?? Number.POSITIVE_INFINITY;
    return [...this.errors].sort((a, b) =>
      line(a) === line(b) ? (a.place.column ?? 0) - (b.place.column ?? 0) : line(a) - line(b),
    );
  }
}

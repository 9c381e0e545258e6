/** Lays LISP out as cells in the scalar memory, makes one program of them and the evaluator, runs it and reads its results. */
import { assembleProgram } from 'systole/isa';
import type { Machine } from 'systole/machine';
import { createSimulation, type SimulationResult } from 'systole/sim';
import { CLOSURE, EVALUATOR, FAULTS, PRIMITIVES, prologue, SPECIAL_FORMS, TAGS, TRUE } from './evaluator.ts';
import { type Expression, readLisp } from './reader.ts';

/** Of the scalar memory the stacks have a third of what the program leaves, at most so many bytes; cells have addresses of 30 bits. */
const MOST_STACK = 16384;
/** What is worth beginning with. */
const LEAST_HEAP = 64;

/** Cells of expressions, by address; symbols by number. */
class Image {
  readonly words: number[] = [0, 0];
  readonly symbols: string[] = [...SPECIAL_FORMS, '#closure', 't'];

  symbol(name: string): number {
    let number = this.symbols.indexOf(name);
    if (number < 0) number = this.symbols.push(name) - 1;
    return 4 * number + TAGS.symbol;
  }

  cons(car: number, cdr: number): number {
    const address = 4 * this.words.length;
    this.words.push(car, cdr);
    return address;
  }

  /** The word of an expression, its cells in their places. */
  word(e: Expression): number {
    if (typeof e === 'number') return 4 * e + TAGS.number;
    if (typeof e === 'string') return e === 'nil' ? 0 : this.symbol(e);
    return e.reduceRight((cdr: number, item) => this.cons(this.word(item), cdr), 0);
  }

  /** The list of (name . value) that programs begin with; = is another name of eq?. */
  globals(): number {
    const named: [string, number][] = [
      ...PRIMITIVES.map((name, i): [string, number] => [name, 4 * i + TAGS.primitive]),
      ['=', 4 * PRIMITIVES.indexOf('eq?') + TAGS.primitive],
      ['t', 4 * TRUE + TAGS.symbol],
    ];
    return named.reduce((list, [name, value]) => this.cons(this.cons(this.symbol(name), value), list), 0);
  }
}

export interface LispProgram {
  /** Assembly of the processor's instruction set, complete. */
  readonly text: string;
  /** Bytes of the scalar memory that hold the program's cells, stacks, and one half of the heap. */
  readonly memory: { readonly program: number; readonly stacks: number; readonly half: number };
  readonly symbols: readonly string[];
  readonly expressions: number;
}

/** The program that evaluates a LISP text on a machine. @throws RangeError where the text is not LISP, or its cells do not fit */
export function lispProgram(source: string, machine: Machine): LispProgram {
  const expressions = readLisp(source);
  const image = new Image();
  const globals = image.globals();
  const words = expressions.map((e) => image.word(e));
  const program = 4 * image.words.length;
  const total = machine.control.scalarMemoryBytes;
  const left = total - program;
  const stacks = Math.min(MOST_STACK, Math.floor(left / 3 / 8) * 8);
  const half = Math.floor((left - stacks) / 2 / 8) * 8;
  if (half < LEAST_HEAP) {
    throw new RangeError(
      `the program takes ${program} of the ${total} bytes of scalar memory of ${machine.name}: too little is left for stacks and heap`,
    );
  }
  const heap = program + stacks;
  const places = {
    ...{ stack: program, links: program + stacks - 4, globals },
    halves: [
      [heap, heap + half],
      [heap + half, heap + 2 * half],
    ],
  } as const;
  const text = [
    `# systole sim lisp.s --machine ${machine.name}: eval, apply and a collector, and the cells of one LISP program.`,
    `.output results, 0, i32[${Math.max(1, words.length)}]`,
    `.output fault, ${4 * words.length}, i32[1]`,
    `.output collections, ${4 * words.length + 4}, i32[1]`,
    `.equ STACK, ${program}`,
    `.equ RESULTS, ${words.length}`,
    prologue(places),
    '# The cells of the program.',
    ...image.words.flatMap((word, i) =>
      word === 0 && i > 1
        ? [`        sw   r0, r0, ${4 * i}`]
        : [`        li   r20, ${word}`, `        sw   r20, r0, ${4 * i}`],
    ),
    ...words.flatMap((word, i) => [
      `# Expression ${i + 1}; its value stays on the stack.`,
      `        li   r1, ${word}`,
      '        add  r2, r0, r0',
      '        call r10, eval',
      '        sw   r3, r4, 0',
      '        addi r4, r4, 4',
    ]),
    '        jmp  stop',
    EVALUATOR,
  ].join('\n');
  return { text, memory: { program, stacks, half }, symbols: image.symbols, expressions: words.length };
}

export interface Evaluated {
  /** Values of the expressions as LISP writes them; those that were not come to are absent. */
  readonly values: readonly string[];
  /** What ended it early. */
  readonly fault: string | undefined;
  /** How often the collector ran. */
  readonly collections: number;
  readonly result: SimulationResult;
  readonly program: LispProgram;
}

/** Evaluates the expressions of a LISP text on the simulated processor. */
export function runLisp(source: string, machine: Machine): Evaluated {
  const program = lispProgram(source, machine);
  const simulation = createSimulation(assembleProgram(program.text, { file: 'lisp.s', machine }), { data: true });
  const state = simulation.run();
  if (state.state !== 'done') throw new Error(`the program stopped in state ${state.state}`);
  const words = (name: string): Int32Array => new Int32Array(simulation.readOutput(name).slice().buffer);
  const [fault, collections] = [words('fault')[0]!, words('collections')[0]!];
  const memory = simulation.save().processor.cores[0]!.control.scalarMemory;
  // Of a run that was stopped the stack holds what the evaluation was in the middle of.
  const results = fault === 0 ? [...words('results')].slice(0, program.expressions) : [];
  const values = results.map((word) => valueText(word, memory, program.symbols));
  return { values, fault: fault === 0 ? undefined : FAULTS[fault], collections, result: state.result, program };
}

/** A word and the cells it reaches, as LISP writes them. */
function valueText(word: number, memory: Int32Array, symbols: readonly string[]): string {
  const tag = word & 3;
  if (tag === TAGS.number) return `${word >> 2}`;
  if (tag === TAGS.symbol) return symbols[word >> 2]!;
  if (tag === TAGS.primitive) return `#${PRIMITIVES[word >> 2]}`;
  if (word === 0) return 'nil';
  if (memory[word >> 2] === 4 * CLOSURE + TAGS.symbol) return '#closure';
  const items: string[] = [];
  let rest = word;
  for (; rest !== 0 && (rest & 3) === TAGS.cell; rest = memory[(rest >> 2) + 1]!) {
    items.push(valueText(memory[rest >> 2]!, memory, symbols));
  }
  return `(${items.join(' ')}${rest === 0 ? '' : ` . ${valueText(rest, memory, symbols)}`})`;
}

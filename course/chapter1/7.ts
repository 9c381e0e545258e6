/**
 * Exercise 1.7: intelligent computing systems of the first generation, machines for LISP and Prolog. Shown with a LISP that runs on this
 * processor's own instruction set: lisp/evaluator.ts is eval, apply and a copying collector in assembly.
 */
import { defineExercise, machineOfName } from 'systole/course';
import { runLisp } from './lisp/run.ts';

/** Recursion over numbers, and what the first generation was built for: formulas as data. */
export const programOf = (fact: number, fib: number): string => `
(define fact (lambda (n) (if (< n 2) 1 (* n (fact (- n 1))))))
(define fib (lambda (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))))
(fact ${fact})
(fib ${fib})
`;

/** The derivative of sums and products, by rules on lists. */
export const DERIVATIVE = `
(define three (lambda (a b c) (cons a (cons b (cons c nil)))))
(define d (lambda (e x)
  (cond ((atom? e) (if (eq? e x) 1 0))
        ((eq? (car e) '+) (three '+ (d (car (cdr e)) x) (d (car (cdr (cdr e))) x)))
        (t (three '+ (three '* (car (cdr e)) (d (car (cdr (cdr e))) x))
                     (three '* (d (car (cdr e)) x) (car (cdr (cdr e)))))))))
(d '(+ (* x x) (* 3 x)) 'x)
`;

/** Room for the cells of both programs, their stacks and a heap; what a deeper recursion needs is found when it runs. */
const LEAST_MEMORY = 2048;

const DEFAULT = 'textbook-single-ddr4';

export const exercise = defineExercise({
  id: '1.7',
  title: { en: 'The first generation of intelligent computing systems', zh: '第一代智能计算系统有什么特点？' },
  asked: {
    en: 'What characterises the first generation of intelligent computing systems?',
    zh: '第一代智能计算系统有哪些特点？',
  },
  explanation: {
    en: `The first generation belongs to the second wave of AI, in the 1980s, when AI meant symbolic processing and logic: knowledge as lists and rules, programs in LISP
or Prolog. Its systems were machines built for these languages:

- **Hardware for symbols.** Tagged words whose type was checked beside the operation, stacks for calls, cells of two words (car, cdr) as the unit of memory, help for
  garbage collection. Examples: the MIT CADR and the Symbolics 3600 for LISP; the PSI and PIM machines for logic programs in Japan's Fifth Generation project (1982–1992).
- **Little arithmetic, much pointer chasing.** Time goes into tags, branches and loads that depend on each other, not into multiplications.
- **Why they ended.** General-purpose processors with good compilers grew faster than the special machines could follow, and the applications that were to pay for them,
  expert systems, fell short of what had been promised.

The demonstration is a LISP on this processor's scalar instructions. There are no tags in hardware, so each test of one is an \`and\` and a branch; the report says what that costs. Cells lie in the scalar
memory; where a half of the heap is full, a copying collector moves what is still reached to the other.

Sources: D. Moon, *The Architecture of the Symbolics 3600*, ISCA 1985; E. Shapiro, *The Fifth Generation Project: A Trip Report*, CACM 26(9), 1983; J. McCarthy, *Recursive Functions of Symbolic
Expressions and Their Computation by Machine*, CACM 3(4), 1960; C. Cheney, *A Nonrecursive List Compacting Algorithm*, CACM 13(11), 1970.`,
    zh: `第一代属于 20 世纪 80 年代的第二次人工智能浪潮。当时的人工智能意味着符号处理与逻辑推理：知识表示为表和规则，程序用 LISP 或 Prolog 编写。
其系统是专为这些语言建造的机器：

- **面向符号的硬件。** 带标签的字，类型检查与运算并行；调用用的栈；以两个字（car、cdr）构成的单元为存储单位；支持垃圾回收。例如面向 LISP 的 MIT CADR 与 Symbolics 3600，
  以及日本第五代计算机计划（1982–1992）中面向逻辑程序的 PSI 与 PIM。
- **算术少，指针追踪多。** 时间花在标签、分支和相互依赖的访存上，而不是乘法上。
- **为何终结。** 配有优秀编译器的通用处理器发展更快，专用机器跟不上；而本应支撑它们的应用——专家系统——没有达到预期。

这里的演示是在本处理器的标量指令上运行的 LISP。硬件没有标签，每次检查标签都要一条 \`and\` 加一次分支，报告给出其代价。单元存放在标量存储中；堆的一半用满时，
复制式垃圾回收器把仍可到达的单元移到另一半。

来源：D. Moon，*The Architecture of the Symbolics 3600*，ISCA 1985；E. Shapiro，*The Fifth Generation Project: A Trip Report*，CACM 26(9)，1983；J. McCarthy，*Recursive Functions of Symbolic
Expressions and Their Computation by Machine*，CACM 3(4)，1960；C. Cheney，*A Nonrecursive List Compacting Algorithm*，CACM 13(11)，1970。`,
  },
  code: [
    { path: 'course/chapter1/lisp/evaluator.ts', words: { en: 'the evaluator in assembly', zh: '汇编写成的求值器' } },
    {
      path: 'src/isa/instructions/scalarMemory.ts',
      words: { en: 'loads and stores of the scalar memory', zh: '标量存储的读写指令' },
    },
    { path: 'docs/control.md', words: { en: 'the control unit that runs it', zh: '执行它的控制单元' } },
  ],
  rows: 2,
  answeredBy: 'explanation',
  parameters: {
    fact: { kind: 'whole', words: { en: 'n of (fact n)', zh: '(fact n) 的 n' }, default: 5, least: 0, most: 12 },
    fib: { kind: 'whole', words: { en: 'n of (fib n)', zh: '(fib n) 的 n' }, default: 10, least: 0, most: 18 },
    machine: {
      kind: 'machine',
      words: { en: 'machine; its scalar memory holds cells and stacks', zh: '机器；其标量存储存放单元与栈' },
      default: DEFAULT,
    },
  },
  show({ print, table, listing }, { fact, fib, machine }) {
    if (machine.control.scalarMemoryBytes < LEAST_MEMORY) {
      print({
        en: `${machine.name} has ${machine.control.scalarMemoryBytes} bytes of scalar memory; the programs need at least ${LEAST_MEMORY}.`,
        zh: `${machine.name} 的标量存储为 ${machine.control.scalarMemoryBytes} 字节；程序至少需要 ${LEAST_MEMORY} 字节。`,
      });
      return;
    }
    const numbers = runLisp(programOf(fact, fib), machine);
    const symbols = runLisp(DERIVATIVE, machine);
    listing('fact-fib.lisp', programOf(fact, fib).trim());
    listing('derivative.lisp', DERIVATIVE.trim());
    table(
      [
        { en: 'program', zh: '程序' },
        { en: 'values', zh: '值' },
        { en: 'instructions', zh: '指令数' },
        { en: 'cycles', zh: '周期数' },
        { en: 'cycles lost to taken branches', zh: '跳转损失的周期' },
        { en: 'garbage collections', zh: '垃圾回收次数' },
      ],
      [numbers, symbols].map(({ values, fault, result, collections }, i) => [
        ['fact, fib', 'd'][i]!,
        fault ?? values.join(' '),
        result.dynamicInstructions,
        result.cycles,
        result.control.branch,
        collections,
      ]),
    );
    const { program, stacks, half } = numbers.program.memory;
    print({
      en: `Scalar memory: ${program} bytes of program, ${stacks} of stacks, two halves of heap of ${half} each.`,
      zh: `标量存储：程序 ${program} 字节，栈 ${stacks} 字节，堆的两半各 ${half} 字节。`,
    });
    listing('fact-fib.s', numbers.program.text);
  },
  check(check) {
    const machine = machineOfName(DEFAULT);
    const { values, collections } = runLisp(programOf(5, 10), machine);
    check.row(1).equal('(fact 5) and (fib 10) by the simulated processor', values.slice(2), ['120', '55']);
    check.atLeast('garbage collections on the way', collections, 1);
    const roomy = runLisp(programOf(5, 10), machineOfName('textbook-single'));
    check.row(1).equal('the same with a heap that is never full', roomy.values, values);
    check.equal('collections there', roomy.collections, 0);
    // The features are those of the machines: lists and symbols as data, not numbers.
    const derived = runLisp(DERIVATIVE, machine).values.at(-1);
    check
      .row(2)
      .equal('LISP on symbols: the derivative of x·x + 3·x', derived, '(+ (+ (* x 1) (* 1 x)) (+ (* 3 1) (* 0 x)))');
    // Where its time goes is measured, not told; "by text" is what the answer only says.
    const { cycles, control } = runLisp(DERIVATIVE, machine).result;
    check.row(2).atLeast('measured on symbols: share of cycles lost to taken branches', control.branch / cycles, 0.2);
    for (const [word, en, zh] of [
      ['the 1980s', /1980s/, /20 世纪 80 年代/],
      ['symbols and logic', /symbolic processing and logic/, /符号处理与逻辑/],
      ['LISP or Prolog', /LISP\s+or Prolog/, /LISP 或 Prolog/],
    ] as const) {
      const { explanation } = exercise;
      check.row(2).holds(`by text: the answer names ${word}`, en.test(explanation!.en) && zh.test(explanation!.zh));
    }
  },
});

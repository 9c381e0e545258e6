/** The LISP of exercise 1.7 on the processor: values, faults, and a heap so small that the collector runs all the time. */
import { machineOfName } from 'systole/course';
import { expect, test } from 'vitest';
import { readLisp } from './reader.ts';
import { runLisp } from './run.ts';

const MACHINE = machineOfName('textbook-single-ddr4');
const run = (source: string, machine = MACHINE) => runLisp(source, machine);

const LISTS = `
(define append (lambda (a b) (if (null? a) b (cons (car a) (append (cdr a) b)))))
(define reverse (lambda (l) (if (null? l) nil (append (reverse (cdr l)) (cons (car l) nil)))))
(define down (lambda (n) (if (= n 0) nil (cons n (down (- n 1))))))`;

test.each([
  ['42', '42'],
  ["'(a (b 1) -3)", '(a (b 1) -3)'],
  ["(cons 1 (cons 'x 2))", '(1 x . 2)'],
  ["(car (cdr '(1 2 3)))", '2'],
  ['(if nil 1)', 'nil'],
  ['(cond ((< 2 1) 1) (t 2))', '2'],
  ["(atom? '(1))", 'nil'],
  ['(atom? nil)', 't'],
  ['(((lambda (x) (lambda (y) (- x y))) 7) 3)', '4'],
  ['((lambda (f n) (f f n)) (lambda (f n) (if (= n 0) 1 (* n (f f (- n 1))))) 6)', '720'],
  ['(* -23170 23169)', '-536825730'],
  ['(- (- 0 536870911) 1)', '-536870912'],
  ['(- -1 (- (- 0 536870911) 1))', '536870911'],
  ['+', '#+'],
  ['(lambda (x) x)', '#closure'],
])('%s', (source, value) => {
  expect(run(source).values).toEqual([value]);
});

test('a tail call takes no room: 3000 rounds on stacks of 1 KB', () => {
  const { values, collections } = run("(define f (lambda (n) (if (= n 0) 'end (f (- n 1))))) (f 3000)");
  expect(values).toEqual(['f', 'end']);
  expect(collections).toBeGreaterThan(10);
});

test('the collector keeps what is reached and nothing else', () => {
  const small = machineOfName('textbook-single-ddr4,control.scalarMemoryBytes=2800');
  const source = `${LISTS} (reverse (down 9)) (reverse (down 10))`;
  const [tight, roomy] = [run(source, small), run(source, machineOfName('textbook-single'))];
  expect(tight.values).toEqual(roomy.values);
  expect(tight.values.at(-1)).toBe('(1 2 3 4 5 6 7 8 9 10)');
  expect(tight.collections).toBeGreaterThan(2);
  expect(roomy.collections).toBe(0);
});

test.each([
  ['(foo)', 'a symbol has no value'],
  ['(1 2)', 'what is called is no function'],
  ['(nil)', 'what is called is no function'],
  ['((lambda (x) x))', 'wrong number of arguments'],
  ['((lambda (x) x) 1 2)', 'wrong number of arguments'],
  ['(car 1 2)', 'wrong number of arguments'],
  ['(car 3)', 'an argument of the wrong kind'],
  ["(+ 1 'a)", 'an argument of the wrong kind'],
  ['(define f (lambda (n) (+ 1 (f n)))) (f 1)', 'the stacks are full'],
  ['(define f (lambda (l) (f (cons 1 l)))) (f nil)', 'the heap is full'],
  ['(+ 536870911 1)', 'a number needs more than 30 bits'],
  ['(- (- 0 536870911) 2)', 'a number needs more than 30 bits'],
  ['(* 32768 16384)', 'a number needs more than 30 bits'],
  ['(- 0 (- (- 0 536870911) 1))', 'a number needs more than 30 bits'],
  ['(* 100000 100000)', 'a number needs more than 30 bits'],
])('%s ends with: %s', (source, fault) => {
  const evaluated = run(source);
  expect(evaluated.fault).toBe(fault);
  expect(evaluated.values).toEqual([]);
});

test('what is no LISP is refused with its line', () => {
  expect(() => readLisp('(1\n(2)')).toThrow(/too few/);
  expect(() => readLisp('1\n)')).toThrow(/line 2/);
  expect(() => readLisp('536870912')).toThrow(/536870911/);
  expect(readLisp("'a ; note\n(b)")).toEqual([['quote', 'a'], ['b']]);
  expect(() => run(`'(${'1 '.repeat(500)})`)).toThrow(/scalar memory/);
});

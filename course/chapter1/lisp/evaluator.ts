/**
 * A LISP evaluator for the processor's control unit: eval and apply over cons cells in the scalar memory, with proper tail calls and a
 * copying collector (C. Cheney, A Nonrecursive List Compacting Algorithm, CACM 13(11), 1970). Scalar instructions alone; the one load
 * and the one store at the end bring the results to DRAM. What is evaluated stands behind it: image.ts lays it out.
 *
 * A word is a number (4n + 1), a symbol (4i + 2), a primitive (4i + 3) or the address of a cell, a multiple of 8 (0: nil, whose car and
 * cdr are nil). A closure is a cell (closure (parameters body) . environment). An environment is a list of (name . value).
 */

/** Special forms by number: those whose operands are not evaluated first. Their symbols come first. */
export const SPECIAL_FORMS = ['quote', 'if', 'cond', 'lambda', 'define'] as const;

/** Primitives by number; those of two operands come first. */
export const PRIMITIVES = ['+', '-', '*', '<', 'eq?', 'cons', 'car', 'cdr', 'null?', 'atom?'] as const;
const BINARY = 6;

/** What a word ends in. */
export const TAGS = { cell: 0, number: 1, symbol: 2, primitive: 3 } as const;

/** Symbols behind those of the special forms. */
export const CLOSURE = SPECIAL_FORMS.length;
export const TRUE = CLOSURE + 1;

/** Why an evaluation ended early, by code. */
export const FAULTS = [
  'done',
  'a symbol has no value',
  'what is called is no function',
  'wrong number of arguments',
  'an argument of the wrong kind',
  'the stacks are full',
  'the heap is full',
  'a number needs more than 30 bits',
] as const;

export interface Places {
  /** First byte of the stack of values, and the last word of the stack of links, which grow towards each other. */
  readonly stack: number;
  readonly links: number;
  /** Two halves of the heap, each from its first byte to the one behind its last. */
  readonly halves: readonly [readonly [number, number], readonly [number, number]];
  /** The list of names that are known everywhere. */
  readonly globals: number;
}

/** Registers and their first values. r0 is nil and 0. */
export const prologue = ({ stack, links, halves: [[a, aEnd], [b, bEnd]], globals }: Places): string => `
# Registers: r1 expression, r2 environment, r3 value, r4 top of the stack of values, r5 next free cell, r6 end of the heap's half,
# r8 first argument of a call and r9 their number, r10 link of eval, r11 r12 operands of cons, r13 r14 lambda and parameters of a
# call, r15 names known everywhere, r20 to r26 anything, r38 r39 the other half, r40 to r46 links and the halves, r45 top of the stack of links.
        li   r4, ${stack}
        li   r45, ${links}
        li   r43, ${a}                # this half of the heap
        li   r5, ${a}
        li   r6, ${aEnd}
        li   r38, ${b}                # the other half
        li   r39, ${bEnd}
        li   r34, ${a}                # cells below are not collected
        li   r15, ${globals}
        li   r30, 3                  # mask of the tag, and the tag of primitives
        li   r31, 1                  # tag of numbers
        li   r32, 2                  # tag of symbols
        li   r35, -1                 # in place of the car of a cell that has moved
        li   r36, ${4 * TRUE + TAGS.symbol}                 # the symbol t
        li   r37, ${4 * CLOSURE + TAGS.symbol}                 # the symbol that marks closures
        li   r29, ${SPECIAL_FORMS.length}                  # special forms
        li   r28, ${BINARY}                  # primitives of two operands
`;

export const EVALUATOR = `
# Value of the expression r1 in the environment r2, in r3.
eval:   and  r20, r1, r30
        beq  r20, r31, itself        # a number
        beq  r20, r30, itself        # a primitive
        beq  r20, r32, lookup
        beq  r1, r0, itself          # nil
        lw   r21, r1, 0              # the operator
        and  r20, r21, r30
        bne  r20, r32, apply
        sra  r22, r21, r32
        bge  r22, r29, apply         # no special form
        call r20, special            # r20 is the place of the next line
${SPECIAL_FORMS.map((name) => `        jmp  ${name}_form`).join('\n')}
special: add r20, r20, r22
        ret  r20
itself: add  r3, r1, r0
        ret  r10

lookup: add  r20, r2, r0
local:  beq  r20, r0, outside
        lw   r21, r20, 0             # (name . value)
        lw   r22, r21, 0
        beq  r22, r1, found
        lw   r20, r20, 4
        jmp  local
outside: add r20, r15, r0
global: beq  r20, r0, unbound
        lw   r21, r20, 0
        lw   r22, r21, 0
        beq  r22, r1, found
        lw   r20, r20, 4
        jmp  global
found:  lw   r3, r21, 4
        ret  r10

quote_form:
        lw   r1, r1, 4
        lw   r3, r1, 0
        ret  r10

if_form:
        lw   r1, r1, 4               # (test then else)
        sw   r1, r4, 0
        sw   r2, r4, 4
        addi r4, r4, 8
        sw   r10, r45, 0
        addi r45, r45, -4
        bge  r4, r45, deep
        lw   r1, r1, 0
        call r10, eval
        addi r45, r45, 4
        lw   r10, r45, 0
        addi r4, r4, -8
        lw   r1, r4, 0
        lw   r2, r4, 4
        lw   r1, r1, 4               # (then else)
        bne  r3, r0, chosen
        lw   r1, r1, 4               # (else), or nil
chosen: lw   r1, r1, 0
        jmp  eval

cond_form:
        lw   r1, r1, 4               # ((test value) …)
clause: beq  r1, r0, itself          # none left: nil
        sw   r1, r4, 0
        sw   r2, r4, 4
        addi r4, r4, 8
        sw   r10, r45, 0
        addi r45, r45, -4
        bge  r4, r45, deep
        lw   r1, r1, 0
        lw   r1, r1, 0
        call r10, eval
        addi r45, r45, 4
        lw   r10, r45, 0
        addi r4, r4, -8
        lw   r1, r4, 0
        lw   r2, r4, 4
        bne  r3, r0, holds
        lw   r1, r1, 4
        jmp  clause
holds:  lw   r1, r1, 0
        lw   r1, r1, 4
        jmp  chosen

lambda_form:
        lw   r11, r1, 4              # (parameters body)
        add  r12, r2, r0
        call r40, cons
        add  r11, r37, r0
        add  r12, r3, r0
        call r40, cons
        ret  r10

define_form:
        lw   r1, r1, 4               # (name value)
        sw   r1, r4, 0
        addi r4, r4, 4
        sw   r10, r45, 0
        addi r45, r45, -4
        bge  r4, r45, deep
        lw   r1, r1, 4
        lw   r1, r1, 0
        call r10, eval
        addi r45, r45, 4
        lw   r10, r45, 0
        addi r4, r4, -4
        lw   r1, r4, 0
        lw   r11, r1, 0
        add  r12, r3, r0
        call r40, cons               # (name . value)
        add  r11, r3, r0
        add  r12, r15, r0
        call r40, cons
        add  r15, r3, r0
        lw   r3, r1, 0
        ret  r10

# A call. Its frame on the stack of values: environment, function, arguments; on the stack of links: link, number of arguments so far.
apply:  sw   r2, r4, 0
        sw   r1, r4, 4
        addi r4, r4, 8
        sw   r10, r45, 0
        addi r45, r45, -4
        bge  r4, r45, deep
        lw   r1, r1, 0
        call r10, eval
        lw   r1, r4, -4
        sw   r3, r4, -4              # the function in place of the expression
        lw   r1, r1, 4               # its operands
        li   r9, 0
operand: beq r1, r0, go
        sw   r1, r4, 0
        addi r4, r4, 4
        sw   r9, r45, 0
        addi r45, r45, -4
        bge  r4, r45, deep
        shl  r20, r9, r32
        sub  r20, r4, r20
        lw   r2, r20, -12            # the environment of the frame
        lw   r1, r1, 0
        call r10, eval
        addi r45, r45, 4
        lw   r9, r45, 0
        lw   r1, r4, -4
        sw   r3, r4, -4              # the argument in place of the operands
        addi r9, r9, 1
        lw   r1, r1, 4
        jmp  operand
go:     shl  r20, r9, r32
        sub  r8, r4, r20             # first argument
        lw   r20, r8, -4             # function
        and  r21, r20, r30
        beq  r21, r30, primitive
        bne  r21, r0, nofunction
        lw   r21, r20, 0
        bne  r21, r37, nofunction
        lw   r20, r20, 4             # ((parameters body) . environment)
        lw   r13, r20, 0
        lw   r2, r20, 4
        lw   r14, r13, 0
        add  r25, r8, r0
bind:   beq  r14, r0, bound
        bge  r25, r4, arguments
        lw   r11, r14, 0
        lw   r12, r25, 0
        call r40, cons               # (name . argument)
        add  r11, r3, r0
        add  r12, r2, r0
        call r40, cons
        add  r2, r3, r0
        lw   r14, r14, 4
        addi r25, r25, 4
        jmp  bind
bound:  blt  r25, r4, arguments
        addi r4, r8, -8              # the frame goes before the body is evaluated: a tail call takes no room
        addi r45, r45, 4
        lw   r10, r45, 0
        lw   r1, r13, 4
        lw   r1, r1, 0
        jmp  eval

primitive:
        sra  r22, r20, r32
        slt  r21, r22, r28
        addi r21, r21, 1             # operands it takes
        bne  r21, r9, arguments
        lw   r11, r8, 0
        lw   r12, r8, 4
        call r20, chosen_primitive
        jmp  add_op
        jmp  sub_op
        jmp  mul_op
        jmp  less_op
        jmp  eq_op
        jmp  cons_op
        jmp  car_op
        jmp  cdr_op
        jmp  null_op
        jmp  atom_op
chosen_primitive:
        add  r20, r20, r22
        ret  r20

add_op: call r46, numbers
        addi r12, r12, -1
        add  r3, r11, r12
        xor  r20, r11, r12           # a sum is too large where both operands have the other sign
        blt  r20, r0, leave
        jmp  sign
sub_op: call r46, numbers
        addi r12, r12, -1
        sub  r3, r11, r12
        xor  r20, r11, r12
        bge  r20, r0, leave
sign:   xor  r20, r11, r3
        blt  r20, r0, large
        jmp  leave
mul_op: call r46, numbers
        sra  r11, r11, r32
        sra  r12, r12, r32
        mul  r3, r11, r12
        shl  r3, r3, r32
        addi r3, r3, 1
# The product of the amounts in pieces of 15 bits: 2 ^ 29 or more is too large.
        sub  r20, r0, r11
        max  r20, r20, r11
        sub  r21, r0, r12
        max  r21, r21, r12
        min  r22, r20, r21
        max  r20, r20, r21
        li   r24, 32768
        bge  r22, r24, large
        li   r23, 15
        sra  r21, r20, r23
        mul  r21, r21, r22
        li   r25, 16384
        bge  r21, r25, large
        addi r24, r24, -1
        and  r20, r20, r24
        mul  r20, r20, r22
        shl  r21, r21, r23
        add  r20, r20, r21
        li   r25, 536870912
        bge  r20, r25, large
        jmp  leave
less_op: call r46, numbers
        blt  r11, r12, true
        jmp  false
eq_op:  beq  r11, r12, true
        jmp  false
cons_op: call r40, cons
        jmp  leave
car_op: and  r20, r11, r30
        bne  r20, r0, kind
        lw   r3, r11, 0
        jmp  leave
cdr_op: and  r20, r11, r30
        bne  r20, r0, kind
        lw   r3, r11, 4
        jmp  leave
null_op: beq r11, r0, true
        jmp  false
atom_op: beq r11, r0, true
        and  r20, r11, r30
        bne  r20, r0, true
false:  add  r3, r0, r0
        jmp  leave
true:   add  r3, r36, r0
leave:  addi r4, r8, -8
        addi r45, r45, 4
        lw   r10, r45, 0
        ret  r10
numbers: and r20, r11, r30
        bne  r20, r31, kind
        and  r20, r12, r30
        bne  r20, r31, kind
        ret  r46

# A new cell (r11 . r12) in r3.
cons:   bge  r5, r6, collect
new:    sw   r11, r5, 0
        sw   r12, r5, 4
        add  r3, r5, r0
        addi r5, r5, 8
        ret  r40
collect: call r41, gc
        blt  r5, r6, new
        jmp  full

# Copies all that registers and stack reach to the other half; what is reached from there follows.
gc:     add  r20, r38, r0
        add  r38, r43, r0
        add  r43, r20, r0
        add  r20, r39, r0
        add  r39, r6, r0
        add  r6, r20, r0
        add  r5, r43, r0
        addi r44, r44, 1
${[1, 2, 3, 11, 12, 13, 14, 15].map((r) => `        add  r18, r${r}, r0\n        call r42, forward\n        add  r${r}, r18, r0`).join('\n')}
        li   r26, STACK
root:   bge  r26, r4, scan
        lw   r18, r26, 0
        call r42, forward
        sw   r18, r26, 0
        addi r26, r26, 4
        jmp  root
scan:   add  r26, r43, r0
next:   bge  r26, r5, copied
        lw   r18, r26, 0
        call r42, forward
        sw   r18, r26, 0
        addi r26, r26, 4
        jmp  next
copied: ret  r41

# Where the cell of word r18 is in this half, in r18.
forward: and r23, r18, r30
        bne  r23, r0, kept           # no cell
        blt  r18, r34, kept          # nil, or a cell of the program
        lw   r24, r18, 0
        bne  r24, r35, copy
        lw   r18, r18, 4             # it has moved already
        ret  r42
copy:   sw   r24, r5, 0
        lw   r23, r18, 4
        sw   r23, r5, 4
        sw   r35, r18, 0
        sw   r5, r18, 4
        add  r18, r5, r0
        addi r5, r5, 8
kept:   ret  r42

unbound: li  r50, 1
        jmp  stop
nofunction: li r50, 2
        jmp  stop
arguments: li r50, 3
        jmp  stop
kind:   li   r50, 4
        jmp  stop
deep:   li   r50, 5
        jmp  stop
full:   li   r50, 6
        jmp  stop
large:  li   r50, 7

# Results, the code and the number of collections go to DRAM: a load of nothing but fill puts a register into NRAM.
stop:   cfg.dimi R0, 0, 1, 4
        cfg.bound R0, 0, r0, r0
        cfg.dimi R1, 0, 1, 4
        li   r26, STACK
        li   r27, 0
        li   r25, 4 * RESULTS
word:   bge  r27, r25, written
        lw   r21, r26, 0
        call r46, put
        addi r26, r26, 4
        jmp  word
written: add r21, r50, r0
        call r46, put
        add  r21, r44, r0
        call r46, put
        signal load, 0
        cfg.dimi R2, 0, RESULTS + 2, 4
        wait store, 0
        store nram, r0, r0, R2, R2, f32
        halt
put:    cfg.fill R0, r21
        load nram, r27, r0, R1, R0, f32
        addi r27, r27, 4
        ret  r46
`;

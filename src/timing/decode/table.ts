/**
 * The control unit's state machine, as one table: simulator, reference page and diagram come from it, and RTL can.
 * A row says: in this state, with an opcode of these classes in the instruction register and these levels on the status lines, go
 * there, do that, and count so many cycles to that account. Lines that a row does not name do not matter to it. For every state, opcode
 * and pattern of the lines exactly one row applies (`decode.test.ts` tries them all).
 */
import { CONTROL_CLASSES, type OpcodeClass } from '#isa';

/** In the order of the page. */
export const DECODE_STATES = [
  /** Out of reset, no program started. */
  'IDLE',
  /** Takes the word at pc out of the fetch buffer. */
  'FETCH',
  /** The word stands in the instruction register; waits for its operands. */
  'DECODE',
  /** Scalar work, branches, loops, records. */
  'EXECUTE',
  /** Hands an entry to its queue. */
  'DISPATCH',
  /** Stands before a queue without room. */
  'STALL',
  /** Waits until every queue is empty and every unit idle, or for other cores. */
  'WAIT',
  /** The host works. */
  'HOST',
  /** Stopped by an error. */
  'TRAP',
  /** Stopped by `halt`. */
  'HALT',
] as const;
export type DecodeState = (typeof DECODE_STATES)[number];

/** What control sees of the rest of the processor. */
export const STATUS_LINES = {
  start: 'a program is to be started',
  inside: 'pc lies within the program',
  fetched: 'the word at pc is in the fetch buffer',
  valid: 'its fields hold valid values, its reserved bits are 0',
  ready: 'what it reads has been written',
  faulted: 'it traps: scalar address, loop nest, or an operand outside its memory',
  taken: 'its condition holds',
  room: 'its queue can take an entry',
  drained: 'every queue is empty and every unit idle',
  met: 'every core of the scope has come here, and that has been told (of one core, or without a scope: always)',
  done: 'the host has answered',
} as const;
export type StatusLine = keyof typeof STATUS_LINES;
export type Status = Readonly<Record<StatusLine, boolean>>;

/** What control spends its cycles on; they add up to those of the run. */
export const CONTROL_ACCOUNTS = [
  'issue',
  'branch',
  'data',
  'fetch',
  'queue',
  'sync',
  'barrier',
  'host',
  'halt',
] as const;
export type ControlAccount = (typeof CONTROL_ACCOUNTS)[number];

/** Cycles of a row: none, one, those of every instruction, or those of a taken branch. */
export type DecodeCycles = 0 | 1 | 'instruction' | 'branch';

export interface DecodeRow {
  readonly from: DecodeState;
  /** Classes of the opcode in the instruction register. */
  readonly classes: readonly OpcodeClass[];
  readonly when: Readonly<Partial<Record<StatusLine, boolean>>>;
  readonly to: DecodeState;
  /** What it does on the way, in words; empty: nothing. */
  readonly does: string;
  readonly cycles: DecodeCycles;
  /** Which account its cycles go to; of the ticks in WAIT that of their instruction. */
  readonly account?: ControlAccount;
}

const ALL: readonly OpcodeClass[] = [...CONTROL_CLASSES, 'dispatch', 'illegal'];
const LEGAL = ALL.filter((kind) => kind !== 'illegal');
/** Classes that wait for everything before them, or for other cores; each is an account, too. */
const WAITING = ['sync', 'barrier', 'host', 'halt'] as const;
const DRAINING = WAITING.filter((kind) => kind !== 'barrier');
const isWaiting = (kind: OpcodeClass): boolean => (WAITING as readonly OpcodeClass[]).includes(kind);
/** What control executes itself. */
const EXECUTED = LEGAL.filter((kind) => kind !== 'dispatch' && !isWaiting(kind));
const BRANCHES: readonly OpcodeClass[] = ['branch', 'jump'];
const except = (classes: readonly OpcodeClass[]): readonly OpcodeClass[] =>
  ALL.filter((kind) => !classes.includes(kind));

/** Opcodes with which a state is never entered: the default of a case statement, and what a flipped bit would come to. */
const never = (from: DecodeState, classes: readonly OpcodeClass[]): DecodeRow => ({
  from,
  classes: except(classes),
  when: {},
  to: 'TRAP',
  does: 'not reached',
  cycles: 0,
});

const DISPATCHED = ['dispatch'] as const;

export const DECODE_TABLE: readonly DecodeRow[] = [
  { from: 'IDLE', classes: ALL, when: { start: false }, to: 'IDLE', does: '', cycles: 0 },
  { from: 'IDLE', classes: ALL, when: { start: true }, to: 'FETCH', does: 'pc = 0', cycles: 0 },

  { from: 'FETCH', classes: ALL, when: { inside: false }, to: 'TRAP', does: 'past the end', cycles: 0 },
  {
    from: 'FETCH',
    classes: ALL,
    when: { inside: true, fetched: false },
    to: 'FETCH',
    does: '',
    cycles: 1,
    account: 'fetch',
  },
  {
    from: 'FETCH',
    classes: ALL,
    when: { inside: true, fetched: true },
    to: 'DECODE',
    does: 'IR = word at pc',
    cycles: 0,
  },

  { from: 'DECODE', classes: ['illegal'], when: {}, to: 'TRAP', does: 'no instruction', cycles: 0 },
  { from: 'DECODE', classes: LEGAL, when: { valid: false }, to: 'TRAP', does: 'invalid word', cycles: 0 },
  {
    from: 'DECODE',
    classes: LEGAL,
    when: { valid: true, ready: false },
    to: 'DECODE',
    does: '',
    cycles: 1,
    account: 'data',
  },
  {
    from: 'DECODE',
    classes: EXECUTED,
    when: { valid: true, ready: true },
    to: 'EXECUTE',
    does: 'read registers',
    cycles: 'instruction',
    account: 'issue',
  },
  {
    from: 'DECODE',
    classes: DISPATCHED,
    when: { valid: true, ready: true },
    to: 'DISPATCH',
    does: 'snapshot registers and records; pc = next',
    cycles: 'instruction',
    account: 'issue',
  },
  {
    from: 'DECODE',
    classes: WAITING,
    when: { valid: true, ready: true },
    to: 'WAIT',
    does: 'pc = next',
    cycles: 'instruction',
    account: 'issue',
  },

  { from: 'EXECUTE', classes: EXECUTED, when: { faulted: true }, to: 'TRAP', does: 'the error', cycles: 0 },
  {
    from: 'EXECUTE',
    classes: EXECUTED.filter((kind) => !BRANCHES.includes(kind)),
    when: { faulted: false },
    to: 'FETCH',
    does: 'write the result; pc = next',
    cycles: 0,
  },
  {
    from: 'EXECUTE',
    classes: BRANCHES,
    when: { faulted: false, taken: false },
    to: 'FETCH',
    does: 'pc = next',
    cycles: 0,
  },
  {
    from: 'EXECUTE',
    classes: BRANCHES,
    when: { faulted: false, taken: true },
    to: 'FETCH',
    does: 'write the link; pc = target',
    cycles: 'branch',
    account: 'branch',
  },
  never('EXECUTE', EXECUTED),

  { from: 'DISPATCH', classes: DISPATCHED, when: { faulted: true }, to: 'TRAP', does: 'the error', cycles: 0 },
  {
    from: 'DISPATCH',
    classes: DISPATCHED,
    when: { faulted: false, room: true },
    to: 'FETCH',
    does: 'push the entry',
    cycles: 0,
  },
  { from: 'DISPATCH', classes: DISPATCHED, when: { faulted: false, room: false }, to: 'STALL', does: '', cycles: 0 },
  never('DISPATCH', DISPATCHED),

  { from: 'STALL', classes: DISPATCHED, when: { room: false }, to: 'STALL', does: '', cycles: 1, account: 'queue' },
  {
    from: 'STALL',
    classes: DISPATCHED,
    when: { room: true },
    to: 'FETCH',
    does: 'push the entry',
    cycles: 0,
  },
  never('STALL', DISPATCHED),

  ...DRAINING.map(
    (kind): DecodeRow => ({
      from: 'WAIT',
      classes: [kind],
      when: { drained: false },
      to: 'WAIT',
      does: '',
      cycles: 1,
      account: kind,
    }),
  ),
  ...(['sync', 'host'] as const).map(
    (kind): DecodeRow => ({
      from: 'WAIT',
      classes: [kind],
      when: { drained: true, met: false },
      to: 'WAIT',
      does: '',
      cycles: 1,
      account: kind,
    }),
  ),
  { from: 'WAIT', classes: ['barrier'], when: { met: false }, to: 'WAIT', does: '', cycles: 1, account: 'barrier' },
  { from: 'WAIT', classes: ['barrier'], when: { met: true }, to: 'FETCH', does: '', cycles: 0 },
  { from: 'WAIT', classes: ['sync'], when: { drained: true, met: true }, to: 'FETCH', does: '', cycles: 0 },
  { from: 'WAIT', classes: ['host'], when: { drained: true, met: true }, to: 'HOST', does: 'call the host', cycles: 0 },
  { from: 'WAIT', classes: ['halt'], when: { drained: true }, to: 'HALT', does: 'end of the program', cycles: 0 },
  never('WAIT', WAITING),

  { from: 'HOST', classes: ['host'], when: { done: false }, to: 'HOST', does: '', cycles: 1, account: 'host' },
  { from: 'HOST', classes: ['host'], when: { done: true }, to: 'FETCH', does: '', cycles: 0 },
  never('HOST', ['host']),

  { from: 'TRAP', classes: ALL, when: {}, to: 'TRAP', does: '', cycles: 0 },
  { from: 'HALT', classes: ALL, when: {}, to: 'HALT', does: '', cycles: 0 },
];

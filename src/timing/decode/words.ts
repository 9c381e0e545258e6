/** How rows of the decode table are written: in the page, and on the arrows of the diagram. */
import { CONTROL_CLASSES, type OpcodeClass } from '#isa';
import { DECODE_TABLE, type DecodeRow, type StatusLine } from './table.ts';

const LEGAL = CONTROL_CLASSES.length + 1;
/** What DECODE hands to EXECUTE. */
const SCALAR = DECODE_TABLE.find((row) => row.from === 'DECODE' && row.to === 'EXECUTE')!.classes;

/** `any`, `legal`, `scalar` for long lists; else the classes. */
export function classesText(classes: readonly OpcodeClass[]): string {
  if (classes.length === LEGAL + 1) return 'any';
  if (classes.length === LEGAL && !classes.includes('illegal')) return 'legal';
  if (classes.length === SCALAR.length && classes.every((kind) => SCALAR.includes(kind))) return 'scalar';
  const others = SCALAR.filter((kind) => !classes.includes(kind));
  if (others.length > 0 && others.length < SCALAR.length / 2 && classes.every((kind) => SCALAR.includes(kind))) {
    return `scalar but ${others.join(', ')}`;
  }
  return classes.join(', ');
}

/** `inside, not fetched`. */
export const conditionText = ({ when }: DecodeRow): string =>
  (Object.entries(when) as [StatusLine, boolean][]).map(([line, level]) => (level ? line : `not ${line}`)).join(', ');

export function cyclesText({ cycles }: DecodeRow): string {
  if (cycles === 'instruction') return 'cyclesPerInstruction';
  return cycles === 'branch' ? 'branchPenalty' : String(cycles);
}

/** Rows that hardware takes: all but those for opcodes with which a state is never entered. */
export const REACHED_ROWS: readonly DecodeRow[] = DECODE_TABLE.filter((row) => row.does !== 'not reached');

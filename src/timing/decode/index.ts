/** The control unit's decode state machine: its table, how to step it, and its picture. */
export * from './diagram.ts';
export * from './machine.ts';
export * from './page.ts';
export * from './table.ts';

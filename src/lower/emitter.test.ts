/** Labels across layers: prologues are put in front of what has been emitted. */
import { expect, test } from 'vitest';
import { decode } from '#isa';
import { Emitter } from './emitter.ts';

test('labels follow their layer past its prologue, and one at its end leads to the whole next layer', () => {
  const e = new Emitter();
  e.beginLayer();
  const end = e.newLabel();
  const inside = e.newLabel();
  e.jump('jmp', inside);
  e.jump('jmp', end);
  e.place(inside);
  e.op('nop');
  e.once('nop');
  e.place(end);
  e.endLayer();
  e.beginLayer();
  e.once('nop');
  e.op('halt');
  e.endLayer();
  const targets = [...e.finish()].map((word) => decode(word)).map((i) => i.fields.target);
  // nop | jmp +2, jmp +2, nop | nop, halt
  expect(targets).toEqual([undefined, 2, 2, undefined, undefined, undefined]);
});

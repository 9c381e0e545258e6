/** The debugger's commands that only look: registers, records, memories, semaphores, the program. */
import { SCALAR_REGISTERS } from '#isa';
import { MEMORIES } from '#sim';
import type { Answer, Session } from './session.ts';
import { aligned, listing, stateText, stopText, wordText } from './show.ts';
import { bytesOf, VALUE_TYPES, type ValueType, valuesIn, valueText } from './values.ts';
import { type Given, MOST, nameOf, numberOf, wrongArguments } from './words.ts';

/** Elements that `mem` prints at most. */
const MOST_VALUES = 65536;

export function core(session: Session, given: Given): Answer {
  const d = session.debugger;
  const [word] = given.words;
  if (word !== undefined) {
    d.follow(numberOf(given, word, { en: 'core', zh: '核号' }, 0, MOST));
    return where(session);
  }
  const followed = d.core;
  const cores = Array.from({ length: d.cores }, (_, core) => {
    d.follow(core);
    const { pc, state, next } = d.control();
    return { core, instructions: d.instructions, state, next, pc, text: d.instruction(pc).text };
  });
  d.follow(followed);
  const rows = cores.map((c) => [
    `${c.core === followed ? '=>' : '  '} ${c.core}`,
    session.console.text({ en: `${c.instructions} instructions`, zh: `${c.instructions} 条指令` }),
    `${c.pc}`,
    c.text,
    session.console.text(stateText(c)),
  ]);
  return { data: { followed, cores }, text: aligned(rows) };
}

export function registers(session: Session, given: Given): Answer {
  const { registers: all, act, quantisation, zero } = session.debugger.control();
  const asked = given.words.map((word) =>
    numberOf(given, word.replace(/^r/i, ''), { en: 'register', zh: '寄存器' }, 0, SCALAR_REGISTERS - 1),
  );
  const shown = asked.length > 0 ? asked : [...all.keys()].filter((r) => all[r] !== 0);
  const rows = shown.map((r) => [`r${r}`, wordText(all[r]!)]);
  if (asked.length === 0 && (act[0] !== 0 || act[1] !== 0)) {
    rows.push(['act p0', wordText(act[0])], ['act p1', wordText(act[1])]);
  }
  const { za, zw, zc, weights } = quantisation;
  if (asked.length === 0 && (za !== 0 || zw !== 0 || zc !== 0 || weights !== 'same')) {
    rows.push(['quant za, zw, zc', `${za}, ${zw}, ${zc}`], ['quant weights', weights]);
  }
  if (asked.length === 0 && zero !== 0) rows.push(['zero', String(zero)]);
  const none = session.console.text({ en: 'all registers are 0', zh: '所有寄存器均为 0' });
  return { data: { registers: [...all], act, quantisation, zero }, text: aligned(rows) || none };
}

export function records(session: Session, given: Given): Answer {
  const all = session.debugger.records();
  const asked = given.words.map((word) =>
    numberOf(given, word.replace(/^R/i, ''), { en: 'record', zh: '记录' }, 0, all.length - 1),
  );
  const isCleared = (r: number): boolean => {
    const { dimensions, fill } = all[r]!;
    return fill === 0 && dimensions.every((d) => d.size === 1 && d.stride === 0 && d.lo === 0 && d.hi === 1);
  };
  const shown = asked.length > 0 ? asked : [...all.keys()].filter((r) => !isCleared(r));
  const rows = shown.map((r) => {
    const { dimensions, fill } = all[r]!;
    const last = Math.max(
      0,
      dimensions.findLastIndex((d) => d.size !== 1 || d.stride !== 0),
    );
    const texts = dimensions.slice(0, last + 1).map(({ size, stride, lo, hi }, d) => {
      const bounds = lo === 0 && hi === size ? '' : ` [${lo}, ${hi})`;
      return `d${d} ${size} × ${stride}${bounds}`;
    });
    return [`R${r}`, `${texts.join('; ')}${fill === 0 ? '' : `; fill ${wordText(fill)}`}`];
  });
  const none = session.console.text({ en: 'all records are cleared', zh: '所有记录均为初始值' });
  return { data: { records: all }, text: aligned(rows) || none };
}

export function memory(session: Session, given: Given): Answer {
  const [spaceWord, addressWord, countWord, typeWord] = given.words;
  const space = nameOf(given, spaceWord!, { en: 'memory', zh: '存储器' }, [...MEMORIES, 'smem'] as const);
  const type: ValueType =
    typeWord === undefined
      ? space === 'smem'
        ? 'i32'
        : 'f32'
      : nameOf(given, typeWord, { en: 'type', zh: '类型' }, VALUE_TYPES);
  const address = numberOf(given, addressWord!, { en: 'address', zh: '地址' }, 0, MOST);
  const most = { en: 'number of elements', zh: '元素个数' };
  const count = countWord === undefined ? 8 : numberOf(given, countWord, most, 1, MOST_VALUES);
  const bytes = count * bytesOf(type);
  const values = valuesIn(
    space === 'smem' ? scalarBytes(session, given, address, bytes) : session.debugger.read(space, address, bytes),
    type,
  );
  const perLine = bytesOf(type) === 1 ? 16 : 8;
  const rows = [];
  for (let i = 0; i < values.length; i += perLine) {
    rows.push([`${space} ${address + i * bytesOf(type)}`, ...values.slice(i, i + perLine).map(valueText)]);
  }
  return { data: { space, address, type, values }, text: aligned(rows) };
}

function scalarBytes(session: Session, given: Given, address: number, count: number): Uint8Array {
  const { buffer, byteOffset, byteLength } = session.debugger.control().scalarMemory;
  if (address + count <= byteLength) return new Uint8Array(buffer, byteOffset + address, count).slice();
  const problem = {
    en: `The scalar memory has no bytes ${address}…${address + count - 1}: it ends at ${byteLength - 1}.`,
    zh: `标量存储器没有字节 ${address}…${address + count - 1}：止于 ${byteLength - 1}。`,
  };
  throw wrongArguments({ problem, usage: given.usage });
}

export function semaphores(session: Session): Answer {
  const all = session.debugger.semaphores();
  const { console } = session;
  const rows = all.flatMap(({ count, coming, signaller, waiter }, s) => {
    if (signaller === undefined && waiter === undefined) return [];
    const later =
      coming.length === 0
        ? ''
        : console.text({ en: `more at ${coming.join(', ')}`, zh: `${coming.join('、')} 时增加` });
    return [
      [
        `${s}`,
        console.text({ en: `count ${count}`, zh: `计数 ${count}` }),
        `${signaller ?? '?'} -> ${waiter ?? '?'}`,
        later,
      ],
    ];
  });
  const none = console.text({ en: 'no semaphore has been used', zh: '尚未使用信号量' });
  return { data: { semaphores: all }, text: aligned(rows) || none };
}

export function where(session: Session): Answer {
  const d = session.debugger;
  const control = d.control();
  const { loops, state, next } = control;
  const rows = loops.map(({ from, end, left }) =>
    session.console.text({
      en: `   loop of ${from}…${end - 1}: ${left} rounds to go, with this one`,
      zh: `   循环 ${from}…${end - 1}：连本轮还有 ${left} 轮`,
    }),
  );
  const { cycle, instructions } = d;
  const stop = stopText(session, { cycle, instructions, reasons: [] }, []);
  return {
    data: { cycle, instructions, state, next, loops, instruction: d.instruction() },
    text: [stop, ...rows].join('\n'),
  };
}

export function list(session: Session, given: Given): Answer {
  const current = session.debugger.control().pc;
  const count =
    given.words[1] === undefined ? 12 : numberOf(given, given.words[1], { en: 'count', zh: '条数' }, 1, MOST);
  const from =
    given.words[0] === undefined
      ? Math.max(0, current - 4)
      : numberOf(given, given.words[0], { en: 'instruction', zh: '指令编号' }, 0, MOST);
  const to = Math.min(session.program.words.length, from + count);
  const instructions = [];
  for (let i = from; i < to; i++) instructions.push(session.debugger.instruction(i));
  // Says so where there is none.
  session.debugger.instruction(from);
  return { data: { current, instructions }, text: listing(session, from, to) };
}

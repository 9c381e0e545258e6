/** Texts of the debugger: where it stands, and what the processor holds. */
import pc from 'picocolors';
import stringWidth from 'string-width';
import { float32OfBits } from '#base';
import { instructionText, SCALING_FUNCTIONS, scalarIsFloat } from '#isa';
import type { Breakpoint, ControlView, EntryView, Hit, QueueEntry, SimulationEvent, Stop, StopReason } from '#sim';
import type { Both } from '../language.ts';
import type { Session } from './session.ts';
import { valueText } from './values.ts';

/** Events of a cycle that are listed. */
const MOST_EVENTS = 12;

/** Rows as lines, cells aligned, the last one free. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, stringWidth(cell));
  const pad = (cell: string, i: number): string => cell + ' '.repeat(widths[i]! - stringWidth(cell));
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

/** A word as a number, in hexadecimal, and as a float where it reads like one. */
export function wordText(word: number): string {
  const float = float32OfBits(word);
  const magnitude = Math.abs(float);
  const isFloat = Math.abs(word) >= 2 ** 20 && magnitude >= 1e-9 && magnitude <= 1e9;
  return `${word}  0x${(word >>> 0).toString(16).padStart(8, '0')}${isFloat ? `  ${valueText(float)}f` : ''}`;
}

export function stopText(session: Session, stop: Stop, events: readonly SimulationEvent[]): string {
  const { console } = session;
  const { cores, core } = session.debugger;
  const [of, ofZh] = cores === 1 ? ['', ''] : [`core ${core}: `, `核 ${core}：`];
  const at: Both = {
    en: `${of}cycle ${stop.cycle}, ${stop.instructions} instructions completed`,
    zh: `${ofZh}周期 ${stop.cycle}，已完成 ${stop.instructions} 条指令`,
  };
  const reasons = stop.reasons.map((r) => reasonText(r)).filter((r) => r !== undefined);
  const head = [at, ...reasons].map((both) => console.text(both)).join(console.text({ en: '; ', zh: '；' }));
  const lines = [pc.bold(head)];
  const told = events.slice(0, MOST_EVENTS).map((event) => eventRow(session, event));
  if (told.length > 0) lines.push(aligned(told));
  if (events.length > MOST_EVENTS) lines.push(`  … ${events.length - MOST_EVENTS}`);
  return [...lines, currentText(session)].join('\n');
}

function reasonText(reason: StopReason): Both | undefined {
  switch (reason.kind) {
    case 'arrived':
      return undefined;
    case 'start':
      return { en: 'at the beginning', zh: '位于起点' };
    case 'interrupted':
      return { en: 'interrupted', zh: '已中断' };
    case 'error':
      return { en: `cannot go on: ${reason.error.code}`, zh: `无法继续：${reason.error.code}` };
    case 'done':
      return { en: 'the program has ended', zh: '程序已结束' };
    case 'breakpoint': {
      const { id, breakpoint, hit } = reason;
      const what = breakpointText(breakpoint);
      const by = hit === undefined ? { en: '', zh: '' } : hitText(hit);
      return { en: `breakpoint ${id}: ${what.en}${by.en}`, zh: `断点 ${id}：${what.zh}${by.zh}` };
    }
  }
}

export function breakpointText(b: Breakpoint): Both {
  switch (b.kind) {
    case 'instruction':
      return { en: `instruction ${b.pc}`, zh: `第 ${b.pc} 条指令` };
    case 'cycle':
      return { en: `cycle ${b.cycle}`, zh: `第 ${b.cycle} 周期` };
    case 'semaphore':
      return { en: `semaphore ${b.semaphore}`, zh: `信号量 ${b.semaphore}` };
    case 'access': {
      const modes = {
        any: { en: 'access', zh: '访问' },
        read: { en: 'read', zh: '读' },
        write: { en: 'write', zh: '写' },
      };
      const range = `${b.memory} ${b.from}…${b.to - 1}`;
      return { en: `${modes[b.mode].en} of ${range}`, zh: `${modes[b.mode].zh} ${range}` };
    }
  }
}

function hitText({ unit, core, pc: at, what, address }: Hit): Both {
  const [of, ofZh] = core === undefined ? ['', ''] : [`core ${core} `, `核 ${core} `];
  const by = { en: `${of}${unit ?? 'the host'}`, zh: `${ofZh}${unit ?? '主机'}` };
  const where = address === undefined ? '' : ` ${address}`;
  const done = {
    read: { en: 'reads', zh: '读' },
    write: { en: 'writes', zh: '写' },
    wait: { en: 'waits', zh: '等待' },
    signal: { en: 'signals', zh: '发出信号' },
  }[what];
  return {
    en: ` (${by.en} ${done.en}${where}, instruction ${at})`,
    zh: `（${by.zh} ${done.zh}${where}，第 ${at} 条指令）`,
  };
}

function eventRow({ console, program, debugger: d }: Session, event: SimulationEvent): string[] {
  const text = (pcOf: number): string => instructionText(program.words[pcOf]!, pcOf);
  const did = (both: Both): string => console.text(both);
  const of = d.cores === 1 || event.type.startsWith('host:') ? '' : `${event.core} `;
  const row = (unit: string, what: Both): string[] => [`  ${of}${unit}`, did(what), `${event.pc}`, text(event.pc)];
  if (event.type === 'channel:grant') {
    const dram = { en: 'gets the channel', zh: '获得 DRAM 通道' };
    return row(event.unit, event.channel === 'dram' ? dram : { en: 'gets the port', zh: '获得 SharedRAM 端口' });
  }
  if ('entry' in event) {
    return row(event.unit, event.type.endsWith(':start') ? { en: 'starts', zh: '开始' } : { en: 'ends', zh: '结束' });
  }
  if (event.type === 'host:start') return row('host', { en: 'starts', zh: '开始' });
  if (event.type === 'host:end') return row('host', { en: 'answers', zh: '返回' });
  return row('control', { en: 'halts', zh: '停机' });
}

/** The instruction where control is, with what it waits for. */
export function currentText(session: Session): string {
  const { console, debugger: d } = session;
  const control = d.control();
  const state = console.text(stateText(control));
  return `${pc.cyan('=>')} ${instructionLine(session, control.pc)}${state === '' ? '' : `\n   ${state}`}`;
}

function instructionLine(session: Session, at: number): string {
  const { text, node } = session.debugger.instruction(at);
  const line = session.line(at);
  const where = [
    ...(line === undefined ? [] : [`${session.source!.file}:${line}`]),
    ...(node === undefined ? [] : [session.console.text({ en: `node '${node}'`, zh: `节点“${node}”` })]),
  ];
  const comment = where.length === 0 ? '' : `  ${pc.dim(`# ${where.join(', ')}`)}`;
  return `${at}  ${text}${comment}`;
}

export function stateText({ state, next }: Pick<ControlView, 'state' | 'next'>): Both {
  switch (state) {
    case 'ready':
    case 'done':
      return { en: '', zh: '' };
    case 'fetch':
      return { en: `taken; its target begins at cycle ${next}`, zh: `已跳转；目标指令从第 ${next} 周期开始` };
    case 'word':
      return { en: `its word is fetched by cycle ${next}`, zh: `正在取指，第 ${next} 周期取到` };
    case 'operands':
      return { en: `begins at cycle ${next}, when its operands are written`, zh: `等待操作数，第 ${next} 周期开始` };
    case 'queue':
      return { en: 'stands before a full queue', zh: '队列已满，等待派发' };
    case 'sync':
    case 'halt':
      return { en: 'waits until every unit is idle', zh: '等待所有单元空闲' };
    case 'host':
      return { en: 'waits until every unit is idle, then calls the host', zh: '等待所有单元空闲，然后调用主机' };
    case 'meet':
      return next === undefined
        ? { en: 'waits for other cores', zh: '等待其他核' }
        : { en: `goes on at cycle ${next}`, zh: `第 ${next} 周期继续` };
    case 'call':
      return next === undefined
        ? { en: 'the host works', zh: '主机正在工作' }
        : { en: `the host works up to cycle ${next}`, zh: `主机工作到第 ${next} 周期` };
  }
}

/** What an entry works on: addresses as dispatch took them. */
function operandsText(entry: QueueEntry): string {
  switch (entry.kind) {
    case 'load':
      return `${entry.space}[${entry.pad}] <- dram[${entry.dram}]`;
    case 'store':
      return `dram[${entry.dram}] <- ${entry.space}[${entry.pad}]`;
    case 'get':
      return `${entry.space}[${entry.pad}] <- shared[${entry.shared}]`;
    case 'put':
      return `shared[${entry.shared}] <- ${entry.space}[${entry.pad}]`;
    case 'loadSparse':
      return `${entry.space}[${entry.pad}] <- dram[${entry.dram}], ${entry.bytes} bytes`;
    case 'winograd':
      return `${entry.to}[${entry.c}] <- ${entry.from}[${entry.a}]`;
    case 'mmaSparse':
    case 'mma': {
      const to = entry.drain ? `nram[${entry.c}]` : `aram[${entry.acc}]`;
      const bias = entry.drain && entry.useBias ? `, bias wram[${entry.bias}]` : '';
      return `${to} <- nram[${entry.a}], wram[${entry.w}]${bias}`;
    }
    case 'vec': {
      const scalar = scalarIsFloat(entry.function, entry.type) ? valueText(float32OfBits(entry.b)) : `${entry.b | 0}`;
      const b = { none: '', record: `, nram[${entry.b}]`, scalar: `, ${scalar}` };
      const zero = SCALING_FUNCTIONS.has(entry.function) ? `, zero ${entry.zero}` : '';
      return `nram[${entry.c}] <- nram[${entry.a}]${b[entry.bMode]}${zero}`;
    }
    default:
      return '';
  }
}

/** Cells of an entry: instruction, assembly, operands. */
const entryCells = ({ program }: Session, { entry }: EntryView): string[] => [
  `${entry.pc}`,
  instructionText(program.words[entry.pc]!, entry.pc),
  operandsText(entry),
];

export function unitsText(session: Session): string {
  const { console, debugger: d } = session;
  const states: Readonly<Record<string, Both>> = {
    empty: { en: 'idle', zh: '空闲' },
    waits: { en: 'waits', zh: '等待' },
    works: { en: 'works', zh: '工作' },
    setup: { en: 'sets up', zh: '准备' },
    channel: { en: 'waits for DRAM', zh: '等待 DRAM' },
  };
  const rows = d.units().map(({ name, state, running, queue, entries }) => {
    const since =
      running === undefined
        ? ''
        : console.text({
            en: `since ${running.start}${running.end === undefined ? '' : `, to ${running.end}`}`,
            zh: `自 ${running.start}${running.end === undefined ? '' : ` 至 ${running.end}`}`,
          });
    const counts = console.text({
      en: `${queue.length} queued, ${entries} begun`,
      zh: `排队 ${queue.length}，已开始 ${entries}`,
    });
    const at = running === undefined ? '' : entryCells(session, running).slice(0, 2).join('  ');
    return [name, console.text(states[state]!), counts, since, at];
  });
  const { channelFree, cycle } = d;
  const taken = {
    en: `the DRAM channel is taken until cycle ${channelFree}`,
    zh: `DRAM 通道占用到第 ${channelFree} 周期`,
  };
  return `${aligned(rows)}${channelFree > cycle ? `\n${console.text(taken)}` : ''}`;
}

export function queuesText(session: Session): string {
  const { console, debugger: d } = session;
  const at = (n: number): string => console.text({ en: `dispatched ${n}`, zh: `派发于 ${n}` });
  const parts = d.units().map(({ name, running, queue }) => {
    const rows = [
      ...(running === undefined ? [] : [['  >', ...entryCells(session, running), at(running.dispatched)]]),
      ...queue.map((entry) => ['   ', ...entryCells(session, entry), at(entry.dispatched)]),
    ];
    return rows.length === 0 ? `${name}${console.text({ en: ': empty', zh: '：空' })}` : `${name}\n${aligned(rows)}`;
  });
  return parts.join('\n');
}

export function listing(session: Session, from: number, to: number): string {
  const { debugger: d, program } = session;
  const current = d.control().pc;
  const stops = new Set([...d.breakpoints.all.values()].flatMap((b) => (b.kind === 'instruction' ? [b.pc] : [])));
  const rows = [];
  for (let i = Math.max(0, from); i < Math.min(program.words.length, to); i++) {
    rows.push(
      `${i === current ? pc.cyan('=>') : '  '}${stops.has(i) ? pc.red('*') : ' '} ${instructionLine(session, i)}`,
    );
  }
  return rows.join('\n');
}

/**
 * DRAM allocation: pinned buffers (inputs, outputs, constants) one after another; activations share what lies behind them,
 * first fit in order of size, two buffers at the same place only if no layer needs both.
 */
import { diagnostic } from '#base';
import type { Buffer } from './views.ts';

const LINE = 64;
const roundUp = (n: number): number => Math.ceil(n / LINE) * LINE;

const tooLarge = diagnostic<{ needed: number; capacity: number; machine: string }>('SYS-LOWER-003', 'unsupported', {
  en: (p) =>
    `the program needs ${p.needed} bytes of DRAM, and machine '${p.machine}' has ${p.capacity} (dram.bytes; addresses are 32 bits). ` +
    'Use a smaller batch or input, or a machine with more DRAM.',
  zh: (p) =>
    `程序需要 ${p.needed} 字节 DRAM，而机器“${p.machine}”只有 ${p.capacity} 字节（dram.bytes；地址为 32 位）。` +
    '请减小批量或输入，或换用 DRAM 更大的机器。',
});

/**
 * Gives every used buffer of DRAM its address (what a lowering made before it refused its node is used by nobody); returns the
 * first free byte behind them.
 */
export function allocate(buffers: readonly Buffer[]): number {
  let top = 0;
  for (const b of buffers) {
    if (!b.pinned || b.last < 0) continue;
    b.address = top;
    top = roundUp(top + b.bytes);
  }
  const base = top;
  const placed: Buffer[] = [];
  const temporary = buffers
    .filter((b) => !b.pinned && b.last >= 0 && b.home === undefined)
    .sort((x, y) => y.bytes - x.bytes || x.first - y.first);
  for (const b of temporary) {
    b.address = firstFit(b, placed, base);
    placed.push(b);
    top = Math.max(top, roundUp(b.address + b.bytes));
  }
  return top;
}

/** The first address from `base` on where a buffer overlaps none of those that are alive together with it. */
export function firstFit(
  b: Pick<Buffer, 'bytes' | 'first' | 'last'>,
  placed: readonly Pick<Buffer, 'address' | 'bytes' | 'first' | 'last'>[],
  base: number,
): number {
  const rivals = placed.filter((o) => o.first <= b.last && b.first <= o.last).sort((x, y) => x.address - y.address);
  let at = base;
  for (const o of rivals) {
    if (at + b.bytes <= o.address) break;
    at = Math.max(at, roundUp(o.address + o.bytes));
  }
  return at;
}

export function checkDram(
  needed: number,
  machine: { readonly name: string; readonly dram: { readonly bytes: number } },
): void {
  if (needed > machine.dram.bytes) throw tooLarge({ needed, capacity: machine.dram.bytes, machine: machine.name });
}

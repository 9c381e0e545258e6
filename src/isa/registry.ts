/** All instructions, one line each. Opcode 0 is never given away, so that memory of zeros does not execute. */
import type { InstructionDefinition } from './define.ts';
import { branch } from './instructions/branch.ts';
import { cfgAct, cfgBound, cfgClear, cfgDim, cfgDimi, cfgFill, cfgQuant, cfgZero } from './instructions/cfg.ts';
import { csr } from './instructions/coreNumber.ts';
import { barrier, halt, nop, sync } from './instructions/flow.ts';
import { host } from './instructions/host.ts';
import { call, jmp, ret } from './instructions/jump.ts';
import { li } from './instructions/li.ts';
import { dmaLinear, macLinear } from './instructions/linear.ts';
import { get, put } from './instructions/link.ts';
import { loop, loopi } from './instructions/loop.ts';
import { mad } from './instructions/mad.ts';
import { mma } from './instructions/mma.ts';
import { scalar } from './instructions/scalar.ts';
import { addi, muli } from './instructions/scalarImmediate.ts';
import { lw, sw } from './instructions/scalarMemory.ts';
import { signal, signalTo, wait } from './instructions/semaphore.ts';
import { loadSparse, mmaSparse } from './instructions/sparse.ts';
import { load, store } from './instructions/transfer.ts';
import { vec } from './instructions/vec.ts';
import { winoInput, winoOutput, winoWeight } from './instructions/winograd.ts';

/** In the order of the reference page. */
export const instructions: readonly InstructionDefinition[] = [
  nop,
  halt,
  sync,
  barrier,
  host,
  csr,
  li,
  ...scalar,
  addi,
  muli,
  mad,
  ...branch,
  jmp,
  call,
  ret,
  lw,
  sw,
  loop,
  loopi,
  cfgDim,
  cfgDimi,
  cfgBound,
  cfgFill,
  cfgClear,
  cfgAct,
  cfgQuant,
  cfgZero,
  wait,
  signal,
  signalTo,
  load,
  store,
  get,
  put,
  loadSparse,
  mma,
  mmaSparse,
  vec,
  winoInput,
  winoWeight,
  winoOutput,
  dmaLinear,
  macLinear,
];

export const byMnemonic: ReadonlyMap<string, InstructionDefinition> = new Map(instructions.map((d) => [d.mnemonic, d]));
export const byOpcode: ReadonlyMap<number, InstructionDefinition> = new Map(instructions.map((d) => [d.opcode, d]));

/**
 * What a machine must be able to do beyond having well-formed figures. One tile is the least work of a unit:
 * NRAM holds one chunk of Ti neurons with one group of Tn results, and three operands of one group of vector lanes;
 * WRAM holds Ti × Tn weights with Tn biases; the accumulators hold one entry of Tn. All elements are of 32 bits.
 */
import type { Place, SystoleError } from '#base';
import type { Path } from './describe.ts';
import { type Both, beyondAddresses, notRealizable, noWholeWords, tooSmall } from './errors.ts';
import { filtersOf, lanesOf, type Machine } from './schema.ts';

/** Largest memory of whole 4 KiB pages whose end is still a 32-bit address. */
export const MEMORY_MAX = 2 ** 32 - 4096;

interface Memory {
  readonly path: Path;
  readonly bytes: number;
  readonly least: number;
  readonly holds: Both;
}

function memories(m: Machine): readonly Memory[] {
  const ti = lanesOf(m.matrix);
  const tn = filtersOf(m.matrix);
  const { lanes } = m.vector;
  const matrixTile = 4 * (ti + tn);
  const vectorTile = 12 * lanes;
  const nram =
    matrixTile >= vectorTile
      ? { least: matrixTile, holds: { en: `${ti} neurons and ${tn} results`, zh: `${ti} 个神经元与 ${tn} 个结果` } }
      : { least: vectorTile, holds: { en: `three operands of ${lanes} lanes`, zh: `${lanes} 个通道的三个操作数` } };
  return [
    { path: ['nram', 'bytes'], bytes: m.nram.bytes, ...nram },
    {
      path: ['wram', 'bytes'],
      bytes: m.wram.bytes,
      least: 4 * (ti * tn + tn),
      holds: { en: `${ti} × ${tn} weights and ${tn} biases`, zh: `${ti} × ${tn} 个权重与 ${tn} 个偏置` },
    },
    {
      path: ['matrix', 'accumulatorBytes'],
      bytes: m.matrix.accumulatorBytes,
      least: 4 * tn,
      holds: { en: `one entry of ${tn} accumulators`, zh: `一组 ${tn} 个累加器` },
    },
    {
      path: ['control', 'scalarMemoryBytes'],
      bytes: m.control.scalarMemoryBytes,
      least: 4,
      holds: { en: 'one word', zh: '一个字' },
    },
    { path: ['dram', 'bytes'], bytes: m.dram.bytes, least: 4, holds: { en: 'one word', zh: '一个字' } },
  ];
}

/** Everything that is wrong with a well-formed machine. `place` finds the value at a path. */
export function capacityErrors(m: Machine, place: (path: Path) => Place): SystoleError[] {
  const errors: SystoleError[] = [];
  for (const { path, bytes, least, holds } of memories(m)) {
    const key = path.join('.');
    if (bytes < least) errors.push(tooSmall({ key, found: bytes, least, holds }, place(path)));
    else if (bytes > MEMORY_MAX) errors.push(beyondAddresses({ key, found: bytes, most: MEMORY_MAX }, place(path)));
    else if (bytes % 4 !== 0) errors.push(noWholeWords({ key, found: bytes, write: bytes - (bytes % 4) }, place(path)));
  }
  if (m.realizable) {
    for (const key of ['cyclesPerInstruction', 'queueCycles', 'signalLatency'] as const) {
      if (m.control[key] === 0) errors.push(notRealizable({ key: `control.${key}` }, place(['control', key])));
    }
  }
  return errors;
}

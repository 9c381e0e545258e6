/**
 * Bytes in words (`formula/words.ts`) take several operations each, so that a vector unit of few lanes may be slower with them than a call
 * of the host, which is then to be preferred.
 */
import { elementCount, type GraphNode } from '#ir';
import { SLOT_BYTES } from '#isa';
import { nodeWork } from '#ops';
import { hostCycles } from '#timing';
import type { Planner, ToHost } from '../planner.ts';
import { lacksType, toHost } from '../reasons.ts';

/** The reason for the host where a node in words takes longer than a call of the host for it alone; undefined where it does not. */
export function slowerInWords(p: Planner, node: GraphNode, cycles: number): ToHost | undefined {
  const values = [...new Set([...node.inputs, ...node.outputs])].filter((v) => v !== '' && p.constant(v) === undefined);
  const bytes = values.reduce((n, v) => n + elementCount(p.dims(v)) * SLOT_BYTES[p.slotType(v)], 0);
  if (cycles <= hostCycles(p.machine, { bytes, ...nodeWork(p.model, node) })) return undefined;
  const byte = values.map((v) => p.dtype(v)).find((dtype) => dtype === 'int8' || dtype === 'uint8') ?? 'uint8';
  const { en, zh } = lacksType(p.machine, 'vector', byte).host;
  return toHost(
    `${en}, and with each byte in a word it would take longer there than a call of the host`,
    `${zh}；每字节占一个字来计算，比调用主机更慢`,
  );
}

/**
 * The object of `--json`: numbers that JSON lacks (NaN, the infinities) and 64-bit integers stand as strings, tensors as flat
 * row-major `data`. Field names are stable.
 */
import { internalError, type Language } from '#base';
import { type Tensor, tensorIntegers, tensorNumbers } from '#ir';
import type { HostNode } from '#isa';
import type { RunReport } from './runReport.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** @param language of reasons and notices */
export function reportJson(report: RunReport, language: Language = 'en'): { readonly [key: string]: Json } {
  const told = (nodes: readonly HostNode[]) =>
    nodes.map((node) => ({
      ...node,
      reason: node.reason[language],
      estimate: node.estimate?.[language] ?? null,
    }));
  return toJson({
    ...report,
    outputs: report.outputs.map(({ tensor, ...value }) => ({
      ...value,
      data: tensor === null ? null : tensorJson(tensor),
    })),
    layers: report.layers.map((layer) => ({ ...layer, onHost: told(layer.onHost) })),
    host: { ...report.host, nodes: told(report.host.nodes) },
    notices: report.notices.map(({ en, zh, ...notice }) => ({ ...notice, message: language === 'en' ? en : zh })),
  }) as { readonly [key: string]: Json };
}

/** All elements of a tensor, in row-major order. */
export function tensorJson(t: Tensor): Json {
  if ('strings' in t) return t.strings;
  if (t.dtype === 'int64' || t.dtype === 'uint64') return tensorIntegers(t).map(String);
  const numbers = [...tensorNumbers(t)];
  return t.dtype === 'bool' ? numbers.map((v) => v !== 0) : numbers.map(numberJson);
}

const numberJson = (v: number): Json => (Number.isFinite(v) ? v : String(v));

/** Plain data as JSON has it; what is undefined is left out. */
export function toJson(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return numberJson(value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, v]) => v !== undefined)
        .map(([key, v]) => [key, toJson(v)]),
    );
  }
  throw internalError({ what: `a report holds a ${typeof value}` });
}

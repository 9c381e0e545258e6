/** Values of `systole parallel`: links as `intra=300,2us,inter=12.5,10us`, and sizes as `25MB`. */
import type { Link } from '#report';
import { badValue } from '../values.ts';

export interface Links {
  readonly intra?: Link;
  readonly inter?: Link;
}

const LINKS = {
  en: "intra=GB/s[,LATENCY] for devices of a machine, inter=GB/s[,LATENCY] between machines, each once, latencies with ns, us, ms or s: 'intra=300,2us,inter=12.5,10us'",
  zh: '同一机器内 intra=GB/s[,延迟]，机器之间 inter=GB/s[,延迟]，各至多一次，延迟带单位 ns、us、ms 或 s：“intra=300,2us,inter=12.5,10us”',
};

const SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, μs: 1e-6, ms: 1e-3, s: 1 };

/** A plain decimal number, of which there is no other reading. */
const NUMBER = String.raw`\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`;

/** The value of `--links`. @throws SYS-CLI-004 */
export function links(text: string): Links {
  const wrong = badValue({ option: '--links', found: text, expected: LINKS });
  const found: { intra?: Link; inter?: Link } = {};
  for (const [part] of text.matchAll(/[^,]+(?:,\s*(?![^,]*=)[^,]*)*|,/g)) {
    const match = new RegExp(
      String.raw`^\s*(intra|inter)\s*=\s*(${NUMBER})(?:\s*,\s*(${NUMBER})\s*(ns|us|µs|μs|ms|s))?\s*,?\s*$`,
    ).exec(part);
    const [, name, bandwidth, latency, unit] = match ?? [];
    const isNew = (name === 'intra' || name === 'inter') && found[name] === undefined;
    if (part === ',' && Object.keys(found).length > 0) continue;
    if (!isNew || !(Number(bandwidth) > 0)) throw wrong;
    const seconds = latency === undefined ? 0 : Number(latency) * SECONDS[unit!]!;
    const link = { bandwidth: Number(bandwidth) * 1e9, latency: seconds };
    if (!Number.isFinite(link.bandwidth) || !Number.isFinite(seconds)) throw wrong;
    found[name] = link;
  }
  if (Object.keys(found).length === 0) throw wrong;
  return found;
}

const BYTES: Readonly<Record<string, number>> = {
  ...{ '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
};

/** Bytes with a unit: 25MB, 25MiB, 80GB. */
export function byteSize(option: string): (text: string) => number {
  const expected = {
    en: 'bytes above 0 with a unit: 25MB, 25MiB, 80GB',
    zh: '大于 0 的字节数，带单位：25MB、25MiB、80GB',
  };
  return (text) => {
    const match = new RegExp(String.raw`^\s*(${NUMBER})\s*([kmgt]i?b|b|)\s*$`, 'i').exec(text);
    const bytes = Number(match?.[1]) * (BYTES[match?.[2]?.toLowerCase() ?? ''] ?? Number.NaN);
    if (!(bytes >= 1 && Number.isFinite(bytes))) throw badValue({ option, found: text, expected });
    return bytes;
  };
}

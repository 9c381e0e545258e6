/** The gate of the words: every diagnostic has a code of its own and speaks English and Chinese. */
import { describe, expect, test } from 'vitest';
import { sources, withoutComments } from './house/sources.ts';

interface Declaration {
  readonly code: string;
  readonly where: string;
  readonly layer: string;
  /** The declaration's text, up to its closing parenthesis. */
  readonly text: string;
}

/** From the parenthesis at `open` to the one that closes it. */
function call(code: string, open: number): string {
  let depth = 0;
  let quote = '';
  for (let i = open; i < code.length; i++) {
    const c = code[i]!;
    if (quote !== '') {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (c === "'" || c === '"' || c === '`') quote = c;
    else if (c === '(') depth++;
    else if (c === ')' && --depth === 0) return code.slice(open, i + 1);
  }
  return code.slice(open);
}

/** `diagnostic('SYS-…'`, with or without a type argument. A Notice is an object with a code and both texts. */
function declarations(): Declaration[] {
  return sources()
    .filter((f) => !f.isTest)
    .flatMap(({ path, layer, text }) => {
      const code = withoutComments(text);
      return [
        ...code.matchAll(/\(\s*(['"])(SYS-[^'"]+)\1\s*,\s*(['"])(?:check|usage|invalid|unsupported|internal)\3/g),
      ].map((m) => ({
        code: m[2]!,
        where: `${path}:${code.slice(0, m.index).split('\n').length}`,
        layer,
        text: call(code, m.index),
      }));
    });
}

const all = declarations();

describe('diagnostics', () => {
  test('no two share a code', () => {
    const byCode = Map.groupBy(all, (d) => d.code);
    const shared = [...byCode].filter(([, ds]) => ds.length > 1);
    expect(shared.map(([code, ds]) => `${code}: ${ds.map((d) => d.where).join(', ')}`)).toEqual([]);
    expect(all.length).toBeGreaterThan(0);
  });

  test('a code reads SYS-<LAYER>-<NNN>, and a layer keeps to its own word', () => {
    expect(all.filter((d) => !/^SYS-[A-Z]+-\d{3}$/.test(d.code)).map((d) => `${d.where}: ${d.code}`)).toEqual([]);
    const layersOf = Map.groupBy(all, (d) => d.code.split('-')[1]!);
    const split = [...layersOf].filter(([, ds]) => new Set(ds.map((d) => d.layer)).size > 1);
    expect(split.map(([word, ds]) => `${word}: ${[...new Set(ds.map((d) => d.layer))].join(', ')}`)).toEqual([]);
  });

  test('each stands in English and Chinese', () => {
    const missing = all.flatMap(({ code, where, text }) => {
      const lacks = [];
      if (!/\ben\s*[:(]/.test(text)) lacks.push('en');
      if (!/\bzh\s*[:(]/.test(text) || !/\p{Script=Han}/u.test(text)) lacks.push('zh');
      return lacks.length === 0 ? [] : [`${where}: ${code} lacks ${lacks.join(' and ')}`];
    });
    expect(missing).toEqual([]);
  });
});

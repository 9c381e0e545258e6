/**
 * The compilation cache: what the compiler's searches decided for a machine (`lower`'s decisions), kept for the next process. They are
 * most of the time that compiling takes, small, and of use to every network with layers of the same shapes; constants are not kept, since
 * telling whether a model is the same means reading all of it, which takes longer than folding and packing its weights anew.
 *
 * One file for each compiler and machine: a line `systole decisions 1 CHECKSUM`, then JSON. What is damaged, of another form or of another
 * compiler counts as not there and is written anew. Searches are deterministic, so a program is the same with the cache and without it.
 */
import { fingerprintOf } from '#data';
import { type Decisions, decisionsFor } from '#lower';
import type { Machine } from '#machine';

/** Where a cache keeps its files. Neither throws: what cannot be read is not there, what cannot be written is not kept. */
export interface CacheStore {
  read(name: string): Promise<Uint8Array | undefined>;
  /** Puts a file in its place whole. */
  write(name: string, bytes: Uint8Array): Promise<void>;
}

export interface CompilationCache {
  readonly store: CacheStore;
  /** Tells compilers apart that may decide otherwise. */
  readonly compiler: string;
}

/** Most decisions that are kept for a machine; the oldest go first. ResNet152 takes 32. */
const MOST_DECISIONS = 4096;

const headOf = (body: string): string => `systole decisions 1 ${fingerprintOf(body)}\n`;

/** Takes in what is known for a machine. @returns writes down what has been decided since */
export async function recallDecisions(cache: CompilationCache, machine: Machine): Promise<() => Promise<void>> {
  const { store, compiler } = cache;
  const { name: _, ...parts } = machine;
  const subject = JSON.stringify([compiler, parts]);
  const file = `${fingerprintOf(subject)}.decisions`;
  const known = async (): Promise<Decisions> => readDecisions(await store.read(file), subject);
  const decisions = decisionsFor(machine);
  const written = await known();
  for (const [key, value] of written) if (!decisions.has(key)) decisions.set(key, value);
  return async () => {
    if ([...decisions.keys()].every((key) => written.has(key))) return;
    // Another process may have written meanwhile.
    const all = new Map([...(await known()), ...decisions]);
    await store.write(file, writeDecisions([...all].slice(-MOST_DECISIONS), subject));
  };
}

function writeDecisions(decisions: readonly (readonly [string, unknown])[], subject: string): Uint8Array {
  const body = JSON.stringify({ subject, decisions: decisions.map(([key, value]) => [key, value ?? null]) });
  return new TextEncoder().encode(`${headOf(body)}${body}`);
}

function readDecisions(bytes: Uint8Array | undefined, subject: string): Decisions {
  const text = new TextDecoder().decode(bytes);
  const body = text.slice(text.indexOf('\n') + 1);
  if (text !== `${headOf(body)}${body}`) return new Map();
  const found = JSON.parse(body) as { readonly subject: string; readonly decisions: readonly [string, unknown][] };
  // The name of the file is only a checksum of the subject.
  if (found.subject !== subject) return new Map();
  return new Map(found.decisions.map(([key, value]) => [key, value ?? undefined]));
}

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createEngine } from '#engine';
import { type Tensor, tensorNumbers, tensorOf } from '#ir';
import { writeProgram } from '#isa';
import { type Machine, resolveMachine } from '#machine';
import type { CacheStore } from './compilationCache.ts';
import { compileModel } from './compile.ts';
import { embeddedModel } from './embedded/index.ts';

const engine = await createEngine();

class Store implements CacheStore {
  readonly files = new Map<string, Uint8Array>();
  writes = 0;
  async read(name: string): Promise<Uint8Array | undefined> {
    return this.files.get(name);
  }
  async write(name: string, bytes: Uint8Array): Promise<void> {
    this.writes++;
    this.files.set(name, bytes);
  }
}

/** A machine of which nothing is known in this process. */
const fresh = (name: string): Machine => structuredClone(resolveMachine(name));

const lenet = embeddedModel('lenet5');

async function compiled(
  machine: Machine,
  store?: Store,
  compiler = 'this',
  cores?: number,
  batch = 2,
): Promise<string> {
  const { program } = await compileModel(lenet, {
    ...{ machine, engine, batch },
    ...(store === undefined ? {} : { cache: { store, compiler } }),
    ...(cores === undefined ? {} : { cores }),
  });
  return createHash('sha256').update(writeProgram(program)).digest('hex');
}

describe('the compilation cache', () => {
  test.each([
    ['textbook-single', undefined],
    ['textbook-cluster', undefined],
    ['textbook-cluster', 2],
  ])('gives the same program: %s, %s cores', async (name, cores) => {
    const store = new Store();
    const without = await compiled(fresh(name), undefined, 'this', cores);
    expect(await compiled(fresh(name), store, 'this', cores)).toEqual(without);
    expect(store.writes).toBe(1);
    expect(await compiled(fresh(name), store, 'this', cores)).toEqual(without);
    // Nothing was searched for: there was nothing to add.
    expect(store.writes).toBe(1);
  });

  test('adds what it does not know yet, and keeps what it knows', async () => {
    const store = new Store();
    const size = (): number => [...store.files.values()].reduce((n, file) => n + file.length, 0);
    await compiled(fresh('textbook-single'), store, 'this', undefined, 1);
    const first = size();
    await compiled(fresh('textbook-single'), store);
    expect(size()).toBeGreaterThan(first);
    await compiled(fresh('textbook-single'), store, 'this', undefined, 1);
    expect(store.writes).toBe(2);
  });

  test('leaves alone what is damaged or foreign, and writes it anew', async () => {
    const store = new Store();
    const right = await compiled(fresh('textbook-single'), store);
    const [[name, bytes]] = [...store.files] as [[string, Uint8Array]];
    const flipped = bytes.slice();
    flipped[bytes.length >> 1]! ^= 1;
    const text = new TextEncoder();
    for (const damaged of [flipped, bytes.slice(0, 100), new Uint8Array(0), text.encode('{"decisions":[]}\n')]) {
      store.files.set(name, damaged);
      expect(await compiled(fresh('textbook-single'), store)).toEqual(right);
      expect(store.files.get(name)).toEqual(bytes);
    }
  });

  test('keeps machines and compilers apart, but no names', async () => {
    const store = new Store();
    await compiled(fresh('textbook-single'), store);
    await compiled({ ...fresh('textbook-single'), name: 'mine' }, store);
    expect(store.files.size).toBe(1);
    await compiled(fresh('textbook-single'), store, 'another');
    await compiled({ ...fresh('textbook-single'), nram: { bytes: 65536 } }, store);
    expect(store.files.size).toBe(3);
    // Where two names of files meet, the subject tells: the file of one is none to the other.
    const files = [...store.files];
    store.files.set(files[0]![0], files[2]![1]);
    await compiled(fresh('textbook-single'), store);
    expect(store.files.get(files[0]![0])).toEqual(files[0]![1]);
  });

  test('of sparse weights nothing is written down, since their key does not say how they lie', async () => {
    const store = new Store();
    const halved = new Map(
      [...lenet.graph.constants].map(([name, t]): [string, Tensor] => {
        if (t.dtype !== 'float32' || t.dims.length < 2) return [name, t];
        return [
          name,
          tensorOf(
            'float32',
            t.dims,
            tensorNumbers(t).map((w, at) => (at % 4 < 2 ? 0 : w)),
          ),
        ];
      }),
    );
    const model = { ...lenet, graph: { ...lenet.graph, constants: halved } };
    const of = async (cached: boolean): Promise<string> => {
      const machine = fresh('textbook-extended');
      const cache = cached ? { cache: { store, compiler: 'this' } } : {};
      const { program } = await compileModel(model, { machine, engine, batch: 2, ...cache });
      return createHash('sha256').update(writeProgram(program)).digest('hex');
    };
    const without = await of(false);
    expect(await of(true)).toBe(without);
    const text = new TextDecoder().decode([...store.files.values()][0]);
    expect(text).toContain('contraction');
    expect(text).not.toMatch(/(stream|two4|bitmap) \d/);
    expect(await of(true)).toBe(without);
  });
});

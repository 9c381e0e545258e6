/** docs/models.md: its code runs as it stands, the names it mentions exist, and weights go through a safetensors file. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSafetensors, writeSafetensors } from '#data';
import { tensorBytes, tensorNumbers } from '#ir';
import * as library from '#models';
import { fromData, Generator, noGrad } from '#tensor';
import { ROOT } from './house/sources.ts';

const page = readFileSync(`${ROOT}docs/models.md`, 'utf8');

test('the code of docs/models.md runs as it stands', () => {
  const code = [...page.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!).join('\n');
  // Within the project, so that its own name can be imported.
  const place = join(ROOT, '.cache', 'modelsPage.ts');
  try {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    writeFileSync(place, `${code}\nconsole.log(bytes.length > 61706 * 4, network.size);\n`);
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--conditions=source', place], {
      encoding: 'utf8',
    });
    expect([status, stderr, stdout]).toEqual([0, '', 'true 11181642\n']);
  } finally {
    rmSync(place, { force: true });
  }
});

test('every entry point of docs/models.md is exported', () => {
  const names = [...page.replace(/```.*?```/gs, '').matchAll(/`([a-zA-Z0-9]+)(?=[`(])/g)].map((match) => match[1]!);
  const own = names.filter((name) => !library.models.has(name) && !['bits', 'N'].includes(name));
  expect(own.length).toBeGreaterThan(4);
  expect(own.filter((name) => !(name in library))).toEqual([]);
});

test('weights saved as safetensors load into a network built anew', async () => {
  const network = library.mobileNetV2({ classes: 7, width: 0.25, generator: new Generator(3) }).eval();
  const state = await network.state();
  const arrays = [...state].map(
    ([name, t]) => [name, { dtype: 'float32', dims: t.dims, bytes: tensorBytes(t) }] as const,
  );
  const bytes = writeSafetensors(new Map(arrays));
  const again = library.mobileNetV2({ classes: 7, width: 0.25, generator: new Generator(4) }).eval();
  again.load(readSafetensors(bytes).tensors);
  const x = fromData({ dtype: 'float32', dims: [1, 3, 32, 32], splat: new Uint8Array(Float32Array.of(0.5).buffer) });
  const [a, b] = await Promise.all([network, again].map((n) => noGrad(() => n.forward(x)).value()));
  expect(tensorNumbers(a!)).toEqual(tensorNumbers(b!));
});

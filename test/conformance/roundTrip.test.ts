/**
 * Import and export against files that other tools wrote. Every model imports, or is refused with a code; what imports
 * comes back the same from text and from `.onnx`; and whatever of ONNX's node suite ONNX Runtime passes by itself, it
 * passes after import → print → parse → export.
 */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SystoleError } from '#base';
import { parseModel, printModel } from '#ir';
import { readModel, writeModel } from '#onnx';
import { runCases } from './ortPool.ts';
import type { Outcome } from './ortWorker.ts';

const shared = (path: string): string => fileURLToPath(new URL(`../../../shared/data/${path}`, import.meta.url));

/** Where models are: our test data, and Debian's package libonnx-testdata. */
const COLLECTIONS = [
  shared('onnx-conformance/node'),
  shared('onnx-conformance/simple'),
  shared('onnx-conformance/light'),
  shared('onnx-models'),
  '/usr/share/libonnx-testdata',
];

/** Cases of the node suite that pass before and not after, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {};

/** Why ONNX Runtime does not pass a case by itself. */
const MEANINGS: Readonly<Record<Outcome['kind'], string>> = {
  pass: 'passed',
  load: 'it refuses the model (opset, type or operator without a kernel)',
  run: 'it fails while running',
  differs: 'its outputs differ from the suite (random numbers, fixed errors)',
  unrunnable: 'its JavaScript API has no such values (sequences, optionals, types without arrays)',
  crash: 'its process ended',
  timeout: 'it did not end',
};

describe.each(COLLECTIONS)('%s', (folder) => {
  test.skipIf(!existsSync(folder))('imports or is refused with a code (skipped where the folder is absent)', () => {
    const files = globSync(`${folder}/**/*.onnx`);
    expect(files.length).toBeGreaterThan(0);
    let imported = 0;
    const refused: string[] = [];
    for (const file of files) {
      const model = attempt(file, refused);
      if (model === undefined) continue;
      imported++;
      expect(parseModel(printModel(model), file), `${file} through text`).toEqual(model);
      expect(readModel(writeModel(model), { file }), `${file} through .onnx`).toEqual(model);
    }
    console.log(`${folder}: ${imported} of ${files.length} models import, ${refused.length} are refused with a code`);
    for (const line of refused) console.log(`refused: ${line}`);
    expect(imported + refused.length).toBe(files.length);
  });
});

/** The model, or undefined where it is refused; anything but a coded error ends the test. */
function attempt(file: string, refused: string[]) {
  try {
    return readModel(readFileSync(file), { file });
  } catch (error) {
    if (!(error instanceof SystoleError) || error.kind === 'internal') throw error;
    refused.push(`${file}: ${error.code} ${error.message}`);
    return undefined;
  }
}

const suite = shared('onnx-conformance/node');

describe.skipIf(!existsSync(suite))('node suite on ONNX Runtime (skipped where the suite is absent)', () => {
  test('what passes before passes after import → print → parse → export', { timeout: 300_000 }, async () => {
    const names = readdirSync(suite).filter((name) => existsSync(`${suite}/${name}/model.onnx`));
    const results = await runCases(
      names.map((name) => `${suite}/${name}`),
      2,
    );
    const notPassed = new Map<Outcome['kind'], string[]>();
    const broken: string[] = [];
    let [before, after, identical] = [0, 0, 0];
    for (const name of names) {
      const result = results.get(`${suite}/${name}`);
      if (result === undefined || typeof result === 'string') {
        broken.push(`${name}: ${result ?? 'no result'}`);
        continue;
      }
      if (result.before.kind !== 'pass') {
        const { kind, reason } = result.before;
        notPassed.set(kind, [...(notPassed.get(kind) ?? []), `${name}: ${reason}`]);
        continue;
      }
      before++;
      if (result.after?.kind === 'pass') after++;
      else if (!(name in EXCEPTIONS)) broken.push(`${name}: ${result.after?.kind}: ${result.after?.reason}`);
      if (result.identical) identical++;
    }
    console.log(
      `node suite: ONNX Runtime passes ${before} of ${names.length} by itself, ${after} after our round trip`,
    );
    console.log(`${identical} of ${after} give the same bits`);
    for (const [kind, lines] of notPassed) console.log(`not passed before, ${MEANINGS[kind]}: ${lines.length}`);
    for (const line of notPassed.get('crash') ?? []) console.log(`crash: ${line}`);
    for (const line of notPassed.get('timeout') ?? []) console.log(`timeout: ${line}`);
    for (const [name, reason] of Object.entries(EXCEPTIONS)) console.log(`exception: ${name}: ${reason}`);
    expect(broken).toEqual([]);
    for (const name of Object.keys(EXCEPTIONS)) expect(names, 'exceptions still exist').toContain(name);
    // Most of the suite runs: a broken runner must not look like a clean pass.
    expect(before).toBeGreaterThan(names.length / 2);
  });
});

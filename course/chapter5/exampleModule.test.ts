/** The module that exercise 5.8 carries is what its source compiles to. */
import asc from 'assemblyscript/asc';
import { expect, test } from 'vitest';
import { MODULE, OPTIONS, SOURCE } from './exampleModule.ts';

test('compiled again, it is the same', async () => {
  let binary: Uint8Array | undefined;
  const { error } = await asc.main(['example.ts', '--outFile', 'example.wasm', ...OPTIONS], {
    readFile: (name) => (name === 'example.ts' ? SOURCE : null),
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
  });
  expect(error).toBeNull();
  expect(Buffer.from(binary!).toString('base64')).toBe(MODULE);
});

/**
 * `npm run kernels`: compiles src/sim/kernels/assembly (AssemblyScript) into src/sim/kernels/kernels.gen.ts, which holds
 * the WebAssembly module as text, so that Node and browsers take it from an ordinary import. The output is committed; a
 * test compiles again and compares.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const SOURCES = new URL('../src/sim/kernels/assembly/', import.meta.url);
const OUTPUT = new URL('../src/sim/kernels/kernels.gen.ts', import.meta.url);

const OPTIONS = ['--runtime', 'stub', '--noAssert', '--optimizeLevel', '3', '--importMemory', '--enable', 'simd'];

/** The text of kernels.gen.ts for the sources as they stand. */
export async function compileKernels(): Promise<string> {
  const sources = new Map<string, string>();
  for (const name of readdirSync(SOURCES).sort()) sources.set(name, readFileSync(new URL(name, SOURCES), 'utf8'));
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', ...OPTIONS], {
    readFile: (name) => sources.get(name) ?? null,
    writeFile: (name, contents) => {
      if (name === 'kernels.wasm' && typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) throw new Error(`asc: ${error?.message ?? 'no output'}\n${stderr}`);
  const lines = Buffer.from(binary)
    .toString('base64')
    .match(/.{1,118}/g)!;
  return [
    `// Written by \`npm run kernels\` from assembly/*.ts: ${binary.length} bytes of WebAssembly in base64.`,
    'export const KERNELS =',
    ...lines.map((line, i) => `  '${line}'${i === lines.length - 1 ? ';' : ' +'}`),
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await compileKernels();
  writeFileSync(OUTPUT, text);
  process.stdout.write(`${fileURLToPath(OUTPUT)}: ${text.length} characters\n`);
}

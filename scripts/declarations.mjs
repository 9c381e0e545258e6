// Compiles a program of a user's against the declarations in dist/, which are built first: without the types of the DOM, and with the
// declarations themselves checked. What TypeScript writes into a .d.ts is not always what it reads there, and `npm run types` sees only sources.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import './build.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const folder = join('.cache', 'declarations');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

// The package imports itself by name, as its users do.
const layers = readdirSync('dist', { withFileTypes: true }).filter(
  (e) => e.isDirectory() && !['cli', 'exercises'].includes(e.name),
);
writeFileSync(
  join(folder, 'user.mts'),
  layers.map(({ name }) => `export * as ${name} from 'systole/${name}';\n`).join(''),
);
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({
    compilerOptions: {
      ...{ target: 'es2023', lib: ['es2024'], module: 'nodenext', strict: true, skipLibCheck: false, noEmit: true },
      types: ['node'],
    },
    files: ['user.mts'],
  }),
);
const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
// Those of onnxruntime-common are not ours.
const ours = stdout.split('\n').filter((line) => /^(?:\.\.\/)*(?:dist|\.cache)\/|user\.mts/.test(line));
if (ours.length > 0) {
  process.stderr.write(`${ours.join('\n')}\nthe declarations do not compile\n`);
  process.exit(1);
}
process.stdout.write(`the declarations of ${layers.length} layers compile\n`);

// Builds dist/: ES modules and declarations by TypeScript alone, plus the files beside the sources that code loads.
// Convention: dist/ mirrors src/ file by file, so that package.json's `imports` name both with one pattern.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
rmSync('dist', { recursive: true, force: true });

const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
// The exercises import the package by its name, so they are built when its declarations are there.
for (const project of ['tsconfig.build.json', 'tsconfig.course.json']) {
  const { status } = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

// TypeScript writes out the JSON that is imported; what is read by URL has to be brought along.
let copied = 0;
for (const path of globSync('src/**/*.{json,wasm,ttf}', { exclude: ['src/sim/kernels/assembly/**'] })) {
  const target = path.replace(/^src/, 'dist');
  if (existsSync(target)) continue;
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(path, target);
  copied++;
}
process.stdout.write(`built dist/ (${globSync('dist/**/*.js').length} modules, ${copied} other files copied)\n`);

#!/usr/bin/env node
// The `systole` command. In a checkout it runs src/cli/main.ts unbuilt; in the installed package it runs dist/cli/main.js.
// Convention: this file is syntax that Node 12 parses and has no static import, so that an old Node answers with the
// sentence below and not with a SyntaxError. test/house/bin.test.ts holds it to that.

const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  start().catch((error) => {
    process.stderr.write(`systole could not start: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 70;
  });
} else {
  const again = ['npx systole'].concat(process.argv.slice(2)).join(' ');
  process.stderr.write(
    `systole needs Node.js 22.18 or newer; this is ${process.version} (${process.execPath}).
Install a newer one from https://nodejs.org, or let npm bring it and start systole through npx:
  npm install node@24
  ${again}
systole 需要 Node.js 22.18 或更新的版本，当前为 ${process.version}（${process.execPath}）。
请从 https://nodejs.org 安装新版本，或用 npm 安装后通过 npx 启动：
  npm install node@24
  ${again}
`,
  );
  process.exitCode = 2;
}

async function start() {
  const { enableCompileCache } = await import('node:module');
  // Halves the time to start; where the cache cannot be written nothing changes.
  if (enableCompileCache) enableCompileCache();
  const source = new URL('../src/cli/main.ts', import.meta.url);
  const { existsSync } = await import('node:fs');
  // Node refuses to strip types under node_modules, where the built files are shipped instead.
  if (import.meta.url.includes('/node_modules/') || !existsSync(source)) {
    await import(new URL('../dist/cli/main.js', import.meta.url).href);
  } else if (process.execArgv.includes('--conditions=source')) {
    await import(source.href);
  } else {
    await respawn();
  }
}

/**
 * Node anew with the `source` condition, which cannot be set from within: in our place, so that what is killed is what works. Where
 * the platform has no such call it is a second process, which gets our terminal, signals and exit.
 */
async function respawn() {
  const { fileURLToPath } = await import('node:url');
  const args = process.execArgv.concat('--conditions=source', fileURLToPath(import.meta.url), process.argv.slice(2));
  if (process.execve && process.platform !== 'win32') {
    // It says that it is experimental, which is nothing to tell whoever typed the command.
    process.removeAllListeners('warning');
    process.execve(process.execPath, [process.execPath].concat(args), process.env);
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const forward = (signal) => {
    // A terminal sends Ctrl-C to both of us; the child must not count it twice.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  child.on('error', (error) => {
    process.stderr.write(`systole could not start ${process.execPath}: ${error.message}\n`);
    process.exitCode = 70;
  });
  child.on('exit', (code, killedBy) => {
    if (killedBy === null) {
      process.exitCode = code;
      return;
    }
    // Die of the same signal, so that a shell sees what happened.
    for (const signal of signals) process.removeListener(signal, forward);
    process.kill(process.pid, killedBy);
  });
}

/** Ctrl-C in the middle of a run: the command ends at once with 130 and leaves nothing half-written. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin/systole.mjs', import.meta.url));

/** Sixteen million vector instructions, each traced: a minute of work. */
const LONG = `
.dram 4096
.fill 0, 4096, f32 1
  cfg.dimi R0, 0, 16, 4
  cfg.clear R1
  load nram, r0, r0, R0, R0, f32
  sync
  loopi 16000000
    vec.mov r0, r0, r0, R0, R1, R0, f32
  endloop
  halt
`;

test.each(['trace.json', 'trace.pftrace'])('an interrupted run leaves no %s, whole or partial', async (trace) => {
  const folder = mkdtempSync(join(tmpdir(), 'systole-signal-'));
  try {
    writeFileSync(join(folder, 'long.s'), LONG);
    const child = spawn(process.execPath, [BIN, 'sim', 'long.s', '--timing-only', '--trace', trace], {
      cwd: folder,
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
    // Interrupt only once the partial file is there.
    for (let i = 0; i < 300 && readdirSync(folder).length < 2; i++) await new Promise((r) => setTimeout(r, 100));
    expect(readdirSync(folder).length).toBe(2);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(readdirSync(folder)).toEqual(['long.s']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

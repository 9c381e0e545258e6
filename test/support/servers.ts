/**
 * Servers of the Debian packages `postgresql` and `redis-server`, each a process of its own in a temporary folder and on a free port of the
 * loopback interface, with the packages' own settings of durability. Whoever starts one can kill it and start it again on the same data.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Server {
  readonly url: string;
  start(): Promise<void>;
  /** As by a power cut of the process: SIGKILL, or in order by SIGTERM. */
  stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** A password with characters that a URL escapes, so that scrubbing is tried on both spellings. */
export const PASSWORD = 'tr0ub4dor&3/x';

const POSTGRES = '/usr/lib/postgresql';

/** Folder of the newest PostgreSQL's programs, or undefined where Debian's package is not installed. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(POSTGRES)) return undefined;
  const versions = readdirSync(POSTGRES)
    .filter((version) => existsSync(join(POSTGRES, version, 'bin', 'initdb')))
    .sort((a, b) => Number(b) - Number(a));
  return versions[0] === undefined ? undefined : join(POSTGRES, versions[0], 'bin');
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** PostgreSQL refuses to run as root: then it runs as the user that the package made. */
function account(name: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function folderOf(prefix: string, owner: { uid?: number; gid?: number }): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o700);
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid!);
  return folder;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
}

/** Waits until `ready` says so, for at most 20 s. */
async function until(what: string, ready: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !ready(); await sleep(20)) {
    if (Date.now() > end) throw new Error(`${what} did not start within 20 s`);
  }
}

/** A PostgreSQL with one user `systole` and its password, in UTF-8; settings as `initdb` writes them. */
export async function postgresServer(programs: string): Promise<Server> {
  const owner = account('postgres');
  const folder = folderOf('systole-postgres-', owner);
  const port = await freePort();
  const data = join(folder, 'data');
  const secret = join(folder, 'password');
  writeFileSync(secret, PASSWORD);
  if (owner.uid !== undefined) chownSync(secret, owner.uid, owner.gid!);
  const flags = ['-U', 'systole', '--auth=scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', '--locale=C.UTF-8'];
  execFileSync(join(programs, 'initdb'), ['-D', data, ...flags], { ...owner, cwd: folder, stdio: 'ignore' });
  let child: ChildProcess | undefined;
  const pidFile = join(data, 'postmaster.pid');
  const start = async (): Promise<void> => {
    rmSync(pidFile, { force: true });
    const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`];
    const args = ['-D', data, '-p', String(port), ...settings];
    child = spawn(join(programs, 'postgres'), args, { ...owner, cwd: folder, stdio: 'ignore' });
    // The last line of the file says when connections are taken.
    await until('PostgreSQL', () => existsSync(pidFile) && /\bready\s*$/.test(readFileSync(pidFile, 'utf8')));
  };
  const stop = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    // A SIGTERM waits for its clients; SIGINT sends them away and still writes everything down.
    child?.kill(signal === 'SIGTERM' ? 'SIGINT' : signal);
    if (child !== undefined) await ended(child);
    // The processes of single connections notice a postmaster's death by themselves, a moment later.
    if (signal === 'SIGKILL') await sleep(500);
  };
  await start();
  return {
    url: `postgres://systole:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`,
    start,
    stop,
    remove: async () => {
      await stop('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Outcomes in a file of SQLite, each kept by a transaction of its own in a write-ahead log: whenever the process is killed, what was told before is
 * there. (What a power cut takes from the end of the log runs again.) One process at a time writes.
 */
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { diagnostic, SystoleError } from '#base';
import type { Outcome } from './job.ts';
import type { Platform } from './platform.ts';
import type { ResultStore } from './search.ts';

const FORMAT = '1';

const noStore = diagnostic<{ reason: string }>('SYS-EXPLORE-050', 'invalid', {
  en: (p) =>
    `this is no store of results that can be used: ${p.reason}. Name another folder by -o, or remove the file.`,
  zh: (p) => `这不是可用的结果库：${p.reason}。请用 -o 指定其他文件夹，或删除该文件。`,
});
const otherVersion = diagnostic<{ found: string; own: string }>('SYS-EXPLORE-051', 'usage', {
  en: (p) =>
    `these results are of Systole ${p.found}, and this is ${p.own}, which may find other cycles. Begin anew in another folder (-o), or go on with that version.`,
  zh: (p) =>
    `这些结果由 Systole ${p.found} 得到，而当前为 ${p.own}，周期数可能不同。请用 -o 在其他文件夹重新开始，或换用该版本继续。`,
});
const otherSpace = diagnostic<object>('SYS-EXPLORE-052', 'usage', {
  en: () =>
    'these results are of another space: networks, machine, or what is varied differ. Begin anew in another folder (-o). Objectives, constraints and search may change; the rest may not.',
  zh: () =>
    '这些结果属于另一个空间：网络、机器或变化的内容不同。请用 -o 在其他文件夹重新开始。objectives、constraints 与 search 可以改变，其余不可。',
});
const already = diagnostic<{ results: number }>('SYS-EXPLORE-053', 'usage', {
  en: (p) => `there are ${p.results} results already. --resume goes on with them; -o names another folder.`,
  zh: (p) => `已有 ${p.results} 个结果。用 --resume 继续，或用 -o 指定其他文件夹。`,
});
const inUse = diagnostic<object>('SYS-EXPLORE-054', 'usage', {
  en: () => 'another process is writing these results. Wait for it, or name another folder by -o.',
  zh: () => '另一个进程正在写这些结果。请等待其结束，或用 -o 指定其他文件夹。',
});

const noRoom = diagnostic<object>('SYS-EXPLORE-055', 'unsupported', {
  en: () => 'the disk is full. The results so far are kept: make room, and go on with --resume.',
  zh: () => '磁盘已满。已有结果均已保存：请腾出空间，再用 --resume 继续。',
});
const diskFails = diagnostic<{ reason: string }>('SYS-EXPLORE-056', 'unsupported', {
  en: (p) =>
    `it cannot be read or written now (${p.reason}). The results so far are kept, do not remove it: look after the disk or the connection to it, and go on with --resume.`,
  zh: (p) => `目前无法读写（${p.reason}）。已有结果均已保存，请勿删除：请检查磁盘或其连接，再用 --resume 继续。`,
});
const readOnly = diagnostic<{ reason: string }>('SYS-EXPLORE-057', 'usage', {
  en: (p) =>
    `results cannot be written here (${p.reason}). Those that are there stay: see to the permissions of file and folder and go on with --resume, or name another folder by -o.`,
  zh: (p) =>
    `无法在此写入结果（${p.reason}）。已有结果不变：请检查文件与文件夹的权限，再用 --resume 继续，或用 -o 指定其他文件夹。`,
});

const TABLES = `
  create table if not exists meta (name text primary key, value text not null) strict;
  create table if not exists outcomes (key text primary key, outcome text not null) strict, without rowid;
`;

/** @throws SYS-EXPLORE-050 to 057, with the file */
export const openStore: Platform['openStore'] = async (path, { version, identity, resume }) => {
  const existed = existsSync(path);
  let database: DatabaseSync | undefined;
  const fail = (error: unknown): SystoleError => {
    database?.close();
    return storeError(error, path);
  };
  try {
    const { DatabaseSync: Database } = await sqlite();
    database = new Database(path);
    database.exec(
      'pragma busy_timeout = 0; pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal',
    );
    // Takes the lock, so that a second process is refused now and not at its first result.
    database.exec(`begin exclusive; ${TABLES} commit`);
  } catch (error) {
    throw fail(error);
  }
  const db = database;
  try {
    const meta = new Map(
      db
        .prepare('select name, value from meta')
        .all()
        .map((row) => [String(row.name), String(row.value)] as const),
    );
    const size = Number(db.prepare('select count(*) as n from outcomes').get()!.n);
    if (!existed || (meta.size === 0 && size === 0)) {
      const put = db.prepare('insert into meta values (?, ?)');
      db.exec('begin');
      for (const [name, value] of Object.entries({ format: FORMAT, version, identity })) put.run(name, value);
      db.exec('commit');
    } else {
      if (meta.get('format') !== FORMAT)
        throw noStore({ reason: `its form is ${meta.get('format') ?? 'unknown'}, expected ${FORMAT}` });
      if (meta.get('version') !== version) throw otherVersion({ found: meta.get('version') ?? '?', own: version });
      if (meta.get('identity') !== identity) throw otherSpace({});
      if (!resume && size > 0) throw already({ results: size });
    }
    return storeOf(db, size, path);
  } catch (error) {
    throw fail(error);
  }
};

function storeOf(db: DatabaseSync, size: number, path: string): ResultStore {
  const select = db.prepare('select outcome from outcomes where key = ?');
  const insert = db.prepare('insert into outcomes values (?, ?) on conflict do nothing');
  const update = db.prepare('update outcomes set outcome = ? where key = ?');
  let count = size;
  return {
    get(key) {
      const row = select.get(key);
      return row === undefined ? undefined : (JSON.parse(String(row.outcome)) as Outcome);
    },
    put(outcome) {
      const text = JSON.stringify(outcome);
      try {
        if (Number(insert.run(outcome.key, text).changes) === 1) count++;
        else update.run(text, outcome.key);
      } catch (error) {
        throw storeError(error, path);
      }
    },
    get size() {
      return count;
    },
    close: () => db.close(),
  };
}

/** Node 22 says at every start that its SQLite may still change; the few calls made here are held by tests on that version. */
async function sqlite(): Promise<typeof import('node:sqlite')> {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!/SQLite is an experimental/.test(String(warning))) emitWarning.call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return await import('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const [BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN] = [5, 6, 8, 10, 13, 14];

/** What SQLite says, in words that tell what to do: results that are there are not to be removed because a disk is full. */
export function storeError(error: unknown, path: string): SystoleError {
  const at = { file: path };
  if (error instanceof SystoleError) return error.at(at);
  const { errcode, errstr } = error as { readonly errcode?: number; readonly errstr?: string };
  const reason = errstr ?? (error instanceof Error ? error.message : String(error));
  switch (errcode === undefined ? undefined : errcode & 0xff) {
    case BUSY:
    case LOCKED:
      return inUse({}, at);
    case FULL:
      return noRoom({}, at);
    case IOERR:
      return diskFails({ reason }, at);
    case READONLY:
    case CANTOPEN:
      return readOnly({ reason }, at);
    default:
      return noStore({ reason }, at);
  }
}

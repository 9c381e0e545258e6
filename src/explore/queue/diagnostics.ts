/** What can be wrong with a queue, its server and the jobs on it. No parameter holds more of the address than `shownAddress` gives. */
import { diagnostic } from '#base';

export const wrongAddress = diagnostic<{ found: { readonly en: string; readonly zh: string } }>(
  'SYS-EXPLORE-101',
  'usage',
  {
    en: (p) =>
      `the queue's address ${p.found.en}. The queue lives on a PostgreSQL server: postgres://USER@HOST:PORT/DATABASE, with ` +
      'the password behind the user (USER:PASSWORD, its @ : / # ? % written as %40 %3A %2F %23 %3F %25), in PGPASSWORD or in ~/.pgpass.',
    zh: (p) =>
      `队列地址${p.found.zh}。队列位于 PostgreSQL 服务器上：postgres://USER@HOST:PORT/DATABASE；密码写在用户之后（USER:PASSWORD，其中 @ : / # ? % 写作 %40 %3A %2F %23 %3F %25），或放在 PGPASSWORD 或 ~/.pgpass 中。`,
  },
);

export const engineMissing = diagnostic<{ version: string }>('SYS-EXPLORE-102', 'unsupported', {
  en: (p) =>
    `work on many machines needs the package pg-boss, which is not installed: it is an optional peer of Systole. ` +
    `Install it beside Systole: npm install pg-boss@${p.version}`,
  zh: (p) =>
    `多机运行需要软件包 pg-boss，目前没有安装：它是 Systole 的可选依赖。请与 Systole 一起安装：npm install pg-boss@${p.version}`,
});

export const serverUnreachable = diagnostic<{ address: string; reason: string }>('SYS-EXPLORE-103', 'unsupported', {
  en: (p) =>
    `no PostgreSQL server answers at ${p.address}: ${p.reason}. Check host and port, that the server runs and that it takes ` +
    'connections from this machine (listen_addresses, firewall).',
  zh: (p) =>
    `${p.address} 处没有 PostgreSQL 服务器应答：${p.reason}。请检查主机与端口、服务器是否在运行、是否接受本机连接（listen_addresses、防火墙）。`,
});

export const accessRefused = diagnostic<{ address: string; reason: string }>('SYS-EXPLORE-104', 'invalid', {
  en: (p) =>
    `the PostgreSQL server at ${p.address} refuses the connection: ${p.reason}. Check user and password: in the address, ` +
    'in PGPASSWORD or in ~/.pgpass; the server decides by pg_hba.conf.',
  zh: (p) =>
    `${p.address} 的 PostgreSQL 服务器拒绝连接：${p.reason}。请检查用户与密码（地址中、PGPASSWORD 或 ~/.pgpass）；服务器按 pg_hba.conf 判定。`,
});

export const databaseMissing = diagnostic<{ address: string; reason: string }>('SYS-EXPLORE-105', 'invalid', {
  en: (p) =>
    `the PostgreSQL server at ${p.address} has no such database: ${p.reason}. Make it (createdb NAME) or name another one ` +
    'at the end of the address.',
  zh: (p) =>
    `${p.address} 的 PostgreSQL 服务器没有该数据库：${p.reason}。请先创建（createdb NAME），或在地址末尾改用其他数据库。`,
});

export const serverFailed = diagnostic<{ address: string; reason: string }>('SYS-EXPLORE-106', 'unsupported', {
  en: (p) =>
    `the PostgreSQL server at ${p.address} did not do what the queue asked: ${p.reason}. PostgreSQL 13 or later is needed, ` +
    'and a user that may create schemas in this database (grant create on database NAME to USER).',
  zh: (p) =>
    `${p.address} 的 PostgreSQL 服务器未能完成队列的请求：${p.reason}。需要 PostgreSQL 13 或更新版本，且用户可在该数据库中创建 schema（grant create on database NAME to USER）。`,
});

export const otherVersion = diagnostic<{ mine: string; theirs: string; address: string }>(
  'SYS-EXPLORE-107',
  'unsupported',
  {
    en: (p) =>
      `the jobs waiting at ${p.address} are of Systole ${p.theirs}; this is ${p.mine}, which may find other cycles and ` +
      `takes none of them. Install Systole ${p.theirs} here, or submit with ${p.mine}.`,
    zh: (p) =>
      `${p.address} 上等待的作业属于 Systole ${p.theirs}；本机是 ${p.mine}，周期数可能不同，因此不接这些作业。请在本机安装 Systole ${p.theirs}，或用 ${p.mine} 提交。`,
  },
);

export const modelTooLarge = diagnostic<{ file: string; bytes: number; limit: number }>(
  'SYS-EXPLORE-108',
  'unsupported',
  {
    en: (p) =>
      `${p.file} has ${(p.bytes / 2 ** 20).toFixed(0)} MiB; a network travels to the workers whole, up to ` +
      `${p.limit / 2 ** 20} MiB. Name a network of models/ instead (names travel by themselves), or explore it on this machine.`,
    zh: (p) =>
      `${p.file} 有 ${(p.bytes / 2 ** 20).toFixed(0)} MiB；网络整体传给各工作进程，上限为 ${p.limit / 2 ** 20} MiB。请改用 models/ 中的网络名称（只传名称），或在本机探索。`,
  },
);

export const modelLost = diagnostic<{ file: string; sha256: string }>('SYS-EXPLORE-109', 'invalid', {
  en: (p) =>
    `the queue's server does not hold the network ${p.file} (SHA-256 ${p.sha256.slice(0, 12)}…). Submit the search again: ` +
    'networks are sent before their jobs.',
  zh: (p) => `队列服务器上没有网络 ${p.file}（SHA-256 ${p.sha256.slice(0, 12)}…）。请重新提交搜索：网络先于作业发送。`,
});

export const noQueue = diagnostic<object>('SYS-EXPLORE-112', 'unsupported', {
  en: () =>
    'a queue is reached from Node alone, by the systole command or from a program. A browser explores by itself.',
  zh: () => '只有 Node（systole 命令或程序）能连接队列。浏览器只能自行探索。',
});

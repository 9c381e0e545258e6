/**
 * Data sets from the network: each file has its places, its length and its SHA-256. A file is written only when it is
 * whole and its checksum is right, so what stands in the folder under its name is good.
 */
import { diagnostic } from '#base';
import { joinBytes, piecesOf } from './byteSource.ts';
import type { DataFolder } from './folder.ts';

export interface RemoteFile {
  readonly name: string;
  /** Where it can be had, tried in this order. */
  readonly urls: readonly string[];
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

const mnist = (name: string, bytes: number, sha256: string): RemoteFile => ({
  name,
  // Mirrors of the PyTorch project and of the CVDF; the set's first home no longer serves it.
  urls: [
    `https://ossci-datasets.s3.amazonaws.com/mnist/${name}`,
    `https://storage.googleapis.com/cvdf-datasets/mnist/${name}`,
  ],
  bytes,
  sha256,
});

/** The standard four files of MNIST. Lengths and checksums are those that TensorFlow Datasets lists. */
export const MNIST_FILES: readonly RemoteFile[] = [
  mnist('train-images-idx3-ubyte.gz', 9912422, '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609'),
  mnist('train-labels-idx1-ubyte.gz', 28881, '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c'),
  mnist('t10k-images-idx3-ubyte.gz', 1648877, '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6'),
  mnist('t10k-labels-idx1-ubyte.gz', 4542, 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6'),
];

/** CIFAR-10's binary version, from its own page. Length and checksum are those that TensorFlow Datasets lists. */
export const CIFAR10_FILES: readonly RemoteFile[] = [
  {
    name: 'cifar-10-binary.tar.gz',
    urls: ['https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'],
    bytes: 170052171,
    sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
  },
];

export interface DownloadOptions {
  /** Called as bytes come in. */
  readonly onProgress?: (progress: {
    readonly name: string;
    readonly received: number;
    readonly bytes: number;
  }) => void;
  readonly signal?: AbortSignal;
}

export interface Download {
  readonly name: string;
  /** `present`: was there and is right; `fetched`: was not, or was damaged. */
  readonly state: 'present' | 'fetched';
}

const failed = diagnostic<{ name: string; reasons: string }>('SYS-DAT-065', 'invalid', {
  en: (p) =>
    `${p.name} could not be fetched: ${p.reasons}. Look whether there is a connection, or put the file into the folder by hand`,
  zh: (p) => `无法获取 ${p.name}：${p.reasons}。请检查网络连接，或手动将该文件放入文件夹`,
});

const wrongFile = diagnostic<{ name: string; url: string; found: string; expected: string }>('SYS-DAT-066', 'invalid', {
  en: (p) =>
    `${p.name} from ${p.url} is not the file that was asked for: ${p.found}, expected ${p.expected}. Nothing was written; try again later`,
  zh: (p) => `从 ${p.url} 获取的 ${p.name} 不是所需文件：${p.found}，应为 ${p.expected}。未写入任何内容；请稍后重试`,
});

const insecure = diagnostic<object>('SYS-DAT-091', 'unsupported', {
  en: () =>
    'this page cannot compute checksums, since it came over an insecure connection; open it by https or from localhost',
  zh: () => '此页面通过不安全的连接打开，无法计算校验和；请通过 https 或 localhost 打开',
});

/**
 * Fetches what is not in the folder yet, or not right there, file by file; each is held in memory until it is judged.
 * @throws SYS-DAT-065 no place answers (each with its reason), SYS-DAT-066 another length or checksum; files fetched
 *   before stay; SYS-DAT-091 a browser without checksums
 */
export async function download(
  folder: DataFolder,
  files: readonly RemoteFile[],
  options: DownloadOptions = {},
): Promise<readonly Download[]> {
  // Not there on pages that came over http.
  if ((globalThis.crypto as Crypto | undefined)?.subtle === undefined) throw insecure({});
  const there = await listed(folder);
  const done: Download[] = [];
  for (const file of files) {
    const present = there.has(file.name) && (await describe(await folder.read(file.name))) === wanted(file);
    if (!present) await folder.write(file.name, await fetchFile(file, options));
    done.push({ name: file.name, state: present ? 'present' : 'fetched' });
  }
  return done;
}

async function listed(folder: DataFolder): Promise<ReadonlySet<string>> {
  try {
    return new Set((await folder.list()).map((entry) => entry.name));
  } catch (error) {
    // A folder that is not there yet; writing makes it.
    if ((error as { code?: string }).code === 'SYS-DAT-044') return new Set();
    throw error;
  }
}

async function fetchFile(file: RemoteFile, options: DownloadOptions): Promise<Uint8Array> {
  const reasons: string[] = [];
  let wrong: Error | undefined;
  for (const url of file.urls) {
    let bytes: Uint8Array;
    try {
      bytes = await body(url, file, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      reasons.push(`${url}: ${reasonOf(error)}`);
      continue;
    }
    const found = await describe(bytes);
    if (found === wanted(file)) return bytes;
    wrong = wrongFile({ name: file.name, url, found, expected: wanted(file) });
  }
  throw wrong ?? failed({ name: file.name, reasons: reasons.join('; ') });
}

async function body(url: string, file: RemoteFile, { onProgress, signal }: DownloadOptions): Promise<Uint8Array> {
  const response = await fetch(url, signal === undefined ? {} : { signal });
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${response.statusText}`.trim());
  const pieces: Uint8Array[] = [];
  let received = 0;
  for await (const piece of piecesOf(response.body)) {
    pieces.push(piece);
    received += piece.length;
    // A page that answers in its place may have no end.
    if (received > file.bytes) break;
    onProgress?.({ name: file.name, received, bytes: file.bytes });
  }
  return joinBytes(pieces);
}

const wanted = (file: RemoteFile): string => `${file.bytes} bytes, SHA-256 ${file.sha256}`;

async function describe(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return `${bytes.length} bytes, SHA-256 ${Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('')}`;
}

/** fetch() says only that it failed, and why in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

/** gzip (RFC 1952) by the platform's own CompressionStream and DecompressionStream, in Node and browser alike. */
import { diagnostic } from '#base';
import { allBytes, type ByteSource, piecesOf, streamOf } from './byteSource.ts';

const badGzip = diagnostic<{ reason: string }>('SYS-DAT-001', 'invalid', {
  en: (p) => `the gzip data is damaged or cut short: ${p.reason}; fetch the file again`,
  zh: (p) => `gzip 数据已损坏或被截断：${p.reason}；请重新获取该文件`,
});

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The unpacked bytes; what is not gzip comes back as it is. */
export async function gunzip(bytes: Uint8Array, file?: string): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  return allBytes(gunzipStream(bytes, file));
}

/**
 * Unpacks piece by piece.
 * @throws SYS-DAT-001 damaged or cut short; what the source itself throws, as it is
 */
export async function* gunzipStream(source: ByteSource, file?: string): AsyncGenerator<Uint8Array> {
  let failure: { readonly error: unknown } | undefined;
  const watched = (async function* () {
    try {
      yield* piecesOf(source);
    } catch (error) {
      failure = { error };
      throw error;
    }
  })();
  try {
    yield* piecesOf(streamOf(watched).pipeThrough(new DecompressionStream('gzip')));
  } catch (error) {
    if (failure !== undefined) throw failure.error;
    const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : '?';
    throw badGzip({ reason }, file === undefined ? {} : { file });
  }
}

/** The bytes packed. Packers of different platforms give different bytes; unpacked they are the same. */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return allBytes(streamOf(bytes).pipeThrough(new CompressionStream('gzip')));
}

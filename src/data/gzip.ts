/** gzip (RFC 1952) by the platform's own DecompressionStream, in Node and browser alike. */
import { diagnostic } from '#base';

const badGzip = diagnostic<{ reason: string }>('SYS-DAT-001', 'invalid', {
  en: (p) => `the gzip data is damaged or cut short: ${p.reason}; fetch the file again`,
  zh: (p) => `gzip 数据已损坏或被截断：${p.reason}；请重新获取该文件`,
});

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The unpacked bytes; what is not gzip comes back as it is. */
export async function gunzip(bytes: Uint8Array, file?: string): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  try {
    return new Uint8Array(await new Response(source.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());
  } catch (error) {
    const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : '?';
    throw badGzip({ reason }, file === undefined ? {} : { file });
  }
}

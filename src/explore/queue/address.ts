/**
 * The address of a queue, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, and what may be shown of it. Drivers put what they were given into
 * their errors; so nothing that they say is shown before `scrub` has taken the secrets out.
 */
import { withoutCredentials } from '#base';
import { wrongAddress } from './diagnostics.ts';

export interface QueueAddress {
  /** As given, with what is secret in it. Goes to the driver and nowhere else. */
  readonly url: string;
  /** `HOST:PORT/DATABASE`. */
  readonly shown: string;
  /** A text without the secrets of the address, in whatever spelling. */
  scrub(text: string): string;
}

const SCHEMES = ['postgres:', 'postgresql:'];
const MASK = '***';

/** @throws SYS-EXPLORE-101 */
export function queueAddress(text: string): QueueAddress {
  const scheme = /^([a-z][a-z\d+.-]*:)\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) throw wrongAddress({ found: { en: 'has no scheme', zh: '没有协议名' } });
  if (!SCHEMES.includes(scheme)) {
    throw wrongAddress({ found: { en: `begins with ${scheme}//`, zh: `以 ${scheme}// 开头` } });
  }
  // A password that is not written as it must be moves what is behind it to where it would be shown: into the host, port or database.
  const [, authority = '', path = '', rest = ''] = /^[^:]*:\/\/([^/?#]*)([^?#]*)(.*)$/s.exec(text) ?? [];
  const isClear =
    authority.split('@').length <= 2 && !/@/.test(path + rest) && /^(\/[^/]*)?$/.test(path) && !rest.includes('#');
  if (!isClear) throw wrongAddress({ found: { en: 'can be read in several ways', zh: '有多种读法' } });
  // The error of `new URL` would show the whole.
  if (!URL.canParse(text)) throw wrongAddress({ found: { en: 'is not a valid URL', zh: '不是有效的 URL' } });
  const url = new URL(text);
  const secrets = secretsOf(url);
  const host = url.hostname === '' ? 'localhost' : url.hostname;
  return {
    url: text,
    shown: `${host}:${url.port === '' ? '5432' : url.port}${url.pathname === '/' ? '' : url.pathname}`,
    scrub: (message) =>
      withoutCredentials(
        secrets.reduce((clean, secret) => clean.replaceAll(secret, MASK), message.replaceAll(text, MASK)),
      ),
  };
}

/** Passwords as written, decoded, encoded, and as JSON has them; the longest first, since one may hold another. */
function secretsOf(url: URL): readonly string[] {
  const written = [url.password, ...['password', 'sslpassword'].map((name) => url.searchParams.get(name) ?? '')];
  const spellings = written.flatMap((secret) => {
    const plain = percentDecoded(secret);
    return [secret, plain, encodeURIComponent(plain), encodeURI(plain), JSON.stringify(plain).slice(1, -1)];
  });
  return [...new Set(spellings)].filter((s) => s !== '').sort((a, b) => b.length - a.length);
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

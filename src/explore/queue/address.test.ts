/** Addresses of queues: what is refused, and that nothing secret is ever in what is shown. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SystoleError, withoutCredentials } from '#base';
import { queueAddress } from './address.ts';

const refused = (text: string): SystoleError => {
  try {
    queueAddress(text);
  } catch (error) {
    if (error instanceof SystoleError) return error;
    throw error;
  }
  throw new Error('it was taken');
};

test.each([
  'hunter2',
  'redis://u:hunter2@h/0',
  'mysql://u:hunter2@h/x',
  'postgres://u:hunter2@h:port/x',
  'postgres://u:hunter2@',
])('%s is refused, and the refusal does not repeat it', (text) => {
  const error = refused(text);
  expect(error.code).toBe('SYS-EXPLORE-101');
  const said = [error.text('en'), error.text('zh'), JSON.stringify(error.params), error.stack].join();
  expect(said).not.toContain('hunter2');
  expect(error.text('en')).toContain('postgres://USER@HOST:PORT/DATABASE');
});

test('a password that is written as it is, whatever it holds, is never shown: what it moves elsewhere is refused', () => {
  const special = fc.constantFrom(...'@:/#?%');
  const password = fc.array(fc.oneof(special, fc.constantFrom('12', 'geh', '7')), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(password, (parts) => {
      const secret = `${parts.join('')}hunter2`;
      const text = `postgres://u:${secret}@127.0.0.1:5433/work`;
      try {
        expect(queueAddress(text).shown).toBe('127.0.0.1:5433/work');
      } catch (error) {
        if (!(error instanceof SystoleError)) throw error;
        expect(error.code).toBe('SYS-EXPLORE-101');
        expect([error.text('en'), error.text('zh'), JSON.stringify(error.params)].join()).not.toContain('hunter2');
      }
    }),
    { numRuns: 2000 },
  );
  for (const text of ['postgres://systole:12/secret@127.0.0.1:5433/x', 'postgres://systole:geh@im/pa:ss@127.0.0.1/x'])
    expect(refused(text).code).toBe('SYS-EXPLORE-101');
});

test('host, port and database are shown, nothing else', () => {
  expect(queueAddress('postgres://u:p@db.example:5433/work?sslmode=require').shown).toBe('db.example:5433/work');
  expect(queueAddress('postgresql://db.example').shown).toBe('db.example:5432');
  expect(queueAddress('postgres:///work').shown).toBe('localhost:5432/work');
  expect(queueAddress('postgres://u:p@[::1]/work').shown).toBe('[::1]:5432/work');
});

test('a password is taken out in whatever spelling it comes', () => {
  const password = fc.string({ minLength: 3, maxLength: 20, unit: 'grapheme' }).filter((p) => !p.includes('*'));
  fc.assert(
    fc.property(password, fc.constantFrom('user', 'query'), (secret, place) => {
      const written = encodeURIComponent(secret);
      const url = place === 'user' ? `postgres://u:${written}@h/d` : `postgres://u@h/d?password=${written}`;
      const { scrub } = queueAddress(url);
      for (const spelling of [secret, written, url, new URL(url).href, JSON.stringify({ url, secret })]) {
        const text = scrub(`<<${spelling}>>`);
        expect(text).not.toContain(secret);
        expect(text).not.toContain(written);
      }
    }),
  );
});

test('user and password of any address are taken out of a text', () => {
  expect(withoutCredentials("unknown option '--queue=postgres://u:p/w@h/x'")).toBe(
    "unknown option '--queue=postgres://***@h/x'",
  );
  expect(withoutCredentials('see https://host.example/path and a@b')).toBe('see https://host.example/path and a@b');
});

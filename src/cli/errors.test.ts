/** What is thrown becomes one of our errors: expected ones stay, anything else is a bug and says so. */
import { expect, test } from 'vitest';
import { EXIT_CODES, internalError } from '#base';
import { asSystoleError } from './errors.ts';

test('an expected error stays what it is', () => {
  const error = internalError({ what: 'this' });
  expect(asSystoleError(error)).toBe(error);
});

test('anything else is a bug of ours: exit code 70, one line, a request to report it', () => {
  for (const thrown of [new TypeError('x is undefined\n    at somewhere'), 'text', undefined]) {
    const error = asSystoleError(thrown);
    expect(EXIT_CODES[error.kind]).toBe(70);
    expect(error.message).toContain('report');
    expect(error.message).not.toContain('\n');
  }
});

test('running out of memory is no bug', () => {
  const error = asSystoleError(new RangeError('Array buffer allocation failed'));
  expect(error).toMatchObject({ code: 'SYS-CLI-002', kind: 'unsupported' });
});

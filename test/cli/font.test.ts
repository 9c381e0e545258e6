/** The font of PNG pictures has every letter that pictures say: it is what `npm run font` writes. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FONT, fontBytes, letters } from '../../scripts/font.ts';

test('the committed font is made of the letters of the pictures', async () => {
  expect(letters()).toContain('脊');
  expect(Buffer.from(await fontBytes()).equals(readFileSync(FONT)), 'run npm run font').toBe(true);
});

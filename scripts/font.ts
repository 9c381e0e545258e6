/**
 * Writes the font that pictures are drawn with where they become PNG: `npm run font`. Noto Sans SC (SIL Open Font License 1.1) with the
 * letters that this project uses: Latin, Greek, arrows, mathematical signs, and every Chinese character that pictures say.
 * `test/cli/font.test.ts` holds that none is missing.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import subsetFont from 'subset-font';

export const FONT = new URL('../src/cli/fonts/NotoSansSC-subset.ttf', import.meta.url);

/** Every character that a picture may hold. */
export function letters(): string {
  const used = new Set<string>();
  const range = (from: number, to: number): void => {
    for (let c = from; c <= to; c++) used.add(String.fromCodePoint(c));
  };
  range(0x20, 0x7e);
  range(0xa0, 0xff);
  range(0x391, 0x3c9);
  for (const c of '–—…′″‖·×÷−±≈≠≤≥∞√∑∏∂∈←↑→↓↔⌈⌉⌊⌋⟨⟩•◦■□▲△◆◇●○′₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ，。、；：？！（）【】《》“”‘’')
    used.add(c);
  for (const folder of ['src/report/pictures/', 'src/report/parallel/', 'src/cli/plots/', 'src/cli/explore/']) {
    const place = new URL(`../${folder}`, import.meta.url);
    for (const path of readdirSync(place).filter((p) => p.endsWith('.ts'))) addHan(used, new URL(path, place));
  }
  // The names of measures stand at axes.
  addHan(used, new URL('../src/explore/measures.ts', import.meta.url));
  return [...used].sort().join('');
}

function addHan(used: Set<string>, file: URL): void {
  for (const c of readFileSync(file, 'utf8')) if (/\p{Script=Han}/u.test(c)) used.add(c);
}

/** The subset. */
export async function fontBytes(): Promise<Uint8Array> {
  const whole = readFileSync(
    new URL(import.meta.resolve('@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf')),
  );
  // Copyright and licence stay in the file, as the licence asks.
  return subsetFont(whole, letters(), { targetFormat: 'sfnt', preserveNameIds: [0, 13, 14] });
}

if (import.meta.main) {
  const bytes = await fontBytes();
  writeFileSync(FONT, bytes);
  process.stdout.write(`${letters().length} characters, ${bytes.length} bytes\n`);
}

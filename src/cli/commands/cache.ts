/** `systole cache`: where the compilation cache is and how large; `--clear` removes what is in it. */
import * as z from 'zod';
import { answer } from '../answers.ts';
import { cachedFiles, cachePath, trimCache } from '../cacheFolder.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';

const CACHE = answer(
  'cache',
  'what compiling keeps for the next time',
  z.strictObject({ folder: z.string(), files: z.number(), bytes: z.number(), removed: z.number() }),
);

export function configureCache(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    { run: 'systole cache', does: { en: 'where it is and how large', zh: '位置与大小' } },
    { run: 'systole cache --clear', does: { en: 'empty it', zh: '清空' } },
  ]);
  command.option('--clear', t({ en: 'remove what is in it', zh: '删除其中的内容' }));
  withCommonOptions(console, command, CACHE);
  command.action(({ clear }: { readonly clear?: true }) => {
    const folder = cachePath();
    const sizeOf = (): { readonly files: number; readonly bytes: number } => {
      const found = cachedFiles(folder);
      return { files: found.length, bytes: found.reduce((sum, f) => sum + f.bytes, 0) };
    };
    const before = sizeOf();
    if (clear === true) trimCache(folder, 0);
    const { files, bytes } = sizeOf();
    const removed = before.files - files;
    if (console.json) return console.object(CACHE, { folder, files, bytes, removed });
    const size = bytes.toLocaleString('en');
    return console.say(
      clear === true
        ? t({
            en: `${folder}: ${removed} file${removed === 1 ? '' : 's'} removed`,
            zh: `${folder}：已删除 ${removed} 个文件`,
          })
        : t({
            en: `${folder}: ${size} bytes in ${files} file${files === 1 ? '' : 's'}, one for each machine and compiler`,
            zh: `${folder}：${size} 字节，${files} 个文件（每台机器、每个编译器版本一个）`,
          }),
    );
  });
}

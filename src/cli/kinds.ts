/** What is expected of a file that cannot be read: the words for each kind. */
import type { Both } from './language.ts';

export const ASSEMBLY_FILE: Both = { en: 'an assembly file (.s)', zh: '汇编文件（.s）' };

export const PROGRAM_FILE: Both = {
  en: 'a program (.dlp) made by systole compile or systole asm',
  zh: '由 systole compile 或 systole asm 生成的程序（.dlp）',
};

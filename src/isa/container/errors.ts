/** What can be wrong with a `.dlp` file. */
import { diagnostic } from '#base';

export const notProgram = diagnostic<{ readonly found: string; readonly guess: 'empty' | 'text' | 'other' }>(
  'SYS-DLP-001',
  'invalid',
  {
    en: (p) =>
      p.guess === 'empty'
        ? 'the file is empty, expected a .dlp program. Write it again with systole compile.'
        : `this is no .dlp program: it starts with ${p.found}${p.guess === 'text' ? ' (text)' : ''}. ` +
          'Programs are made with systole compile from a model or systole asm from an assembly file.',
    zh: (p) =>
      p.guess === 'empty'
        ? '文件为空，应为 .dlp 程序。请用 systole compile 重新生成。'
        : `这不是 .dlp 程序：文件以 ${p.found} 开头${p.guess === 'text' ? '（文本）' : ''}。` +
          '程序由 systole compile 从模型生成，或由 systole asm 从汇编文件生成。',
  },
);

export const newerVersion = diagnostic<{ readonly found: number; readonly known: number }>(
  'SYS-DLP-002',
  'unsupported',
  {
    en: (p) =>
      `the file has format version ${p.found}; this Systole reads version ${p.known}. ` +
      'Compile the model again, or use the Systole that wrote the file.',
    zh: (p) =>
      `文件的格式版本为 ${p.found}；此 Systole 读取版本 ${p.known}。请重新编译模型，或使用写入该文件的 Systole。`,
  },
);

export const truncated = diagnostic<{ readonly bytes: number }>('SYS-DLP-003', 'invalid', {
  en: (p) =>
    `the file ends after ${p.bytes} bytes, before its table of contents: it was cut off. Copy or compile it again.`,
  zh: (p) => `文件在 ${p.bytes} 字节后结束，缺少目录：文件被截断。请重新复制或编译。`,
});

export const damaged = diagnostic<{ readonly section: string; readonly found: string; readonly expected: string }>(
  'SYS-DLP-004',
  'invalid',
  {
    en: (p) =>
      `section ${p.section} is damaged: its checksum is ${p.found}, expected ${p.expected}. Copy or compile the file again.`,
    zh: (p) => `段 ${p.section} 已损坏：校验和为 ${p.found}，应为 ${p.expected}。请重新复制或编译该文件。`,
  },
);

export const badSection = diagnostic<{ readonly section: string; readonly why: 'missing' | 'outside' | 'ragged' }>(
  'SYS-DLP-005',
  'invalid',
  {
    en: (p) => {
      const what = {
        missing: 'is missing',
        outside: 'lies outside the file',
        ragged: 'is not a whole number of 64-bit words',
      };
      return `section ${p.section} ${what[p.why]}. The file is damaged; compile it again.`;
    },
    zh: (p) => {
      const what = { missing: '缺失', outside: '超出文件范围', ragged: '不是整数个 64 位字' };
      return `段 ${p.section} ${what[p.why]}。文件已损坏；请重新编译。`;
    },
  },
);

export const badMetadata = diagnostic<{ readonly path: string; readonly problem: string }>('SYS-DLP-006', 'invalid', {
  en: (p) => `the metadata is wrong at ${p.path}: ${p.problem}. Compile the file again with this version of Systole.`,
  zh: (p) => `元数据在 ${p.path} 处有误：${p.problem}。请用此版本的 Systole 重新编译。`,
});

export const beyondDram = diagnostic<{
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly dram: number;
}>('SYS-DLP-007', 'invalid', {
  en: (p) =>
    `${p.what} covers DRAM bytes ${p.from} to ${p.to}, but DRAM ends at ${p.dram}. The file is damaged; compile it again.`,
  zh: (p) => `${p.what} 占用 DRAM 字节 ${p.from} 至 ${p.to}，但 DRAM 止于 ${p.dram}。文件已损坏；请重新编译。`,
});

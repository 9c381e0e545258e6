/**
 * Exercise 5.8: what SWIG does, on a small scale: `ffi.generateBinding` reads C declarations and writes a wrapper and a proxy in TypeScript, which are
 * imported here and bound to a WebAssembly module.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineExercise } from 'systole/course';
import { ffi } from 'systole/tensor';
import { MODULE, SOURCE } from './exampleModule.ts';

/** example.h */
export const HEADER = `
int fact(int n);
int gcd(int a, int b);
float dot(const float *x, const float *y, int n);
`;

/** The module, instantiated: in place of the shared library that a C compiler would make. */
async function moduleExports(): Promise<ffi.Exports> {
  return (await WebAssembly.instantiate(Buffer.from(MODULE, 'base64'))).instance.exports;
}

/** What the proxy of example.h exports. */
export interface Proxy {
  load(exports: ffi.Exports): void;
  fact(n: number): number;
  gcd(a: number, b: number): number;
  dot(x: Float32Array, y: Float32Array, n: number): number;
}

/** Writes both files to a folder that is gone afterwards, imports the proxy and binds it to the module. */
export async function generatedProxy(): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), 'systole-bindings-'));
  try {
    // From that folder the package has no name, so the files say where it lies.
    const from = import.meta.resolve('systole/tensor');
    const { wrap, proxy } = ffi.generateBinding(HEADER, { module: 'example', from });
    for (const { name, text } of [wrap, proxy]) writeFileSync(join(folder, name), text);
    const imported = (await import(/* @vite-ignore */ pathToFileURL(join(folder, proxy.name)).href)) as Proxy;
    imported.load(await moduleExports());
    return imported;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const exercise = defineExercise({
  id: '5.8',
  title: { en: 'A generator of bindings', zh: 'SWIG 的基本原理，在源码中找到 SWIG 部分，列出使用实例' },
  asked: {
    en: 'What is the principle of SWIG? Find where a framework uses it, and give an example of its use.',
    zh: 'SWIG 的基本原理是什么？在框架源码中找到使用 SWIG 的部分，并给出使用实例。',
  },
  explanation: {
    en: `SWIG (Simplified Wrapper and Interface Generator) reads an interface file of C or C++ declarations and writes two files:

- a **wrapper** in C (\`example_wrap.c\`): for each function one that takes the script's arguments, checks and converts them, calls the function, and converts what comes back;
- a **proxy** in the script's language (\`example.py\`): what programs import.

For \`int fact(int n);\` one writes \`%module example\` with the declaration into \`example.i\`, runs \`swig -python example.i\`, compiles the wrapper into a shared library, and \`example.fact(5)\` gives 120. *Typemaps* say how types are converted where the usual way is not meant.

TensorFlow used it until 2.1: \`python/tensorflow.i\` and the \`.i\` files it names made \`pywrap_tensorflow\`; from 2.2 on it is pybind11, which says the same in C++ templates.

The same here, small: \`ffi.generateBinding\` parses C prototypes and writes \`example_wrap.ts\` and \`example.ts\`. The “library” is a WebAssembly module of 174 bytes (numbers are its only types, so arrays are copied into its memory and a pointer is handed over). The check imports the generated
files and calls through them; a text, or a fraction, for an \`int\` is a TypeError that names function, parameter and what was expected, raised before any native code runs.

Sources: D. M. Beazley, *SWIG: an easy to use tool for integrating scripting languages with C and C++*, USENIX Tcl/Tk Workshop 1996; TensorFlow (Apache-2.0), \`tensorflow/python/tensorflow.i\` in 2.1.`,
    zh: `SWIG（Simplified Wrapper and Interface Generator）读取含 C 或 C++ 声明的接口文件，生成两个文件：

- C 语言的**包装**（\`example_wrap.c\`）：每个函数对应一个包装函数，接收脚本语言的参数，检查并转换类型，调用原函数，再转换返回值；
- 脚本语言的**代理**（\`example.py\`）：供程序导入。

例如对 \`int fact(int n);\`，在 \`example.i\` 中写 \`%module example\` 和该声明，运行 \`swig -python example.i\`，把包装编译成共享库，之后 \`example.fact(5)\` 得到 120。若默认转换不合适，可用 *typemap* 指定。

TensorFlow 在 2.1 及之前使用 SWIG：\`python/tensorflow.i\` 及其引用的 \`.i\` 文件生成 \`pywrap_tensorflow\`；2.2 起改用 pybind11，以 C++ 模板表达同样的内容。

本系统有一个小型的同类实现：\`ffi.generateBinding\` 解析 C 原型，生成 \`example_wrap.ts\` 与 \`example.ts\`。“库”是一个 174 字节的 WebAssembly 模块（它只有数值类型，因此数组要复制到它的内存，再传递指针）。检查时导入生成的文件并通过它们调用；给 \`int\` 传入字符串或小数，
会在执行任何本地代码之前抛出 TypeError，指明函数、参数和应有的类型。

出处：D. M. Beazley，*SWIG: an easy to use tool for integrating scripting languages with C and C++*，USENIX Tcl/Tk Workshop 1996；TensorFlow（Apache-2.0），2.1 版 \`tensorflow/python/tensorflow.i\`。`,
  },
  rows: 3,
  answeredBy: 'survey',
  code: [
    { path: 'src/tensor/ffi/prototypes.ts', words: { en: 'Reading C prototypes', zh: '解析 C 原型' } },
    { path: 'src/tensor/ffi/generate.ts', words: { en: 'Writing wrap and proxy', zh: '生成包装与代理' } },
    { path: 'src/tensor/ffi/bind.ts', words: { en: 'Checking, converting, calling', zh: '检查、转换与调用' } },
    { path: 'course/chapter5/exampleModule.ts', words: { en: 'The module and its source', zh: '模块及其源代码' } },
  ],
  parameters: {
    n: { kind: 'whole', words: { en: 'n of fact(n)', zh: 'fact(n) 的 n' }, default: 5, least: 0, most: 12 },
    a: {
      kind: 'whole',
      words: { en: 'a of gcd(a, b)', zh: 'gcd(a, b) 的 a' },
      default: 48,
      least: 0,
      most: 2147483647,
    },
    b: {
      kind: 'whole',
      words: { en: 'b of gcd(a, b)', zh: 'gcd(a, b) 的 b' },
      default: 36,
      least: 0,
      most: 2147483647,
    },
  },
  async show({ print, listing }, { n, a, b }) {
    const { wrap, proxy } = ffi.generateBinding(HEADER, { module: 'example' });
    listing('example.h', HEADER.trim());
    listing({ en: `${proxy.name}, generated`, zh: `生成的 ${proxy.name}` }, proxy.text);
    listing({ en: `${wrap.name}, generated`, zh: `生成的 ${wrap.name}` }, wrap.text);
    listing({ en: 'what the module was compiled from', zh: '模块的源代码' }, SOURCE);
    const bound = await generatedProxy();
    print(`fact(${n}) = ${bound.fact(n)}`);
    print(`gcd(${a}, ${b}) = ${bound.gcd(a, b)}`);
    try {
      bound.fact('5' as unknown as number);
    } catch (error) {
      print(`fact("5"): ${(error as Error).name}: ${(error as Error).message}`);
    }
  },
  async check(check) {
    const proxy = await generatedProxy();
    check.row(1).equal('fact(5), gcd(48, 36)', [proxy.fact(5), proxy.gcd(48, 36)], [120, 12]);
    check.equal('dot((1, 2, 3), (4, 5, 6))', proxy.dot(Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6), 3), 32);
    const asText = () => proxy.fact('5' as unknown as number);
    await check.row(2).throws('a text for an int', asText, /^TypeError .*expected number/);
    await check.row(2).throws('a fraction for an int', () => proxy.gcd(1.5, 2), /^TypeError .*whole number/);
    check.row(3).equal('generated', Object.keys(ffi.generateBinding(HEADER, { module: 'example' })), ['wrap', 'proxy']);
  },
});

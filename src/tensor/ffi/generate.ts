/**
 * The files that make a module of C or WebAssembly functions importable with types, as SWIG's two: `wrap` carries the prototypes as data
 * and binds them, `proxy` is what programs import, one typed function for each prototype.
 */
import { hostType } from './bind.ts';
import { type Prototype, readPrototypes } from './prototypes.ts';

export interface Generated {
  readonly name: string;
  readonly text: string;
}

export interface GenerateOptions {
  /** Of the files: `<module>_wrap.ts` and `<module>.ts`. */
  readonly module: string;
  /** Where `bindFunctions` is imported from; `systole/tensor` by default. */
  readonly from?: string;
}

/**
 * @param header C prototypes
 * @throws what `readPrototypes` throws
 */
export function generateBinding(
  header: string,
  { module, from = 'systole/tensor' }: GenerateOptions,
): {
  readonly wrap: Generated;
  readonly proxy: Generated;
} {
  const prototypes = readPrototypes(header, `${module}.h`);
  const wrap = [
    `// Generated from ${module}.h: holds arguments against the prototypes and converts them.`,
    `import { ffi } from '${from}';`,
    '',
    `const PROTOTYPES: readonly ffi.Prototype[] = ${JSON.stringify(prototypes, undefined, 2)};`,
    '',
    '/** Binds the functions to the exports of an instance. */',
    'export const bind = (exports: ffi.Exports) => ffi.bindFunctions(PROTOTYPES, exports);',
    '',
  ].join('\n');
  const proxy = [
    `// Generated from ${module}.h: its functions, typed. Call load() with an instance's exports first.`,
    `import { bind } from './${module}_wrap.ts';`,
    '',
    'let bound: ReturnType<typeof bind> = {};',
    '',
    'export function load(exports: Parameters<typeof bind>[0]): void {',
    '  bound = bind(exports);',
    '}',
    ...prototypes.flatMap((p) => ['', `/** ${prototypeText(p)} */`, functionText(p)]),
    '',
  ].join('\n');
  return {
    wrap: { name: `${module}_wrap.ts`, text: wrap },
    proxy: { name: `${module}.ts`, text: proxy },
  };
}

/** As C writes it. */
export const prototypeText = ({ name, result, parameters }: Prototype): string =>
  `${result.text} ${name}(${parameters.map((p) => `${p.type.text}${p.type.text.endsWith('*') ? '' : ' '}${p.name}`).join(', ') || 'void'})`;

function functionText({ name, result, parameters }: Prototype): string {
  const list = parameters.map((p) => `${p.name}: ${hostType(p.type)}`).join(', ');
  const call = `bound.${name}!(${parameters.map((p) => p.name).join(', ')})`;
  const type = hostType(result);
  return type === 'void'
    ? `export function ${name}(${list}): void {\n  ${call};\n}`
    : `export function ${name}(${list}): ${type} {\n  return ${call} as ${type};\n}`;
}

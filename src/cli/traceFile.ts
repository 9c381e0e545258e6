/** The file of `--trace`: its format by its name, written while the run goes on. */
import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { diagnostic, nearestName } from '#base';
import type { Program } from '#isa';
import { chromeTrace, perfettoTrace, type Trace } from '#sim';
import { Output } from './files.ts';

const TRACES = { '.json': chromeTrace, '.pftrace': perfettoTrace, '.perfetto-trace': perfettoTrace };
type Extension = keyof typeof TRACES;
const EXTENSIONS = Object.keys(TRACES) as readonly Extension[];

const unknownTrace = diagnostic<{ extension: string; nearest: string | undefined }>('SYS-CLI-110', 'usage', {
  en: (p) =>
    `${p.extension === '' ? 'the name has no ending' : `'${p.extension}' names no format of traces`}` +
    `${p.nearest === undefined ? '' : `; did you mean '${p.nearest}'?`} Expected .json (Chrome's trace events), .pftrace or ` +
    '.perfetto-trace (Perfetto).',
  zh: (p) =>
    `${p.extension === '' ? '文件名没有扩展名' : `“${p.extension}”不是跟踪文件的格式`}` +
    `${p.nearest === undefined ? '' : `；是否指“${p.nearest}”？`}应为 .json（Chrome 跟踪事件）、.pftrace 或 .perfetto-trace（Perfetto）。`,
});

/**
 * What writes a trace of that name. Devices and pipes, whose names say nothing, get JSON.
 * @throws SYS-CLI-110
 */
export function traceFormat(path: string): (typeof TRACES)[Extension] {
  const extension = extname(path);
  const known = EXTENSIONS.find((e) => e === extension.toLowerCase());
  if (known !== undefined) return TRACES[known];
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile() && !found.isDirectory()) return TRACES['.json'];
  throw unknownTrace({ extension, nearest: nearestName(extension, EXTENSIONS) }, { file: path });
}

export interface TraceFile {
  readonly observer: Trace['observer'];
  /** Ends it and gives it its name; until then nothing stands under that. */
  finish(): void;
}

/** @throws SYS-CLI-013, SYS-CLI-110 */
export function openTrace(program: Program, path: string): TraceFile {
  const format = traceFormat(path);
  const output = new Output(path);
  const trace = format(program, (piece: Uint8Array | string) => output.write(piece));
  return {
    observer: trace.observer,
    finish: () => {
      trace.close();
      output.commit();
    },
  };
}

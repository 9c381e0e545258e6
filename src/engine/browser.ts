/**
 * The browser half: the WASM build, single-threaded, so that a page needs no cross-origin isolation. The `.wasm` file
 * is served by the page itself: beside the bundle, or where `wasmPaths` says.
 */
import * as ort from 'onnxruntime-web/wasm';
import type { EngineOptions, Runtime } from './runtime.ts';

export async function openRuntime(options: EngineOptions): Promise<Runtime> {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'fatal';
  if (options.wasmPaths !== undefined) ort.env.wasm.wasmPaths = options.wasmPaths;
  if (options.wasmBinary !== undefined) ort.env.wasm.wasmBinary = options.wasmBinary;
  return { kind: 'wasm', ort };
}

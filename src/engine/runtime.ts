/**
 * What a platform half gives the engine: the ONNX Runtime module it found. Both `onnxruntime-node` and
 * `onnxruntime-web` expose the interface of `onnxruntime-common`, which is all that is used of them.
 */
import type * as Ort from 'onnxruntime-web';
import type { Notice } from '#base';

export type { Ort };

export type EngineKind = 'native' | 'wasm';

export interface EngineOptions {
  /** Which build to take where both can be had; 'native' by default. A browser has the WASM build alone. */
  readonly prefer?: EngineKind;
  /** Where a warning goes, as when the native build could not be loaded and the slower WASM build runs instead. */
  readonly onNotice?: (notice: Notice) => void;
  /** In a browser: the URL folder (with the closing slash) that serves `ort-wasm-simd-threaded.wasm`. */
  readonly wasmPaths?: string;
  /** In a browser: the bytes of that file, where the page has them already. */
  readonly wasmBinary?: ArrayBufferLike | Uint8Array;
}

/** The part of `onnxruntime-common` that the engine calls. */
export interface OrtModule {
  readonly InferenceSession: typeof Ort.InferenceSession;
  readonly Tensor: typeof Ort.Tensor;
  readonly env: typeof Ort.env;
}

export interface Runtime {
  readonly kind: EngineKind;
  readonly ort: OrtModule;
}

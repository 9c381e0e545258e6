/**
 * The Node half: `onnxruntime-node` where it is installed and loads, else `onnxruntime-web`, whose WASM file lies
 * beside it in node_modules, so that nothing is fetched.
 */
import { diagnostic, type Notice } from '#base';
import type { EngineOptions, OrtModule, Runtime } from './runtime.ts';

const noEngine = diagnostic<{ native: string; wasm: string }>('SYS-ENG-001', 'unsupported', {
  en: (p) =>
    `no host engine could be loaded. onnxruntime-node: ${p.native}; onnxruntime-web: ${p.wasm}. ` +
    'Install one of them: npm install onnxruntime-node',
  zh: (p) =>
    `没有可用的主机引擎。onnxruntime-node：${p.native}；onnxruntime-web：${p.wasm}。请安装其一：npm install onnxruntime-node`,
});

const withoutNative = (reason: string): Notice => ({
  code: 'SYS-ENG-002',
  en:
    `the native host engine (onnxruntime-node) could not be loaded: ${reason}. The WASM build runs instead: same ` +
    'answers, several times slower. To add the native one: npm install onnxruntime-node',
  zh:
    `无法加载本机主机引擎（onnxruntime-node）：${reason}。改用 WASM 版本：结果相同，但慢数倍。` +
    '添加本机引擎：npm install onnxruntime-node',
});

/** How the two modules are imported; a test replaces one to see the fallback. */
export interface Loaders {
  readonly native: () => Promise<OrtModule>;
  readonly wasm: () => Promise<OrtModule>;
}

const loaders: Loaders = {
  native: async () => unwrap(await import('onnxruntime-node')),
  wasm: async () => {
    const ort = unwrap(await import('onnxruntime-web'));
    ort.env.wasm.numThreads = 1;
    return ort;
  },
};

/** A CommonJS module imported as ESM may carry its exports under `default` alone. */
function unwrap(module: OrtModule | { readonly default: OrtModule }): OrtModule {
  return 'InferenceSession' in module ? module : module.default;
}

export async function openRuntime(options: EngineOptions, load: Loaders = loaders): Promise<Runtime> {
  let native = 'not tried';
  if (options.prefer !== 'wasm') {
    try {
      return quiet({ kind: 'native', ort: await load.native() });
    } catch (error) {
      native = reason(error);
    }
  }
  let ort: OrtModule;
  try {
    ort = await load.wasm();
  } catch (error) {
    throw noEngine({ native, wasm: reason(error) });
  }
  if (options.prefer !== 'wasm') options.onNotice?.(withoutNative(native));
  return quiet({ kind: 'wasm', ort });
}

/** Warnings of the runtime name its own internals and are nothing a user could act on. */
function quiet(runtime: Runtime): Runtime {
  runtime.ort.env.logLevel = 'fatal';
  return runtime;
}

function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // Node appends a "Require stack" of this machine's paths.
  return text.split('\n', 1)[0]!;
}

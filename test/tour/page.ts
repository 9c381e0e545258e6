/**
 * The page of the browser test: the tour bundled as a web application would bundle it, and a local server that serves
 * it beside ONNX Runtime's WASM files. Bundling alone proves that nothing reachable leans on Node.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ENTRY = fileURLToPath(new URL('./tour.ts', import.meta.url));
const RUNTIME = new URL('../../node_modules/onnxruntime-web/dist/', import.meta.url);
const TYPES: Readonly<Record<string, string>> = { wasm: 'application/wasm', mjs: 'text/javascript' };

/** The tour and all it imports as one ES module, with the conditions of a browser. */
export async function bundleTour(): Promise<string> {
  const result = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['source', 'browser', 'onnxruntime-web-use-extern-wasm'],
    target: 'es2023',
    logLevel: 'silent',
  });
  return result.outputFiles[0]!.text;
}

export interface Page {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `/` (an empty page), `/tour.js` and `/ort/*` on a free port of this machine alone. */
export async function servePage(bundle: string): Promise<Page> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const send = (type: string, body: string | Uint8Array): void => {
      response.writeHead(200, { 'content-type': type });
      response.end(body);
    };
    if (path === '/')
      return send(
        'text/html',
        '<!doctype html><meta charset="utf-8"><title>Systole</title><link rel="icon" href="data:,">',
      );
    if (path === '/tour.js') return send('text/javascript', bundle);
    const name = basename(path);
    const type = TYPES[name.split('.').at(-1)!];
    if (path === `/ort/${name}` && type !== undefined) {
      try {
        return send(type, await readFile(new URL(name, RUNTIME)));
      } catch (error) {
        response.writeHead(404);
        return response.end(String(error));
      }
    }
    response.writeHead(404);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve, reject) => {
        server.closeAllConnections();
        server.close((error) => (error === undefined ? resolve() : reject(error)));
      }),
  };
}

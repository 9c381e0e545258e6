/**
 * Layer `engine`: run a Graph on the host. ONNX Runtime, native in Node where it is installed, WASM otherwise and in
 * the browser. The platform half (`node.ts`, `browser.ts`) is chosen by the package import `#engine/platform`.
 */
export { byDefinition } from './definitions.ts';
export * from './engine.ts';
export { roundHalves } from './halfFloats.ts';
export * from './hostValues.ts';

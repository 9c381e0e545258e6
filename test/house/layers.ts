/**
 * The layers of Systole and what each may import: the table that `test/layers.test.ts` enforces.
 * Read it top to bottom: a layer sees only layers above it in this list, and of those only the ones named beside it.
 * `src/<layer>/index.ts` is the layer's front door, imported as `#layer`; inside a layer imports are relative.
 */

const LOWER = 'base ir ops onnx structure engine tensor models data passes machine isa timing lower sim report';

export const LAYERS: Readonly<Record<string, { readonly holds: string; readonly mayImport: string }>> = {
  base: { holds: 'diagnostics, text, bits, units, seeded random', mayImport: '' },
  ir: { holds: 'Graph, verify, print, parse', mayImport: 'base' },
  ops: { holds: 'one file per operator', mayImport: 'base ir' },
  onnx: { holds: 'reads and writes .onnx', mayImport: 'base ir ops' },
  structure: { holds: 'networks of Caffe and Darknet files, without weights', mayImport: 'base ir ops' },
  engine: { holds: 'runs a Graph on the host', mayImport: 'base ir ops onnx' },
  tensor: { holds: 'Tensor, autograd, layers, training', mayImport: 'base ir ops engine' },
  models: { holds: 'networks written in the tensor API', mayImport: 'base ir ops tensor' },
  data: { holds: 'file formats of data sets, images, arrays', mayImport: 'base' },
  passes: { holds: 'machine-independent graph passes', mayImport: 'base ir ops engine' },
  machine: { holds: 'the Machine schema and its presets', mayImport: 'base' },
  isa: { holds: 'instructions, encoder, assembler, Program', mayImport: 'base machine' },
  timing: { holds: "each unit's cost and state functions", mayImport: 'base machine isa' },
  lower: { holds: 'Graph to Program', mayImport: 'base ir ops passes machine isa timing' },
  sim: { holds: 'functional and cycle model', mayImport: 'base machine isa timing' },
  report: { holds: 'numbers and pictures', mayImport: 'base ir ops machine isa timing sim' },
  flow: { holds: 'compile, run, check, exec as one API', mayImport: LOWER },
  explore: { holds: 'design-space search', mayImport: `${LOWER} flow` },
  course: { holds: 'what an exercise is, its checks, answers judged', mayImport: `${LOWER} flow explore` },
  cli: { holds: 'one file per command', mayImport: `${LOWER} flow explore course` },
};

/** Everything else runs unchanged in a browser. A path ends in `/` for a folder; a `*` stands for the rest of a name. */
export const NODE_ONLY: readonly { readonly path: string; readonly why: string }[] = [
  { path: 'src/cli/', why: 'the command line: files, terminal, exit codes' },
  { path: 'src/engine/node*', why: 'the half of #engine/platform that loads onnxruntime-node' },
  { path: 'src/data/node*', why: 'the half of #data/platform: images with sharp, the file system' },
  { path: 'src/explore/node*', why: 'the half of #explore/platform: threads, and results in SQLite' },
  { path: 'src/explore/queue/node*', why: 'the half of #explore/platform: a server, processes' },
];

/** Files that are over the limit of lines, with the number they may not exceed. Shrink a number; never raise one. */
export const LINE_LIMIT = 500;
export const LINE_RATCHET: Readonly<Record<string, number>> = {};

/** Written by a tool, so no line limit. */
export const GENERATED = /(_pb|\.gen)\.ts$/;

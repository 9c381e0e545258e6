/**
 * The ONNX conformance suite on the processor: every `node` test all of whose nodes have a lowering and that computes
 * in float32. One test's verdict is the suite's own: its outputs, found by the compiled program.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import type { Model, Tensor } from '#ir';
import { SLOT_BYTES } from '#isa';
import { lowerings } from '#lower';
import type { Machine } from '#machine';
import { readModel, readValue } from '#onnx';
import { difference } from '../support/compareTensors.ts';

const SUITE = new URL('../../../shared/data/onnx-conformance/node/', import.meta.url);

export const suitePresent = existsSync(SUITE);

/** Tests that are not run, with the reason. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  test_pow_types_float32_uint64:
    'its exponents differ, so the host computes it, and ONNX Runtime has no Pow for these types',
  test_training_dropout_default: 'training mode: the expected output holds the random numbers of NumPy',
  test_training_dropout_mask: 'training mode: the expected output holds the random numbers of NumPy',
};

/** Our distance to the suite's outputs, which NumPy computed; its own relative tolerance is 1e-3. */
const TOLERANCE = 1e-5;
/** Tests whose expected outputs are less exact than that. */
export const ROUNDED: Readonly<Record<string, { readonly tolerance: number; readonly reason: string }>> = {
  test_averagepool_2d_ceil_last_window_starts_on_pad: {
    tolerance: 1e-3,
    reason: 'the expected output is printed with four digits',
  },
};

export interface SuiteCase {
  readonly name: string;
  readonly model: Model;
}

const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, SUITE)));

/**
 * Tests whose operators all have a lowering and that exchange float32 and nothing the processor's memory cannot hold.
 */
export function suiteCases(): SuiteCase[] {
  if (!suitePresent) return [];
  return readdirSync(SUITE)
    .filter((name) => name.startsWith('test_') && !(name in EXCEPTIONS))
    .flatMap((name) => {
      const model = readModel(bytesOf(`${name}/model.onnx`));
      const { nodes, inputs, outputs } = model.graph;
      const types = [...inputs, ...outputs].map((v) => (v.type?.kind === 'tensor' ? v.type.dtype : ''));
      const float = types.includes('float32') && types.every((t) => t in SLOT_BYTES);
      const known = nodes.every((n) => (n.domain === '' || n.domain === 'ai.onnx') && lowerings.has(n.op));
      return float && known && nodes.length > 0 ? [{ name, model }] : [];
    });
}

function tensorsOf(directory: string, kind: 'input' | 'output', model: Model): Map<string, Tensor> | undefined {
  const values = kind === 'input' ? model.graph.inputs : model.graph.outputs;
  const out = new Map<string, Tensor>();
  for (const [i, value] of values.entries()) {
    const path = `${directory}/${kind}_${i}.pb`;
    if (!existsSync(new URL(path, SUITE))) continue;
    const read = readValue(bytesOf(path), value.type);
    if (read.kind !== 'tensor') return undefined;
    out.set(value.name, read.tensor);
  }
  return out;
}

/**
 * What an operator of the suite takes as tensors — weights, axes, shapes — a network has as constants; so here, too.
 */
function withConstants(model: Model, feeds: ReadonlyMap<string, Tensor>): Model {
  const [data, ...parameters] = model.graph.inputs;
  if (data === undefined) return model;
  const constants = new Map(model.graph.constants);
  for (const v of parameters) {
    const tensor = feeds.get(v.name);
    if (tensor !== undefined) constants.set(v.name, tensor);
  }
  return { ...model, graph: { ...model.graph, inputs: [data], constants } };
}

export interface SuiteRun {
  /** What differs first, if anything does. */
  readonly difference: string | undefined;
  /** Reasons of nodes that went to the host. */
  readonly host: readonly string[];
}

/** Compiles and runs one test. @param constants whether all inputs but the first are constants of the model */
export async function runSuiteCase(test: SuiteCase, machine: Machine, constants: boolean): Promise<SuiteRun> {
  const engine = await sharedEngine();
  const host = new Set<string>();
  for (const set of readdirSync(new URL(test.name, SUITE)).filter((d) => d.startsWith('test_data_set'))) {
    const feeds = tensorsOf(`${test.name}/${set}`, 'input', test.model);
    const expected = tensorsOf(`${test.name}/${set}`, 'output', test.model);
    if (feeds === undefined || expected === undefined)
      return { difference: 'its values are not all tensors', host: [] };
    const model = constants ? withConstants(test.model, feeds) : test.model;
    const { program } = await compileModel(model, { machine, engine });
    for (const layer of program.layers) for (const n of layer.onHost ?? []) host.add(n.reason.en);
    const { outputs } = await executeProgram(program, { data: true, feeds, engine: async () => engine });
    for (const [name, tensor] of expected) {
      const found = difference(outputs.get(name), tensor, ROUNDED[test.name]?.tolerance ?? TOLERANCE);
      if (found !== undefined) return { difference: `${name}: ${found}`, host: [...host] };
    }
  }
  return { difference: undefined, host: [...host] };
}

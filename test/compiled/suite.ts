/**
 * The ONNX conformance suite on the processor: every `node` test in a type that it computes, of the project's data and of Debian's package
 * libonnx-testdata (ONNX 1.12: older operator sets, and layers exported by PyTorch). One test's verdict is the suite's own: its outputs, found by the compiled program.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { type Model, type Tensor, typeOf } from '#ir';
import { SLOT_BYTES } from '#isa';
import { processorOperators } from '#lower';
import type { Machine } from '#machine';
import { readModel, readValue } from '#onnx';
import { functionExpansions, onnxOpset } from '#ops';
import { difference } from '../support/compareTensors.ts';

const SUITE = new URL('../../../shared/data/onnx-conformance/node/', import.meta.url);
const DEBIAN = ['node', 'simple', 'pytorch-converted', 'pytorch-operator'].map(
  (folder) => new URL(`file:///usr/share/libonnx-testdata/data/${folder}/`),
);

export const suitePresent = existsSync(SUITE);
export const debianPresent = DEBIAN.every((folder) => existsSync(folder));

const ALIGN_CORNERS =
  'align_corners by scales: the suite takes scale × length, a fraction, for the new length; ONNX Runtime takes the elements there are';

const UNRELEASED = 'of an operator set under development, which ONNX Runtime refuses, and nothing to compute on data';

/** Tests that are not run, with the reason. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  test_pow_types_float32_uint32:
    'its exponents differ, so the host computes it, and ONNX Runtime has no Pow for these types',
  test_pow_types_float32_uint64:
    'its exponents differ, so the host computes it, and ONNX Runtime has no Pow for these types',
  test_attention_4d_diff_heads_mask4d_padded_kv: 'lengths of padded keys are the host’s, and ONNX Runtime refuses them',
  test_convinteger_with_padding: 'zero points of filters are the host’s, and ONNX Runtime takes one for all',
  test_range_bfloat16_type_positive_delta: UNRELEASED,
  test_range_float16_type_positive_delta: UNRELEASED,
  test_range_float_type_positive_delta: UNRELEASED,
  test_range_int32_type_negative_delta: UNRELEASED,
  test_resize_downsample_scales_cubic_align_corners: ALIGN_CORNERS,
  test_resize_downsample_scales_linear_align_corners: ALIGN_CORNERS,
  test_training_dropout: 'training mode: the expected output holds the random numbers of NumPy',
  test_training_dropout_default: 'training mode: the expected output holds the random numbers of NumPy',
  test_training_dropout_default_mask: 'training mode: the expected output holds the random numbers of NumPy',
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
  /** Where its model and data lie. */
  readonly folder: URL;
}

const bytesOf = (folder: URL, path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, folder)));

const COMPUTED: ReadonlySet<string> = new Set(['float32', 'float16', 'bfloat16', 'int8', 'uint8', 'int32', 'bool']);

/** Operators on shapes, which the passes work out before anything is lowered. */
const OF_SHAPES: ReadonlySet<string> = new Set(['Constant', 'ConstantOfShape', 'Shape', 'Size', 'Range']);

/**
 * Tests that the processor claims: all their operators run on it, as they stand or written out, but for those on shapes; and they exchange
 * values of a type that it computes and nothing that its memory cannot hold.
 */
export const suiteCases = (): SuiteCase[] => casesIn(SUITE);

/** The first operator set that is supported: what PyTorch exported in older ones broadcasts by attributes. */
const LEAST_OPSET = 7;

/** Tests of Debian's package that it claims, but for those that the project's data has with the same model. */
export function debianCases(): SuiteCase[] {
  const isKnown = ({ name, folder }: SuiteCase): boolean => {
    const own = new URL(`${name}/model.onnx`, SUITE);
    return existsSync(own) && readFileSync(own).equals(readFileSync(new URL('model.onnx', folder)));
  };
  return DEBIAN.flatMap(casesIn).filter((c) => !isKnown(c) && onnxOpset(c.model) >= LEAST_OPSET);
}

function casesIn(suite: URL): SuiteCase[] {
  if (!existsSync(suite)) return [];
  return readdirSync(suite)
    .filter((name) => name.startsWith('test_') && !(name in EXCEPTIONS))
    .flatMap((name) => {
      const folder = new URL(`${name}/`, suite);
      const model = readModel(bytesOf(folder, 'model.onnx'));
      const { nodes, inputs, outputs } = model.graph;
      const types = [...inputs, ...outputs].map((v) => (v.type?.kind === 'tensor' ? v.type.dtype : ''));
      const fits = types.some((t) => COMPUTED.has(t)) && types.every((t) => t in SLOT_BYTES);
      const known = nodes.every(
        ({ op, domain }) =>
          (domain === '' || domain === 'ai.onnx') &&
          (processorOperators.has(op) || functionExpansions.has(op) || OF_SHAPES.has(op)),
      );
      return fits && known && nodes.length > 0 ? [{ name, model, folder }] : [];
    });
}

function tensorsOf(folder: URL, set: string, kind: 'input' | 'output', model: Model): Map<string, Tensor> | undefined {
  const values = kind === 'input' ? model.graph.inputs : model.graph.outputs;
  const out = new Map<string, Tensor>();
  for (const [i, value] of values.entries()) {
    const path = `${set}/${kind}_${i}.pb`;
    if (!existsSync(new URL(path, folder))) continue;
    const read = readValue(bytesOf(folder, path), value.type);
    if (read.kind !== 'tensor') return undefined;
    // Files of ONNX 1.12 hold bfloat16 as its bits.
    const isBits = read.tensor.dtype === 'uint16' && value.type?.kind === 'tensor' && value.type.dtype === 'bfloat16';
    out.set(value.name, isBits ? ({ ...read.tensor, dtype: 'bfloat16' } as Tensor) : read.tensor);
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
  /** Reasons of nodes that went to the host, by what they make: numbers, or sizes, indices and conditions. */
  readonly host: readonly string[];
  readonly control: readonly string[];
  /** Whether anything ran on the processor. */
  readonly ran: boolean;
}

/** Compiles and runs one test. @param constants whether all inputs but the first are constants of the model */
export async function runSuiteCase(test: SuiteCase, machine: Machine, constants: boolean): Promise<SuiteRun> {
  const engine = await sharedEngine();
  const [host, control] = [new Set<string>(), new Set<string>()];
  let ran = false;
  const found = (what: string | undefined): SuiteRun => ({
    difference: what,
    host: [...host],
    control: [...control],
    ran,
  });
  for (const set of readdirSync(test.folder).filter((d) => d.startsWith('test_data_set'))) {
    const feeds = tensorsOf(test.folder, set, 'input', test.model);
    const expected = tensorsOf(test.folder, set, 'output', test.model);
    if (feeds === undefined || expected === undefined) return found('its values are not all tensors');
    const model = constants ? withConstants(test.model, feeds) : test.model;
    const { program, optimized } = await compileModel(model, { machine, engine });
    const makes = new Map(optimized.graph.nodes.map((n) => [n.name, n.outputs]));
    const isNumber = (name: string): boolean => {
      const type = typeOf(optimized.graph, name);
      return type?.kind !== 'tensor' || type.dtype.includes('float');
    };
    for (const layer of program.layers) {
      ran ||= layer.where !== 'host';
      for (const n of layer.onHost ?? []) ((makes.get(n.name) ?? []).some(isNumber) ? host : control).add(n.reason.en);
    }
    const own = new Map(model.graph.inputs.flatMap(({ name }) => (feeds.has(name) ? [[name, feeds.get(name)!]] : [])));
    const { outputs } = await executeProgram(program, { data: true, feeds: own, engine: async () => engine });
    for (const [name, tensor] of expected) {
      const wrong = difference(outputs.get(name), tensor, ROUNDED[test.name]?.tolerance ?? TOLERANCE);
      if (wrong !== undefined) return found(`${name}: ${wrong}`);
    }
  }
  return found(undefined);
}

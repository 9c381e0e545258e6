/** How large a model is: what compression reports before and after. */
import { byteLength, elementCount, type Model } from '#ir';
import { writeModel } from '#onnx';
import { inferTypes, nodeWork, symbolsOf } from '#ops';

export interface ModelAmounts {
  readonly nodes: number;
  /** Elements of constants, and the bytes that they take written out. */
  readonly parameters: number;
  readonly parameterBytes: number;
  /** Of the file. */
  readonly bytes: number;
  /** Multiply-accumulates of a run, open sizes taken as 1. */
  readonly macs: number;
}

export function amountsOf(model: Model, file: Uint8Array = writeModel(model)): ModelAmounts {
  const dims = Object.fromEntries(symbolsOf(model.graph).map((name) => [name, 1]));
  const sized = inferTypes(model, { dims, declared: 'fallback' });
  const constants = [...model.graph.constants.values()];
  return {
    nodes: model.graph.nodes.length,
    parameters: constants.reduce((sum, t) => sum + elementCount(t.dims), 0),
    parameterBytes: constants.reduce((sum, t) => sum + byteLength(t.dtype, elementCount(t.dims)), 0),
    bytes: file.length,
    macs: sized.graph.nodes.reduce((sum, node) => sum + nodeWork(sized, node).macs, 0),
  };
}

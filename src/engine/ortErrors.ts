/**
 * What ONNX Runtime says when it refuses, in a user's terms: the node and its operator, and the reason without the
 * prefixes, paths and signatures of its C++. Its sentences are its own; they are taken apart by their beginnings.
 */
import type { Language } from '#base';
import { DATA_TYPES } from '#ir';

type Both = Readonly<Record<Language, string>>;

/** Why, and of which node: of what ONNX Runtime tells. */
export interface Refusal {
  readonly node: string | undefined;
  readonly op: string | undefined;
  readonly reason: Both;
}

export function refusalOf(error: unknown): Refusal {
  const text = ortMessage(error);
  const found = NODES.map((pattern) => pattern.exec(text)?.groups).find((groups) => groups !== undefined);
  const op = found?.op ?? NO_OPERATOR.exec(text)?.[1] ?? NO_KERNEL.exec(text)?.[1];
  return { node: found?.node || undefined, op, reason: reasonOf(text) };
}

/** The node as a sentence names it; the model where ONNX Runtime does not say. */
export function subject({ node, op }: Pick<Refusal, 'node' | 'op'>): Both {
  if (node === undefined && op === undefined) return { en: 'the model', zh: '该模型' };
  if (node === undefined) return { en: `operator ${op}`, zh: `算子 ${op}` };
  const kind = op === undefined ? { en: '', zh: '' } : { en: ` (${op})`, zh: `（${op}）` };
  return { en: `node '${node}'${kind.en}`, zh: `节点“${node}”${kind.zh}` };
}

/** How ONNX Runtime names nodes: where it has no kernel, at run time, and in two ways at load time. */
const NODES = [
  /implementation for (?<op>[\w.]+)\(\d+\) node with name '(?<node>[^']*)'/,
  /while running (?<op>[\w.]+) node\. Name:'(?<node>[^']*)'/,
  /\bIn Node, \("(?<node>[^"]*)", (?<op>[\w.]+),/,
  /\bNode ?\((?<node>[^)]*)\)(?: Op \((?<op>[^)]*)\))?/,
  /Name:'(?<node>[^']+)'/,
];

const NO_OPERATOR = /No Op registered for (\S+) with domain_version of (\d+)/;
const NO_KERNEL = /Could not find an implementation for ([\w.]+)\(\d+\) node/;
/** Sentences before the reason. */
const PREFIXES =
  /^(?:This is an invalid model\. |In Node, .*?Error |Non-zero status code returned while running .*?Status Message: |Load model from .*? failed: ?)+/;

function reasonOf(text: string): Both {
  const operator = NO_OPERATOR.exec(text);
  if (operator !== null) {
    const [, op, opset] = operator;
    return { en: `it knows no operator ${op} in opset ${opset}`, zh: `在 opset ${opset} 中它没有算子 ${op}` };
  }
  const kernel = NO_KERNEL.exec(text);
  if (kernel !== null) {
    return {
      en: `it has no kernel of ${kernel[1]} for these element types`,
      zh: `它没有适用于这些元素类型的 ${kernel[1]} 内核`,
    };
  }
  const told = text.replace(PREFIXES, '').replace(/\.$/, '') || text;
  return { en: told, zh: `它的说明为“${told}”` };
}

/** ONNX Runtime's message without the prefixes of its bindings. */
export function ortMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (
    text
      .replace(/^(failed to call \w+\(\)\.|Can't create a session\.)\s*/, '')
      .replace(/^ERROR_CODE: \d+, ERROR_MESSAGE:\s*/, '')
      .replace(/\S*\/onnxruntime\/\S*?:\d+ /g, '')
      // The signature of the C++ function that threw.
      .replace(/(?:[\w:<>,*&[\] =]*\s)?onnxruntime::[\w:<>~]+\([^)]*\)(?: const)?(?: \[with [^\]]*\])?\s*/g, '')
      .replace(/^::<lambda\(\)>\s*/, '')
      .replace(/data type: (\d+)$/i, (_, n) => `inputs or outputs of type ${DATA_TYPES[Number(n) - 1] ?? n}`)
      .replace(/\s*\n\s*/g, '; ')
      .trim()
  );
}

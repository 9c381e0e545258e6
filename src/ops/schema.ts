/**
 * Holds a node against its operator's schema: inputs and outputs present, element types allowed and consistent,
 * attributes known, of the right kind and of this opset. After it, shape rules need not ask.
 */
import { nearestName } from '#base';
import type { Attribute, DataType, GraphNode, TensorType } from '#ir';
import type { Operator, ParameterSpec } from './define.ts';
import type { Refuse } from './shapes.ts';

export function checkSchema(
  c: Refuse,
  op: Operator,
  node: GraphNode,
  opset: number,
  inputs: readonly (TensorType | undefined)[],
): void {
  checkInputs(c, op, node, opset, inputs);
  checkOutputs(c, op, node);
  for (const [name, attribute] of node.attributes) checkAttribute(c, op, opset, name, attribute);
  for (const [name, spec] of Object.entries(op.attributes)) {
    const exists = opset >= (spec.since ?? 0) && opset < (spec.until ?? Number.POSITIVE_INFINITY);
    if (spec.required && exists && !node.attributes.has(name)) {
      c.fail({ en: `no attribute '${name}'`, zh: `缺少属性 '${name}'` }, `${name}: ${spec.kind}`);
    }
  }
}

const isVariadic = (spec: ParameterSpec | undefined): boolean => spec?.arity === 'variadic';

/** The specification of the i-th operand. */
function parameterAt(specs: readonly ParameterSpec[], i: number): ParameterSpec | undefined {
  const last = specs.at(-1);
  return specs[i] ?? (isVariadic(last) ? last : undefined);
}

function checkInputs(
  c: Refuse,
  op: Operator,
  node: GraphNode,
  opset: number,
  inputs: readonly (TensorType | undefined)[],
): void {
  const specs = op.inputs.filter((spec) => opset >= (spec.since ?? 0));
  const signature = op.inputs
    .map((s) => `${s.name}${s.arity === 'optional' ? '?' : isVariadic(s) ? '…' : ''}`)
    .join(', ');
  if (node.inputs.length > specs.length && !isVariadic(specs.at(-1))) {
    c.fail(
      { en: `${node.inputs.length} inputs`, zh: `${node.inputs.length} 个输入` },
      {
        en: `at most ${specs.length} at opset ${opset}: ${signature}`,
        zh: `opset ${opset} 至多 ${specs.length} 个：${signature}`,
      },
    );
  }
  const bound = new Map<string, DataType>();
  const count = Math.max(specs.length, node.inputs.length);
  for (let i = 0; i < count; i++) {
    const spec = parameterAt(specs, i)!;
    const type = inputs[i];
    if (type === undefined) {
      const needed =
        spec.arity === undefined || spec.arity === 'single' || (i < node.inputs.length && isVariadic(spec));
      if (needed || (isVariadic(spec) && i === 0)) {
        c.fail({ en: `no input ${i} '${spec.name}'`, zh: `缺少第 ${i} 个输入 '${spec.name}'` }, signature);
      }
      continue;
    }
    const allowed = op.types[spec.type] ?? [spec.type as DataType];
    if (!allowed.includes(type.dtype)) {
      c.fail(
        {
          en: `input ${i} '${spec.name}' of type ${type.dtype}`,
          zh: `第 ${i} 个输入 '${spec.name}' 的类型为 ${type.dtype}`,
        },
        allowed.join(' | '),
      );
    }
    const earlier = bound.get(spec.type);
    if (earlier !== undefined && earlier !== type.dtype) {
      c.fail(
        {
          en: `input ${i} '${spec.name}' of type ${type.dtype}`,
          zh: `第 ${i} 个输入 '${spec.name}' 的类型为 ${type.dtype}`,
        },
        { en: `${earlier}, as the earlier inputs`, zh: `${earlier}，与前面的输入一致` },
      );
    }
    bound.set(spec.type, type.dtype);
  }
}

function checkOutputs(c: Refuse, op: Operator, node: GraphNode): void {
  if (node.outputs.length > op.outputs.length && !isVariadic(op.outputs.at(-1))) {
    c.fail(
      { en: `${node.outputs.length} outputs`, zh: `${node.outputs.length} 个输出` },
      op.outputs.map((s) => s.name).join(', '),
    );
  }
}

function checkAttribute(c: Refuse, op: Operator, opset: number, name: string, attribute: Attribute): void {
  const spec = op.attributes[name];
  if (spec === undefined) {
    const known = Object.keys(op.attributes);
    const near = nearestName(name, known);
    c.fail(
      { en: `attribute '${name}'`, zh: `属性 '${name}'` },
      near === undefined
        ? known.join(' | ') || { en: 'no attributes', zh: '没有属性' }
        : { en: `perhaps '${near}'`, zh: `也许是 '${near}'` },
    );
  }
  if (attribute.kind !== spec.kind) {
    c.fail(
      { en: `attribute '${name}' of kind ${attribute.kind}`, zh: `属性 '${name}' 的种类为 ${attribute.kind}` },
      spec.kind,
    );
  }
  const { since = 0, until = Number.POSITIVE_INFINITY } = spec;
  if (opset < since || opset >= until) {
    c.fail(
      { en: `attribute '${name}' at opset ${opset}`, zh: `opset ${opset} 的属性 '${name}'` },
      opset < since
        ? { en: `opset ${since} or later`, zh: `opset ${since} 或更高` }
        : {
            en: `an opset before ${until} (it became an input or went away)`,
            zh: `低于 ${until} 的 opset（此后改为输入或已取消）`,
          },
    );
  }
}

/** The reference page of the operators, written from the registry: Markdown. */
import type { AttributeSpec, Operator, ParameterSpec } from './define.ts';
import { operators } from './registry.ts';

const INTRODUCTION = `# Operators

Operators of ONNX that Systole knows: it checks them, infers their shapes, states their cost, evaluates them in f64 and
differentiates them.
An operator that is not here is carried all the same, runs on the host engine, and is named in the report.

**Cost.** A MAC is one multiply-accumulate. Multiplications and additions count what the arithmetic needs; comparisons
count maximum, clipping and rectification; exponentials, divisions and powers
stand apart, as do other functions (log, √, tanh, erf, sine, cosine), each call as one.
Division by a known count is one multiplication. Bytes count each input and each output once.
`;

const PROCESSOR = `**Processor.** By a kernel, written out in operators that have one, or a view (another name for the same memory); the rest runs on the
host, where constants are not folded before. Types are those of the first operand of several types that the operator allows and the units
compute. A machine may have fewer, and a kernel may not take an attribute or a size that is only known in a run: such a node runs on the host,
and the report names the reason.
`;

/**
 * The whole page.
 * @param processor what a processor does of an operator, in a sentence; layers above know it
 */
export function operatorsPage(processor?: (op: Operator) => string): string {
  const sorted = [...operators.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const contents = sorted.map((op) => `[${op.name}](#${op.name.toLowerCase()})`).join(' · ');
  const introduction = processor === undefined ? [INTRODUCTION] : [INTRODUCTION, PROCESSOR];
  return [...introduction, `${contents}\n`, ...sorted.map((op) => section(op, processor?.(op)))].join('\n');
}

function section(op: Operator, processor: string | undefined): string {
  const versions = op.versions.map((v, i) => (i === 0 ? `${v}` : ` ${v}`)).join(',');
  return [
    `## ${op.name}`,
    '',
    op.summary,
    '',
    `Opset versions: ${versions}. Cost: ${op.costRule} ${gradientText(op)}`,
    '',
    ...(processor === undefined ? [] : [processor, '']),
    table(
      ['operand', 'type', ''],
      [...op.inputs.map((p) => operand('in', p)), ...op.outputs.map((p) => operand('out', p))],
    ),
    ...types(op),
    ...attributes(op),
  ].join('\n');
}

function gradientText({ gradient }: Operator): string {
  if (gradient === undefined) return 'No gradient yet.';
  if (gradient === 'zero') return 'Gradient: zero.';
  if (typeof gradient === 'function') return 'Has a gradient.';
  return `No gradient: ${typeof gradient.none === 'string' ? gradient.none : gradient.none.en}.`;
}

function operand(direction: 'in' | 'out', p: ParameterSpec): string[] {
  const arity = p.arity === 'optional' ? 'optional' : p.arity === 'variadic' ? 'any number' : '';
  const since = p.since === undefined ? '' : `since opset ${p.since}`;
  return [`${direction} \`${p.name}\``, p.type, [arity, since].filter((s) => s !== '').join(', ')];
}

function types(op: Operator): string[] {
  const lines = Object.entries(op.types).map(([name, list]) => `- ${name}: ${list.join(', ')}`);
  return lines.length === 0 ? [] : [...lines, ''];
}

function attributes(op: Operator): string[] {
  const rows = Object.entries(op.attributes).map(([name, spec]) => [`\`${name}\``, kind(spec), spec.doc]);
  return rows.length === 0 ? [] : [table(['attribute', 'kind', ''], rows)];
}

function kind(spec: AttributeSpec): string {
  const parts: string[] = [spec.kind];
  if (spec.required) parts.push('required');
  if (spec.since !== undefined) parts.push(`since opset ${spec.since}`);
  if (spec.until !== undefined) parts.push(`before opset ${spec.until}`);
  return parts.join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n');
}

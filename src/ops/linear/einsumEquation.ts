/**
 * Equations of Einsum, as numpy.einsum writes them: `ij,jk->ik`. A letter names an axis; a letter that the result lacks
 * is summed over; a letter twice in one operand takes the diagonal; `...` stands for axes without names, the same in
 * every operand. Without `->` the result has the unnamed axes, then in alphabetical order (capitals first) the letters
 * that occur once. Spaces mean nothing. ONNX Einsum-12.
 */
import type { Dim } from '#ir';
import { broadcastDim, mayEqual, type Refuse, type Shape, shapeText, tighter } from '../shapes.ts';

/** The place of unnamed axes among the labels of a term. */
export const ELLIPSIS = '...';

/** Axes of an operand or of the result, in order: letters, and `...` at most once. */
export type Labels = readonly string[];

export interface Equation {
  readonly inputs: readonly Labels[];
  readonly output: Labels;
}

/** The equation with its operands: unnamed axes have labels of their own (`.0`, `.1`, …), every label has a size. */
export interface BoundEquation {
  readonly inputs: readonly Labels[];
  readonly output: Labels;
  readonly sizes: ReadonlyMap<string, Dim>;
}

/** @throws the coded error of `c.fail`, which says where in the text it is wrong */
export function parseEquation(c: Refuse, text: string): Equation {
  const arrow = text.indexOf('->');
  const left = arrow < 0 ? text : text.slice(0, arrow);
  let start = 0;
  const inputs = left.split(',').map((term) => {
    const labels = parseLabels(c, text, start, term);
    start += term.length + 1;
    return labels;
  });
  if (arrow < 0) return { inputs, output: impliedOutput(inputs) };
  const output = parseLabels(c, text, arrow + 2, text.slice(arrow + 2));
  const known = new Set(inputs.flat());
  const twice = output.find((label, i) => output.indexOf(label) < i);
  if (twice !== undefined) {
    refuse(c, text, text.lastIndexOf(twice), `'${twice}'`, {
      en: 'each letter once in the result',
      zh: '结果中每个字母只出现一次',
    });
  }
  const unknown = output.find((label) => label !== ELLIPSIS && !known.has(label));
  if (unknown !== undefined) {
    refuse(c, text, text.lastIndexOf(unknown), `'${unknown}'`, {
      en: 'letters of the operands in the result',
      zh: '结果中只用操作数的字母',
    });
  }
  return { inputs, output };
}

/** Labels of one term, which begins at `start` of the text. */
function parseLabels(c: Refuse, text: string, start: number, term: string): Labels {
  const labels: string[] = [];
  for (let i = 0; i < term.length; i++) {
    const character = term[i]!;
    if (character === ' ') continue;
    if (/[A-Za-z]/.test(character)) {
      labels.push(character);
    } else if (term.startsWith(ELLIPSIS, i)) {
      if (labels.includes(ELLIPSIS)) {
        refuse(c, text, start + i, `'${ELLIPSIS}'`, { en: "one '...' in a term", zh: "每项至多一个 '...'" });
      }
      labels.push(ELLIPSIS);
      i += ELLIPSIS.length - 1;
    } else {
      refuse(c, text, start + i, `'${character}'`, {
        en: "letters, '...', ',' between operands and one '->' before the result",
        zh: "字母、'...'、操作数之间的 ',' 以及结果前的一个 '->'",
      });
    }
  }
  return labels;
}

function refuse(c: Refuse, text: string, at: number, found: string, expected: { en: string; zh: string }): never {
  return c.fail(
    {
      en: `${found} at column ${at + 1} of the equation '${text}'`,
      zh: `公式 '${text}' 第 ${at + 1} 列的 ${found}`,
    },
    expected,
  );
}

function impliedOutput(inputs: readonly Labels[]): Labels {
  const all = inputs.flat();
  const once = [...new Set(all)].filter((l) => l !== ELLIPSIS && all.indexOf(l) === all.lastIndexOf(l));
  // Code units: capitals first, as in NumPy.
  once.sort();
  return all.includes(ELLIPSIS) ? [ELLIPSIS, ...once] : once;
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** The text of an equation. */
export const equationText = ({ inputs, output }: Equation): string =>
  `${inputs.map((labels) => labels.join('')).join(',')}->${output.join('')}`;

/**
 * The equation with the shapes of its operands; undefined where an unknown rank leaves the number of unnamed axes open.
 * @param shapes undefined where the rank is not known
 * @throws the coded error of `c.fail` where the operands do not fit
 */
export function bindEquation(
  c: Refuse,
  equation: Equation,
  shapes: readonly (Shape | undefined)[],
): BoundEquation | undefined {
  if (equation.inputs.length !== shapes.length) {
    c.fail(
      {
        en: `${counted(shapes.length, 'operand')} for the equation '${equationText(equation)}'`,
        zh: `公式 '${equationText(equation)}' 有 ${shapes.length} 个操作数`,
      },
      { en: counted(equation.inputs.length, 'operand'), zh: `${equation.inputs.length} 个操作数` },
    );
  }
  const unnamed = unnamedAxes(c, equation, shapes);
  if (unnamed === undefined) return undefined;
  const axes = Array.from({ length: unnamed }, (_, i) => `.${i}`);
  const expand = (labels: Labels): Labels => labels.flatMap((label) => (label === ELLIPSIS ? axes : [label]));
  const inputs = equation.inputs.map(expand);
  const sizes = new Map<string, Dim>();
  inputs.forEach((labels, i) => {
    for (const [label, size] of ownSizes(c, equation, labels, i, shapes[i])) {
      const known = sizes.get(label);
      const common = known === undefined ? size : broadcastDim(known, size);
      if (common === undefined) {
        misfit(c, equation, i, shapes[i], {
          en: `'${label}' of size ${known} or 1`,
          zh: `'${label}' 的大小为 ${known} 或 1`,
        });
      }
      sizes.set(label, common);
    }
  });
  return { inputs, output: expand(equation.output), sizes };
}

/** How many axes `...` stands for, where an operand tells. */
function unnamedAxes(c: Refuse, equation: Equation, shapes: readonly (Shape | undefined)[]): number | undefined {
  let count: number | undefined;
  let isOpen = false;
  equation.inputs.forEach((labels, i) => {
    const shape = shapes[i];
    const named = labels.filter((l) => l !== ELLIPSIS).length;
    const hasEllipsis = named < labels.length;
    if (shape === undefined) {
      isOpen ||= hasEllipsis;
      return;
    }
    const own = shape.length - named;
    if (own < 0 || (own > 0 && !hasEllipsis)) {
      misfit(c, equation, i, shape, {
        en: `${hasEllipsis ? 'at least ' : ''}${counted(named, 'dimension')}`,
        zh: `${hasEllipsis ? '至少 ' : ''}${named} 维`,
      });
    }
    // NumPy would let them differ; ONNX says "a fixed number", and ONNX Runtime crashes on 0 against 1.
    if (hasEllipsis && count !== undefined && own !== count) {
      misfit(c, equation, i, shape, {
        en: `'...' for ${counted(count, 'dimension')}, as in another operand`,
        zh: `'...' 代表 ${count} 维，与另一操作数一致`,
      });
    }
    if (hasEllipsis) count = own;
  });
  if (isOpen && count === undefined) return undefined;
  if (count !== undefined && count > 0 && !equation.output.includes(ELLIPSIS)) {
    c.fail(
      { en: `the equation '${equationText(equation)}'`, zh: `公式 '${equationText(equation)}'` },
      { en: "'...' in the result, as in its operands", zh: "结果中也有操作数中的 '...'" },
    );
  }
  return count ?? 0;
}

/** Size of each label of one operand; a label twice (a diagonal) has one size. */
function ownSizes(
  c: Refuse,
  equation: Equation,
  labels: Labels,
  i: number,
  shape: Shape | undefined,
): Map<string, Dim> {
  const own = new Map<string, Dim>();
  labels.forEach((label, axis) => {
    const size = shape?.[axis] ?? null;
    const earlier = own.get(label);
    if (earlier !== undefined && !mayEqual(earlier, size)) {
      misfit(c, equation, i, shape, { en: `one size for both '${label}'`, zh: `两个 '${label}' 大小相同` });
    }
    own.set(label, earlier === undefined ? size : tighter(earlier, size));
  });
  return own;
}

function misfit(
  c: Refuse,
  equation: Equation,
  operand: number,
  shape: Shape | undefined,
  expected: { en: string; zh: string },
): never {
  const term = equation.inputs[operand]!.join('');
  return c.fail(
    {
      en: `operand ${operand} ${shapeText(shape)} for '${term}' of the equation '${equationText(equation)}'`,
      zh: `公式 '${equationText(equation)}' 中 '${term}' 对应的第 ${operand} 个操作数 ${shapeText(shape)}`,
    },
    expected,
  );
}

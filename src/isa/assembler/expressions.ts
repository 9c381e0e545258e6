/**
 * Constant values: integer expressions over numbers and `.equ` names with `+ - * / % << >>` and parentheses, or one float.
 * Every function reports what is wrong and returns undefined then.
 */
import { nearestName } from '#base';
import { badExpression, type ErrorList, misplaced, operandKind, outOfRange, unknownName } from './errors.ts';
import { placeOf, type Source, type Token } from './tokens.ts';

export interface Scope {
  readonly source: Source;
  readonly errors: ErrorList;
  /** Values of `.equ` names. */
  readonly constants: ReadonlyMap<string, bigint>;
}

/** Intermediate values beyond this, and expressions of more parts, are refused: nothing needs them, and they could be endless. */
const VALUE_BITS = 128;
const ATOM_LIMIT = 256;

const LEVELS: readonly (readonly string[])[] = [
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

const number = {
  en: 'an integer, a name defined with .equ, or an expression of them',
  zh: '整数、.equ 定义的名称或其表达式',
};

/** The value of an integer expression that takes all `tokens`; `after` is where an empty one is reported. */
export function evaluate(tokens: readonly Token[], scope: Scope, after: Token): bigint | undefined {
  let at = 0;
  let atoms = 0;

  function level(l: number): bigint | undefined {
    if (l === LEVELS.length) return atom();
    let left = level(l + 1);
    while (left !== undefined && LEVELS[l]!.includes(tokens[at]?.text ?? '') && tokens[at]!.kind === 'mark') {
      const operator = tokens[at++]!;
      const right = level(l + 1);
      if (right === undefined) return undefined;
      if ((operator.text === '/' || operator.text === '%') && right === 0n) {
        scope.errors.add(badExpression({ why: 'division' }, placeOf(scope.source, operator)));
        return undefined;
      }
      if ((operator.text === '<<' || operator.text === '>>') && (right < 0n || right > 64n)) {
        scope.errors.add(outOfRange({ value: String(right), min: '0', max: '64' }, placeOf(scope.source, operator)));
        return undefined;
      }
      left = apply(operator.text, left, right);
      if (BigInt.asIntN(VALUE_BITS, left) !== left) {
        scope.errors.add(badExpression({ why: 'size' }, placeOf(scope.source, operator)));
        return undefined;
      }
    }
    return left;
  }

  function atom(): bigint | undefined {
    const token = tokens[at++];
    if (token !== undefined && ++atoms > ATOM_LIMIT) {
      scope.errors.add(badExpression({ why: 'size' }, placeOf(scope.source, token)));
      return undefined;
    }
    if (token === undefined) {
      const last = tokens.at(-1) ?? after;
      scope.errors.add(operandKind({ found: last.text, ...number }, placeOf(scope.source, last)));
      return undefined;
    }
    if (token.kind === 'integer') return token.integer;
    if (token.kind === 'name') {
      const value = scope.constants.get(token.text);
      if (value !== undefined) return value;
      const nearest = nearestName(token.text, scope.constants.keys());
      scope.errors.add(unknownName({ name: token.text, nearest }, placeOf(scope.source, token)));
      return undefined;
    }
    if (token.kind === 'float') {
      scope.errors.add(badExpression({ why: 'float' }, placeOf(scope.source, token)));
      return undefined;
    }
    if (token.text === '-' || token.text === '+') {
      const value = atom();
      return value === undefined || token.text === '+' ? value : -value;
    }
    if (token.text === '(') {
      const value = level(0);
      if (value === undefined) return undefined;
      if (tokens[at]?.text === ')') {
        at++;
        return value;
      }
      const last = tokens[at] ?? tokens[at - 1]!;
      const expected = {
        en: `')' for the '(' of column ${token.column}`,
        zh: ` ')'，与第 ${token.column} 列的 '(' 配对`,
      };
      scope.errors.add(
        misplaced(
          { found: tokens[at] === undefined ? `${last.text} …` : last.text, expected },
          placeOf(scope.source, last),
        ),
      );
      return undefined;
    }
    scope.errors.add(operandKind({ found: token.text, ...number }, placeOf(scope.source, token)));
    return undefined;
  }

  const value = level(0);
  if (value !== undefined && at < tokens.length) {
    const found = tokens[at]!;
    const expected = { en: 'an operator, a comma or the end of the line', zh: '运算符、逗号或行尾' };
    scope.errors.add(misplaced({ found: found.text, expected }, placeOf(scope.source, found)));
    return undefined;
  }
  return value;
}

function apply(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '<<':
      return a << b;
    default:
      return a >> b;
  }
}

/** As `evaluate`, within min…max. */
export function evaluateWithin(
  tokens: readonly Token[],
  scope: Scope,
  after: Token,
  min: bigint | number,
  max: bigint | number,
): bigint | undefined {
  const value = evaluate(tokens, scope, after);
  if (value === undefined || (value >= min && value <= max)) return value;
  const place = placeOf(scope.source, tokens[0]!, tokens.at(-1)!);
  scope.errors.add(outOfRange({ value: String(value), min: String(min), max: String(max) }, place));
  return undefined;
}

/** The value of `1.5f`, `-2.0`, `inf`, `-inf`, `nan`; undefined, without a report, where the tokens are no float. */
export function floatValue(tokens: readonly Token[], constants: ReadonlyMap<string, bigint>): number | undefined {
  const [first, second] = tokens;
  const signed = first?.kind === 'mark' && (first.text === '-' || first.text === '+');
  const token = signed ? second : first;
  if (token === undefined || tokens.length !== (signed ? 2 : 1)) return undefined;
  const sign = signed && first.text === '-' ? -1 : 1;
  if (token.kind === 'float') return sign * token.float;
  if (token.kind !== 'name' || constants.has(token.text)) return undefined;
  if (token.text === 'inf') return sign * Number.POSITIVE_INFINITY;
  return token.text === 'nan' ? Number.NaN : undefined;
}

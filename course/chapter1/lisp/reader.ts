/** Reads LISP: numbers, symbols, lists, 'x for (quote x), and comments from ; to the end of the line. */

export type Expression = number | string | readonly Expression[];

/** What a word of 32 bits holds beside its tag. */
const [LEAST, MOST] = [-(2 ** 29), 2 ** 29 - 1];

const TOKEN = /\s+|;[^\n]*|([()'])|([^\s()';]+)/gy;

/** The expressions of a text. @throws RangeError with the line where it is not LISP */
export function readLisp(text: string): readonly Expression[] {
  const tokens = [...text.matchAll(TOKEN)].flatMap((m) =>
    m[1] === undefined && m[2] === undefined ? [] : [{ word: m[0], line: text.slice(0, m.index).split('\n').length }],
  );
  let at = 0;
  const read = (): Expression => {
    const token = tokens[at++];
    if (token === undefined) throw new RangeError(`the text ends inside of a list: there is a ')' too few`);
    const { word, line } = token;
    if (word === "'") return ['quote', read()];
    if (word === ')') throw new RangeError(`line ${line}: ')' without '('`);
    if (word !== '(') return atom(word, line);
    const list: Expression[] = [];
    while (tokens[at]?.word !== ')') list.push(read());
    at++;
    return list;
  };
  const all: Expression[] = [];
  while (at < tokens.length) all.push(read());
  return all;
}

function atom(word: string, line: number): Expression {
  if (!/^[+-]?\d+$/.test(word)) return word;
  const value = Number(word);
  if (value >= LEAST && value <= MOST) return value;
  throw new RangeError(`line ${line}: ${word} is outside of ${LEAST} … ${MOST}, which a word holds beside its tag`);
}

/** As it is written. */
export const lispText = (e: Expression): string => (typeof e === 'object' ? `(${e.map(lispText).join(' ')})` : `${e}`);

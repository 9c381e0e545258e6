/** A JSON text with places: comments and trailing commas are allowed, duplicate keys and deep nesting are not. */
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Place, SystoleError } from '#base';
import type { Path } from './describe.ts';
import { type Both, badSyntax, duplicateKey } from './errors.ts';

export interface Document {
  readonly value: unknown;
  readonly root: Node;
  /** Where a span of the text stands. */
  readonly place: (offset: number, length: number) => Place;
}

/** More nesting than any machine file has; keeps hostile files from exhausting the parser's stack. */
const NESTING_LIMIT = 64;

const PROBLEMS: Readonly<Record<string, Both>> = {
  InvalidSymbol: {
    en: 'this word means nothing in JSON (texts stand in double quotes)',
    zh: '此词在 JSON 中无意义（文本须用双引号）',
  },
  InvalidNumberFormat: { en: 'this is no number', zh: '这不是数' },
  PropertyNameExpected: { en: 'expected a key in double quotes', zh: '应为双引号中的键' },
  ValueExpected: { en: 'expected a value', zh: '应为值' },
  ColonExpected: { en: "expected ':'", zh: "应为 ':'" },
  CommaExpected: { en: "expected ','", zh: "应为 ','" },
  CloseBraceExpected: { en: "expected '}'", zh: "应为 '}'" },
  CloseBracketExpected: { en: "expected ']'", zh: "应为 ']'" },
  EndOfFileExpected: { en: 'expected the end of the file', zh: '应为文件结尾' },
  InvalidCommentToken: { en: 'comments are not allowed here', zh: '此处不允许注释' },
  UnexpectedEndOfComment: { en: 'the comment does not end', zh: '注释没有结束' },
  UnexpectedEndOfString: { en: 'the text does not end on this line', zh: '文本没有在本行结束' },
  UnexpectedEndOfNumber: { en: 'the number is not complete', zh: '数不完整' },
  InvalidUnicode: { en: 'wrong \\u escape', zh: '\\u 转义有误' },
  InvalidEscapeCharacter: { en: 'wrong escape after \\', zh: '\\ 之后的转义有误' },
  InvalidCharacter: { en: 'this character is not allowed here', zh: '此处不允许该字符' },
};

/** Parses a text; of syntax errors the first is reported, since what follows one is guesswork. */
export function parseDocument(text: string, file: string, errors: SystoleError[]): Document | undefined {
  const place = (offset: number, length: number): Place => {
    const before = text.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - (before.lastIndexOf('\n') + 1) + 1;
    const end = text.slice(offset).search(/\r?\n/);
    const shown = end < 0 ? length : Math.min(length, end);
    return { file, line, column, length: Math.max(1, shown), source: text };
  };
  const deep = nestingBeyond(text, NESTING_LIMIT);
  if (deep !== undefined) {
    const problem = { en: `nested deeper than ${NESTING_LIMIT}`, zh: `嵌套超过 ${NESTING_LIMIT} 层` };
    errors.push(badSyntax({ problem }, place(deep, 1)));
    return undefined;
  }
  const found: ParseError[] = [];
  const root = parseTree(text, found, { allowTrailingComma: true });
  const [first] = found;
  if (first !== undefined || root === undefined) {
    const name = first === undefined ? 'ValueExpected' : printParseErrorCode(first.error);
    const problem = PROBLEMS[name] ?? { en: name, zh: name };
    errors.push(badSyntax({ problem }, place(first?.offset ?? 0, first?.length ?? 1)));
    return undefined;
  }
  const document = { value: undefined as unknown, root, place };
  document.value = valueOfNode(root, document, errors);
  return document;
}

/** Offset of the first bracket beyond the limit, outside of texts. */
function nestingBeyond(text: string, limit: number): number | undefined {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"') {
      for (i++; i < text.length && text[i] !== '"' && text[i] !== '\n'; i++) if (text[i] === '\\') i++;
    } else if (c === '{' || c === '[') {
      if (++depth > limit) return i;
    } else if (c === '}' || c === ']') depth--;
  }
  return undefined;
}

function valueOfNode(node: Node, document: Document, errors: SystoleError[]): unknown {
  if (node.type === 'array') return (node.children ?? []).map((child) => valueOfNode(child, document, errors));
  if (node.type !== 'object') return node.value;
  const lines = new Map<string, number>();
  const entries: [string, unknown][] = [];
  for (const property of node.children ?? []) {
    const [key, value] = property.children as [Node, Node];
    const name = String(key.value);
    const place = document.place(key.offset, key.length);
    const earlier = lines.get(name);
    if (earlier !== undefined) errors.push(duplicateKey({ key: name, line: earlier }, place));
    else {
      lines.set(name, place.line!);
      entries.push([name, valueOfNode(value, document, errors)]);
    }
  }
  // fromEntries makes own properties of whatever name, `__proto__` included.
  return Object.fromEntries(entries);
}

/** Place of the value at a path, or of the nearest object around it that exists. */
export function placeAt(path: Path, document: Document): Place {
  for (let n = path.length; n >= 0; n--) {
    const node = findNodeAtLocation(document.root, path.slice(0, n));
    // An object that lacks a key is pointed at by its own key, which is easier to find than its brace.
    if (node !== undefined) {
      const at = n < path.length && n > 0 ? (node.parent?.children?.[0] ?? node) : node;
      return document.place(at.offset, at.length);
    }
  }
  return document.place(0, 1);
}

/** Place of a key of the object at a path. */
export function keyPlace(path: Path, key: string, document: Document): Place {
  const value = findNodeAtLocation(document.root, [...path, key]);
  const node = value?.parent?.children?.[0] ?? document.root;
  return document.place(node.offset, node.length);
}

/** Elements in one expression, and the language of the page. */

type Child = Node | string | null | undefined | false;
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;

function fill(node: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) node.append(child);
}

/** An element; attributes that begin with `on` are listeners. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(name);
  fill(node, attributes, children);
  return node;
}

/** An element of SVG. */
export function s(name: string, attributes: Attributes = {}, ...children: readonly Child[]): SVGElement {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  fill(node, attributes, children);
  return node;
}

let language: 'en' | 'zh' = 'en';

export const setLanguage = (to: 'en' | 'zh'): void => {
  language = to;
  document.documentElement.lang = to === 'zh' ? 'zh-CN' : 'en';
};

/** The text in the language of the page. */
export const t = (en: string, zh: string): string => (language === 'zh' ? zh : en);

export const told = (text: { readonly en: string; readonly zh: string }): string => text[language];

export const currentLanguage = (): 'en' | 'zh' => language;

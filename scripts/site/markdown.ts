/** Markdown of the exercises as HTML: formulas between dollar signs are set by KaTeX when the page is made, so that a page needs no script. */
import katex from 'katex';
import MarkdownIt from 'markdown-it';

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });

/** @throws katex.ParseError where a formula is wrong: the build ends there */
export const formulaHtml = (tex: string, displayMode: boolean): string =>
  katex.renderToString(tex, { displayMode, throwOnError: true, strict: 'error', output: 'htmlAndMathml' });

/** A formula is found before Markdown reads its underscores and stars as its own. */
markdown.inline.ruler.before('escape', 'formula', (state, silent) => {
  const mark = state.src.startsWith('$$', state.pos) ? '$$' : '$';
  if (!state.src.startsWith(mark, state.pos)) return false;
  const end = state.src.indexOf(mark, state.pos + mark.length);
  if (end < 0 || end > state.posMax) return false;
  if (!silent) {
    const token = state.push('formula', '', 0);
    token.content = state.src.slice(state.pos + mark.length, end);
    token.markup = mark;
  }
  state.pos = end + mark.length;
  return true;
});
markdown.renderer.rules.formula = (tokens, i) => {
  const { content, markup } = tokens[i]!;
  if (markup === '$') return formulaHtml(content, false);
  // Wider than a phone it scrolls, also by keys.
  return `<span class="formula" tabindex="0">${formulaHtml(content, true)}</span>`;
};

/** Between two stars that end in a Chinese mark and the next character Markdown sees no end: \*\*词。\*\*词. */
markdown.inline.ruler.before('emphasis', 'strong', (state, silent) => {
  const strong = /\*\*(?=\S)([^*]*?[^*\s])\*\*/y;
  strong.lastIndex = state.pos;
  const found = strong.exec(state.src);
  if (found === null || found.index + found[0].length > state.posMax) return false;
  const [end, most] = [state.pos + found[0].length, state.posMax];
  if (!silent) {
    state.push('strong_open', 'strong', 1).markup = '**';
    state.pos += 2;
    state.posMax = end - 2;
    state.md.inline.tokenize(state);
    state.posMax = most;
    state.push('strong_close', 'strong', -1).markup = '**';
  }
  state.pos = end;
  return true;
});
markdown.renderer.rules.table_open = () => '<div class="scroll" tabindex="0"><table>\n';
markdown.renderer.rules.table_close = () => '</table></div>\n';

const code = (text: string): string => `<pre tabindex="0" class="scroll">${escaped(text.trimEnd())}</pre>\n`;
markdown.renderer.rules.fence = (tokens, i) => code(tokens[i]!.content);
markdown.renderer.rules.code_block = (tokens, i) => code(tokens[i]!.content);

/** Chinese has no space where a line of the source ends. */
const joined = (text: string): string =>
  text.replace(/([\u2e80-\u9fff\uff00-\uffe6])\n(?=[\u2e80-\u9fff\uff00-\uffe6])/g, '$1');

export const markdownHtml = (text: string): string => markdown.render(joined(text));

/** Text of one line, without a paragraph around it. */
export const inlineHtml = (text: string): string => markdown.renderInline(text);

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

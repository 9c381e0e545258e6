/** The pages of the site as HTML: the contents, and one page for each exercise, in both languages. */
import { type Checked, type CodeLink, type Exercise, type Parameter, passes, type Shown } from '#course';
import { chapterTitle } from '../../src/cli/course/texts.ts';
import { type Figures, sourceOf } from './figures.ts';
import { escaped, inlineHtml, markdownHtml } from './markdown.ts';
import { type Language, SITE } from './words.ts';

/** A picture beside the pages, by its name in `pictures/`. */
export interface PictureFile {
  readonly name: string;
  readonly svg: string;
}

export interface Page {
  /** From the root of the site. */
  readonly path: string;
  readonly html: string;
  readonly pictures: readonly PictureFile[];
}

/** What stands before and behind an exercise. */
export interface Neighbours {
  readonly previous: Exercise | undefined;
  readonly next: Exercise | undefined;
}

const HTML_LANGUAGE: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-Hans' };

export const pagePath = (id: string, language: Language): string => `${language}/${id}.html`;

/** From a page of a language to the root of the repository: docs/course/en/2.2.html. */
const REPOSITORY = '../../../';

function shell(language: Language, title: string, other: string, main: string): string {
  const t = (key: keyof typeof SITE): string => SITE[key][language];
  return `<!doctype html>
<html lang="${HTML_LANGUAGE[language]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="../katex/katex.min.css">
<link rel="stylesheet" href="../style.css">
</head>
<body>
<a class="skip" href="#main">${t('skip')}</a>
<header class="site"><a href="index.html">Systole · ${t('title')}</a><a href="${other}" lang="${HTML_LANGUAGE[language === 'en' ? 'zh' : 'en']}">${t('other')}</a></header>
<main id="main">
${main}
</main>
</body>
</html>
`;
}

export function exercisePage(
  exercise: Exercise,
  figures: Figures,
  { previous, next }: Neighbours,
  language: Language,
): Page {
  const { id, title, asked, explanation, claimed, code = [], parameters = {} } = exercise;
  const t = (key: keyof typeof SITE): string => SITE[key][language];
  const pictures: PictureFile[] = [];
  const section = (name: keyof typeof SITE, body: string, kind = ''): string =>
    body === '' ? '' : `<section${kind}>\n<h2>${t(name)}</h2>\n${body}\n</section>`;
  const shown = figures.shown[language].map((item) => shownHtml(item, id, language, pictures)).join('\n');
  const pager = (e: Exercise | undefined, mark: (text: string) => string): string =>
    e === undefined ? '<span></span>' : `<a href="${e.id}.html">${mark(escaped(`${e.id} ${e.title[language]}`))}</a>`;
  const main = [
    `<h1><span class="number">${id}</span> ${escaped(title[language])}</h1>`,
    asked === undefined ? '' : `<div class="asked">${markdownHtml(asked[language])}</div>`,
    section('shown', shown),
    section('explanation', explanation === undefined ? '' : markdownHtml(explanation[language])),
    section('claimed', claimed === undefined ? '' : markdownHtml(claimed[language]), ' class="wrong"'),
    section('figures', figuresHtml(exercise, figures.checked, language)),
    section('run', runHtml(exercise, parameters, language)),
    section('code', codeHtml(code, id, language)),
    `<nav class="pager" aria-label="${t('contents')}">${pager(previous, (x) => `← ${x}`)}${pager(next, (x) => `${x} →`)}</nav>`,
  ];
  const other = `../${pagePath(id, language === 'en' ? 'zh' : 'en')}`;
  const html = shell(language, `${id} ${title[language]} · Systole`, other, main.filter((m) => m !== '').join('\n'));
  return { path: pagePath(id, language), html, pictures };
}

function shownHtml(item: Shown, id: string, language: Language, pictures: PictureFile[]): string {
  switch (item.kind) {
    case 'line':
      return `<p class="line">${escaped(item.text)}</p>`;
    case 'table': {
      const isNumber = item.columns.map((_, i) => item.rows.every((row) => typeof row[i] === 'number'));
      return tableHtml(
        item.columns.map(escaped),
        item.rows.map((row) => row.map((cell) => escaped(String(cell)))),
        isNumber,
      );
    }
    case 'listing':
      return `<figure><figcaption>${escaped(item.name)}</figcaption><pre tabindex="0" class="scroll">${escaped(item.text.trimEnd())}</pre></figure>`;
    case 'picture': {
      const name = `${id}-${item.name}.${language}.svg`;
      pictures.push({ name, svg: item.svg });
      const alt = escaped(item.alt);
      return `<figure><img src="../pictures/${encodeURIComponent(name)}" alt="${alt}"><figcaption>${alt}</figcaption></figure>`;
    }
  }
}

function tableHtml(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  isNumber: readonly boolean[] = [],
): string {
  const kind = (i: number): string => (isNumber[i] === true ? ' class="number-cell"' : '');
  const head = heads.map((h, i) => `<th scope="col"${kind(i)}>${h}</th>`).join('');
  const body = rows.map((r) => `<tr>${r.map((c, i) => `<td${kind(i)}>${c}</td>`).join('')}</tr>`).join('\n');
  return `<div class="scroll" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

function figuresHtml({ notAsserted = {} }: Exercise, checked: Checked, language: Language): string {
  const t = (key: keyof typeof SITE): string => SITE[key][language];
  const rows = checked.lines.map((l) => [
    `<span class="${l.holds ? 'holds">✓' : 'fails">✗'}</span>`,
    l.row === undefined ? '' : String(l.row),
    escaped(l.what),
    escaped(shortened(l.detail[language])),
  ]);
  return [
    checked.error === undefined ? '' : `<p class="note">${escaped(checked.error)}</p>`,
    checked.rows.includes('data') ? `<p class="note">${t('needsData')}</p>` : '',
    rows.length === 0 ? '' : tableHtml(['✓', t('row'), t('what'), t('found')], rows),
    ...Object.entries(notAsserted).map(
      ([row, why]) => `<p class="note">${t('excused')}, ${row}: ${inlineHtml(why[language])}</p>`,
    ),
  ].join('\n');
}

/** Long lists of numbers are cut: a page is read, the command prints all. */
const shortened = (text: string): string => (text.length <= 260 ? text : `${text.slice(0, 240)} …`);

const dashed = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

function runHtml({ id, judge }: Exercise, parameters: Readonly<Record<string, Parameter>>, language: Language): string {
  const t = (key: keyof typeof SITE): string => SITE[key][language];
  const commands = [
    `systole course ${id}`,
    `systole course check ${id}`,
    ...(judge === undefined ? [] : [`systole course check ${id} --answer FILE|NUMBER`]),
  ];
  const rows = Object.entries(parameters).map(([name, p]) => [
    `<code>--${dashed(name)}</code>`,
    escaped(p.words[language]),
    escaped(
      p.kind === 'choice' ? p.among.join(' | ') : p.kind === 'machine' ? 'NAME | FILE' : `${p.least} … ${p.most}`,
    ),
    escaped(String(p.default)),
  ]);
  const vary =
    rows.length === 0
      ? ''
      : `<h3>${t('vary')}</h3>${tableHtml([t('option'), t('meaning'), t('range'), t('default')], rows)}`;
  return `<pre tabindex="0" class="scroll">${escaped(commands.join('\n'))}</pre>${vary}`;
}

function codeHtml(code: readonly CodeLink[], id: string, language: Language): string {
  const own = { path: sourceOf(id), words: SITE.source };
  const link = ({ path, words }: CodeLink): string =>
    `<li><a href="${REPOSITORY}${encodeURI(path)}"><code>${escaped(path)}</code></a>${language === 'zh' ? '：' : ': '}${escaped(words[language])}</li>`;
  return `<ul>${[own, ...code].map(link).join('')}</ul>`;
}

/** The contents: chapters with their exercises and how each stands. */
export function contentsPage(
  all: readonly { readonly exercise: Exercise; readonly figures: Figures }[],
  language: Language,
): Page {
  const chapters = Map.groupBy(all, ({ exercise }) => exercise.id.split('.')[0]!);
  const body = [...chapters].map(([chapter, own]) => {
    const items = own.map(({ exercise: { id, title, rows }, figures: { checked } }) => {
      const asserted = checked.rows.filter((r) => r === 'asserted').length;
      const mark = passes(checked) ? '<span class="holds">✓</span>' : '<span class="fails">✗</span>';
      const state = rows === 0 ? mark : `${mark} ${asserted}/${rows}`;
      return `<li><span class="number">${id}</span><a href="${id}.html">${escaped(title[language])}</a><span class="state">${state}</span></li>`;
    });
    const number = /^\d/.test(chapter) ? `<span class="number">${chapter}</span> ` : '';
    return `<h2>${number}${escaped(chapterTitle(chapter)[language])}</h2>\n<ol class="exercises">\n${items.join('\n')}\n</ol>`;
  });
  const main = `<h1>${SITE.title[language]}</h1>\n<p>${SITE.intro[language]}</p>\n${body.join('\n')}`;
  const other = `../${language === 'en' ? 'zh' : 'en'}/index.html`;
  const html = shell(language, `Systole · ${SITE.title[language]}`, other, main);
  return { path: `${language}/index.html`, html, pictures: [] };
}

/** The door: in the language of the reader's browser, or by choice. */
export const doorPage = (): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Systole · ${SITE.title.en}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
</head>
<body>
<main>
<h1>Systole</h1>
<p><a href="en/index.html">${SITE.title.en}</a></p>
<p lang="zh-Hans"><a href="zh/index.html">${SITE.title.zh}</a></p>
</main>
</body>
</html>
`;

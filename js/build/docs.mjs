// The documentation as pages: web/docs/*.md and what is generated from the
// types and the command line, each in the frame web/docs/page.html, written
// to dist/docs. The Markdown files can be read where they lie, too.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Marked } from 'marked';
import { helpFor, overview } from '../cli/arguments.mjs';
import { commands } from '../cli/commands.mjs';
import { errorIndex } from '../errors.mjs';
import { reference } from './reference.mjs';
import { root } from './setup.mjs';

const source = join(root, 'web/docs');

/** In the order of the navigation. */
export const pages = [
  { name: 'index', short: 'Start' },
  { name: 'recipes', short: 'Recipes' },
  { name: 'hosting', short: 'Hosting' },
  { name: 'api', short: 'API' },
  { name: 'command-line', short: 'Command line' },
  { name: 'errors', short: 'Errors' },
  { name: 'migration', short: 'Migration' },
  { name: 'faq', short: 'Questions' },
  { name: 'inicio', short: 'Português', language: 'pt' },
  { name: 'painter', file: 'models/painter/README.md' }, // the models' cards, which others link to
  { name: 'classifier', file: 'models/classifier/README.md' },
];

/** Where a link of the sources leads among the pages. */
function target(href) {
  const card = pages.find(({ file }) => file && href.endsWith(file));
  return card ? `${card.name}.html` : href.replace(/^([\w-]+)\.md(#|$)/, '$1.html$2');
}

export const escapeHTML = (text) => text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);

/** A heading's anchor, as GitHub makes it. */
export const slug = (text) => text.toLowerCase().replace(/<[^>]*>|[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-');

/** Every fenced block of a Markdown text: {language, id, text}; ```js first-painting has the id first-painting. */
export function snippets(markdown) {
  const found = [];
  const marked = new Marked();
  marked.walkTokens(marked.lexer(markdown), (token) => {
    if (token.type !== 'code') return;
    const [language = '', id = ''] = (token.lang ?? '').split(' ');
    found.push({ language, id, text: token.text });
  });
  return found;
}

/** Markdown to HTML: headings with anchors, blocks with their ids, links from one .md to another. */
function render(markdown) {
  const headings = [];
  const renderer = {
    heading({ tokens, depth }) {
      const html = this.parser.parseInline(tokens), id = slug(html);
      headings.push({ depth, html, id });
      return depth === 1 ? '' : `<h${depth} id="${id}"><a class="anchor" href="#${id}">${html}</a></h${depth}>\n`;
    },
    code({ text, lang = '' }) {
      const [language, id] = lang.split(' ');
      return `<pre${id ? ` id="code-${id}"` : ''} tabindex="0"${language ? ` data-language="${language}"` : ''}><code>${escapeHTML(text)}</code></pre>\n`;
    },
    table(token) {
      const row = (cells, tag) => `<tr>${cells.map((cell) => [cell.text ? tag : 'td', this.parser.parseInline(cell.tokens)]).map(([name, html]) => `<${name}>${html}</${name}>`).join('')}</tr>`;
      const hasHead = token.header.some(({ text }) => text);
      return `<div class="wide" tabindex="0"><table>${hasHead ? `<thead>${row(token.header, 'th')}</thead>` : ''}<tbody>${token.rows.map((cells) => row(cells, 'td')).join('\n')}</tbody></table></div>\n`;
    },
    link({ href, tokens }) {
      return `<a href="${escapeHTML(target(href))}">${this.parser.parseInline(tokens)}</a>`;
    },
  };
  const html = new Marked({ renderer }).parse(markdown);
  return { html, headings };
}

const plain = (html) => html.replace(/<[^>]*>/g, '');

function commandLine() {
  const section = (title, text) => `## ${title}\n\n\`\`\`\n${text}\n\`\`\`\n`;
  return [
    '# Command line', '', 'Runs, inspects, measures, checks, converts and quantises models, with the same library on the same C core.', '',
    'In a project that has the package, `npx pincel`; in a clone, `node js/cli/main.mjs`. This page is what `--help` says; [recipes](recipes.md#on-the-command-line) show it at work.', '',
    section('pincel', overview(commands)),
    ...commands.map((command) => section(`pincel ${command.name}`, helpFor(command))),
  ].join('\n');
}

const written = (name) => readFileSync(join(root, pages.find((one) => one.name === name).file ?? `web/docs/${name}.md`), 'utf8');

/** Each code's section, and under it the hints that such errors bring along. */
function errors() {
  const [start, ...sections] = written('errors').split(/^(?=## )/m);
  const hintsOf = (code) => errorIndex().find((entry) => entry.code === code)?.hints ?? [];
  const lines = (hints) => (hints.length ? `**Hints**:\n\n${hints.map((hint) => `- ${hint}`).join('\n')}\n\n` : '');
  return [start, ...sections.map((text) => `${text.trimEnd()}\n\n${lines(hintsOf(text.match(/^## (\w+)/)[1]))}`)].join('');
}

const generated = { api: reference, 'command-line': commandLine, errors };

/** The Markdown of a page. */
export const textOf = (name) => generated[name]?.() ?? written(name);

function navigation(current) {
  return pages.filter(({ short }) => short).map(({ name, short, language }) => `<a href="${name === 'index' ? './' : `${name}.html`}"${language ? ` lang="${language}"` : ''}${name === current ? ' aria-current="page"' : ''}>${short}</a>`).join('\n      ');
}

/** The finished page; its first paragraph describes it to search engines. */
export function page(name) {
  const { html, headings } = render(textOf(name));
  const chapters = headings.filter(({ depth }) => depth === 2), isFine = chapters.length > 3;
  const sections = isFine ? chapters : headings.filter(({ depth }) => depth > 1);
  const description = plain([...html.matchAll(/<p>(.*?)<\/p>/gs)].map(([, text]) => text).find((text) => !text.startsWith('<img'))).replace(/\s+/g, ' ');
  const values = {
    language: pages.find((one) => one.name === name).language ?? 'en',
    title: headings[0].html, plainTitle: plain(headings[0].html), description, navigation: navigation(name), content: html,
    contents: sections.map(({ html: text, id, depth }) => `<li${depth > 2 ? ' class="deep"' : ''}><a href="#${id}">${plain(text)}</a></li>`).join('\n        '),
    address: name === 'index' ? './' : `${name}.html`,
  };
  const frame = readFileSync(join(source, 'page.html'), 'utf8');
  return frame.replace(/\{\{(\w+)\}\}/g, (_, key) => values[key]);
}

/** Writes dist/docs whole. */
export function writeDocs(dist) {
  const folder = join(dist, 'docs');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name } of pages) writeFileSync(join(folder, `${name}.html`), page(name));
  for (const file of readdirSync(source).filter((name) => /^docs\./.test(name))) copyFileSync(join(source, file), join(folder, file));
  copyFileSync(join(root, 'models/painter/sheet.jpg'), join(folder, 'sheet.jpg'));
}

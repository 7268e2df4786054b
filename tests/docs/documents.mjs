// README.md and web/docs as the tests read them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, snippets, textOf } from '../../js/build/docs.mjs';
import { root } from '../../js/build/setup.mjs';

/** The documents for developers: what is generated has no snippets, and the models' cards tell how to train. */
const documents = [
  { document: 'README.md', text: readFileSync(join(root, 'README.md'), 'utf8') },
  ...pages.filter(({ name, file }) => !file && !['api', 'command-line'].includes(name)).map(({ name }) => ({ document: `web/docs/${name}.md`, text: textOf(name) })),
];

/** [{document, language, id, text}] */
export const allSnippets = documents.flatMap(({ document, text }) => snippets(text).map((snippet) => ({ document, ...snippet })));

const byId = new Map(allSnippets.map((snippet) => [snippet.id, snippet]));

export function snippet(id) {
  if (!byId.has(id)) throw new Error(`No document has a snippet '${id}'.`);
  return byId.get(id).text;
}

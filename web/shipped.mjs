// The models that come with the site, as the library's registry has them:
// dist/models/registry.json. A site without them works with visitors' own.
import { language } from './i18n.mjs';

let reading;

function read() {
  reading ??= fetch('dist/models/registry.json')
    .then((answer) => (answer.ok ? answer.json() : {}))
    .catch(() => ({}));
  return reading;
}

const isHere = (files) => Object.values(files).every(({ addresses }) => !addresses);

/** 'painter' or 'classifier' → {source, …what the registry says}; undefined when it does not come with the site. */
export async function shipped(name) {
  const entry = (await read()).models?.[name];
  return entry && isHere(entry.files) ? { ...entry, source: `pincel:${name}` } : undefined;
}

/** A name that may be one text, or one for each language: {en, pt}. */
export const inWords = (name) => (typeof name === 'string' ? name : name[language()] ?? name.en);

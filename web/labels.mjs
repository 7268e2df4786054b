// Names of the shipped classifier's labels in the visitor's language: English
// is the model's own; of the others there is a file, {label: name}.
import { language } from './i18n.mjs';

const files = { pt: 'labels-pt.json' };
const names = {};

/** Before nameOf in a language. Where the file cannot be fetched the labels stay in English. */
export async function learnNames() {
  const tag = language();
  if (!files[tag]) return;
  names[tag] ??= await fetch(files[tag]).then((answer) => (answer.ok ? answer.json() : undefined)).catch(() => undefined);
}

export const nameOf = (label) => names[language()]?.[label] ?? label;

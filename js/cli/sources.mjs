// What models and pictures are called on the command line.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './arguments.mjs';
import { pincel } from './library.mjs';
import { downloadBar } from './terminal.mjs';

const isAddress = (text) => /^(https?|data|file|pincel|manifest):/i.test(text);

/** A file or address as it is; what is neither, but a name in the registry, as 'pincel:NAME'. */
export async function modelSource(text) {
  if (isAddress(text) || existsSync(text)) return text;
  if (/\.(tflite|onnx)$/i.test(text)) throw new Error(`There is no file ${text}.`);
  const models = await pincel.listModels();
  if (Object.hasOwn(models, text.split('/')[0])) return `pincel:${text}`;
  throw Object.assign(new Error(`There is no file '${text}', and no model of that name.`), { hint: '`pincel list` shows the names.' });
}

/** What the registry knows of a source; undefined for files. */
export async function registered(source) {
  if (!source.startsWith('pincel:')) return undefined;
  return (await pincel.listModels())[source.slice(7).split('/')[0]];
}

/** Loads with a bar while the file comes. load(options) is one of the library's ways to load. */
export async function withBar(name, options, load) {
  const bar = downloadBar(name);
  try {
    return await load({ ...options, onProgress: bar.onProgress });
  } finally {
    bar.end();
  }
}

const isPicture = (name) => /\.(png|jpe?g|bmp|gif)$/i.test(name);

/** Files as they are, folders as the pictures in them, by name. */
export function picturesOf(inputs) {
  return inputs.flatMap((input) => {
    if (/^(https?|data|file):/i.test(input)) return [input];
    if (!existsSync(input)) throw Object.assign(new Error(`There is no file ${input}.`), { hint: 'Pictures are PNG, JPEG, BMP or GIF files, or folders of them.' });
    if (!statSync(input).isDirectory()) return [input];
    const found = readdirSync(input).filter(isPicture).sort();
    if (!found.length) throw new UsageError(`There are no pictures in ${input}.`, 'PNG, JPEG, BMP and GIF files are pictures.');
    return found.map((name) => join(input, name));
  });
}

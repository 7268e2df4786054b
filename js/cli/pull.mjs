// pincel pull: a model's files, checked and kept.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineOptions } from './arguments.mjs';
import { pincel } from './library.mjs';
import { downloadBar, formatBytes, print, printJSON, table } from './terminal.mjs';

async function pullOne(name, { mirror, to }) {
  const bar = downloadBar(name);
  let files;
  try {
    files = await pincel.pullModel(name, { mirror, onProgress: bar.onProgress });
  } finally {
    bar.end();
  }
  return files.map(({ name: file, bytes, path, wasKept }) => {
    if (to) writeFileSync(join(to, file), bytes);
    return { model: name, file, bytes: bytes.length, path: to ? join(to, file) : path, wasKept };
  });
}

const state = ({ path, wasKept }) => (path === undefined ? 'ships with pincel' : wasKept ? 'was there' : 'fetched');

export const pull = {
  name: 'pull',
  summary: 'fetch models by name, check and keep them',
  parameters: 'NAME…',
  count: [1, Infinity],
  about: `Fetches the files of models that \`pincel list\` shows and checks them against the
registry's digests. They are kept in $PINCEL_CACHE, or in the folder pincel of the
user's cache folder, where every other command finds them.`,
  options: { mirror: engineOptions.mirror, to: { type: 'string', value: 'FOLDER', help: 'put copies there, under the names a mirror needs' } },
  examples: ['pincel pull magenta', 'pincel pull mobilenet-v2 --to ./models'],

  async run(names, values) {
    if (values.to) mkdirSync(values.to, { recursive: true });
    const files = [];
    for (const name of names) files.push(...await pullOne(name, values));
    if (values.json) return printJSON(files);
    return print(table(files.map((file) => [file.file, formatBytes(file.bytes), values.to ? 'written' : state(file), file.path ?? '']), { right: [1] }));
  },
};

// pincel list: the models that have names.
import { pincel } from './library.mjs';
import { colours, formatBytes, print, printJSON, table } from './terminal.mjs';

export const list = {
  name: 'list',
  summary: 'show the models that can be had by name',
  parameters: '',
  count: [0, 0],
  about: 'Shows the models of the registry: those that ship with pincel, and public ones that\nare fetched from their publishers when they are first used.',
  options: {},
  examples: ['pincel list', 'pincel list --json | jq keys'],

  async run(_, { json }) {
    const models = await pincel.listModels();
    if (json) return printJSON(models);
    const rows = Object.entries(models).map(([name, { task, files, title, licence }]) => [
      name, task, formatBytes(Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0)), licence, title,
    ]);
    const [head, ...lines] = table([['NAME', 'TASK', 'SIZE', 'LICENCE', 'TITLE'], ...rows], { right: [2] }).split('\n');
    return print([colours().bold(head), ...lines].join('\n'));
  },
};

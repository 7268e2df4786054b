// pincel list: the models that have names.
import { pincel } from './library.mjs';
import { colours, formatBytes, print, printJSON, table } from './terminal.mjs';

const ships = ({ files }) => Object.values(files).every(({ addresses }) => !addresses);

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
    const rows = Object.entries(models).sort(([, one], [, other]) => ships(other) - ships(one)).map(([name, entry]) => [
      name, entry.task, formatBytes(Object.values(entry.files).reduce((sum, { bytes }) => sum + bytes, 0)), ships(entry) ? 'pincel' : 'publisher', entry.licence, entry.title,
    ]);
    const [head, ...lines] = table([['NAME', 'TASK', 'SIZE', 'FROM', 'LICENCE', 'TITLE'], ...rows], { right: [2] }).split('\n');
    return print([colours().bold(head), ...lines].join('\n'));
  },
};

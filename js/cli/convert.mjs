// pincel convert: ONNX or TFLite in, .tflite out.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { UsageError, engineOptions, loadOptions, pictureOptions, shapesOf } from './arguments.mjs';
import { openTools } from './library.mjs';
import { modelSource, withBar } from './sources.mjs';
import { colours, formatBytes, print, printJSON } from './terminal.mjs';

/** The new file: --out, or the model's name with `suffix` in this folder; never the model itself. */
export function placeFor(model, suffix, { out }) {
  const stem = basename(model, extname(model)).replace(/^pincel:/, '');
  const place = out ?? `${stem}${suffix}.tflite`;
  if (!/\.tflite$/i.test(place)) throw new UsageError(`--out is '${place}'.`, 'Models are written as .tflite.');
  if (resolve(place) === resolve(model)) throw new UsageError(`${place} would be written over.`, 'Name another file with --out.');
  return place;
}

/** What goes into the file's metadata: how pictures become values, labels. */
export function metadataOptions(values) {
  const { labels } = values;
  if (labels === undefined) return {};
  if (!existsSync(labels)) throw new Error(`There is no file ${labels}.`);
  return { labels: readFileSync(labels, 'utf8').replace(/\r/g, '').replace(/\n+$/, '').split('\n') };
}

export const convert = {
  name: 'convert',
  summary: 'make a .tflite file of an ONNX model',
  parameters: 'MODEL',
  count: [1, 1],
  about: `Writes a model, .onnx or .tflite, as .tflite. With --range (or --mean and --std) and
--labels the file says how it wants its pictures and what its classes are called, so
that it needs no options afterwards.`,
  options: {
    out: { type: 'string', short: 'o', value: 'FILE', help: 'the new file (default: the name with .tflite, in this folder)' },
    weights: { type: 'string', value: 'TYPE', help: "'float32' (default), 'float16' or 'int8' (arithmetic stays float)" },
    labels: { type: 'string', value: 'FILE', help: 'labels, one a line' },
    shape: { type: 'string', multiple: true, value: 'NAME=DIMS', help: 'fix another input shape' },
    ...pictureOptions, mirror: engineOptions.mirror,
  },
  examples: ['pincel convert model.onnx', 'pincel convert model.onnx --weights float16 --range 0..1 --labels labels.txt -o small.tflite'],

  async run([model], values) {
    const { weights = 'float32' } = values;
    if (!['float32', 'float16', 'int8'].includes(weights)) throw new UsageError(`--weights is '${weights}'.`, 'It takes float32, float16 or int8.');
    const place = placeFor(model, weights === 'float32' ? '' : `-${weights}`, values), source = await modelSource(model), tools = await openTools();
    const options = { ...loadOptions(values), ...metadataOptions(values), weights, shapes: shapesOf(values) };
    const { bytes, report } = await withBar(model, options, (more) => tools.convert(source, more));
    writeFileSync(place, bytes);
    if (values.json) return printJSON({ model, file: place, ...report });
    return print(`${model} -> ${colours().bold(place)}  ${formatBytes(report.originalBytes)} -> ${formatBytes(bytes.length)}`);
  },
};

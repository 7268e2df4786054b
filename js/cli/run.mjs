// pincel run: classifies pictures, or paints them.
import { createWriteStream, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UsageError, engineOptions, loadOptions, numberOf, pictureOptions } from './arguments.mjs';
import { openBatch, pincel } from './library.mjs';
import { modelSource, picturesOf, registered, withBar } from './sources.mjs';
import { Progress, colours, errorLine, print, printJSON, scoreWriter, table } from './terminal.mjs';

const stylingOptions = ['predict', 'style', 'strength', 'size', 'memory', 'enlarge', 'out'], labellingOptions = ['labels', 'crop', 'top', 'threshold'];

const isPicture = ({ shape }) => shape.length === 4 && (shape[3] === 3 || shape[1] === 3);

/** 'style transfer' for networks that give a picture, else 'classification'. */
export async function taskOf(source, options) {
  const known = await registered(source);
  if (known) return known.task;
  const { outputs } = await pincel.Model.inspect(source, { simd: options.simd });
  return outputs.length === 1 && isPicture(outputs[0]) ? 'style transfer' : 'classification';
}

function refuse(values, names, task) {
  const name = names.find((one) => values[one] !== undefined);
  if (name) throw new UsageError(`--${name} is not for ${task}.`, '`pincel run --help` says what each option is for.');
}

const stem = (path) => basename(path, extname(path));

/** 'ink', '3' or 'ink=2,night=1' for a network that knows its styles. */
function mixtureOf(text, { styles }) {
  const parts = text.split(',').map((part) => part.split('='));
  for (const [name, weight = '1'] of parts) {
    if (styles.length && !styles.includes(name) && !/^\d+$/.test(name)) throw new UsageError(`There is no style '${name}'.`, `Styles: ${styles.join(', ')}.`);
    if (!(Number(weight) >= 0)) throw new UsageError(`The weight of style '${name}' is '${weight}'.`, 'Weights are numbers: --style ink=2,night=1');
  }
  return Object.fromEntries(parts.map(([name, weight = '1']) => [name, Number(weight)]));
}

/** What --style stands for, and how files are named after it. */
async function readStyle(stylizer, { style }) {
  if (!stylizer.styleInput) {
    if (style !== undefined) throw new UsageError('This network has its style built in.', 'Leave --style out.');
    return { suffix: 'painted' };
  }
  if (style === undefined) {
    throw new UsageError('Which style?', stylizer.predict ? '--style PICTURE: a picture to paint like.' : `--style NAME, one or a mixture of ${stylizer.styles.join(', ') || 'its numbers'}.`);
  }
  if (stylizer.predict) return { style: await stylizer.styleVector(style), suffix: stem(style) };
  return { style: mixtureOf(style, stylizer), suffix: style.replace(/[^\w.+-]+/g, '-') };
}

/** Where a picture's painting goes. */
function placeFor(input, suffix, { out = '.' }, isOnly) {
  const isFile = /\.png$/i.test(out);
  if (!isFile && /\.(jpe?g|gif|bmp|webp)$/i.test(out)) throw new UsageError(`--out is '${out}'.`, 'Paintings are written as PNG.');
  if (isFile && !isOnly) throw new UsageError('Several pictures do not go into one file.', '--out FOLDER puts each into a file of its own.');
  const place = isFile ? out : join(out, `${stem(input)}-${suffix}.png`);
  if (resolve(place) === resolve(input)) throw new UsageError(`${place} would be painted over.`, 'Name another file with --out.');
  return place;
}

async function openStylizer(model, source, values) {
  const transfer = await modelSource(model), predict = values.predict && await modelSource(values.predict);
  return withBar(model, loadOptions(values), (options) => pincel.Stylizer.create(predict ? { predict, transfer } : source, options));
}

/** Writes a painting in its full size while it is painted; nothing is left of one that fails. */
async function paintToFile(stylizer, input, file, options) {
  let of;
  const bytes = stylizer.stylizeToPNG(input, { ...options, onTile: (tile) => { of = tile.of; } });
  try {
    await pipeline(bytes, createWriteStream(file));
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
  return of;
}

const isFull = ({ size }) => size === 'full';

/** A function that paints one picture and says where it put it. */
async function painter(stylizer, inputs, values) {
  const { style, suffix } = await readStyle(stylizer, values);
  const strength = numberOf(values, 'strength', { least: 0, most: 1 }), mebibytes = numberOf(values, 'memory', { least: 1 });
  const size = isFull(values) ? 'full' : numberOf(values, 'size', { least: 16, most: 32768, isWhole: true });
  const given = { style, strength, size, ...(mebibytes && { memory: mebibytes * 2 ** 20 }) };
  const places = new Map(inputs.map((input) => [input, placeFor(input, suffix, values, inputs.length === 1)]));
  if (values.out && !/\.png$/i.test(values.out)) mkdirSync(values.out, { recursive: true });
  const paint = async (input, more) => {
    const start = performance.now(), file = places.get(input), options = { ...given, ...more };
    if (isFull(values)) return { file, ...await paintToFile(stylizer, input, file, options), ms: performance.now() - start };
    const painting = await stylizer.stylize(input, { ...options, output: values.enlarge ? 'original' : 'network' });
    const ms = performance.now() - start;
    writeFileSync(file, await pincel.encodePNG(painting));
    return { file, width: painting.width, height: painting.height, ms };
  };
  const { each } = await openBatch();
  return (onProgress) => each(inputs, { onProgress }, paint, 1, pincel.PincelError);
}

/** A function that says what is in the pictures. */
async function labeller(classifier, inputs, values) {
  const topK = numberOf(values, 'top', { least: 1, isWhole: true }) ?? 5, threshold = numberOf(values, 'threshold');
  return async function* label(onProgress) {
    const options = { topK: Infinity, ...(threshold !== undefined && { threshold }), onProgress };
    let start = performance.now();
    for await (const { result: all, ...entry } of classifier.classifyMany(inputs, options)) {
      const ms = performance.now() - start;
      yield all ? { ...entry, result: { unsure: all.unsure, classes: all.slice(0, topK), ms, written: scoreWriter(all.map(({ score }) => score)) } } : entry; // JSON has no functions
      start = performance.now();
    }
  };
}

/** Works through the pictures; one that fails does not stop the others. */
async function workThrough(inputs, work, onDone) {
  const bar = new Progress('', process.stderr), results = [];
  const show = ({ loaded, total }) => bar.update(loaded, total, basename(inputs[Math.min(Math.floor(loaded), total - 1)]));
  show({ loaded: 0, total: inputs.length });
  for await (const { input, result, error } of work(show)) {
    bar.end();
    if (!error) onDone({ input, ...result });
    else if (error.code === 'argument') throw error; // what is wrong with all of them
    else process.stderr.write(errorLine(Object.assign(error, { message: `${input}: ${error.message}` })));
    results.push({ input, ...(error ? { error: { code: error.code, message: error.message } } : result) });
  }
  bar.end();
  return results;
}

function showClasses({ input, unsure, classes, written }) {
  const { bold, dim, yellow } = colours();
  const lines = table(classes.map(({ label, score }) => [written(score), label]), { right: [0], indent: '  ' }).split('\n');
  print([unsure ? `${bold(input)}  ${yellow('unsure')}` : bold(input), lines[0], ...lines.slice(1).map(dim)].join('\n'));
}

const showPainting = ({ input, file, width, height, ms }) => print(`${input} -> ${colours().bold(file)}  ${width} x ${height}, ${ms.toFixed(0)} ms`);

/** Opens the model for its task: {tool, work, show}. */
async function open(model, inputs, values) {
  const source = await modelSource(model), task = values.predict ? 'style transfer' : await taskOf(source, values);
  if (task === 'style transfer') {
    refuse(values, labellingOptions, task);
    const tool = await openStylizer(model, source, values);
    return { tool, work: await painter(tool, inputs, values), show: showPainting };
  }
  if (task !== 'classification') throw new UsageError(`'${model}' is for ${task}.`, '`pincel run` classifies and paints; other networks run through the library.');
  refuse(values, stylingOptions, task);
  const crop = numberOf(values, 'crop', { least: 0.01, most: 1 });
  const options = { ...loadOptions(values), ...(values.labels && { labels: values.labels }), ...(crop && { crop }) };
  const tool = await withBar(model, options, (more) => pincel.Classifier.create(source, more));
  return { tool, work: await labeller(tool, inputs, values), show: showClasses };
}

export const run = {
  name: 'run',
  summary: 'classify pictures, or paint them in a style',
  parameters: 'MODEL PICTURE…',
  count: [2, Infinity],
  about: `Runs a network on pictures (PNG, JPEG, BMP, GIF) or folders of them. Networks that give
a picture paint: one PNG for each photograph. Others classify: the likeliest labels.`,
  options: {
    style: { type: 'string', value: 'STYLE', help: 'a picture to paint like, or a style the network knows: ink, or ink=2,night=1' },
    strength: { type: 'string', value: '0..1', help: 'how much of the style (default: 1)' },
    size: { type: 'string', value: 'PIXELS', help: "longer side of what is computed (default: 384), or 'full': the photograph's own size" },
    memory: { type: 'string', value: 'MIB', help: 'above this a painting is computed in tiles (default: 256)' },
    enlarge: { type: 'boolean', help: "enlarge paintings to the photograph's size" },
    out: { type: 'string', short: 'o', value: 'PLACE', help: 'a .png file, or a folder (default: this one)' },
    predict: { type: 'string', value: 'MODEL', help: 'the network that sums a style picture up, for pairs by file' },
    top: { type: 'string', value: 'N', help: 'how many labels (default: 5)' },
    threshold: { type: 'string', value: 'SCORE', help: "'unsure' when the best score is below it" },
    labels: { type: 'string', value: 'FILE', help: 'labels, one a line, for models by file' },
    crop: { type: 'string', value: '0..1', help: 'how much of the picture is seen (default: 0.875 or what the registry says)' },
    ...pictureOptions, ...engineOptions,
  },
  examples: [
    'pincel run mobilenet-v2 cat.jpg', 'pincel run magenta holiday/ --style wave.jpg --strength 0.8 --size 768 --out painted/',
    'pincel run model.tflite cat.jpg --labels labels.txt --json',
  ],

  async run([model, ...paths], values) {
    const inputs = picturesOf(paths);
    if (values.labels && !existsSync(values.labels)) throw new Error(`There is no file ${values.labels}.`);
    const { tool, work, show } = await open(model, inputs, values);
    try {
      const results = await workThrough(inputs, work, values.json ? () => {} : show);
      if (values.json) printJSON(results);
      return results.some(({ error }) => error) ? 1 : 0;
    } finally {
      tool.dispose();
    }
  },
};

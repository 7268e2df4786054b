// pincel quantize: a float model in 8 bits, calibrated on pictures, with a
// report of what it gained and lost.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { probeInputs } from '../probe.mjs';
import { UsageError, engineOptions, loadOptions, numberOf, pictureOptions, shapesOf } from './arguments.mjs';
import { timeRuns } from './bench.mjs';
import { metadataOptions, placeFor } from './convert.mjs';
import { openTools, pincel } from './library.mjs';
import { reportPage } from './report.mjs';
import { taskOf } from './run.mjs';
import { modelSource, picturesOf, registered } from './sources.mjs';
import { Progress, colours, formatBytes, print, printJSON, scoreWriter, table } from './terminal.mjs';

const modes = ['int8', 'fp16', 'dynamic'], rules = ['auto', 'minmax', 'percentile', 'mse'];
const mostPictures = 100, fewPictures = 32, shownPictures = 3, timedRuns = 15;

function choice(values, name, choices) {
  const value = values[name] ?? choices[0];
  if (!choices.includes(value)) throw new UsageError(`--${name} is '${value}'.`, `It takes ${choices.join(', ')}.`);
  return value;
}

/** As many as --pictures says, evenly spread over what was named. */
function calibrationPictures(values) {
  if (!values.calibrate) return undefined;
  const all = picturesOf(values.calibrate), most = numberOf(values, 'pictures', { least: 1, isWhole: true }) ?? mostPictures;
  return all.length <= most ? all : Array.from({ length: most }, (_, i) => all[Math.floor(i * all.length / most)]);
}

function budgetOf(values) {
  const psnr = numberOf(values, 'psnr', { least: 0, most: 100 }), agreement = numberOf(values, 'agreement', { least: 0, most: 100 });
  return psnr === undefined && agreement === undefined ? undefined
    : { ...(psnr !== undefined && { psnr }), ...(agreement !== undefined && { agreement: agreement / 100 }) };
}

const stages = { download: 'fetch', read: 'read pictures', equalise: 'equalise', calibrate: 'calibrate', float: 'run float', int8: 'run int8', sensitivity: 'try layers', 'fall back': 'fall back' };

/** A bar for each stage of the quantiser. */
function stageBar() {
  let bar = new Progress('');
  return {
    update({ stage, loaded, total }) {
      const label = stages[stage];
      if (!label) return;
      if (bar.label !== label) {
        bar.end();
        bar = new Progress(label);
      }
      bar.update(loaded, total);
    },
    end: () => bar.end(),
  };
}

/** Median milliseconds of both models, on one thread, by turns. */
async function timeBoth(sources, options) {
  const models = await Promise.all(sources.map((source) => pincel.Model.load(source, { ...options, threads: 1 })));
  try {
    const rounds = [[], []];
    for (let round = 0; round < 3; round++) {
      for (const [i, model] of models.entries()) rounds[i].push((await timeRuns(model, probeInputs(model.inputs), timedRuns)).median);
    }
    return rounds.map((times) => times.sort((a, b) => a - b)[1]);
  } finally {
    for (const model of models) model.dispose();
  }
}

const pictureURL = async (pixels) => `data:image/png;base64,${Buffer.from(await pincel.encodePNG(pixels)).toString('base64')}`;

/** The photograph itself when it is small, else averaged down to at most `side` pixels. */
async function photographURL(path, pixels, side = 640) {
  const type = path.match(/\.(png|gif|bmp|jpe?g)$/i)?.[1].toLowerCase().replace('jpg', 'jpeg');
  if (type && existsSync(path) && statSync(path).size < 300e3) return `data:image/${type};base64,${readFileSync(path).toString('base64')}`;
  return pictureURL(averaged(pixels, Math.ceil(Math.max(pixels.width, pixels.height) / side)));
}

/** Every `step` by `step` pixels as one. */
function averaged(pixels, step) {
  const width = Math.max(1, Math.floor(pixels.width / step)), height = Math.max(1, Math.floor(pixels.height / step));
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < data.length; i++) {
    const x = (i >> 2) % width * step, y = Math.floor((i >> 2) / width) * step;
    let sum = 0, count = 0;
    for (let down = y; down < Math.min(y + step, pixels.height); down++) {
      for (let across = x; across < Math.min(x + step, pixels.width); across++, count++) sum += pixels.data[(down * pixels.width + across) * 4 + i % 4];
    }
    data[i] = sum / count;
  }
  return { data, width, height };
}

const bestOf = (guesses) => `${guesses[0].label}, ${scoreWriter(guesses.map(({ score }) => score))(guesses[0].score)}`;

/** One picture by both, in the same size: when the first has only one, in that. */
async function paintBoth([before, after], pixels) {
  const style = before.styleInput ? 0 : undefined, first = await before.stylize(pixels, { style });
  after.isRigid = before.isRigid;
  return [await pictureURL(first), await pictureURL(await after.stylize(pixels, { style }))];
}

/** A few pictures through both models, for the report. */
async function sampleRows(sources, pictures, task, options) {
  const create = task === 'style transfer' ? pincel.Stylizer : pincel.Classifier;
  const tools = await Promise.all(sources.map((source) => create.create(source, options))), rows = [];
  try {
    for (const path of pictures.slice(0, shownPictures)) {
      const pixels = await pincel.readPicture(path), photograph = await photographURL(path, pixels), row = { name: basename(path), aspect: pixels.width / pixels.height };
      if (task === 'style transfer') {
        const [before, after] = await paintBoth(tools, pixels);
        row.pictures = [{ caption: 'photograph', source: photograph }, { caption: 'before', source: before }, { caption: 'after', source: after }];
      } else {
        const [before, after] = await Promise.all(tools.map((tool) => tool.classify(pixels, { topK: Infinity })));
        row.pictures = [{ caption: `before: ${bestOf(before)}; after: ${bestOf(after)}`, source: photograph }];
      }
      rows.push(row);
    }
    return rows;
  } finally {
    for (const tool of tools) tool.dispose();
  }
}

/** TensorFlow's converter joins the names of what it merged; the first says enough. */
const shortName = (name) => name.split(';')[0];

const times = (ratio) => `${ratio.toPrecision(2)} times`;

/** 10 dB of signal to noise are an error of a third. */
const relativeError = (sqnr) => (sqnr === undefined ? 0 : 10 ** (-sqnr / 20));

function qualityOf({ psnr, worstPsnr, agreement, expectedAgreement, judged, sqnr, budgetHolds }) {
  const good = budgetHolds === undefined ? undefined : budgetHolds;
  return [
    ...(psnr === undefined ? [] : [{ name: 'PSNR of the pictures', value: `${psnr.toFixed(1)} dB (the worst: ${worstPsnr.toFixed(1)} dB)`, good }]),
    ...(agreement === undefined ? [] : [{ name: 'pictures with the same best class', value: `${(100 * agreement).toFixed(1)} %${judged < fewPictures ? '' : ` (to be expected of others: ${(100 * expectedAgreement).toFixed(1)} %)`}`, good }]),
    ...(sqnr === undefined ? [] : [{ name: 'signal to noise of the output', value: `${sqnr.toFixed(1)} dB` }]),
  ];
}

/** The plain data that report.mjs makes a page of. */
function reportData(model, file, { report, ms, samples, settings }) {
  const { originalBytes, bytes, layers = [] } = report;
  return {
    title: `${basename(model)} in ${report.mode}`, made: `${basename(file)}, made by pincel ${pincel.version} on ${new Date().toISOString().slice(0, 10)}`,
    facts: [
      { name: 'size', before: formatBytes(originalBytes), after: formatBytes(bytes), change: times(bytes / originalBytes), good: bytes < originalBytes },
      { name: 'a run, one thread', before: `${ms[0].toFixed(1)} ms`, after: `${ms[1].toFixed(1)} ms`, change: `${times(ms[0] / ms[1])} as fast`, good: ms[1] < ms[0] },
    ],
    quality: qualityOf(report), settings, samples,
    layers: layers.some(({ sqnr }) => sqnr !== undefined) ? layers.map(({ name, op, sqnr, float, widened }) => ({ name: shortName(name), op, error: relativeError(sqnr), kept: float ? 'float' : widened ? 'float result' : '' })) : [],
  };
}

function settingsOf({ mode, calibration }, pictures, report) {
  const { layers = [] } = report, kept = layers.filter(({ float }) => float).length, widened = layers.filter((layer) => layer.widened).length;
  return [
    { name: 'mode', value: mode },
    ...(mode === 'int8' ? [
      { name: 'calibrated on', value: `${report.pictures} pictures` }, { name: 'ranges', value: calibration },
      { name: 'layers equalised', value: `${report.equalised}` }, { name: 'layers kept in float', value: `${kept} of ${layers.length}` },
      ...(widened ? [{ name: 'layers with a float result', value: `${widened} of ${layers.length}` }] : []),
    ] : []),
    { name: 'pictures judged', value: `${report.judged ?? 0}` },
  ];
}

function summary(model, file, { report, ms }) {
  const { bold, green, red } = colours(), { originalBytes, bytes, budgetHolds, layers = [] } = report;
  const named = (chosen) => `${chosen.length} of ${layers.length} layers: ${chosen.map(({ name }) => shortName(name)).join(', ')}`;
  const kept = layers.filter(({ float }) => float), widened = layers.filter((layer) => layer.widened);
  const rows = [
    ['size', `${formatBytes(originalBytes)} -> ${formatBytes(bytes)}`], ['time', `${ms[0].toFixed(1)} -> ${ms[1].toFixed(1)} ms a run, one thread`],
    ...qualityOf(report).map(({ name, value, good }) => [name, good === undefined ? value : good ? green(value) : red(value)]),
    ...(kept.length ? [['kept in float', named(kept)]] : []), ...(widened.length ? [['float result', named(widened)]] : []),
  ];
  return [`${model} -> ${bold(file)}`, table(rows), ...(budgetHolds === false ? [red('The budget does not hold.')] : [])].join('\n');
}

export const quantize = {
  name: 'quantize',
  summary: 'make a float model small and fast: int8, calibrated on your pictures',
  parameters: 'MODEL',
  count: [1, 1],
  about: `Writes a float model, .onnx or .tflite, as a .tflite file in 8 bits. Ranges come from
your own pictures: some dozens like those it will see. Where too much is lost, layers
before norms give float results, and others stay in float, until the budget holds.
The file says how it wants its pictures when --range, or --mean and --std, say so.
Exit code 1 when the budget does not hold.`,
  options: {
    calibrate: { type: 'string', multiple: true, short: 'c', value: 'FOLDER', help: 'pictures, or folders of them (int8 needs some)' },
    pictures: { type: 'string', value: 'N', help: `how many of them at most, evenly spread (default: ${mostPictures})` },
    out: { type: 'string', short: 'o', value: 'FILE', help: 'the new file (default: NAME-int8.tflite)' },
    report: { type: 'string', value: 'FILE', help: 'write what was gained and lost as an HTML page' },
    mode: { type: 'string', value: 'MODE', help: "'int8' (default), 'fp16' or 'dynamic' (weights only)" },
    calibration: { type: 'string', value: 'RULE', help: "ranges: 'auto' (default), 'minmax', 'percentile' or 'mse'" },
    psnr: { type: 'string', value: 'DB', help: 'budget of networks that paint (default: 30)' },
    agreement: { type: 'string', value: 'PERCENT', help: 'budget of classifiers: the same best class (default: 98.5)' },
    sensitivity: { type: 'string', value: 'N', help: 'pictures to try each layer with (default: as needed)' },
    crop: { type: 'string', value: '0..1', help: 'how much of a picture is seen (classifiers: 0.875, others: 1)' },
    labels: { type: 'string', value: 'FILE', help: 'labels, one a line, for the file' },
    shape: { type: 'string', multiple: true, value: 'NAME=DIMS', help: 'fix another input shape' },
    ...pictureOptions, mirror: engineOptions.mirror,
  },
  examples: ['pincel quantize model.onnx --calibrate photos/ --report report.html', 'pincel quantize model.onnx -c photos/ --range 0..255 --psnr 32 -o small.tflite'],

  async run([model], values) {
    const mode = choice(values, 'mode', modes), calibration = choice(values, 'calibration', rules);
    const place = placeFor(model, `-${mode}`, values), pictures = calibrationPictures(values);
    if (mode === 'int8' && !pictures) throw new UsageError('int8 needs pictures to calibrate with.', '--calibrate FOLDER, some dozens like those it will see.');
    const source = await modelSource(model), known = (await registered(source)) ?? {}, task = await taskOf(source, {});
    const looks = { ...(task === 'style transfer' ? { range: '0..1' } : {}), ...known.normalisation, ...loadOptions(values) };
    if (looks.mean !== undefined) delete looks.range;
    const crop = numberOf(values, 'crop', { least: 0.01, most: 1 }) ?? known.crop ?? (task === 'classification' ? 0.875 : 1);
    const sensitivity = numberOf(values, 'sensitivity', { least: 0, isWhole: true }) ?? (values.report ? 2 : undefined);
    const bar = stageBar(), tools = await openTools();
    let made;
    try {
      made = await tools.quantize(source, {
        ...looks, ...metadataOptions(values), mode, calibration, pictures, crop, shapes: shapesOf(values), budget: budgetOf(values), sensitivity, onProgress: bar.update,
      });
    } finally {
      bar.end();
    }
    writeFileSync(place, made.bytes);
    const ms = await timeBoth([source, place], { mirror: values.mirror });
    const outcome = { report: made.report, ms, settings: settingsOf({ mode, calibration }, pictures, made.report) };
    if (values.report) {
      outcome.samples = pictures ? await sampleRows([source, place], pictures, task, { ...looks, crop, threads: 1 }) : [];
      writeFileSync(values.report, reportPage(reportData(model, place, outcome)));
    }
    if (values.json) printJSON({ model, file: place, bytes: statSync(place).size, ms: { before: ms[0], after: ms[1] }, ...made.report });
    else print(summary(model, place, outcome) + (values.report ? `\n${values.report} shows more.` : ''));
    return made.report.budgetHolds === false ? 1 : 0;
  },
};

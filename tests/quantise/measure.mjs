// npm run test:quantiser [-- NAME…]: what the quantiser makes of well-known
// float models, judged on pictures that it was not calibrated with, and how
// fast that runs beside the float original (one thread, by turns). Slow, and
// its times want a quiet machine; accuracy decides the exit code.
import '../../js/cli/relaxed.mjs';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Classifier, Model, readPicture } from '../../dist/pincel.mjs';
import { quantize } from '../../dist/pincel-tools.mjs';
import { formatFor } from '../../js/classifier.mjs';
import { probeInputs } from '../../js/probe.mjs';

const shared = fileURLToPath(new URL('../../../shared/', import.meta.url));
const engine = { threads: 1, worker: false };

const picturesIn = (folder) => readdirSync(`${shared}${folder}`, { recursive: true, withFileTypes: true })
  .filter(({ name }) => /\.jpe?g$/i.test(name)).map(({ parentPath, path, name }) => `${parentPath ?? path}/${name}`).sort();

/** What a network that knows CIFAR-10's ten things can be asked about. */
const knownThings = /\/(airplanes|car_side|dalmatian|emu|ferry|flamingo|ibis|ketch|okapi|pigeon|rooster|schooner|wild_cat)\//;

const imagenet = () => picturesIn('pictures/imagenet500'), photos = () => picturesIn('pictures/photos');
const every = (list, step, offset = 0) => list.filter((_, i) => i % step === offset);
const others = (list, step) => list.filter((_, i) => i % step !== 0);

const cases = {
  squeezenet: {
    file: 'squeezenet_fp16.onnx', options: { mean: [103.939, 116.779, 123.68], std: 1, bgr: true, crop: 0.875, sensitivity: 0 }, mostBytes: 1.35e6, greatestLoss: 1,
    calibrate: () => every(imagenet(), 5), judge: () => others(imagenet(), 5), labels: true,
  },
  vww: { file: 'vww_96_float.tflite', options: { range: '0..1', crop: 1 }, agreement: 98.5, rounds: 400, calibrate: () => every(imagenet(), 5), judge: () => [...others(imagenet(), 5), ...photos()] },
  resnet8: {
    file: 'resnet8_float.tflite', options: { range: '0..255', crop: 1 }, agreement: 98.5, rounds: 400,
    calibrate: () => every(imagenet(), 5), judge: () => every(picturesIn('training/caltech101').filter((path) => knownThings.test(path)), 2),
  },
  nc8: { file: 'mosaic_nc8_256.onnx', options: { range: '0..255' }, psnr: 30, calibrate: () => every(imagenet(), 10), judge: photos },
  mosaic: { file: 'fns_mosaic.onnx', options: { range: '0..255', bgr: true }, psnr: 30, rounds: 2, calibrate: () => every(imagenet(), 50), judge: photos },
};

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const percent = (share) => 100 * share;

/** Medians of turns A B A B …, the first third of them to warm up: browsers optimise small models' code only after many runs. */
async function timeBoth(sources, rounds) {
  const models = await Promise.all(sources.map((source) => Model.load(source, engine)));
  const inputs = models.map((model) => probeInputs(model.inputs));
  const times = models.map(() => []);
  for (let round = -rounds; round < 2 * rounds; round++) {
    for (const [i, model] of models.entries()) {
      const start = performance.now();
      await model.run(inputs[i]);
      if (round >= 0) times[i].push(performance.now() - start);
    }
  }
  models.forEach((model) => model.dispose());
  return times.map(median);
}

async function bestClasses(source, paths, options) {
  const classifier = await Classifier.create(source, { ...engine, ...options }), found = [];
  for (const path of paths) found.push((await classifier.classify(path, { topK: 1 }))[0].index);
  classifier.dispose();
  return found;
}

function trueClasses(paths) {
  const [, ...rows] = readFileSync(`${shared}pictures/imagenet500/labels.csv`, 'utf8').trim().split('\n');
  const indices = new Map(rows.map((row) => [row.split(',')[0], Number(row.split(',')[3]) - 1])); // without the background
  return paths.map((path) => indices.get(basename(path)));
}

async function judgeClasses({ options, judge, labels, agreement, greatestLoss }, sources) {
  const paths = judge(), [float, int8] = await Promise.all(sources.map((source) => bestClasses(source, paths, options)));
  const share = (a, b) => percent(a.filter((value, i) => value === b[i]).length / a.length), agrees = share(float, int8);
  if (!labels) return { said: `${agrees.toFixed(2)} % of ${paths.length} unseen pictures agree`, good: agrees >= agreement };
  const truth = trueClasses(paths), [before, after] = [float, int8].map((found) => share(found, truth));
  return { said: `top-1 of ${paths.length} unseen pictures ${before.toFixed(2)} % -> ${after.toFixed(2)} %`, good: before - after <= greatestLoss };
}

/** The painting of a picture stretched to the model's own size. */
async function paint(model, pixels, options) {
  const [input] = model.inputs, [output] = model.outputs;
  const picture = { name: output.name, format: formatFor(output, options) };
  return (await model.run({ [input.name]: { picture: pixels, format: formatFor(input, options) } }, { picture })).data;
}

async function judgePaintings({ options, judge, psnr }, sources) {
  const models = await Promise.all(sources.map((source) => Model.load(source, engine))), each = [];
  for (const path of judge()) {
    const pixels = await readPicture(path), [a, b] = [await paint(models[0], pixels, options), await paint(models[1], pixels, options)];
    let error = 0;
    for (let i = 0; i < a.length; i++) if (i % 4 < 3) error += (a[i] - b[i]) ** 2;
    each.push(10 * Math.log10(255 ** 2 / (error / (a.length * 0.75))));
  }
  models.forEach((model) => model.dispose());
  const mean = each.reduce((sum, value) => sum + value) / each.length;
  return { said: `PSNR of ${each.length} unseen pictures ${mean.toFixed(1)} dB (${each.map((value) => value.toFixed(1)).join(' ')})`, good: mean >= psnr };
}

async function measure(name) {
  const one = cases[name], source = `${shared}zoo/${one.file}`, start = performance.now();
  const { bytes, report } = await quantize(source, { ...one.options, pictures: one.calibrate() });
  const seconds = (performance.now() - start) / 1000, sources = [source, bytes];
  const { said, good } = await (one.psnr ? judgePaintings : judgeClasses)(one, sources);
  const passed = good && !(bytes.length > one.mostBytes);
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${one.file}: ${said}`);
  const [before, after] = await timeBoth(sources, one.rounds ?? 15);
  console.log([
    `       ${(report.originalBytes / 1e6).toFixed(2)} -> ${(bytes.length / 1e6).toFixed(2)} MB; ${before.toFixed(1)} -> ${after.toFixed(1)} ms, ${(before / after).toFixed(2)} times as fast; quantised in ${seconds.toFixed(0)} s`,
    `       in float: ${report.layers.filter(({ float }) => float).map(({ name: layer }) => layer.split(';')[0]).join(', ') || 'none'}`,
  ].join('\n'));
  return passed;
}

if (!existsSync(`${shared}zoo`)) {
  console.log('../shared is absent.');
} else {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(cases), passed = [];
  for (const name of names) passed.push(await measure(name));
  process.exitCode = passed.every(Boolean) ? 0 : 1;
}

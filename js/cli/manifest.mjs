// pincel manifest: what pages have to know of a model's versions.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readManifest } from '../manifest.mjs';
import { goldenOf, probeInputs } from '../probe.mjs';
import { UsageError, loadOptions, numberOf, pictureOptions, shapesOf } from './arguments.mjs';
import { metadataOptions } from './convert.mjs';
import { pincel } from './library.mjs';
import { colours, formatBytes, print, printJSON } from './terminal.mjs';

const usualTolerance = 0.02; // of summaries, relative to the deviation

const isSame = (one, other) => Buffer.compare(Buffer.from(one.buffer), Buffer.from(other.buffer)) === 0;

async function outputsWith(bytes, simd, shapes) {
  const model = await pincel.Model.load(bytes, { threads: 1, simd, shapes });
  try {
    return { infos: model.outputs, arrays: await model.run(probeInputs(model.inputs)) };
  } finally {
    model.dispose();
  }
}

/** The golden of a model: by digest where all kernels that run here compute the same bytes. */
async function goldenFor(bytes, { shape, tolerance }) {
  const shapes = shapesOf({ shape }), { infos, arrays } = await outputsWith(bytes, 'simd128', shapes), others = [];
  for (const simd of pincel.features().relaxed ? ['scalar', 'relaxed'] : ['scalar']) others.push((await outputsWith(bytes, simd, shapes)).arrays);
  const outputs = {};
  for (const info of infos) {
    outputs[info.name] = await goldenOf(arrays[info.name], info, others.every((other) => isSame(other[info.name], arrays[info.name])));
  }
  return { input: 'noise', ...(shapes && { shapes }), outputs, tolerance: tolerance ?? usualTolerance };
}

/** From the manifest to a file beside or below it, as an address. */
function urlOf(model, place, base) {
  const path = relative(dirname(resolve(place)), resolve(model)).split(sep).map(encodeURIComponent).join('/');
  if (base === undefined) return path;
  return new URL(path.split('/').at(-1), base.replace(/\/?$/, '/')).href;
}

async function describe(model, place, values) {
  if (!existsSync(model)) throw new Error(`There is no file ${model}.`);
  const bytes = readFileSync(model);
  return { url: urlOf(model, place, values.base), bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), golden: await goldenFor(bytes, values) };
}

function readExisting(place) {
  if (!existsSync(place)) return undefined;
  try {
    return JSON.parse(readFileSync(place, 'utf8'));
  } catch (error) {
    throw Object.assign(new Error(`${place} is no JSON: ${error.message}`), { hint: 'Name another file with --out.' });
  }
}

const digests = ({ files }) => Object.values(files).map(({ sha256 }) => sha256).join();

/** The version at the head of its channels; one that is there already may change all but its files. */
function withVersion(manifest, version, entry, channels) {
  const { versions } = manifest, former = Object.hasOwn(versions, version) ? versions[version] : undefined;
  if (former && digests(former) !== digests(entry)) {
    throw Object.assign(new Error(`Version ${version} is there with other files.`), { hint: 'Visitors may have it: give the new files a new version.' });
  }
  const lists = { ...manifest.channels };
  for (const channel of channels) lists[channel] = [version, ...(lists[channel] ?? []).filter((one) => one !== version)];
  return { ...manifest, channels: lists, versions: { ...versions, [version]: entry } };
}

export const manifest = {
  name: 'manifest',
  summary: 'write what pages need to keep a model up to date',
  parameters: 'MODEL [TRANSFER]',
  count: [1, 2],
  about: `Adds a version of a model to a manifest, a JSON file that pages load the model by:
Classifier.create('manifest:flowers.json'). It holds the file's size and digest, and what
it computes here from a made-up input; pages switch to a version only when they compute
the same. Two models are Magenta's pair, in the order predict, transfer.`,
  options: {
    version: { type: 'string', value: 'VERSION', help: 'what this version is called (needed)' },
    name: { type: 'string', value: 'NAME', help: 'what the model is called (needed for a new manifest)' },
    out: { type: 'string', short: 'o', value: 'FILE', help: 'the manifest (default: NAME.json, in this folder)' },
    channel: { type: 'string', multiple: true, value: 'NAME', help: "put it first there (default: 'stable'; may be repeated)" },
    share: { type: 'string', value: 'SHARE', help: 'to how many visitors it goes, 0 to 1 (default: 1)' },
    engine: { type: 'string', value: 'VERSION', help: 'the least version of the library (default: this one)' },
    base: { type: 'string', value: 'URL', help: 'the folder where pages find the model (default: as it lies from the manifest)' },
    task: { type: 'string', value: 'TASK', help: "'classification' or 'style transfer'" },
    labels: { type: 'string', value: 'FILE', help: 'labels, one a line' },
    styles: { type: 'string', value: 'A,B,…', help: 'names of the styles that the network knows' },
    crop: { type: 'string', value: 'SHARE', help: 'how much of the central part is seen' },
    threshold: { type: 'string', value: 'SCORE', help: 'below it a classifier is unsure' },
    shape: { type: 'string', multiple: true, value: 'NAME=DIMS', help: 'compute the self-test with another input shape' },
    tolerance: { type: 'string', value: 'X', help: `of the self-test, for floats (default: ${usualTolerance})` },
    ...pictureOptions,
  },
  examples: [
    'pincel manifest flowers-1.tflite --name flowers --version 1.0.0 --task classification',
    'pincel manifest flowers-2.tflite -o flowers.json --version 2.0.0 --channel beta --share 0.1',
  ],

  async run(models, values) {
    const { version, channel = ['stable'], engine = pincel.version, styles } = values;
    if (version === undefined) throw new UsageError('Which version?', 'Say --version 1.0.0.');
    if (values.out === undefined && values.name === undefined) throw new UsageError('Which manifest?', 'Name the model with --name, or an existing manifest with --out.');
    const place = values.out ?? `${values.name}.json`, existing = readExisting(place), name = values.name ?? existing?.name;
    if (name === undefined) throw new UsageError('What is the model called?', 'Say --name, for a new manifest.');
    const parts = models.length === 2 ? ['predict', 'transfer'] : ['model'], files = {};
    const measured = { shape: values.shape, tolerance: numberOf(values, 'tolerance', { least: 0 }), base: values.base };
    for (const [i, part] of parts.entries()) files[part] = await describe(models[i], place, measured);
    const { range, mean, std, bgr } = loadOptions(values);
    const entry = JSON.parse(JSON.stringify({ // without what was not said
      files, share: numberOf(values, 'share', { least: 0, most: 1 }), engine, range, mean, std, bgr, crop: numberOf(values, 'crop', { least: 0, most: 1 }),
      threshold: numberOf(values, 'threshold'), labels: metadataOptions(values).labels, styles: styles?.split(',').map((style) => style.trim()),
    }));
    const base = pathToFileURL(resolve(place)).href, library = { PincelError: pincel.PincelError };
    if (existing) readManifest(existing, base, library);
    const whole = withVersion(existing ?? { pincel: 1, name, channels: {}, versions: {} }, version, entry, channel);
    if (values.task !== undefined) whole.task = values.task;
    readManifest(whole, base, library);
    writeFileSync(place, `${JSON.stringify(whole, null, 2)}\n`);
    if (values.json) return printJSON({ manifest: place, name, version, channels: channel, files });
    const kinds = Object.values(files).flatMap(({ golden }) => Object.values(golden.outputs).map(({ sha256 }) => (sha256 ? 'every byte' : 'a summary')));
    return print(`${colours().bold(place)}  ${name} ${version} in ${channel.join(', ')}  ${Object.values(files).map(({ bytes }) => formatBytes(bytes)).join(' + ')}, self-test by ${[...new Set(kinds)].join(' and ')}`);
  },
};

// A visitor's model: what is in the file, how fast it runs, what it makes of a
// picture, and the same in fewer bytes.
import { engine } from './engine.mjs';
import { Failure, FailureNote } from './failures.mjs';
import { language, say, t } from './i18n.mjs';
import { measure, noiseFor } from './measure.mjs';
import { modelAt } from './model-panel.mjs';
import { keepOffline } from './offline.mjs';
import { PictureInput, receiveFiles } from './picture-input.mjs';
import { ProgressCard } from './progress.mjs';

const SLOWEST = 12;
const SHOWN_VALUES = 10;
const find = (id) => document.getElementById(id);
const failures = new FailureNote(find('failure'));
const progress = new ProgressCard(find('progress'));

let source; // Blob or address
let model; // {ready: Promise}: the one loaded
let calibration = []; // Blobs: pictures like those that the model will see
let isUsable = false;
let smaller; // Blob: the quantised model

const number = (value, digits = 3) => value.toLocaleString(language(), { maximumSignificantDigits: digits });
const megabytes = (bytes) => (bytes < 1e6 ? `${number(bytes / 1e3)} kB` : `${number(bytes / 1e6)} MB`);
const tensor = ({ name, shape, dtype }) => `${name || '?'}: ${dtype} [${shape.map((dim) => (dim < 0 ? '?' : dim)).join(', ')}]`;

function row(...cells) {
  const line = document.createElement('tr');
  for (const [text, className = ''] of cells) line.append(Object.assign(document.createElement('td'), { textContent: text, className }));
  return line;
}

// --- What is in the file --------------------------------------------------------

async function inspect(file, name) {
  failures.clear();
  forget();
  source = file;
  find('file-name').textContent = name;
  find('file-name').translate = false;
  const signal = progress.start('Reading the model');
  try {
    const { Model } = await engine();
    showInspection(await Model.inspect(file, { signal, onProgress: progress.report }));
  } catch (error) {
    say(find('verdict'), '');
    if (!signal.aborted) failures.show(error);
  } finally {
    progress.finish(signal);
  }
}

function showInspection({ bytes, peakMemory, macs, inputs, outputs, ops, supported, error }) {
  find('bytes').textContent = megabytes(bytes);
  find('memory').textContent = peakMemory ? megabytes(peakMemory) : '–';
  find('macs').textContent = macs ? `${number(macs / 1e6)} M` : '–';
  find('inputs').textContent = inputs.map(tensor).join('\n');
  find('outputs').textContent = outputs.map(tensor).join('\n');
  find('operators').hidden = false;
  find('operators').querySelector('tbody').replaceChildren(...ops.map(({ op, count, supported: runs }) => (
    row([op], [number(count), 'number'], [t(runs ? 'yes' : 'not yet'), runs ? '' : 'missing']))));
  say(find('verdict'), supported ? 'It runs here.' : error ? 'It cannot run here.' : 'It uses operators that Pincel does not have yet.');
  if (error) failures.show(error);
  for (const id of ['measure', 'choose']) find(id).disabled = !supported;
  isUsable = supported;
  showQuantising();
}

function forget() {
  model?.ready.then((loaded) => loaded.dispose(), () => {});
  model = undefined;
  for (const id of ['operators', 'steps', 'result', 'values']) find(id).hidden = true;
  for (const id of ['measure', 'choose']) find(id).disabled = true;
  for (const id of ['bytes', 'memory', 'macs', 'inputs', 'outputs']) find(id).textContent = '–';
  say(find('facts'), '');
  isUsable = false;
  smaller = undefined;
  say(find('quantised'), '');
  showQuantising();
}

// --- Running it -------------------------------------------------------------------

async function load(signal) {
  const { Model } = await engine();
  model ??= { ready: Model.load(source, { signal, onProgress: progress.report }) };
  try {
    return await model.ready;
  } catch (error) {
    model = undefined;
    throw error;
  }
}

async function work(action) {
  if (!source) return;
  failures.clear();
  const signal = progress.start('Starting the engine');
  try {
    await action(await load(signal), signal);
  } catch (error) {
    if (!signal.aborted) failures.show(error);
  } finally {
    progress.finish(signal);
  }
}

find('measure').addEventListener('click', () => work(async (loaded, signal) => {
  progress.report({ stage: 'run' });
  const { median, runs } = await measure(loaded, { signal, report: (part) => progress.report({ stage: 'run', loaded: part, total: 1 }) });
  const steps = await loaded.profile(noiseFor(loaded.inputs), { runs: 5 });
  const { simd, threads } = loaded.info;
  say(find('facts'), '{median} ms, the median of {runs} runs ({simd}, threads: {threads})', { median, runs, simd, threads });
  find('facts').dataset.median = median;
  find('steps').hidden = false;
  find('steps').querySelector('tbody').replaceChildren(...steps.sort((a, b) => b.ms - a.ms).slice(0, SLOWEST).map(({ op, shape, ms, gmacs }) => (
    row([op], [shape.join(' × ')], [number(ms), 'number'], [gmacs ? number(gmacs) : '', 'number']))));
}));

/** Picture to picture, or picture to numbers; other inputs get zeros. */
async function runOn(blob, loaded, signal) {
  const { Classifier, Stylizer } = await engine();
  const output = loaded.outputs[0].shape, isPicture = output.length === 4 && output[1] > 1 && output[3] === 3;
  const options = { signal, onProgress: progress.report };
  const started = performance.now();
  if (isPicture) {
    const stylizer = await Stylizer.create(source, options);
    const weights = stylizer.styleInput && new Float32Array(stylizer.styleInput.shape.at(-1)).fill(0).fill(1, 0, 1);
    try {
      showPicture(await stylizer.stylize(blob, { style: weights, ...options }));
    } finally {
      stylizer.dispose();
    }
  } else {
    const classifier = await Classifier.create(source, options);
    try {
      showValues(await classifier.classify(blob, { topK: SHOWN_VALUES, signal }));
    } finally {
      classifier.dispose();
    }
  }
  say(find('facts'), 'Loaded and run in {n} ms.', { n: Math.round(performance.now() - started) });
}

function showPicture(picture) {
  const canvas = Object.assign(find('result'), { width: picture.width, height: picture.height });
  canvas.getContext('2d').putImageData(picture, 0, 0);
  canvas.hidden = false;
  find('values').hidden = true;
}

function showValues(guesses) {
  find('values').replaceChildren(...guesses.map(({ label, score }) => Object.assign(document.createElement('li'), { textContent: `${label}: ${number(score)}` })));
  find('values').hidden = false;
  find('result').hidden = true;
}

// --- Making it smaller -----------------------------------------------------------------

const modeChosen = () => document.querySelector('input[name="mode"]:checked').value;

function showQuantising() {
  const wantsPictures = modeChosen() === 'int8';
  find('range-field').hidden = !wantsPictures;
  find('choose-calibration').hidden = !wantsPictures;
  find('choose-calibration').disabled = !isUsable;
  find('quantise').disabled = !isUsable || (wantsPictures && !calibration.length);
  find('save-model').disabled = !smaller;
}

/** In a worker, which ends with the work or when it is cancelled. */
function quantise(options, signal) {
  const worker = new Worker('quantise-worker.mjs', { type: 'module' });
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    worker.onerror = () => reject(new Failure('The tools did not load. Check the connection and reload; on your own server, build them first.'));
    worker.onmessage = ({ data: { progress: step, error, bytes, report } }) => {
      if (step) progress.report({ ...step, stage: step.stage === 'download' ? 'download' : 'quantise' });
      else if (error) reject(Object.assign(new Error(error.message), error));
      else resolve({ bytes, report });
    };
    worker.postMessage({ source, options });
  }).finally(() => worker.terminate());
}

find('quantise').addEventListener('click', async () => {
  failures.clear();
  const signal = progress.start('Quantising'), mode = modeChosen();
  try {
    const { bytes, report } = await quantise(mode === 'int8' ? { mode, pictures: calibration, range: find('range').value } : { mode }, signal);
    signal.throwIfAborted();
    smaller = new Blob([bytes], { type: 'application/octet-stream' });
    showReport(report);
  } catch (error) {
    if (!signal.aborted) failures.show(error);
  } finally {
    progress.finish(signal);
    showQuantising();
  }
});

function showReport({ originalBytes, bytes, agreement, psnr }) {
  const values = { before: megabytes(originalBytes), after: megabytes(bytes), psnr, percent: agreement === undefined ? undefined : Math.round(agreement * 100) };
  if (psnr !== undefined) say(find('quantised'), '{before} became {after}. Its pictures differ from the original’s by a PSNR of {psnr} dB.', values);
  else if (agreement !== undefined) say(find('quantised'), '{before} became {after}. On {percent} % of the pictures it agrees with the original.', values);
  else say(find('quantised'), '{before} became {after}.', values);
}

find('save-model').addEventListener('click', () => {
  const address = URL.createObjectURL(smaller);
  const name = find('file-name').textContent.replace(/\.\w+$/, '');
  Object.assign(document.createElement('a'), { href: address, download: `${name}-${modeChosen()}.tflite` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
});
find('choose-calibration').addEventListener('click', () => find('calibration-files').click());
find('calibration-files').addEventListener('change', ({ target }) => {
  calibration = [...target.files];
  say(find('quantised'), 'Pictures to calibrate with: {n}', { n: calibration.length });
  showQuantising();
});
for (const choice of document.querySelectorAll('input[name="mode"]')) {
  choice.addEventListener('change', () => {
    smaller = undefined;
    showQuantising();
  });
}

// --- What comes in ------------------------------------------------------------------

const pictures = new PictureInput({ choose: [find('choose')], file: find('picture-file'), samples: find('picture-samples') });
pictures.addEventListener('picture', ({ detail }) => work((loaded, signal) => runOn(detail, loaded, signal)));
pictures.addEventListener('failure', ({ detail }) => failures.show(detail));

find('choose-model').addEventListener('click', () => find('model-file').click());
find('model-file').addEventListener('change', ({ target }) => {
  const [file] = target.files;
  if (file) inspect(file, file.name);
  target.value = '';
});
receiveFiles(({ pictures: dropped, models }) => {
  if (models.length) inspect(models[0], models[0].name);
  else if (dropped.length) pictures.give(dropped[0]);
});

function useAddress(address) {
  try {
    const { name, source: href } = modelAt(address);
    inspect(href, name);
  } catch (error) {
    failures.show(error);
  }
}
find('address').addEventListener('submit', (event) => {
  event.preventDefault();
  if (find('url-model').value) useAddress(find('url-model').value);
});
const asked = new URLSearchParams(location.search).get('model');
if (asked) useAddress(asked);
keepOffline();

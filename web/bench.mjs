// How fast the models of the site, and the visitor's own, run on this device.
// The result is for the visitor to copy; the page sends nothing.
import { engine } from './engine.mjs';
import { FailureNote, explain, wasCancelled } from './failures.mjs';
import { language, say, t } from './i18n.mjs';
import { measure } from './measure.mjs';
import { modelAt } from './model-panel.mjs';
import { recall } from './model-store.mjs';
import { keepOffline } from './offline.mjs';
import { receiveFiles } from './picture-input.mjs';
import { shipped } from './shipped.mjs';

const find = (id) => document.getElementById(id);
const failures = new FailureNote(find('failure'));
const works = []; // {name, size?, source, shapes?, results: Map(threads → numbers or a sentence)}
let running; // AbortController

const milliseconds = (value) => value.toLocaleString(language(), { maximumSignificantDigits: 3 });

/** Thousand millions of multiplications with additions in a second. */
const rate = ({ macs, median }) => macs / median / 1e6;

// --- This device ------------------------------------------------------------------

/** 'Chromium 156', as far as the browser says. */
function browserName() {
  const brand = navigator.userAgentData?.brands.find(({ brand: name }) => !/not.a.brand/i.test(name));
  if (brand) return `${brand.brand} ${brand.version}, ${navigator.userAgentData.platform}`;
  const [, name, version] = navigator.userAgent.match(/(Firefox|Version|Chrome)\/(\d+)/) ?? [];
  return name ? `${name === 'Version' ? 'Safari' : name} ${version}` : navigator.userAgent;
}

async function describeDevice() {
  const { features } = await engine();
  const { relaxed, simd128, threads, why } = features();
  find('cores').textContent = navigator.hardwareConcurrency;
  find('simd').textContent = relaxed ? 'relaxed SIMD' : simd128 ? 'SIMD' : '–';
  say(find('shared'), threads ? 'yes' : 'no');
  if (why) find('shared').title = why;
  find('browser').textContent = browserName();
  return threads;
}

// --- The list -----------------------------------------------------------------------

function showWorks() {
  find('results').querySelector('tbody').replaceChildren(...works.flatMap(({ name, size, results }) => (
    [...results].map(([threads, result]) => workRow(size ? `${t(name)} ${size}` : name, threads, result)))));
  find('start').disabled = !works.length;
  if (!works.length) say(find('facts'), 'Add a model to the list first.');
}

function workRow(name, threads, result) {
  const row = document.createElement('tr');
  const cell = (text, className = 'number') => row.append(Object.assign(document.createElement('td'), { textContent: text, className }));
  cell(name, '');
  cell(result?.threads ?? threads);
  if (typeof result === 'string') {
    cell(result, 'missing');
    row.lastChild.colSpan = 3;
    return row;
  }
  cell(result ? milliseconds(result.median) : '–');
  cell(result?.macs ? milliseconds(rate(result)) : '–');
  cell(result ? `${milliseconds(result.least)}–${milliseconds(result.greatest)}` : '–', 'number spread');
  return row;
}

function add(name, source, canThread, more = {}) {
  const counts = canThread ? [1, 'auto'] : [1];
  works.push({ name, source, ...more, results: new Map(counts.map((threads) => [threads, undefined])) });
  showWorks();
}

/** The painter at two sizes, the classifier, and what the visitor chose on the other pages. */
async function listWorks(canThread) {
  const { Model } = await engine();
  for (const role of ['painter', 'classifier']) {
    const entry = await shipped(role);
    if (!entry) continue;
    const { inputs } = await Model.inspect(entry.source);
    const picture = inputs.find(({ shape }) => shape.length === 4);
    if (role === 'classifier') add('Classifier', entry.source, canThread, { size: picture.shape[1] });
    else for (const size of [256, 512]) add('Painter', entry.source, canThread, { size, shapes: { [picture.name]: [1, size, size, 3] } });
  }
  for (const task of ['paint', 'classify']) {
    const files = await recall(task);
    for (const { name, source } of Object.values(files ?? {}).filter((file) => /\.(tflite|onnx)$/i.test(file.name))) add(name, source, canThread);
  }
}

// --- Running --------------------------------------------------------------------------

async function runOne({ name, size, source, shapes, results }, threads, signal) {
  const { Model } = await engine();
  say(find('facts'), 'Measuring {name}', { name: size ? `${t(name)} ${size}` : name });
  const model = await Model.load(source, { threads, shapes, signal });
  try {
    const { simd, threads: count, macs } = model.info;
    results.set(threads, { ...await measure(model, { signal }), simd, macs, threads: count });
  } finally {
    model.dispose();
  }
}

async function run() {
  failures.clear();
  running = new AbortController();
  show(true);
  for (const { results } of works) for (const threads of results.keys()) results.set(threads, undefined);
  try {
    for (const work of works) {
      for (const threads of work.results.keys()) {
        try {
          await runOne(work, threads, running.signal);
        } catch (error) {
          if (wasCancelled(error)) throw error;
          work.results.set(threads, explain(error).sentence);
        }
        showWorks();
      }
    }
    say(find('facts'), 'Done. The median is what to compare.');
    find('copy').disabled = false;
    find('share').hidden = !navigator.share;
  } catch (error) {
    say(find('facts'), '');
    failures.show(error);
  } finally {
    show(false);
  }
}

function show(isRunning) {
  find('start').hidden = isRunning;
  find('stop').hidden = !isRunning;
}

/** The table as text, in English, so that results from everywhere compare. */
function report() {
  const lines = works.flatMap(({ name, size, results }) => [...results].filter(([, result]) => result?.median).map(([, result]) => {
    const { threads, median, least, greatest, simd } = result;
    return `| ${[name, size].filter(Boolean).join(' ')} | ${threads} | ${median.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)}) | ${rate(result).toFixed(1)} | ${simd} |`;
  }));
  return [`Pincel on ${find('browser').textContent}, ${navigator.hardwareConcurrency} processor threads, ${new Date().toISOString().slice(0, 10)}`, '',
    '| model | threads | ms, median (least–greatest) | G MAC/s | kernels |', '|---|---|---|---|---|', ...lines, ''].join('\n');
}

find('start').addEventListener('click', run);
find('stop').addEventListener('click', () => running.abort());
find('copy').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(report());
    say(find('facts'), 'The result is copied.');
  } catch (error) {
    failures.show(error);
  }
});
find('share').addEventListener('click', () => navigator.share({ text: report() }).catch(() => {}));

function addAddress(address, canThread) {
  try {
    const { name, source } = modelAt(address);
    add(name, source, canThread);
  } catch (error) {
    failures.show(error);
  }
}

const addFiles = (files, canThread) => { for (const file of files) add(file.name, file, canThread); };

try {
  const canThread = await describeDevice();
  find('choose-model').addEventListener('click', () => find('model-file').click());
  find('model-file').addEventListener('change', ({ target }) => {
    addFiles(target.files, canThread);
    target.value = '';
  });
  receiveFiles(({ models }) => addFiles(models, canThread));
  const asked = new URLSearchParams(location.search).get('model');
  if (asked) addAddress(asked, canThread);
  await listWorks(canThread);
  showWorks();
} catch (error) {
  failures.show(error);
}
document.addEventListener('languagechange', showWorks);
keepOffline();

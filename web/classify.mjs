// Classifying: a picture, the visitor's own classifier, and the five labels it
// finds likeliest.
import { engine } from './engine.mjs';
import { FailureNote } from './failures.mjs';
import { ModelPanel } from './model-panel.mjs';
import { PictureInput, receiveFiles } from './picture-input.mjs';
import { ProgressCard } from './progress.mjs';

const SHOWN = 5;
const find = (id) => document.getElementById(id);
const failures = new FailureNote(find('failure'));
const progress = new ProgressCard(find('progress'));

let picture; // Blob
let classifier; // {files, ready: Promise}: the one loaded, and from what

const panel = new ModelPanel(find('model'), {
  task: 'classify',
  roles: { model: 'model', labels: 'labels' },
  sort: async (file) => (/\.txt$/i.test(file.name) ? 'labels' : 'model'),
  merge: (files, role, file) => ({ ...files, [role]: file }),
  isComplete: (files) => Boolean(files.model),
  advice: (files) => {
    if (!files.model) return 'Bring a classifier as a .tflite file, and its labels as a .txt file with one label a line. '
      + 'They are kept on this device.';
    return files.labels ? '' : 'Without a labels file (.txt) the classes go by number.';
  },
});

async function load({ model, labels }, signal) {
  const { Classifier } = await engine();
  const loaded = await Classifier.create(model.source, { labels: labels?.source, signal, onProgress: progress.report });
  panel.keep();
  return loaded;
}

async function getClassifier(signal) {
  if (classifier?.files !== panel.files) {
    classifier?.ready.then((loaded) => loaded.dispose(), () => {});
    classifier = { files: panel.files, ready: load(panel.files, signal) };
  }
  try {
    return await classifier.ready;
  } catch (error) {
    classifier = undefined;
    throw error;
  }
}

async function classify() {
  refresh();
  if (!picture || !panel.complete) return;
  failures.clear();
  const signal = progress.start('Starting the engine');
  try {
    const loaded = await getClassifier(signal);
    progress.report({ stage: 'run' });
    const started = performance.now();
    const guesses = await loaded.classify(picture, { topK: SHOWN, signal });
    signal.throwIfAborted();
    showGuesses(guesses, performance.now() - started);
  } catch (error) {
    if (!signal.aborted) failures.show(error);
  } finally {
    progress.finish(signal);
  }
}

function refresh() {
  find('guesses').classList.add('waiting');
  find('facts').textContent = !picture ? 'No picture yet.' : !panel.complete ? 'Waiting for a model.' : '';
}

/** “tench, Tinca tinca” is shown by its first name; the rest is in the title. */
function showGuesses(guesses, milliseconds) {
  const rows = [...find('guesses').children];
  rows.forEach((row, i) => {
    row.hidden = i >= guesses.length;
    if (row.hidden) return;
    const { label, index, score } = guesses[i];
    const name = String(label ?? `class ${index}`);
    row.querySelector('.label').textContent = name.split(',')[0];
    row.title = name;
    row.querySelector('.score').textContent = score.toLocaleString('en', { style: 'percent', maximumFractionDigits: 1 });
    row.querySelector('.bar').style.setProperty('--score', `${Math.max(0, Math.min(1, score)) * 100}%`);
  });
  find('guesses').classList.remove('waiting');
  find('facts').textContent = `Computed in ${Math.round(milliseconds)} ms, on this device.`;
}

async function usePicture(blob) {
  failures.clear();
  picture = blob;
  const image = find('picture');
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
  await image.decode();
  find('frame').style.setProperty('--ratio', image.naturalWidth / image.naturalHeight);
  find('frame').hidden = false;
  find('invitation').hidden = true;
  find('another').hidden = false;
  classify();
}

const pictures = new PictureInput({
  choose: [find('choose'), find('another')], take: [find('take')],
  file: find('picture-file'), capture: find('picture-capture'), samples: find('picture-samples'),
});
pictures.addEventListener('picture', ({ detail }) => usePicture(detail));
for (const input of [pictures, panel]) input.addEventListener('failure', ({ detail }) => failures.show(detail));

receiveFiles(({ pictures: dropped, models }) => {
  if (models.length) panel.addFiles(models);
  if (dropped.length) pictures.give(dropped[0]);
});

panel.addEventListener('change', classify);
panel.restore();

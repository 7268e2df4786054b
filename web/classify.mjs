// Classifying: a picture, the visitor's own classifier, and the five labels it
// finds likeliest.
import { engine } from './engine.mjs';
import { Failure, FailureNote } from './failures.mjs';
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
  checkKind(loaded);
  panel.keep();
  return loaded;
}

function checkKind({ model, labels }) {
  const { inputs, outputs } = model;
  const classes = outputs[0].shape.reduce((product, size) => product * size, 1);
  const isPicture = outputs[0].shape.length === 4 && outputs[0].shape[1] > 1;
  if (inputs.length !== 1 || isPicture) {
    model.dispose();
    throw new Failure('This model is not a classifier: it would take one picture and give one score for each label.');
  }
  if (labels.length && labels.length !== classes)
    failures.show(new Failure(`The labels may be wrong: there are ${labels.length} of them, and the model knows ${classes} classes.`));
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

/** Models without a softmax give numbers beyond 0..1: shown as they are, with bars in proportion. */
function scale(guesses) {
  const best = guesses[0]?.score ?? 1;
  if (guesses.every(({ score }) => score >= 0 && score <= 1))
    return { most: 1, format: { style: 'percent', maximumFractionDigits: 1 } };
  return { most: Math.abs(best) || 1, format: { maximumSignificantDigits: 3 } };
}

/** “tench, Tinca tinca” is shown by its first name; the rest is in the title. */
function fillRow(row, { label, score }, { most, format }) {
  row.title = label;
  row.querySelector('.label').textContent = label.split(',')[0];
  row.querySelector('.score').textContent = score.toLocaleString('en', format);
  row.querySelector('.bar').style.setProperty('--score', `${Math.max(0, Math.min(1, score / most)) * 100}%`);
}

function showGuesses(guesses, milliseconds) {
  const worthShowing = guesses.filter(({ score }, i) => i === 0 || Math.abs(score) >= 0.0005);
  [...find('guesses').children].forEach((row, i) => {
    row.hidden = i >= worthShowing.length;
    if (!row.hidden) fillRow(row, worthShowing[i], scale(guesses));
  });
  find('guesses').classList.remove('waiting');
  find('facts').textContent = `Computed in ${Math.round(milliseconds)} ms.`;
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

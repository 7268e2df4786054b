// Classifying: a picture or what the camera sees, and the five labels that the
// model finds likeliest; or that it is probably nothing that the model knows.
import { engine } from './engine.mjs';
import { Failure, FailureNote, wasCancelled } from './failures.mjs';
import { language, say } from './i18n.mjs';
import { learnNames, nameOf } from './labels.mjs';
import { Live, setUpCamera } from './live.mjs';
import { ModelPanel } from './model-panel.mjs';
import { keepOffline } from './offline.mjs';
import { PictureInput, receiveFiles } from './picture-input.mjs';
import { ProgressCard } from './progress.mjs';
import { shipped } from './shipped.mjs';

const SHOWN = 5;
const LIVE_SIZE = 320;
const USUAL_THRESHOLD = 0.2; // for models that bring none: a best score below this is called unsure
const find = (id) => document.getElementById(id);
const failures = new FailureNote(find('failure'));
const progress = new ProgressCard(find('progress'));

let picture; // Blob
let live; // while the camera or a film is looked at
let ours; // the classifier that comes with the site
let classifier; // {files, ready: Promise}: the one loaded, and from what
let seen; // the guesses that are shown

const panel = new ModelPanel(find('model'), {
  task: 'classify',
  roles: { model: 'model', labels: 'labels' },
  sort: async (file) => (/\.txt$/i.test(file.name) ? 'labels' : 'model'),
  merge: (files, role, file) => ({ ...files, [role]: file }),
  isComplete: (files) => Boolean(files.model || ours),
  advice: (files) => {
    if (files.model) return files.labels ? '' : 'Without a labels file (.txt) the classes go by number.';
    if (ours) return 'Pincel’s own classifier is at work. You may bring another: a .tflite file, and its labels as a .txt file '
      + 'with one label a line.';
    return 'Bring a classifier as a .tflite file, and its labels as a .txt file with one label a line. '
      + 'They are kept on this device.';
  },
});

async function load({ model, labels }, signal) {
  const { Classifier } = await engine();
  const options = { signal, onProgress: progress.report };
  if (!model) return Classifier.create(ours.source, options);
  const loaded = await Classifier.create(model.source, { labels: labels?.source, threshold: USUAL_THRESHOLD, ...options });
  checkKind(loaded);
  panel.keep();
  return loaded;
}

function checkKind({ model }) {
  const { inputs, outputs } = model;
  const isPicture = outputs[0].shape.length === 4 && outputs[0].shape[1] > 1;
  if (inputs.length !== 1 || isPicture) {
    model.dispose();
    throw new Failure('This model is not a classifier: it would take one picture and give one score for each label.');
  }
}

async function getClassifier(signal) {
  if (classifier?.files !== panel.files) {
    dropClassifier();
    classifier = { files: panel.files, ready: load(panel.files, signal) };
  }
  const mine = classifier;
  try {
    return await mine.ready;
  } catch (error) {
    if (classifier === mine) classifier = undefined;
    if (wasCancelled(error) && !signal.aborted) return getClassifier(signal); // it was another's to cancel
    throw error;
  }
}

function dropClassifier() {
  classifier?.ready.then((loaded) => loaded.dispose(), () => {});
  classifier = undefined;
}

async function classify() {
  refresh();
  if (!picture || !panel.complete || live) return;
  failures.clear();
  const signal = progress.start('Starting the engine');
  try {
    const loaded = await getClassifier(signal);
    progress.report({ stage: 'run' });
    const started = performance.now();
    const guesses = await loaded.classify(picture, { topK: SHOWN, signal });
    signal.throwIfAborted();
    showGuesses(guesses);
    say(find('facts'), 'Computed in {n} ms.', { n: Math.round(performance.now() - started) });
  } catch (error) {
    if (!signal.aborted) failures.show(error);
  } finally {
    progress.finish(signal);
  }
}

const isOurs = () => Boolean(ours && !panel.files.model);

function refresh() {
  seen = undefined;
  find('guesses').classList.add('waiting');
  say(find('guesses-title'), 'It looks like');
  if (isOurs()) say(find('scope'), 'It tells {n} things apart.', { n: ours.labels.length });
  else say(find('scope'), '');
  say(find('facts'), !picture ? 'No picture yet.' : !panel.complete ? 'Waiting for a model.' : '');
}

/** Models without a softmax give numbers beyond 0..1: shown as they are, with bars in proportion. */
function scale(guesses) {
  const best = guesses[0]?.score ?? 1;
  if (guesses.every(({ score }) => score >= 0 && score <= 1))
    return { most: 1, areShares: true, format: { style: 'percent', maximumFractionDigits: 1 } };
  return { most: Math.abs(best) || 1, format: { maximumSignificantDigits: 3 } };
}

/** “tench, Tinca tinca” is shown by its first name; the rest is in the title. */
function fillRow(row, { label, score }, { most, format }) {
  row.title = isOurs() ? nameOf(label) : label;
  row.querySelector('.label').textContent = isOurs() ? nameOf(label) : label.split(',')[0];
  row.querySelector('.score').textContent = score.toLocaleString(language(), format);
  row.querySelector('.bar').style.setProperty('--score', `${Math.max(0, Math.min(1, score / most)) * 100}%`);
}

function showGuesses(guesses) {
  seen = guesses;
  const scaling = scale(guesses);
  const worthShowing = guesses.filter(({ score }, i) => i === 0 || Math.abs(score) >= 0.0005);
  [...find('guesses').children].forEach((row, i) => {
    row.hidden = i >= worthShowing.length;
    if (!row.hidden) fillRow(row, worthShowing[i], scaling);
  });
  const isUnsure = Boolean(guesses.unsure && scaling.areShares);
  find('guesses').classList.toggle('unsure', isUnsure);
  sayHowSure(isUnsure);
  find('guesses').classList.remove('waiting');
}

/** A picture of something else is nothing that went wrong. */
function sayHowSure(isUnsure) {
  if (!isOurs()) return say(find('guesses-title'), isUnsure ? 'Unsure. Perhaps' : 'It looks like');
  const n = ours.labels.length;
  say(find('guesses-title'), isUnsure ? 'Nothing it knows for certain' : 'It looks like');
  if (isUnsure) say(find('scope'), 'Probably none of the {n} things that it knows. The nearest of them:', { n });
  else say(find('scope'), 'One of the {n} things that it knows.', { n });
}

/** The list of the shipped classifier's labels, as people in this language would look for them. */
function showThings() {
  find('known').hidden = !isOurs();
  if (!isOurs()) return;
  const names = ours.labels.map(nameOf).sort(new Intl.Collator(language()).compare);
  say(find('known').querySelector('summary'), 'The {n} things that it knows', { n: names.length });
  find('things').replaceChildren(...names.map((name) => Object.assign(document.createElement('li'), { textContent: name })));
}

async function usePicture(blob) {
  endLive();
  failures.clear();
  picture = blob;
  const image = find('picture');
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
  await image.decode();
  image.hidden = false;
  showFrame(image.naturalWidth / image.naturalHeight);
  classify();
}

function showFrame(ratio) {
  find('frame').style.setProperty('--ratio', ratio);
  find('frame').hidden = false;
  find('invitation').hidden = true;
}

const pictures = new PictureInput({ choose: [find('choose'), find('another')], file: find('picture-file'), samples: find('picture-samples') });
pictures.addEventListener('picture', ({ detail }) => usePicture(detail).catch((error) => failures.show(error)));
pictures.addEventListener('film', ({ detail }) => goLive(() => Live.ofFilm(detail)));
for (const input of [pictures, panel]) input.addEventListener('failure', ({ detail }) => failures.show(detail));

receiveFiles(({ pictures: dropped, models }) => {
  if (models.length) panel.addFiles(models);
  if (dropped.length) pictures.give(dropped[0]);
});

// --- Camera and films ----------------------------------------------------------------

async function goLive(open) {
  endLive();
  failures.clear();
  const signal = progress.start('Starting the engine');
  let current;
  try {
    if (!panel.complete) throw new Failure('Bring a model first, below.');
    current = await open();
    live = current;
    find('picture').hidden = true;
    showFrame(current.ratio);
    showLiveControls(true);
    const loaded = await getClassifier(signal);
    progress.finish(signal);
    await current.run(LIVE_SIZE, async (frame, rate) => {
      showSeen(frame);
      const guesses = await loaded.classify(frame, { topK: SHOWN });
      if (live !== current) return;
      showSteadily(guesses);
      say(find('facts'), '{n} frames a second', { n: Math.round(rate) });
    });
  } catch (error) {
    if (current === live) endLive();
    if (!signal.aborted) failures.show(error);
  } finally {
    progress.finish(signal);
  }
}

function showSeen(frame) {
  const canvas = find('live');
  if (canvas.width !== frame.width || canvas.height !== frame.height) Object.assign(canvas, { width: frame.width, height: frame.height });
  canvas.getContext('2d').drawImage(frame, 0, 0);
}

/** Labels that changed with every frame could not be read. */
function showSteadily(guesses) {
  const list = find('guesses'), now = performance.now();
  if (now - (Number(list.dataset.at) || 0) < 300) return;
  list.dataset.at = now;
  showGuesses(guesses);
}

function showLiveControls(isLive) {
  find('stop').hidden = !isLive;
  find('live').hidden = !isLive;
  for (const id of ['facts', 'guesses']) find(id).setAttribute('aria-live', isLive ? 'off' : 'polite');
  for (const button of [find('another'), ...document.querySelectorAll('.under .camera-button')]) button.hidden = isLive;
}

function endLive() {
  if (!live) return;
  live.stop();
  live = undefined;
  showLiveControls(false);
}

find('stop').addEventListener('click', () => {
  endLive();
  if (picture) return usePicture(picture);
  find('frame').hidden = true;
  find('invitation').hidden = false;
  refresh();
});
setUpCamera({ goLive: () => goLive(() => Live.ofCamera()), give: (photograph) => pictures.give(photograph) });

// --- Beginning ---------------------------------------------------------------------

document.addEventListener('languagechange', async () => {
  await learnNames();
  showThings();
  if (seen) showGuesses(seen);
});

ours = await shipped('classifier');
await learnNames();
panel.addEventListener('change', () => {
  showThings();
  classify();
});
await panel.restore();
keepOffline();

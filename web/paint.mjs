// Painting: a photograph, a picture whose style it takes, and the visitor's own
// style transfer model.
import './compare-slider.mjs';
import { engine } from './engine.mjs';
import { Failure, FailureNote } from './failures.mjs';
import { ModelPanel } from './model-panel.mjs';
import { PictureInput, receiveFiles } from './picture-input.mjs';
import { ProgressCard } from './progress.mjs';

const find = (id) => document.getElementById(id);
const failures = new FailureNote(find('failure'));
const progress = new ProgressCard(find('progress'), { run: 'Painting' });
const compare = find('compare');

let photo; // {blob, bitmap}
let style; // Blob
let stylizer; // {files, ready: Promise}: the one loaded, and from what
let painted = false;

// --- The model ---------------------------------------------------------------

/** Which of the three a file is: from its name, else from its inputs and outputs. */
async function roleOf(file) {
  if (/predict/i.test(file.name)) return 'predict';
  if (/transfer/i.test(file.name)) return 'transfer';
  const { Model } = await engine();
  const { inputs, outputs } = await Model.inspect(file);
  if (inputs.length > 1) return 'transfer';
  return outputs[0].shape.filter((size) => size !== 1).length <= 1 ? 'predict' : 'network';
}

const panel = new ModelPanel(find('model'), {
  task: 'paint',
  roles: { predict: 'reads the style', transfer: 'paints', network: 'paints one style' },
  sort: roleOf,
  merge: ({ predict, transfer }, role, file) => (role === 'network' ? { network: file } : {
    ...(predict && { predict }), ...(transfer && { transfer }), [role]: file,
  }),
  isComplete: (files) => Boolean(files.network || (files.predict && files.transfer)),
  advice: (files) => {
    if (files.network || (files.predict && files.transfer)) return '';
    if (files.predict) return 'Now its other half, the network that paints (“transfer”).';
    if (files.transfer) return 'Now its other half, the network that reads the style (“predict”).';
    return 'Bring the two .tflite files of Magenta’s style transfer (“predict” and “transfer”), or one network that '
      + 'paints a single style. They are kept on this device.';
  },
});

async function load({ predict, transfer, network }, signal) {
  const { Stylizer } = await engine();
  const source = network ? network.source : { predict: predict.source, transfer: transfer.source };
  const loaded = await Stylizer.create(source, { signal, onProgress: progress.report });
  panel.keep();
  return loaded;
}

async function getStylizer(signal) {
  if (stylizer?.files !== panel.files) {
    dropStylizer();
    stylizer = { files: panel.files, ready: load(panel.files, signal) };
  }
  try {
    return await stylizer.ready;
  } catch (error) {
    stylizer = undefined;
    throw error;
  }
}

function dropStylizer() {
  stylizer?.ready.then((loaded) => loaded.dispose(), () => {});
  stylizer = undefined;
}

// --- Painting ------------------------------------------------------------------

const strength = () => Number(find('strength').value) / 100;

function size() {
  const chosen = document.querySelector('input[name="size"]:checked').value;
  return chosen ? Number(chosen) : undefined;
}

/** What is still needed before painting can start: what to say, and where it is chosen. */
function missing() {
  if (!photo) return { say: 'Choose a photograph first.', at: find('choose') };
  if (!panel.complete) return { say: 'Bring a model first, below.', at: find('choose-model') };
  if (!style && !panel.files.network) return { say: 'Choose a style first.', at: find('choose-style') };
  return undefined;
}

function refresh() {
  find('needed').textContent = missing()?.say ?? '';
  find('style-step').hidden = Boolean(panel.files.network);
}

/** The button: paints, or leads to what is missing. */
function paintOrLead() {
  const needed = missing();
  if (!needed) {
    find('stage').scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    return paint();
  }
  needed.at.scrollIntoView({ block: 'center', behavior: 'smooth' });
  needed.at.focus({ preventScroll: true });
}

async function paint() {
  if (missing()) return;
  failures.clear();
  const signal = progress.start('Starting the engine');
  try {
    const loaded = await getStylizer(signal);
    progress.report({ stage: 'style' });
    const started = performance.now();
    const options = { strength: strength(), size: size(), signal, onProgress: progress.report };
    const picture = await loaded.stylize(photo.blob, panel.files.network ? options : { style, ...options });
    signal.throwIfAborted();
    showPainting(picture, performance.now() - started);
  } catch (error) {
    if (!signal.aborted) failures.show(error);
  } finally {
    progress.finish(signal);
  }
}

function showPainting(picture, milliseconds) {
  compare.hidden = false;
  compare.show(photo.bitmap, picture);
  if (!painted) compare.value = 50;
  painted = true;
  const seconds = (milliseconds / 1000).toLocaleString('en', { maximumSignificantDigits: 2 });
  find('facts').textContent = `${picture.width} × ${picture.height} pixels, painted in ${seconds} s`;
  find('save').hidden = false;
}

/** After the first painting, every change of mind is painted at once. */
function repaint() {
  if (painted) paint();
}

async function save() {
  const canvas = compare.querySelector('canvas.after');
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  const address = URL.createObjectURL(blob);
  Object.assign(document.createElement('a'), { href: address, download: 'pincel-painting.png' }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

// --- Pictures ----------------------------------------------------------------------

async function usePhoto(blob) {
  failures.clear();
  const bitmap = await createImageBitmap(blob);
  photo?.bitmap.close();
  photo = { blob, bitmap };
  const image = find('photo');
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
  find('frame').style.setProperty('--ratio', bitmap.width / bitmap.height);
  find('frame').hidden = false;
  find('invitation').hidden = true;
  find('another').hidden = false;
  find('facts').textContent = '';
  find('save').hidden = true;
  compare.hidden = true;
  refresh();
  repaint();
}

function useStyle(blob) {
  style = blob;
  refresh();
  repaint();
}

const photos = new PictureInput({
  choose: [find('choose'), find('another')], take: [find('take')],
  file: find('photo-file'), capture: find('photo-capture'), samples: find('photo-samples'),
});
const styles = new PictureInput({
  choose: [find('choose-style')], file: find('style-file'), samples: find('style-samples'),
});
photos.addEventListener('picture', ({ detail }) => usePhoto(detail));
styles.addEventListener('picture', ({ detail }) => useStyle(detail));
for (const input of [photos, styles, panel]) input.addEventListener('failure', ({ detail }) => failures.show(detail));

receiveFiles(({ pictures, models }, target) => {
  if (models.length) panel.addFiles(models);
  if (pictures.length) (find('style-step').contains(target) ? styles : photos).give(pictures[0]);
  if (!models.length && !pictures.length) failures.show(new Failure('Nothing usable was dropped.'));
});

// --- Controls -----------------------------------------------------------------------

find('paint').addEventListener('click', paintOrLead);
find('save').addEventListener('click', save);
find('strength').addEventListener('change', repaint);
find('strength').addEventListener('input', showStrength);
for (const choice of document.querySelectorAll('input[name="size"]')) choice.addEventListener('change', repaint);

function showStrength() {
  const { value, style: css } = find('strength');
  find('strength-value').textContent = `${value} %`;
  css.setProperty('--filled', `${value}%`);
}

panel.addEventListener('change', () => {
  refresh();
  repaint();
});
showStrength();
refresh();
panel.restore();
styles.giveSample(document.querySelector('#style-samples [data-source]'));

// Painting: a photograph, a film or the camera; a style, or two of them mixed.
// Every change is seen at once in a draft, then computed at the size asked for.
import './compare-slider.mjs';
import { engine } from './engine.mjs';
import { Failure, FailureNote, wasCancelled } from './failures.mjs';
import { say, t } from './i18n.mjs';
import { Live, setUpCamera } from './live.mjs';
import { readLook, writeLook } from './look.mjs';
import { ModelPanel } from './model-panel.mjs';
import { keepOffline } from './offline.mjs';
import { PictureInput, receiveFiles } from './picture-input.mjs';
import { ProgressCard } from './progress.mjs';
import { inWords, shipped } from './shipped.mjs';

const DRAFT_SIZE = 256; // of drafts and of moving pictures
const THUMBNAIL_SIZE = 128;
const SETTLED_MS = 250; // without a change before the painting proper begins
const SHOWN_SIZE = 2048; // at most, of a painting in the photograph's full size; phones have no larger canvases
const EASY_PIXELS = 16e6; // of a photograph that is read as a whole
const LARGE = 1536; // an engine that painted more than this is not kept: its memory never shrinks

const find = (id) => document.getElementById(id);
const failures = new FailureNote(find('failure'));
const progress = new ProgressCard(find('progress'), { run: 'Painting' });
const compare = find('compare');
const look = readLook();

let photo; // {blob, source, bitmap, draft}: source, the file, or if it is huge the bitmap made smaller; draft, made small
let file; // Blob, of a painting larger than the page shows
let live; // while the camera or a film is painted
let stylePicture; // Blob, for networks that read one
let ours; // the painter that comes with the site
let stylizer; // {files, ready: Promise}: the one loaded, and from what
let thumbnailsOf; // the photo that the styles' buttons show
let knownStyles = []; // [{id, name, by?, thumbnail?}] of the network at hand

// --- The model ---------------------------------------------------------------

/** Which of the three a file is: from its name, else from its inputs and outputs. */
async function roleOf(file) {
  if (/predict/i.test(file.name)) return 'predict';
  if (/transfer/i.test(file.name)) return 'transfer';
  const { Model } = await engine();
  const { inputs, outputs } = await Model.inspect(file);
  if (inputs.some(({ shape }) => shape.length === 2)) return 'network'; // weights of the styles that it knows
  if (inputs.length > 1) return 'transfer';
  return outputs[0].shape.filter((size) => size !== 1).length <= 1 ? 'predict' : 'network';
}

const isOwnComplete = (files) => Boolean(files.network || (files.predict && files.transfer));
const isOwn = () => Object.keys(panel.files).length > 0;
const readsStyles = () => Boolean(panel.files.predict || panel.files.transfer) || !(isOwn() || ours);

const panel = new ModelPanel(find('model'), {
  task: 'paint',
  roles: { predict: 'reads the style', transfer: 'paints', network: 'paints' },
  sort: roleOf,
  merge: ({ predict, transfer }, role, file) => (role === 'network' ? { network: file } : {
    ...(predict && { predict }), ...(transfer && { transfer }), [role]: file,
  }),
  isComplete: (files) => isOwnComplete(files) || Boolean(ours && !files.predict && !files.transfer),
  advice: (files) => {
    if (isOwnComplete(files)) return '';
    if (files.predict) return 'Now its other half, the network that paints (“transfer”).';
    if (files.transfer) return 'Now its other half, the network that reads the style (“predict”).';
    if (ours) return 'Pincel’s own painter is at work. You may bring another: one network that paints, or the two '
      + 'files of Magenta’s style transfer (“predict” and “transfer”).';
    return 'Bring the two .tflite files of Magenta’s style transfer (“predict” and “transfer”), or one network that '
      + 'paints. They are kept on this device.';
  },
});

async function load(files, signal) {
  const { Stylizer } = await engine();
  const { predict, transfer, network } = files;
  if (!isOwnComplete(files)) {
    return Stylizer.create(ours.source, { signal, onProgress: progress.report });
  }
  const loaded = await Stylizer.create(network ? network.source : { predict: predict.source, transfer: transfer.source },
    { signal, onProgress: progress.report });
  panel.keep();
  return loaded;
}

async function getStylizer(signal) {
  if (stylizer?.files !== panel.files) {
    dropStylizer();
    stylizer = { files: panel.files, ready: load(panel.files, signal) };
  }
  const mine = stylizer;
  try {
    const loaded = await mine.ready;
    if (isOwn() && !loaded.predict && loaded.styleInput) showNumberedStyles(loaded.styleInput.shape.at(-1));
    return loaded;
  } catch (error) {
    if (stylizer === mine) stylizer = undefined;
    if (wasCancelled(error) && !signal?.aborted) return getStylizer(signal); // it was another's to cancel
    throw error;
  }
}

function dropStylizer() {
  stylizer?.ready.then((loaded) => loaded.dispose(), () => {});
  stylizer = undefined;
}

// --- Styles that the network knows ---------------------------------------------

const nameOf = ({ name, id }) => inWords(name ?? id);

function showStyles(styles) {
  knownStyles = styles;
  const known = (id) => styles.some((style) => style.id === id);
  if (styles.length && !known(look.style)) look.style = styles[0].id;
  if (styles.length && !known(look.second)) look.second = '';
  thumbnailsOf = undefined;
  find('known-styles').replaceChildren(...styles.map(styleButton));
  fillSecond();
  showLook();
}

const showNumberedStyles = (count) => knownStyles.length === count
  || showStyles(Array.from({ length: count }, (_, i) => ({ id: String(i), name: t('Style {n}', { n: i + 1 }), short: String(i + 1) })));

/** Until paintThumbnails has something better. */
const thumbnailOf = ({ thumbnail }) => Object.assign(new Image(96, 96), { src: `dist/models/${thumbnail}`, alt: '' });

function styleButton(style) {
  const button = Object.assign(document.createElement('button'), { type: 'button', title: [nameOf(style), style.by].filter(Boolean).join(', ') });
  button.dataset.style = style.id;
  button.setAttribute('aria-label', nameOf(style));
  button.append(style.thumbnail ? thumbnailOf(style) : style.short ?? '');
  button.addEventListener('click', () => change({ style: style.id }));
  const item = document.createElement('li');
  item.translate = false;
  item.append(button);
  return item;
}

function fillSecond() {
  const option = (value, text) => Object.assign(document.createElement('option'), { value, textContent: text });
  find('second').replaceChildren(option('', t('nothing else')), ...knownStyles.map((style) => option(style.id, nameOf(style))));
}

/** The style as Stylizer takes it. */
function styleOf({ styleInput, predict }) {
  if (predict) return stylePicture;
  if (!styleInput) return undefined;
  const { style, second, blend } = look;
  return second && second !== style ? { [style]: 100 - blend, [second]: blend } : style;
}

// --- Controls and the address -----------------------------------------------------

/** A change of mind: shown, put into the address, painted. */
function change(part, { isSettled = true } = {}) {
  Object.assign(look, part);
  showLook();
  if (isSettled) writeLook(look);
  paint();
}

function showLook() {
  const percent = (value) => t('{n} %', { n: value });
  const fill = (id, value) => {
    find(id).value = value;
    find(id).style.setProperty('--filled', `${value}%`);
  };
  for (const button of find('known-styles').querySelectorAll('button'))
    button.setAttribute('aria-pressed', String(button.dataset.style === look.style));
  const chosen = knownStyles.find(({ id }) => id === look.style);
  find('style-name').textContent = chosen ? [nameOf(chosen), chosen.by].filter(Boolean).join(', ') : '';
  find('second').value = look.second;
  find('blend').disabled = !look.second;
  find('blend-value').textContent = look.second ? percent(look.blend) : '';
  find('strength-value').textContent = percent(look.strength);
  fill('blend', look.blend);
  fill('strength', look.strength);
  const size = document.querySelector(`input[name="size"][value="${look.size ?? 512}"]`);
  if (size) size.checked = true;
  find('known-step').hidden = readsStyles() || Boolean(panel.files.network && !knownStyles.length);
  find('style-step').hidden = !readsStyles();
  showNeeded();
}

const toSize = (value) => (value === 'full' ? value : Number(value));

for (const id of ['strength', 'blend']) {
  find(id).addEventListener('input', ({ target }) => change({ [id]: Number(target.value) }, { isSettled: false }));
  find(id).addEventListener('change', () => writeLook(look));
}
find('second').addEventListener('change', ({ target }) => change({ second: target.value }));
for (const choice of document.querySelectorAll('input[name="size"]'))
  choice.addEventListener('change', () => { change({ size: toSize(choice.value) }); });

find('copy-link').addEventListener('click', async () => {
  writeLook(look);
  try {
    await navigator.clipboard.writeText(location.href);
    say(find('needed'), 'The link is copied. It carries the look, never the picture.');
  } catch {
    say(find('needed'), 'Copy the page’s address: it carries the look, never the picture.');
  }
});

/** What is still needed before painting can start. */
function missing() {
  if (!panel.complete) return 'Bring a model first, below.';
  if (!photo && !live) return 'Choose a photograph first.';
  if (readsStyles() && !stylePicture) return 'Choose a style first.';
  return undefined;
}

const showNeeded = () => say(find('needed'), missing() ?? '');

// --- Painting ------------------------------------------------------------------

const drafts = { isBusy: false, isWanted: false };

/** A small painting at once; changes that come while one is made are answered together by the next. */
async function draft(signal) {
  drafts.isWanted = true;
  if (drafts.isBusy) return;
  drafts.isBusy = true;
  try {
    while (drafts.isWanted && photo && !live) {
      drafts.isWanted = false;
      const subject = photo;
      const loaded = await getStylizer();
      const painting = await loaded.stylize(subject.draft, { style: styleOf(loaded), strength: look.strength / 100, size: DRAFT_SIZE });
      if (subject === photo && !live && !signal.aborted) show(subject.bitmap, painting);
    }
  } catch {
    // The painting proper fails in the same way, and says so.
  } finally {
    drafts.isBusy = false;
  }
}

/** What each style makes of this photograph, on its button. */
async function paintThumbnails(subject, loaded) {
  if (thumbnailsOf === subject || loaded.predict || !loaded.styleInput) return;
  thumbnailsOf = subject;
  for (const { id } of knownStyles) {
    const painting = await loaded.stylize(subject.draft, { style: id, size: THUMBNAIL_SIZE });
    if (subject !== photo || live) return;
    const button = find('known-styles').querySelector(`[data-style="${CSS.escape(id)}"]`);
    if (!button) return; // of another network
    const canvas = button.querySelector('canvas') ?? document.createElement('canvas');
    Object.assign(canvas, { width: painting.width, height: painting.height });
    canvas.getContext('2d').putImageData(painting, 0, 0);
    button.replaceChildren(canvas);
  }
}

const sizeFor = (bitmap) => (look.size === 'full' ? Math.max(bitmap.width, bitmap.height) : look.size ?? 512);

const settled = (signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, SETTLED_MS);
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    resolve();
  });
});

const canvasOf = (width, height) => Object.assign(document.createElement('canvas'), { width, height });

/** Paints a large photograph as it is: into a file, part by part, of which the page shows a smaller picture that grows meanwhile. */
async function paintFull(loaded, { bitmap }, options) {
  const shrink = 2 ** Math.ceil(Math.log2(Math.max(bitmap.width, bitmap.height) / SHOWN_SIZE)); // parts begin at multiples of 16
  const before = canvasOf(Math.ceil(bitmap.width / shrink), Math.ceil(bitmap.height / shrink));
  const after = canvasOf(before.width, before.height), context = after.getContext('2d');
  before.getContext('2d').drawImage(bitmap, 0, 0, bitmap.width / shrink, bitmap.height / shrink);
  context.drawImage(before, 0, 0);
  context.imageSmoothingQuality = 'high';
  const onTile = ({ x, y, width, height, data }) => {
    if (options.signal.aborted) return;
    const part = canvasOf(width, height);
    part.getContext('2d').putImageData(new ImageData(data, width), 0, 0);
    context.drawImage(part, x / shrink, y / shrink, width / shrink, height / shrink);
    show(before, after);
  };
  const pieces = []; // each a Blob, which the browser may keep on disk
  for await (const bytes of loaded.stylizeToPNG(bitmap, { ...options, onTile })) pieces.push(new Blob([bytes]));
  const blob = new Blob(pieces, { type: 'image/png' });
  show(before, after); // in place of a draft that came late
  return { blob, width: bitmap.width, height: bitmap.height };
}

async function paint() {
  showNeeded();
  file = undefined;
  if (missing() || live) return; // a live picture takes up the look with its next frame
  failures.clear();
  const subject = photo, size = sizeFor(subject.bitmap), signal = progress.start('Starting the engine');
  const isFirst = !stylizer;
  try {
    if (!isFirst) {
      if (size > DRAFT_SIZE) draft(signal);
      await settled(signal);
      signal.throwIfAborted();
    }
    const loaded = await getStylizer(signal);
    const started = performance.now(), isFull = look.size === 'full' && size > SHOWN_SIZE;
    const options = { style: styleOf(loaded), strength: look.strength / 100, signal, onProgress: progress.report };
    const painting = await (isFull ? paintFull(loaded, subject, options) : loaded.stylize(subject.source, { ...options, size }));
    signal.throwIfAborted();
    drafts.isWanted = false;
    file = painting.blob;
    if (!isFull) show(subject.bitmap, painting);
    showResult(painting, performance.now() - started);
    if (size > LARGE) dropStylizer();
    else paintThumbnails(subject, loaded).catch(() => { thumbnailsOf = undefined; }); // the next painting tries again
  } catch (error) {
    if (!signal.aborted) failures.show(error);
  } finally {
    progress.finish(signal);
  }
}

function show(before, painting) {
  const isFirst = compare.hidden;
  compare.hidden = false;
  compare.show(before, painting);
  if (isFirst) compare.value = live ? 0 : 50;
}

function showResult({ width, height }, milliseconds) {
  const seconds = Number((milliseconds / 1000).toPrecision(2));
  say(find('facts'), '{width} × {height} pixels, painted in {seconds} s', { width, height, seconds });
  find('save').disabled = find('share').disabled = false;
}

// --- What comes out ---------------------------------------------------------------

const paintingAs = (type) => new Promise((resolve) => compare.querySelector('canvas.after').toBlob(resolve, type, 0.93));

find('save').addEventListener('click', async () => {
  const address = URL.createObjectURL(file ?? await paintingAs('image/png'));
  Object.assign(document.createElement('a'), { href: address, download: 'pincel-painting.png' }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
});

const shareable = (blob) => ({ files: [new File([blob], 'pincel-painting.jpg', { type: 'image/jpeg' })] });
const canShare = () => Boolean(navigator.canShare?.(shareable(new Blob())));

find('share').hidden = !canShare();
find('share').addEventListener('click', async () => {
  try {
    await navigator.share(shareable(await paintingAs('image/jpeg')));
  } catch (error) {
    if (error.name !== 'AbortError') failures.show(new Failure('The picture could not be shared. Save it instead.', { cause: error }));
  }
});

// --- Pictures ----------------------------------------------------------------------

/** The bitmap with its longer side at SHOWN_SIZE: enough for every size but the full one. */
function reduced(bitmap) {
  const scale = SHOWN_SIZE / Math.max(bitmap.width, bitmap.height);
  return createImageBitmap(bitmap, { resizeWidth: Math.round(bitmap.width * scale), resizeHeight: Math.round(bitmap.height * scale), resizeQuality: 'high' });
}

async function usePhoto(blob) {
  endLive();
  failures.clear();
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, DRAFT_SIZE / Math.max(bitmap.width, bitmap.height));
  const draftOf = await createImageBitmap(bitmap, {
    resizeWidth: Math.max(16, Math.round(bitmap.width * scale)), resizeHeight: Math.max(16, Math.round(bitmap.height * scale)), resizeQuality: 'high',
  });
  photo = { blob, bitmap, draft: draftOf, source: bitmap.width * bitmap.height > EASY_PIXELS ? await reduced(bitmap) : blob };
  const image = find('photo');
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
  image.hidden = false;
  showFrame(bitmap.width / bitmap.height);
  paint();
}

function showFrame(ratio) {
  find('frame').style.setProperty('--ratio', ratio);
  find('frame').hidden = false;
  find('invitation').hidden = true;
  say(find('facts'), '');
  find('save').disabled = find('share').disabled = true;
  compare.hidden = true;
}

function useStyle(blob) {
  stylePicture = blob;
  paint();
}

const sampleStyle = (id) => id && find('style-samples').querySelector(`[data-source="samples/${CSS.escape(id)}.jpg"]`);

const photos = new PictureInput({ choose: [find('choose'), find('another')], file: find('photo-file'), samples: find('photo-samples') });
const styles = new PictureInput({ choose: [find('choose-style')], file: find('style-file'), samples: find('style-samples') });
photos.addEventListener('picture', ({ detail }) => usePhoto(detail).catch((error) => failures.show(error)));
photos.addEventListener('film', ({ detail }) => goLive(() => Live.ofFilm(detail)));
styles.addEventListener('picture', ({ detail }) => useStyle(detail));
for (const button of find('style-samples').querySelectorAll('[data-source]')) {
  button.addEventListener('click', () => {
    look.style = button.dataset.source.replace(/^.*\/|\.jpg$/g, '');
    writeLook(look);
  });
}
for (const input of [photos, styles, panel]) input.addEventListener('failure', ({ detail }) => failures.show(detail));

receiveFiles(({ pictures, models }, target) => {
  if (models.length) panel.addFiles(models);
  if (pictures.length) (find('style-step').contains(target) ? styles : photos).give(pictures[0]);
  if (!models.length && !pictures.length) failures.show(new Failure('Nothing usable was dropped.'));
});

// --- Camera and films ----------------------------------------------------------------

async function goLive(open) {
  endLive();
  failures.clear();
  const signal = progress.start('Starting the engine');
  let current;
  try {
    if (missing() && (photo || !panel.complete)) throw new Failure(missing());
    current = await open();
    live = current;
    find('photo').hidden = true;
    showFrame(current.ratio);
    showLiveControls(true);
    showNeeded();
    const loaded = await getStylizer(signal);
    progress.finish(signal);
    await current.run(DRAFT_SIZE, async (frame, rate) => {
      const painting = await loaded.stylize(frame, { style: styleOf(loaded), strength: look.strength / 100, size: DRAFT_SIZE });
      if (live !== current) return;
      show(frame, painting);
      showRate(rate);
    });
  } catch (error) {
    if (current === live) endLive();
    if (!signal.aborted) failures.show(error);
  } finally {
    progress.finish(signal);
  }
}

/** Twice a second is enough to read. */
function showRate(rate) {
  const facts = find('facts'), now = performance.now();
  if (now - (Number(facts.dataset.at) || 0) < 500) return;
  facts.dataset.at = now;
  facts.dataset.rate = rate.toFixed(1);
  say(facts, '{n} frames a second', { n: Math.round(rate) });
}

function showLiveControls(isLive) {
  for (const id of ['snap', 'stop']) find(id).hidden = !isLive;
  find('facts').setAttribute('aria-live', isLive ? 'off' : 'polite');
  for (const button of [find('another'), find('save'), ...document.querySelectorAll('.under .camera-button')]) button.hidden = isLive;
  find('share').hidden = isLive || !canShare();
}

function endLive() {
  if (!live) return;
  live.stop();
  live = undefined;
  showLiveControls(false);
}

find('snap').addEventListener('click', async () => photos.give(await live.still()));
find('stop').addEventListener('click', () => {
  endLive();
  if (photo) usePhoto(photo.blob);
  else {
    find('frame').hidden = true;
    find('invitation').hidden = false;
    say(find('facts'), '');
  }
});
setUpCamera({ goLive: () => goLive(() => Live.ofCamera()), give: (photograph) => photos.give(photograph) });

// --- Beginning ---------------------------------------------------------------------

/** The network has changed: its styles are shown, and what was painted is painted anew. */
function useModel() {
  showStyles(isOwn() || !ours ? [] : ours.styles);
  if (readsStyles() && !stylePicture) styles.giveSample(sampleStyle(look.style) ?? find('style-samples').querySelector('[data-source]'));
  paint();
}

document.addEventListener('languagechange', () => {
  if (knownStyles.length) showStyles(knownStyles);
  showLook();
});

ours = await shipped('painter');
await panel.restore();
panel.addEventListener('change', useModel);
useModel();
if (ours && !isOwn()) photos.giveSample(find('photo-samples').querySelector('[data-source]'));
keepOffline();

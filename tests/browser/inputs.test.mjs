// The ways in: pasted, dropped, taken with a telephone, seen by a camera that
// is faster than the model, and links, kind and unkind.
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBrowser, startServer } from './browser.mjs';
import { standInModels } from './stand-in.mjs';

const web = fileURLToPath(new URL('../../web', import.meta.url));
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const timeout = 60000;
let browser, server, models;

before(async () => {
  models = standInModels();
  browser = await startBrowser('--use-fake-device-for-media-stream=fps=30', '--use-fake-ui-for-media-stream');
  server = await startServer({ mounts: { '/': web, '/dist/models/': models } });
});
after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(models, { recursive: true });
});

/** prepare(page): before it is opened. */
async function visit(path, { prepare = () => {}, ...options } = {}) {
  const context = await browser.newContext({ serviceWorkers: 'block', ...options });
  const page = await context.newPage(), complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await prepare(page);
  await page.goto(`${server.origin}/${path}`);
  return { context, page, complaints };
}

const painted = (page, facts = /×/) => Promise.all([page.waitForSelector('#save:not([disabled])', { timeout }), page.locator('#facts', { hasText: facts }).waitFor({ timeout })]);
const bytesOf = (name) => [...readFileSync(`${web}/samples/${name}`)];

/** Runs in the page: a paste or a drop of files [name, type, bytes]. */
const hand = ([kind, where, files]) => {
  const transfer = new DataTransfer();
  for (const [name, type, bytes] of files) transfer.items.add(new File([Uint8Array.from(bytes)], name, { type }));
  const target = document.querySelector(where), details = { bubbles: true, cancelable: true };
  if (kind === 'paste') return target.dispatchEvent(new ClipboardEvent('paste', { ...details, clipboardData: transfer }));
  target.dispatchEvent(new DragEvent('dragenter', { ...details, dataTransfer: transfer }));
  const isMarked = document.body.classList.contains('dragging');
  target.dispatchEvent(new DragEvent('dragover', { ...details, dataTransfer: transfer }));
  target.dispatchEvent(new DragEvent('drop', { ...details, dataTransfer: transfer }));
  return isMarked && !document.body.classList.contains('dragging');
};

test('a photograph that is pasted is painted; text that is pasted changes nothing', async () => {
  const { context, page, complaints } = await visit('paint.html?size=256');
  await painted(page, /^256 × 17\d/);
  await page.evaluate(hand, ['paste', 'body', [['raccoon.jpg', 'image/jpeg', bytesOf('raccoon.jpg')]]]);
  await painted(page, /^256 × 192/);
  assert.equal(await page.getAttribute('#photo-samples .own button', 'aria-pressed'), 'true');
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.setData('text/plain', 'words');
    document.body.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, clipboardData: transfer }));
  });
  assert.equal(await page.isHidden('#failure'), true);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a photograph that is dropped is painted, a model takes over, something else is refused', async () => {
  const { context, page, complaints } = await visit('paint.html?size=256');
  await painted(page, /^256 × 17\d/);
  assert.equal(await page.evaluate(hand, ['drop', '#stage', [['raccoon.jpg', 'image/jpeg', bytesOf('raccoon.jpg')]]]), true, 'the stage is not marked');
  await painted(page, /^256 × 192/);
  await page.evaluate(hand, ['drop', 'h1', [['notes.pdf', 'application/pdf', [37, 80, 68, 70]]]]);
  await page.locator('#failure .sentence', { hasText: /not a picture/ }).waitFor({ timeout });
  await page.evaluate(hand, ['drop', 'main', [['mine.tflite', '', [...readFileSync(`${models}/painter.tflite`)]]]]);
  await page.locator('.model-names', { hasText: 'mine.tflite' }).waitFor({ timeout });
  await page.locator('#known-styles button').nth(11).waitFor({ timeout });
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a picture that is pasted or dropped is classified', async () => {
  const { context, page, complaints } = await visit('classify.html');
  await page.locator('#facts', { hasText: /./ }).waitFor({ timeout });
  for (const kind of ['paste', 'drop']) {
    await page.evaluate(hand, [kind, '#stage', [['sunflower.jpg', 'image/jpeg', bytesOf(kind === 'paste' ? 'sunflower.jpg' : 'rocket.jpg')]]]);
    await page.locator('#facts', { hasText: /Computed in/ }).waitFor({ timeout });
    await page.waitForSelector('#guesses:not(.waiting)', { timeout });
  }
  assert.deepEqual(complaints, []);
  await context.close();
});

for (const path of ['paint.html?size=256', 'classify.html']) {
  test(`a telephone without a live camera takes a photograph: ${path}`, async () => {
    const { context, page, complaints } = await visit(path, {
      ...phone, prepare: (page) => page.addInitScript(() => Object.defineProperty(navigator, 'mediaDevices', { value: undefined })),
    });
    await page.locator('#facts', { hasText: /./ }).waitFor({ timeout });
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click('.camera-button >> visible=true')]);
    assert.deepEqual(await chooser.element().evaluate((input) => [input.getAttribute('capture'), input.accept]), ['environment', 'image/*']);
    await chooser.setFiles(`${web}/samples/raccoon.jpg`);
    await page.locator('#facts', { hasText: /^256 × 192|Computed in/ }).waitFor({ timeout });
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

/** In the library's place: a painter that takes 400 ms a picture, and notes which frame it was given and which was the latest. */
const slowLibrary = `
  export const features = () => ({});
  export class Model { static async inspect() { return { inputs: [], outputs: [] }; } }
  const notes = window.notes = { busy: 0, most: 0, frames: [] };
  export class Stylizer {
    static async create() { return new Stylizer(); }
    styleInput = { shape: [1, 12] };
    async stylize(picture, { size }) {
      if (!(picture instanceof HTMLCanvasElement)) return new ImageData(size, size); // a draft, not a frame
      notes.most = Math.max(notes.most, ++notes.busy);
      const { data, width } = picture.getContext('2d').getImageData(0, picture.height >> 1, picture.width, 1);
      let number = 0;
      for (let bit = 0; bit < 12; bit++) number |= (data[4 * Math.floor((bit + 0.5) * width / 12)] > 127) << bit;
      notes.frames.push({ number, latest: window.latestFrame });
      await new Promise((resolve) => setTimeout(resolve, 400));
      notes.busy--;
      return new ImageData(picture.width, picture.height);
    }
    dispose() {}
  }`;

/** Before the page's scripts: a camera of 30 frames a second, each with its number in it, as twelve fields, black or white. */
const numberedCamera = () => {
  window.latestFrame = 0;
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 480, height: 360 }), context = canvas.getContext('2d');
    const draw = () => {
      window.latestFrame++;
      for (let bit = 0; bit < 12; bit++) {
        context.fillStyle = window.latestFrame >> bit & 1 ? '#fff' : '#000';
        context.fillRect(bit * 40, 0, 40, 360);
      }
    };
    draw();
    setInterval(draw, 33);
    return canvas.captureStream();
  };
};

test('a camera faster than the model: one frame is worked on at a time, and it is a fresh one', async () => {
  const { context, page, complaints } = await visit('paint.html', {
    prepare: async (page) => {
      await page.addInitScript(numberedCamera);
      await page.route('**/dist/pincel.mjs', (route) => route.fulfill({ contentType: 'text/javascript', body: slowLibrary }));
    },
  });
  await painted(page);
  await page.click('.under .camera-button');
  await page.waitForFunction(() => window.notes.frames.length >= 8, null, { timeout });
  const { most, frames } = await page.evaluate(() => window.notes);
  assert.equal(most, 1, 'frames in flight');
  const steps = frames.slice(2).map(({ number }, i) => number - frames[i + 1].number);
  assert.ok(Math.min(...steps) > 1, `frames that came meanwhile were not dropped: ${JSON.stringify(frames)}`);
  const late = frames.slice(1).map(({ number, latest }) => latest - number); // a queue would be late by more with every frame
  assert.ok(Math.max(...late) <= 6, `stale frames: ${JSON.stringify(frames)}`);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('what was painted is shared and saved, as a picture', async () => {
  const { context, page, complaints } = await visit('paint.html?size=256', {
    acceptDownloads: true, prepare: (page) => page.addInitScript(() => {
      window.shared = [];
      Object.assign(navigator, { canShare: ({ files }) => files.length === 1, share: async ({ files }) => { window.shared.push(files[0]); } });
    }),
  });
  await painted(page);
  await page.click('#share');
  await page.waitForFunction(() => window.shared.length === 1);
  assert.deepEqual(await page.evaluate(async () => {
    const [file] = window.shared, { width, height } = await createImageBitmap(file);
    return [file.name, file.type, width, height];
  }), ['pincel-painting.jpg', 'image/jpeg', ...await page.$eval('#compare canvas.after', ({ width, height }) => [width, height])]);
  await page.evaluate(() => { navigator.share = async () => { throw new DOMException('no', 'AbortError'); }; });
  await page.click('#share'); // thought better of it: no failure
  await page.evaluate(() => { navigator.share = async () => { throw new DOMException('no', 'NotAllowedError'); }; });
  await page.click('#share');
  await page.locator('#failure .sentence', { hasText: /could not be shared/ }).waitFor({ timeout });
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  assert.equal(readFileSync(await download.path()).toString('latin1', 1, 4), 'PNG');
  assert.deepEqual(complaints, []);
  await context.close();
});

const lookOf = (page) => page.evaluate(() => ({
  style: document.querySelector('#known-styles [aria-pressed="true"]')?.dataset.style, second: document.querySelector('#second').value,
  blend: document.querySelector('#blend').value, strength: document.querySelector('#strength').value,
}));

test('odd and hostile links: what makes sense is taken, the rest is as if it had not been said', async () => {
  const usual = { style: 'red', second: '', blend: '50', strength: '100' };
  const { context, page, complaints } = await visit('', { prepare: (page) => page.addInitScript(() => { window.alert = () => { throw new Error('alert'); }; }) });
  const cases = {
    'style=green&with=blue&blend=37.5&strength=0&size=256': { style: 'green', second: 'blue', blend: /^3[58]|^40/, strength: '0' },
    'style=green&style=blue&with=green&size=256': { style: 'green', second: 'green' },
    'strength=&blend=&size=256': usual,
    'strength=-5&blend=1e9&size=256': usual,
    'strength=NaN&blend=0x10&size=256': usual,
    'strength=Infinity&blend=%00&size=99999999999': usual,
    'style=nowhere&with=%3Cscript%3Ealert(1)%3C/script%3E&size=256': usual,
    'style=%22%5D%2C*%5Bid%3D%22&with=__proto__&size=256': usual,
    'style=constructor&with=toString&size=-1': usual,
    [`style=${'x'.repeat(4000)}&size=256.5`]: usual,
    'network=javascript:alert(1)&predict=http://&transfer=data:,x&size=256': usual,
    'lang=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&size=full': usual,
  };
  for (const [query, expected] of Object.entries(cases)) {
    await page.goto(`${server.origin}/paint.html?${query}`);
    await painted(page);
    const look = await lookOf(page);
    for (const [name, value] of Object.entries(expected)) {
      if (value instanceof RegExp) assert.match(look[name], value, query);
      else assert.equal(look[name], value, `${name} of ${query.slice(0, 80)}`);
    }
  }
  for (const address of ['model.html?model=http://', 'model.html?model=javascript:alert(1)', 'bench.html?model=http://[', 'classify.html?model=blob:x&labels=%00']) {
    await page.goto(`${server.origin}/${address}`);
    await page.locator('#failure .sentence', { hasText: /no address of a model/ }).waitFor({ timeout });
  }
  assert.deepEqual(complaints, []);
  await context.close();
});

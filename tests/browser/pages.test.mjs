// The demo's pages, driven as a visitor would: a classification, a painting,
// and what is said when something fails; on a desk and on a phone, under the
// policy that the site promises to live with.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import portuguese from '../../web/pt.mjs';
import { sharedPresent, startBrowser, startServer } from './browser.mjs';
import { noModels, standInModels, styles } from './stand-in.mjs';

const skip = sharedPresent ? false : '../shared is absent';
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:";
const shared = (path) => fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url));
const web = fileURLToPath(new URL('../../web', import.meta.url));

const classifier = '?model=/zoo/mobilenet_v2_ptq.tflite&labels=/zoo/imagenet1001.txt';
const magenta = [shared('zoo/magenta_predict_int8.tflite'), shared('zoo/magenta_transfer_int8.tflite')];
const brokenModel = { name: 'broken.tflite', mimeType: 'application/octet-stream', buffer: Buffer.from('not a model at all') };
const timeout = 120000;

let browser, server; // a site without models of its own
let models, none, furnished; // and one that has them
before(async () => {
  browser = await startBrowser('--use-fake-device-for-media-stream=fps=30', '--use-fake-ui-for-media-stream');
  const headers = { 'Content-Security-Policy': policy };
  models = standInModels();
  none = noModels();
  server = await startServer({ mounts: { '/': web, '/dist/models/': none }, headers });
  furnished = await startServer({ mounts: { '/': web, '/dist/models/': models }, headers });
});
after(async () => {
  await browser?.close();
  await server?.close();
  await furnished?.close();
  for (const folder of [models, none]) rmSync(folder, { recursive: true });
});

/** A page of a new visitor (offline.test.mjs has the service worker); `complaints` collects what the console calls errors. */
async function visit(screen, path, { origin } = server) {
  const context = await browser.newContext({ serviceWorkers: 'block', ...screen });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${origin}/${path}`);
  return { context, page, complaints };
}

const chooseModel = (page, files) => page.setInputFiles('#model input[type=file]', files);
/** Waits until the page says so. */
const says = (page, sentence) => page.locator('#failure .sentence', { hasText: sentence }).waitFor({ timeout });
const scrollsSideways = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
const shift = (page) => page.evaluate(() => new Promise((resolve) => {
  new PerformanceObserver((list) => resolve(list.getEntries().filter((entry) => !entry.hadRecentInput)
    .reduce((sum, entry) => sum + entry.value, 0))).observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => resolve(0), 300);
}));

/** Mean difference of the two canvases of the comparison, 0..255. */
const difference = (page) => page.evaluate(() => {
  const [one, other] = ['before', 'after'].map((name) => {
    const canvas = document.querySelector(`#compare canvas.${name}`);
    return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  });
  return one.reduce((sum, value, i) => sum + Math.abs(value - other[i]), 0) / one.length;
});

async function paintParrot(page) {
  await chooseModel(page, magenta);
  await page.waitForFunction(() => document.querySelectorAll('.model-names li').length === 2);
  await page.setInputFiles('#style-file', shared('pictures/paintings/great_wave.jpg'));
  await page.setInputFiles('#photo-file', shared('pictures/photos/parrot.jpg'));
  await page.waitForSelector('#frame:not([hidden])');
  await page.waitForSelector('#save:not([disabled])', { timeout });
}

const screens = {
  desk: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

for (const [name, screen] of Object.entries(screens)) {
  describe(`on a ${name}`, { skip }, () => {
    test('the front door leads to both jobs', async () => {
      const { context, page, complaints } = await visit(screen, '');
      assert.equal(await scrollsSideways(page), false);
      await page.click('main a[href="classify.html"] >> nth=0');
      await page.waitForURL('**/classify.html');
      await page.click('nav a[href="paint.html"]');
      await page.waitForURL('**/paint.html*');
      assert.deepEqual(complaints, []);
      await context.close();
    });

    test('a parrot is called a parrot', async () => {
      const { context, page, complaints } = await visit(screen, `classify.html${classifier}`);
      await page.setInputFiles('#picture-file', shared('pictures/photos/parrot.jpg'));
      await page.waitForSelector('#guesses:not(.waiting)', { timeout });
      const shown = (part) => page.$$eval(`#guesses li:not([hidden]) .${part}`, (elements) => elements.map(({ textContent }) => textContent));
      const labels = await shown('label');
      const scores = (await shown('score')).map(parseFloat);
      assert.ok(labels.length >= 1 && labels.length <= 5);
      assert.match(labels[0], /macaw|lorikeet|parrot|cockatoo/i);
      assert.deepEqual(scores, scores.toSorted((a, b) => b - a));
      assert.ok(scores[0] > 20 && scores[0] <= 100);
      assert.equal(await scrollsSideways(page), false);
      assert.ok(await shift(page) < 0.05, 'the layout moved');
      assert.deepEqual(complaints, []);

      await page.goto(`${server.origin}/classify.html`); // remembered: no choosing the second time
      await page.click('#picture-samples [data-source*="cat"]');
      await page.waitForSelector('#guesses:not(.waiting)', { timeout });
      assert.match(await page.textContent('#guesses .label'), /cat|tabby|lynx/i);
      await page.click('[data-action="forget"]');
      await page.locator('.model-names li').first().waitFor({ state: 'detached' });
      await page.reload();
      assert.equal(await page.locator('.model-names li').count(), 0);
      await context.close();
    });

    test('a parrot is painted as a wave', async () => {
      const { context, page, complaints } = await visit(screen, 'paint.html');
      await paintParrot(page);
      assert.match(await page.textContent('#facts'), /^\d+ × \d+ pixels, painted in [\d.]+ s$/);
      assert.ok(await difference(page) > 8, 'the painting looks like the photograph');

      await page.focus('#compare input');
      await page.keyboard.press('End');
      assert.equal(await page.evaluate(() => document.querySelector('#compare').value), 100);
      const box = await page.locator('#compare').boundingBox();
      await page.mouse.click(box.x + box.width * 0.25, box.y + box.height / 2);
      assert.equal(await page.evaluate(() => document.querySelector('#compare').value), 25);

      const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
      assert.equal(download.suggestedFilename(), 'pincel-painting.png');
      assert.equal(await scrollsSideways(page), false);
      assert.deepEqual(complaints, []);
      await context.close();
    });

    test('painting can be cancelled and begun again', async () => {
      const { context, page } = await visit(screen, 'paint.html');
      await paintParrot(page);
      const before = await difference(page);
      await page.evaluate(() => { // at once, before even a fast machine is done
        document.querySelector('input[name="size"][value="1024"]').click();
        document.querySelector('#progress button').click();
      });
      await page.waitForTimeout(1500);
      assert.equal(await difference(page), before, 'painted all the same');
      assert.equal(await page.isHidden('#progress'), true);
      assert.equal(await page.isHidden('#failure'), true);
      await page.click('#style-samples [data-source*="rings"]');
      const deadline = Date.now() + timeout;
      while (await difference(page) === before) assert.ok(Date.now() < deadline, 'was not painted again');
      await context.close();
    });

    test('what is chosen before the page is ready stays', async () => {
      const context = await browser.newContext({ serviceWorkers: 'block', ...screen }), page = await context.newPage();
      let go;
      const held = new Promise((resolve) => { go = resolve; });
      await page.route('**/models/registry.json', async (route) => { await held; await route.continue(); });
      await page.goto(`${server.origin}/paint.html`);
      await chooseModel(page, magenta);
      const names = () => document.querySelectorAll('.model-names li').length === 2;
      await page.waitForFunction(names);
      go();
      await page.waitForTimeout(700);
      assert.equal(await page.evaluate(names), true);
      await context.close();
    });

    test('every failure gets a sentence', async () => {
      const { context, page } = await visit(screen, 'classify.html');
      await page.setInputFiles('#picture-file', brokenModel);
      await says(page, /not a picture/);
      await page.click('#picture-samples [data-source*="cup"]');
      await chooseModel(page, brokenModel);
      await says(page, /not a model that Pincel can read/);
      await page.click('#failure button');
      assert.equal(await page.isHidden('#failure'), true);
      await page.goto(`${server.origin}/classify.html?model=/zoo/nowhere.tflite`);
      await page.click('#picture-samples [data-source*="cup"]');
      await says(page, /could not be fetched/);
      await page.goto(`${server.origin}/classify.html?model=/zoo/magenta_transfer_int8.tflite`);
      await page.click('#picture-samples [data-source*="cup"]');
      await says(page, /not a classifier/);
      await page.goto(`${server.origin}/paint.html`);
      await chooseModel(page, [brokenModel]);
      await says(page, /not a model that Pincel can read/);
      await context.close();
    });
  });
}

/** The painting's pixels. */
const painting = (page) => page.evaluate(() => {
  const canvas = document.querySelector('#compare canvas.after');
  return [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data];
});
const painted = (page) => page.waitForSelector('#save:not([disabled])', { timeout });
const paramsOf = (page) => Object.fromEntries(new URL(page.url()).searchParams);

for (const [name, screen] of Object.entries(screens)) {
  describe(`with the site's own models, on a ${name}`, () => {
    test('it paints at once; a link brings the same look to another visitor', async () => {
      const { context, page, complaints } = await visit(screen, 'paint.html', furnished);
      await painted(page);
      assert.ok(await shift(page) < 0.05, 'the layout moved');
      assert.deepEqual(await page.$$eval('#known-styles button', (buttons) => buttons.map(({ dataset }) => dataset.style)), styles);
      await page.check('input[name="size"][value="256"]');
      await page.click('[data-style="green"]');
      await page.selectOption('#second', 'blue');
      await page.focus('#blend');
      await page.keyboard.press('ArrowRight');
      await page.focus('#strength');
      for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowLeft');
      const look = { style: 'green', with: 'blue', blend: '55', strength: '80', size: '256' };
      await page.waitForFunction((wanted) => Object.entries(wanted).every(([key, value]) => new URL(location.href).searchParams.get(key) === value), look);
      await page.waitForTimeout(600);
      await page.waitForSelector('#progress', { state: 'hidden' });
      const before = await painting(page);
      assert.ok(before[1] > before[0] && before[2] > before[0], 'the cat is not green and blue');
      assert.equal(await scrollsSideways(page), false);
      assert.deepEqual(complaints, []);

      const other = await visit(screen, `paint.html?${new URL(page.url()).searchParams}`, furnished);
      await painted(other.page);
      assert.deepEqual(paramsOf(other.page), look);
      assert.equal(await other.page.inputValue('#second'), 'blue');
      assert.deepEqual(await painting(other.page), before);
      await other.context.close();
      await context.close();
    });

    test('the camera is painted at 15 frames a second and more, and gives a photograph', async () => {
      const { context, page, complaints } = await visit(screen, 'paint.html', furnished);
      await painted(page);
      await page.click('.under .camera-button');
      await page.waitForFunction(() => Number(document.querySelector('#facts').dataset.rate) >= 15, null, { timeout });
      await page.click('[data-style="red"]'); // taken up by the next frame
      await page.click('#snap');
      await painted(page);
      assert.match(await page.textContent('#facts'), /^512 × \d+ pixels/);
      assert.equal(await page.isVisible('#stop'), false);
      assert.deepEqual(complaints, []);
      await context.close();
    });

    test('the camera is classified', async () => {
      const { context, page, complaints } = await visit(screen, 'classify.html', furnished);
      await page.click('#invitation .camera-button');
      await page.waitForSelector('#guesses:not(.waiting)', { timeout });
      assert.match(await page.textContent('#guesses .label'), /^something /);
      await page.click('#stop');
      await page.waitForSelector('#invitation:not([hidden])');
      assert.deepEqual(complaints, []);
      await context.close();
    });

    test('in Portuguese, chosen and kept', async () => {
      const { context, page } = await visit({ ...screen, locale: 'pt-BR' }, '', furnished);
      assert.equal(await page.getAttribute('html', 'lang'), 'pt');
      for (const path of ['', 'paint.html', 'classify.html', 'model.html', 'bench.html']) {
        await page.goto(`${furnished.origin}/${path}`);
        assert.deepEqual(await page.evaluate(englishLeft, Object.keys(portuguese).filter((key) => portuguese[key] !== key)), [], path);
        assert.equal(await scrollsSideways(page), false, path);
      }
      await page.click('#language');
      await page.goto(`${furnished.origin}/paint.html`);
      assert.equal((await page.textContent('h1')).trim(), 'Paint a photograph');
      await context.close();
    });
  });
}

/** Runs in the page: texts that are still the English of the dictionary. */
function englishLeft(keys) {
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  while (walker.nextNode()) {
    const { currentNode: node } = walker;
    if (node.nodeType === Node.TEXT_NODE) texts.push(node.data);
    else for (const name of ['aria-label', 'alt', 'title', 'placeholder']) texts.push(node.getAttribute(name) ?? '');
  }
  const english = new Set(keys);
  return texts.map((text) => text.trim().replace(/\s+/g, ' ')).filter((text) => english.has(text));
}

describe('on any screen', () => {
  test('a film is painted', async () => {
    const { context, page, complaints } = await visit(screens.desk, 'paint.html', furnished);
    await painted(page);
    await page.evaluate(async () => { // a second of a moving square
      const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 120 }), context2d = canvas.getContext('2d');
      const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' }), parts = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      const drawing = setInterval(() => context2d.fillRect(Math.random() * 100, Math.random() * 80, 40, 40), 20);
      recorder.start();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
      recorder.stop();
      clearInterval(drawing);
      await stopped;
      const files = new DataTransfer();
      files.items.add(new File(parts, 'film.webm', { type: 'video/webm' }));
      const input = document.getElementById('photo-file');
      input.files = files.files;
      input.dispatchEvent(new Event('change'));
    });
    await page.waitForFunction(() => Number(document.querySelector('#facts').dataset.rate) > 5, null, { timeout });
    assert.deepEqual(await page.$eval('#compare canvas.after', ({ width, height }) => [width, height]), [256, 192]);
    await page.click('#stop');
    await painted(page);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('grey is called unsure, blue is not', async () => {
    const { context, page } = await visit(screens.desk, 'classify.html', furnished);
    for (const [colour, sentence] of [['#808080', 'Nothing it knows for certain'], ['#0000ff', 'It looks like']]) {
      await page.setInputFiles('#picture-file', { name: 'plain.png', mimeType: 'image/png', buffer: await plain(page, colour) });
      await page.locator('#guesses-title', { hasText: sentence }).waitFor({ timeout });
      await page.waitForSelector('#guesses:not(.waiting)', { timeout });
    }
    assert.equal(await page.textContent('#guesses .label'), 'something blue');
    await context.close();
  });

  test('a model is looked into, timed and run', async () => {
    const { context, page, complaints } = await visit(screens.phone, 'model.html?model=dist/models/classifier.tflite', furnished);
    await page.locator('#verdict', { hasText: 'It runs here.' }).waitFor({ timeout });
    assert.deepEqual(await page.$$eval('#operators tbody tr td:first-child', (cells) => cells.map(({ textContent }) => textContent).sort()),
      ['FULLY_CONNECTED', 'MEAN', 'SOFTMAX']);
    assert.match(await page.textContent('#inputs'), /picture: float32 \[1, 32, 32, 3\]/);
    await page.click('#measure');
    await page.waitForFunction(() => Number(document.querySelector('#facts').dataset.median) > 0, null, { timeout });
    assert.ok(await page.locator('#steps tbody tr').count() >= 2);
    await page.click('#picture-samples [data-source*="cat"]');
    await page.waitForSelector('#values:not([hidden])', { timeout });
    assert.equal(await page.locator('#values li').count(), 3);
    await page.setInputFiles('#model-file', `${models}/painter.tflite`);
    await page.locator('#file-name', { hasText: 'painter.tflite' }).waitFor();
    await page.click('#picture-samples [data-source*="cat"]');
    await page.waitForSelector('#result:not([hidden])', { timeout });
    await page.setInputFiles('#model-file', { name: 'broken.tflite', mimeType: 'application/octet-stream', buffer: Buffer.from('nothing of the kind') });
    await says(page, /not a model that Pincel can read/);
    assert.equal(await scrollsSideways(page), false);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('a model is made smaller', async () => {
    const { context, page, complaints } = await visit(screens.desk, 'model.html?model=dist/models/painter.tflite', furnished);
    await page.locator('#verdict', { hasText: 'It runs here.' }).waitFor({ timeout });
    await page.check('input[name="mode"][value="fp16"]');
    await page.click('#quantise');
    await page.waitForSelector('#save-model:not([disabled])', { timeout });
    assert.match(await page.textContent('#quantised'), /^[\d.]+ kB became [\d.]+ kB\.$/);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-model')]);
    assert.equal(download.suggestedFilename(), 'painter-fp16.tflite');

    await page.setInputFiles('#model-file', `${models}/classifier.tflite`);
    await page.check('input[name="mode"][value="int8"]');
    assert.equal(await page.isDisabled('#quantise'), true);
    await page.setInputFiles('#calibration-files', ['cat', 'coffee', 'rocket', 'astronaut'].map((name) => `${web}/samples/${name}.jpg`));
    await page.click('#quantise:not([disabled])');
    await page.locator('#quantised', { hasText: /agrees with the original/ }).waitFor({ timeout });
    assert.match(await page.textContent('#quantised'), /On (75|100) %/);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('the bench measures every model and copies its result', async () => {
    const { context, page, complaints } = await visit({ ...screens.desk, permissions: ['clipboard-read', 'clipboard-write'] }, 'bench.html', furnished);
    await page.locator('#results tbody tr').nth(5).waitFor({ timeout }); // painter at two sizes, classifier, with one thread and more
    await page.click('#start');
    await page.waitForSelector('#copy:not([disabled])', { timeout });
    const medians = await page.$$eval('#results tbody td:nth-child(3)', (cells) => cells.map(({ textContent }) => Number(textContent)));
    assert.equal(medians.length, 6);
    assert.ok(medians.every((median) => median > 0), String(medians));
    await page.click('#copy');
    await page.locator('#facts', { hasText: 'copied' }).waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(text.match(/^\| Painter (256|512) \| \d+ \| [\d.]+ \(/gm).length, 4);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('everything that can be worked has a name', async () => {
    const { context, page } = await visit(screens.desk, '', furnished);
    for (const path of ['', 'paint.html', 'classify.html', 'model.html', 'bench.html']) {
      await page.goto(`${furnished.origin}/${path}`);
      await page.waitForTimeout(300);
      const nameless = await page.$$eval('button, input, select, a, img, canvas[role], dialog', (elements) => elements.filter((element) => {
        const own = element.getAttribute('aria-label') ?? element.title ?? '';
        const label = element.labels?.[0]?.textContent ?? '';
        const alternative = element.alt ?? element.querySelector('img')?.alt ?? '';
        const isDecoration = element.matches('img[alt=""]');
        return !isDecoration && element.checkVisibility() && !`${own}${label}${alternative}${element.textContent}`.trim();
      }).map(({ outerHTML }) => outerHTML.slice(0, 120)));
      assert.deepEqual(nameless, [], path);
    }
    await context.close();
  });

  test('every sentence of the scripts is in the dictionary', () => {
    const sentences = readdirSync(web).filter((name) => name.endsWith('.mjs') && name !== 'pt.mjs').flatMap((name) => {
      const text = readFileSync(`${web}/${name}`, 'utf8').replace(/'\s*\+\s*'/g, '');
      return [...text.matchAll(/'([A-Z][^'\n]* [^'\n]*[.%])'|(?:say\([^,]+(?:\([^)]*\))?,|\bt\() ?'([^'\n]+)'/g)].map(([, sentence, said]) => sentence ?? said);
    });
    assert.ok(sentences.length > 40);
    assert.deepEqual(sentences.filter((sentence) => !(sentence in portuguese)), []);
  });
});

/** A PNG of one colour. */
const plain = async (page, colour) => Buffer.from(await page.evaluate(async (fill) => {
  const canvas = new OffscreenCanvas(64, 64), context = canvas.getContext('2d');
  context.fillStyle = fill;
  context.fillRect(0, 0, 64, 64);
  return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
}, colour));

// The demo's pages, driven as a visitor would: a classification, a painting,
// and what is said when something fails; on a desk and on a phone, under the
// policy that the site promises to live with.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sharedPresent, startBrowser, startServer } from './browser.mjs';

const skip = sharedPresent ? false : '../shared is absent';
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:";
const shared = (path) => fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url));
const web = fileURLToPath(new URL('../../web', import.meta.url));

const classifier = '?model=/zoo/mobilenet_v2_ptq.tflite&labels=/zoo/imagenet1001.txt';
const magenta = [shared('zoo/magenta_predict_int8.tflite'), shared('zoo/magenta_transfer_int8.tflite')];
const brokenModel = { name: 'broken.tflite', mimeType: 'application/octet-stream', buffer: Buffer.from('not a model at all') };
const timeout = 120000;

let browser;
let server;
before(async () => {
  browser = await startBrowser();
  server = await startServer({ mounts: { '/': web }, headers: { 'Content-Security-Policy': policy } });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** A page of a new visitor; `complaints` collects what the console calls errors. */
async function visit(screen, path) {
  const context = await browser.newContext(screen);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${server.origin}/${path}`);
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
  await page.waitForSelector('#save:not([hidden])', { timeout });
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

    test('every failure gets a sentence', async () => {
      const { context, page } = await visit(screen, 'classify.html');
      await page.setInputFiles('#picture-file', brokenModel);
      await says(page, /not a picture/);
      await page.click('#picture-samples [data-source*="coffee"]');
      await chooseModel(page, brokenModel);
      await says(page, /not a model that Pincel can read/);
      await page.click('#failure button');
      assert.equal(await page.isHidden('#failure'), true);
      await page.goto(`${server.origin}/classify.html?model=/zoo/nowhere.tflite`);
      await page.click('#picture-samples [data-source*="coffee"]');
      await says(page, /could not be fetched/);
      await page.goto(`${server.origin}/classify.html?model=/zoo/magenta_transfer_int8.tflite`);
      await page.click('#picture-samples [data-source*="coffee"]');
      await says(page, /not a classifier/);
      await page.goto(`${server.origin}/paint.html`);
      await chooseModel(page, [brokenModel]);
      await says(page, /not a model that Pincel can read/);
      await context.close();
    });
  });
}

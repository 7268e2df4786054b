// pincel bundle: the file opened from the folder it was written to, and what it paints held against the library's.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import puppeteer from 'puppeteer-core';
import { execute } from '../bundlers/harness.mjs';
import { startBrowser, startServer } from './browser.mjs';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const photo = file('../../web/samples/cat.jpg'), program = file('../../js/cli/main.mjs');
const firefox = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const look = { 'great-wave': 2, ink: 1 }, strength = 0.75, size = 512;
const folder = mkdtempSync(join(tmpdir(), 'pincel-bundle-'));
const painting = join(folder, 'painting.html'), classifier = join(folder, 'classifier.html');
let browser;

const pincel = (...parameters) => execute(process.execPath, [program, 'bundle', ...parameters], folder);

before(async () => {
  pincel('--style', 'great-wave 2, ink 1', '--strength', String(strength), '--title', 'Waves & <ink>', '--lang', 'pt', '-o', painting);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** The page from its folder, with every request that is not its own and every complaint. */
async function open(path, script) {
  const page = await browser.newPage(), requests = [], complaints = [];
  page.on('request', (request) => { if (!/^(blob|data):/.test(request.url())) requests.push(request.url()); });
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(error.message));
  if (script) await page.addInitScript(script);
  await page.goto(pathToFileURL(path).href);
  return { page, requests, complaints };
}

const done = (page, times = 1) => page.waitForFunction((count) => document.documentElement.dataset.done === String(count), times, { timeout: 60_000 });
const pixels = (page) => page.evaluate(async () => {
  const { width, height } = document.getElementById('after'), { data } = document.getElementById('after').getContext('2d').getImageData(0, 0, width, height);
  return { width, height, digest: [...new Uint8Array(await crypto.subtle.digest('SHA-256', data))].join() };
});

/** What the library makes of the photograph in a page of a server, in this browser. */
async function expected() {
  const server = await startServer({ mounts: { '/samples/': file('../../web/samples/') } }), page = await browser.newPage();
  await page.goto(`${server.origin}/tests/browser/blank.html`);
  const result = await page.evaluate(async (options) => {
    const { Classifier, Stylizer } = await import('/dist/pincel.mjs');
    const picture = await (await fetch('/samples/cat.jpg')).blob();
    const stylizer = await Stylizer.create('pincel:painter', { threads: 1 }), { width, height, data } = await stylizer.stylize(picture, options);
    const labels = await (await Classifier.create('pincel:classifier', { threads: 1 })).classify(picture);
    return { width, height, digest: [...new Uint8Array(await crypto.subtle.digest('SHA-256', data))].join(), labels: labels.map(({ label }) => label) };
  }, { style: look, strength, size });
  await page.close();
  await server.close();
  return result;
}

/** The photograph painted in the size of the test. */
async function paint(page) {
  await page.evaluate((pixels) => { document.getElementById('size').value = pixels; }, String(size)); // shown once something is painted
  await page.setInputFiles('#file', photo);
  await done(page);
  return pixels(page);
}

test('from its folder it paints what the library paints, in a worker, and asks for nothing', async () => {
  const want = await expected();
  const { page, requests, complaints } = await open(painting);
  const got = await paint(page);
  assert.deepEqual([got.width, got.height], [want.width, want.height]);
  assert.equal(got.digest, want.digest, 'other pixels');
  assert.deepEqual(requests, [pathToFileURL(painting).href]);
  assert.deepEqual(complaints, []);
  assert.equal(await page.evaluate(async () => (await pincelPage.ready).info.why), undefined);
  assert.equal(await page.title(), 'Waves & <ink>');
  assert.equal(await page.textContent('#save'), 'Guardar');

  await page.evaluate(() => { document.getElementById('strength').value = 0; document.getElementById('strength').dispatchEvent(new Event('change')); });
  await done(page, 2);
  const plain = await pixels(page);
  assert.notEqual(plain.digest, got.digest, 'strength changes nothing');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  const saved = readFileSync(await download.path());
  assert.equal(saved.subarray(1, 4).toString(), 'PNG');
  assert.equal(download.suggestedFilename(), 'pintura.png');
  await page.focus('#compare');
  await page.keyboard.press('Home');
  assert.equal(await page.evaluate(() => document.getElementById('pictures').style.getPropertyValue('--shown')), '0%');
  await page.close();

  const old = await open(painting, () => { // neither a way to inflate nor workers
    delete globalThis.DecompressionStream;
    delete globalThis.Worker;
  });
  const again = await paint(old.page);
  assert.equal(again.digest, want.digest, 'other pixels without DecompressionStream');
  assert.match(await old.page.evaluate(async () => (await pincelPage.ready).info.why), /calling thread/);
  await old.page.close();

  const said = JSON.parse(pincel('--task', 'classify', '-o', classifier, '--json'));
  assert.equal(said.bytes, statSync(classifier).size);
  const classifying = await open(classifier);
  await classifying.page.setInputFiles('#file', photo);
  await done(classifying.page);
  const labels = await classifying.page.evaluate(() => [...document.querySelectorAll('#answers li:not(.unsure) span:first-child')].map(({ textContent }) => textContent));
  assert.deepEqual(labels, want.labels);
  assert.deepEqual([classifying.requests, classifying.complaints], [[pathToFileURL(classifier).href], []]);
  await classifying.page.close();
});

test('what is no picture is refused in words, and the page goes on', async () => {
  const { page } = await open(painting);
  await page.evaluate(() => pincelPage.take(new Blob(['no picture'])));
  await page.waitForSelector('#message:not([hidden])');
  assert.match(await page.textContent('#message'), /imagem/);
  assert.equal((await paint(page)).width, size);
  assert.equal(await page.isVisible('#message'), false);
  await page.close();
});

test('its size', () => {
  const { size: bytes } = statSync(painting);
  assert.ok(bytes < 560_000, `${bytes} bytes`);
});

test('without --style visitors choose; wrong options are refused', async () => {
  const all = join(folder, 'all.html');
  pincel('-o', all);
  const { page } = await open(all);
  assert.deepEqual(await page.evaluate(() => [document.querySelectorAll('#style option').length, document.getElementById('style').value]), [12, 'starry-night']);
  await page.close();
  for (const [pattern, ...parameters] of [
    [/no style 'nobody'/, '--style', 'nobody'], [/takes en or pt/, '--lang', 'fr'], [/not for classification/, '--task', 'classify', '--style', 'ink'],
    [/written as .html/, '-o', 'page.png'], [/Weights are numbers/, '--style', 'ink 0'],
  ]) assert.throws(() => pincel(...parameters), pattern);
});

test('in Firefox, from its folder', { skip: existsSync(firefox) ? false : 'no firefox-esr' }, async () => {
  const other = await puppeteer.launch({ browser: 'firefox', executablePath: firefox, headless: true });
  try {
    const page = await other.newPage();
    await page.goto(pathToFileURL(painting).href);
    const outcome = await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 96, height: 64 });
      const context = canvas.getContext('2d');
      context.fillStyle = '#c63';
      context.fillRect(0, 0, 48, 64);
      document.getElementById('size').value = '512';
      pincelPage.take(await new Promise((resolve) => { canvas.toBlob(resolve); }));
      const { info } = await pincelPage.ready;
      while (!document.documentElement.dataset.done) await new Promise((resolve) => { setTimeout(resolve, 50); });
      const { width, height } = document.getElementById('after');
      return { width, height, why: info.why, message: document.getElementById('message').textContent };
    });
    assert.deepEqual(outcome, { width: 512, height: 340, why: undefined, message: '' });
  } finally {
    await other.close();
  }
});

// The site after the first visit: without its server, with threads on a host
// that cannot send headers, in any folder, and renewed when it changes.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writePrecache } from '../../js/build/precache.mjs';
import { startBrowser, startServer } from './browser.mjs';
import { standInModels } from './stand-in.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const timeout = 60000;
let folder, models;

const renew = () => writePrecache({ web: join(root, 'web'), dist: join(folder, 'dist'), models });

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pincel-site-'));
  models = standInModels();
  cpSync(join(root, 'web'), folder, { recursive: true });
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(models, join(folder, 'dist/models'), { recursive: true });
  renew();
});
after(() => {
  rmSync(folder, { recursive: true });
  rmSync(models, { recursive: true });
});

/** Until the service worker has the site and the page. */
const whenKept = (page) => page.evaluate(async () => {
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
});

test('offline after a visit to the front door alone, isolated without headers', async () => {
  const server = await startServer({ isolated: false, mounts: { '/some/where/': `${folder}/` } });
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/some/where/`);
    assert.equal(await page.evaluate(() => crossOriginIsolated), false);
    await whenKept(page);
    await server.close();
    await page.goto(`${server.origin}/some/where/paint.html?style=blue`);
    await page.waitForSelector('#save:not([disabled])', { timeout });
    assert.equal(await page.evaluate(() => crossOriginIsolated), true);
    assert.equal(await page.getAttribute('#known-styles [aria-pressed="true"]', 'data-style'), 'blue');
    await page.goto(`${server.origin}/some/where/classify.html`);
    await page.click('#picture-samples [data-source*="rocket"]');
    await page.waitForSelector('#guesses:not(.waiting)', { timeout });
    for (const path of ['', 'index.html', 'model.html', 'bench.html']) {
      await page.goto(`${server.origin}/some/where/${path}`);
      assert.ok(await page.textContent('h1'), path);
      assert.equal(await page.evaluate(() => document.fonts.load('1em "EB Garamond"').then((faces) => faces.length)), 1, path);
    }
    await assert.rejects(page.goto(`${server.origin}/elsewhere.html`));
  } finally {
    await browser.close();
    await server.close().catch(() => {});
  }
});

test('what is kept serves at once, whole, until a new version is there', async () => {
  const server = await startServer({ isolated: false, mounts: { '/': `${folder}/`, '/dist/': `${folder}/dist/` } });
  const origin = `http://pincel.test:${server.port}`; // not this machine by name, where the network comes first
  const browser = await startBrowser('--host-resolver-rules=MAP pincel.test 127.0.0.1', `--unsafely-treat-insecure-origin-as-secure=${origin}`);
  const file = join(folder, 'index.html'), original = readFileSync(file, 'utf8');
  const heading = () => page.evaluate(() => document.querySelector('h1').textContent.trim());
  const page = await browser.newPage();
  try {
    await page.goto(`${origin}/`);
    await whenKept(page);
    const former = await heading();
    writeFileSync(file, original.replace(/<h1>.*<\/h1>/, '<h1>A new heading</h1>'));
    await page.reload();
    assert.equal(await heading(), former, 'the version has not changed');
    const precache = join(folder, 'dist/precache.js');
    writeFileSync(precache, readFileSync(precache, 'utf8').replace(/"version": "\w+"/, '"version": "another"'));
    await page.evaluate(async () => {
      const changed = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
      await (await navigator.serviceWorker.ready).update();
      await changed;
    });
    await page.reload();
    assert.equal(await heading(), 'A new heading');
    await page.waitForFunction(async () => (await caches.keys()).filter((name) => name.startsWith('pincel-site')).length === 1, null, { timeout });
  } finally {
    writeFileSync(file, original);
    renew();
    await browser.close();
    await server.close();
  }
});

test('the version is that of the contents, and only a visitor\'s files are listed', () => {
  const read = () => JSON.parse(readFileSync(join(folder, 'dist/precache.js'), 'utf8').replace(/^self\.precache = |;\s*$/g, ''));
  const { version, files } = read();
  renew();
  assert.equal(read().version, version);
  for (const name of ['./', 'paint.html', 'paint.mjs', 'dist/pincel.mjs', 'dist/models/painter.tflite', 'samples/cat.jpg']) assert.ok(files.includes(name), name);
  for (const name of ['sw.js', 'samples/make-styles.mjs', 'dist/pincel-pictures.wasm']) assert.ok(!files.includes(name), name);
  writeFileSync(join(models, 'classifier.tflite'), 'other bytes');
  renew();
  assert.notEqual(read().version, version);
});

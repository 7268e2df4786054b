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

const renew = () => writePrecache({ web: join(folder, 'web'), dist: join(folder, 'dist'), models });

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pincel-site-'));
  models = standInModels();
  cpSync(join(root, 'web'), join(folder, 'web'), { recursive: true });
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
  const server = await startServer({ isolated: false, mounts: { '/some/where/': join(folder, 'web'), '/some/where/dist/': join(folder, 'dist') } });
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
    await page.click('#picture-samples [data-source*="cup"]');
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

/** A site that is not on this machine by its name, where the network comes first; and a browser that knows it. */
async function startSite() {
  const server = await startServer({ isolated: false, mounts: { '/': join(folder, 'web'), '/dist/': join(folder, 'dist') } });
  const origin = `http://pincel.test:${server.port}`;
  const browser = await startBrowser('--host-resolver-rules=MAP pincel.test 127.0.0.1', `--unsafely-treat-insecure-origin-as-secure=${origin}`);
  return { server, origin, browser };
}

const index = () => join(folder, 'web/index.html');
const withHeading = (html, heading) => html.replace(/<h1>.*<\/h1>/, `<h1>${heading}</h1>`);
const headingOf = (page) => page.evaluate(() => document.querySelector('h1').textContent.trim());
/** What a page gets when it asks for the front door's file: the heading in it. */
const headingFetched = (page) => page.evaluate(async () => (await (await fetch('index.html')).text()).match(/<h1>(.*?)<\/h1>/)[1]);
const versionsKept = (page) => page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('pincel-site')).length);

test('a new version serves the next page that is opened; open ones keep theirs, and no page sees two', async () => {
  const { server, origin, browser } = await startSite(), original = readFileSync(index(), 'utf8');
  try {
    const context = await browser.newContext(), page = await context.newPage();
    await page.goto(`${origin}/`);
    await whenKept(page);
    const former = await headingOf(page);
    writeFileSync(index(), withHeading(original, 'A new heading'));
    await page.reload();
    assert.equal(await headingOf(page), former, 'the version has not changed');
    renew();
    await page.evaluate(async () => {
      const changed = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
      await (await navigator.serviceWorker.ready).update();
      await changed;
    });
    const other = await context.newPage();
    await other.goto(`${origin}/`);
    assert.deepEqual([await headingOf(other), await headingFetched(other)], ['A new heading', 'A new heading']);
    assert.notEqual(await headingFetched(page), 'A new heading', 'an open page got a file of the new version');
    assert.equal(await versionsKept(other), 2);
    await page.reload();
    assert.deepEqual([await headingOf(page), await headingFetched(page)], ['A new heading', 'A new heading']);
    await page.goto(`${origin}/bench.html`);
    for (const deadline = Date.now() + timeout; await versionsKept(page) > 1;) { // the former version goes when its last page has gone
      assert.ok(Date.now() < deadline, 'the former version is still kept');
      await page.waitForTimeout(50);
    }
  } finally {
    writeFileSync(index(), original);
    renew();
    await browser.close();
    await server.close();
  }
});

test('a version of which not every file has arrived on the host is not taken', async () => {
  const { server, origin, browser } = await startSite(), original = readFileSync(index(), 'utf8');
  try {
    const page = await browser.newPage();
    await page.goto(`${origin}/`);
    await whenKept(page);
    const former = await headingOf(page);
    writeFileSync(index(), withHeading(original, 'Half of a new version'));
    renew();
    writeFileSync(index(), withHeading(original, 'Yet another'));
    const state = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      await registration.update().catch(() => {});
      const { installing } = registration;
      if (installing) await new Promise((resolve) => installing.addEventListener('statechange', resolve, { once: true }));
      return installing?.state;
    });
    assert.equal(state, 'redundant');
    await page.reload();
    assert.equal(await headingOf(page), former);
    assert.equal(await versionsKept(page), 1);
  } finally {
    writeFileSync(index(), original);
    renew();
    await browser.close();
    await server.close();
  }
});

test('the quantiser works offline once it has worked', async () => {
  const server = await startServer({ isolated: false, mounts: { '/some/where/': join(folder, 'web'), '/some/where/dist/': join(folder, 'dist') } });
  const browser = await startBrowser();
  const quantise = async (page) => {
    await page.goto(`${server.origin}/some/where/model.html`);
    await page.setInputFiles('#model-file', join(models, 'painter.tflite'));
    await page.locator('#verdict', { hasText: 'It runs here.' }).waitFor({ timeout });
    await page.check('input[name="mode"][value="fp16"]');
    await page.click('#quantise');
    await page.waitForSelector('#save-model:not([disabled])', { timeout });
    return page.textContent('#quantised');
  };
  try {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/some/where/`);
    await whenKept(page);
    const before = await quantise(page);
    await page.waitForFunction(async () => { // put there meanwhile
      const names = (await caches.keys()).filter((name) => name.startsWith('pincel-site'));
      return (await (await caches.open(names[0])).keys()).some(({ url }) => /pincel-tools-.*wasm$/.test(url));
    }, null, { timeout });
    await server.close();
    assert.equal(await quantise(page), before);
  } finally {
    await browser.close();
    await server.close().catch(() => {});
  }
});

test('the version is that of the contents, and only a visitor\'s files are listed', () => {
  const read = () => JSON.parse(readFileSync(join(folder, 'dist/precache.js'), 'utf8').replace(/^self\.precache = |;\s*$/g, ''));
  const { version, files: digests, later } = read(), files = Object.keys(digests);
  renew();
  assert.equal(read().version, version);
  assert.ok(later['dist/pincel-tools.mjs'] && !files.includes('dist/pincel-tools.mjs'), 'the quantiser\'s files are for later');
  for (const name of ['./', 'paint.html', 'paint.mjs', 'dist/pincel.mjs', 'dist/models/painter.tflite', 'samples/cat.jpg']) assert.ok(files.includes(name), name);
  for (const name of ['sw.js', 'samples/make-styles.mjs', 'dist/pincel-pictures.wasm']) assert.ok(!files.includes(name), name);
  writeFileSync(join(models, 'classifier.tflite'), 'other bytes');
  renew();
  assert.notEqual(read().version, version);
});

// Models by name in a page: from a mirror, checked, and there again when the
// mirror is gone, with Cache Storage or without; by the module and the classic
// script.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addition } from '../js/samples.mjs';
import { startBrowser, startServer } from './browser.mjs';

let browser, server, folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pincel-registry-'));
  const file = (name, bytes) => {
    writeFileSync(join(folder, name), bytes);
    return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  const entry = (model) => ({ title: 'A sum', task: 'classification', files: { model } });
  const sum = file('sum.tflite', addition());
  writeFileSync(join(folder, 'registry.json'), JSON.stringify({
    models: {
      public: entry({ ...sum, addresses: ['https://publisher.invalid/sum.tflite'] }), ships: entry(sum),
      stale: entry({ ...sum, sha256: '0'.repeat(64), addresses: ['https://publisher.invalid/sum.tflite'] }),
    }, lists: {},
  }));
  browser = await startBrowser();
  server = await startServer({ mounts: { '/dist/models/': folder, '/mirror/': folder } });
});
after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

/** A page that notes what is asked of the mirror, and can be without it. */
async function openPage(prepare) {
  const context = await browser.newContext(), page = await context.newPage(), asked = [];
  if (prepare) await page.addInitScript(prepare);
  page.isCut = false;
  await page.route('**/mirror/**', (route) => {
    asked.push(route.request().url());
    return page.isCut ? route.abort() : route.continue();
  });
  await page.goto(`${server.origin}/tests/browser/blank.html`);
  return { page, asked };
}

/** Runs in the page: 1 + 10 by a model's name, or the code of the error. */
async function sumOf([name, options, global]) {
  const { Model } = global ? globalThis[global] : await import('/dist/pincel.mjs');
  try {
    const model = await Model.load(name, { threads: 1, ...options });
    const { z } = await model.run({ x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(10, 10, 10, 10) });
    model.dispose();
    return z[0];
  } catch (error) {
    return error.code;
  }
}

const mirror = () => `${server.origin}/mirror`;

for (const [what, prepare] of [['with Cache Storage', undefined], ['without', () => { Object.defineProperty(globalThis, 'caches', { value: undefined }); }]]) {
  test(`a model is fetched once and stays, ${what}`, async () => {
    const { page, asked } = await openPage(prepare);
    assert.equal(await page.evaluate(sumOf, ['pincel:public', { mirror: mirror() }]), 11);
    if (!prepare) {
      const isKept = () => page.evaluate(async () => (await (await caches.open('pincel-models-1')).keys()).some(({ url }) => url.endsWith('/sum.tflite')));
      while (!await isKept()) await page.waitForTimeout(20); // it is put there a while after it has come
    }
    page.isCut = true;
    assert.equal(await page.evaluate(sumOf, ['pincel:public', { mirror: mirror() }]), 11);
    assert.equal(asked.length, 1);
    await page.context().close();
  });
}

test('what ships lies beside the library; what is not what was promised is refused', async () => {
  const { page, asked } = await openPage();
  assert.equal(await page.evaluate(sumOf, ['pincel:ships', {}]), 11);
  assert.deepEqual(asked, []);
  assert.equal(await page.evaluate(sumOf, ['pincel:stale', { mirror: mirror() }]), 'integrity');
  assert.equal(await page.evaluate(sumOf, ['pincel:nothing', {}]), 'argument');
  await page.context().close();
});

test('the classic script finds the registry too', async () => {
  const { page } = await openPage();
  await page.addScriptTag({ url: '/dist/pincel.js' });
  assert.equal(await page.evaluate(sumOf, ['pincel:ships', {}, 'pincel']), 11);
  await page.context().close();
});

// <pincel-painter> and <pincel-classifier> over their lives: two on a page, changes while they work, leaving, the
// keyboard, style from outside, servers that only import them, and scripts from another origin.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBrowser, startServer } from './browser.mjs';
import { standInModels } from './stand-in.mjs';

const samples = fileURLToPath(new URL('../../web/samples', import.meta.url));
const timeout = 60000;
let browser, server, models, mounts;

before(async () => {
  models = standInModels();
  mounts = { '/samples/': samples, '/dist/models/': models };
  browser = await startBrowser();
  server = await startServer({ mounts });
});
after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(models, { recursive: true });
});

/** An empty page with the elements loaded; `markup` goes into its body. */
async function open(markup) {
  const page = await browser.newPage();
  await page.goto(`${server.origin}/tests/browser/blank.html`);
  await page.evaluate(async (html) => {
    globalThis.told = [];
    for (const type of ['pincel-paint', 'pincel-result', 'pincel-error']) {
      document.addEventListener(type, ({ target, detail }) => told.push({ type, id: target.id, width: detail.width, message: detail.error?.message }));
    }
    await import('/dist/pincel-elements.mjs');
    document.body.innerHTML = html;
  }, markup);
  return page;
}

const heard = (page, count) => page.waitForFunction((least) => told.length >= least, count, { timeout }).then(() => page.evaluate(() => told));
const painter = (id, attributes = '') => `<pincel-painter id="${id}" src="/samples/cat.jpg" look="red" size="64" ${attributes}></pincel-painter>`;

test('two on one page work side by side, and each tells of itself', async () => {
  const page = await open(painter('one') + painter('two', 'strength="0.5"'));
  assert.deepEqual((await heard(page, 2)).map(({ type, id }) => `${type} ${id}`).sort(), ['pincel-paint one', 'pincel-paint two']);
  const same = await page.evaluate(() => {
    const [one, two] = ['one', 'two'].map((id) => {
      const canvas = document.getElementById(id).shadowRoot.querySelector('canvas');
      return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    });
    return one.every((value, i) => value === two[i]);
  });
  assert.equal(same, false);
  await page.close();
});

test('attributes that change while it works: the last ones count, and nothing is told of the others', async () => {
  const page = await open('');
  await page.evaluate(async (html) => {
    document.body.innerHTML = html; // the model is still to come
    const element = document.getElementById('one');
    for (const size of ['96', '128', '160']) {
      element.setAttribute('size', size);
      await new Promise((resolve) => { setTimeout(resolve, 0); }); // each begins work of its own
    }
  }, painter('one'));
  await page.waitForFunction(() => told.at(-1)?.width === 160, null, { timeout });
  const { length, errors, first } = await page.evaluate(() => ({ length: told.length, errors: told.filter(({ type }) => type === 'pincel-error'), first: told[0].width }));
  assert.deepEqual(errors, []);
  assert.ok(length <= 4 && (length === 1 || first !== 160));
  await page.close();
});

test('a model that changes while the first still loads', async () => {
  const page = await open('');
  const outcome = await page.evaluate(async (html) => {
    document.body.innerHTML = html;
    const element = document.getElementById('one');
    await new Promise((resolve) => { setTimeout(resolve, 0); });
    element.setAttribute('model', '/nowhere.tflite');
    await new Promise((resolve) => element.addEventListener('pincel-error', resolve, { once: true }));
    element.setAttribute('model', 'pincel:painter');
    await new Promise((resolve) => element.addEventListener('pincel-paint', resolve, { once: true }));
    return element.shadowRoot.querySelector('[part~="message"]').hidden;
  }, painter('one'));
  assert.equal(outcome, true);
  await page.close();
});

test('an element that leaves ends its worker, also while it loads', async () => {
  const page = await open('');
  await page.evaluate((html) => { document.body.innerHTML = html; }, painter('one'));
  await heard(page, 1);
  assert.ok(page.workers().length >= 1);
  await page.evaluate(() => document.getElementById('one').remove());
  const none = async () => { while (page.workers().length) await new Promise((resolve) => { setTimeout(resolve, 20); }); };
  await none();
  await page.evaluate(async (html) => {
    document.body.innerHTML = html;
    await new Promise((resolve) => { setTimeout(resolve, 5); });
    document.body.replaceChildren();
    await new Promise((resolve) => { setTimeout(resolve, 300); });
  }, painter('two'));
  await none();
  assert.equal((await page.evaluate(() => told)).length, 1);
  await page.close();
});

test('the button by keyboard, style by variables and parts, a button of the page\'s own', async () => {
  const page = await open(`
    <style>pincel-painter { --pincel-accent: rgb(1, 2, 3); } pincel-painter::part(button) { border: 3px solid rgb(4, 5, 6); }</style>
    <pincel-painter id="plain"></pincel-painter><pincel-classifier id="own"><a slot="choose" href="#x" id="link">Mine</a></pincel-classifier>`);
  const style = await page.evaluate(() => {
    const { backgroundColor, borderTopColor } = getComputedStyle(document.getElementById('plain').shadowRoot.querySelector('button'));
    return [backgroundColor, borderTopColor];
  });
  assert.deepEqual(style, ['rgb(1, 2, 3)', 'rgb(4, 5, 6)']);
  await page.evaluate(() => {
    for (const id of ['plain', 'own']) {
      document.getElementById(id).shadowRoot.querySelector('input').addEventListener('click', (event) => {
        event.preventDefault(); // no dialog
        told.push(id);
      });
    }
  });
  await page.focus('#plain button');
  await page.keyboard.press('Enter');
  await page.click('#link');
  assert.deepEqual(await page.evaluate(() => told), ['plain', 'own']);
  await page.close();
});

test('classic scripts from another origin: the elements work, in a worker', async () => {
  const other = await startServer({ mounts, headers: { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' } });
  const page = await open('');
  const why = await page.evaluate(async ([origin, html]) => {
    for (const name of ['pincel.js', 'pincel-elements.js']) {
      await new Promise((resolve, reject) => document.head.append(Object.assign(document.createElement('script'), { src: `${origin}/dist/${name}`, onload: resolve, onerror: reject })));
    }
    const stylizer = await pincel.Stylizer.create('pincel:painter'), { why } = stylizer.info;
    stylizer.dispose();
    document.body.innerHTML = html;
    return why;
  }, [other.origin, painter('far')]);
  assert.equal(why, undefined);
  assert.equal((await heard(page, 1))[0].type, 'pincel-paint');
  await page.close();
  await other.close();
});

test('a server can import them', async () => {
  const { PincelPainter, PincelClassifier } = await import('../../dist/pincel-elements.mjs');
  assert.deepEqual([typeof PincelPainter, typeof PincelClassifier], ['function', 'function']);
});

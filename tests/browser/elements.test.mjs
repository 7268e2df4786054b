// <pincel-painter> and <pincel-classifier> in a page under a strict policy, as
// a module and after classic scripts.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBrowser, startServer } from './browser.mjs';
import { standInModels } from './stand-in.mjs';

const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src 'self' blob: data:";
const samples = fileURLToPath(new URL('../../web/samples', import.meta.url));
const timeout = 60000;
let browser, server, models;

before(async () => {
  models = standInModels();
  browser = await startBrowser();
  server = await startServer({ headers: { 'Content-Security-Policy': policy }, mounts: { '/samples/': samples, '/dist/models/': models } });
});
after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(models, { recursive: true });
});

async function open(kind) {
  const page = await browser.newPage();
  const complaints = [];
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${server.origin}/tests/browser/elements-${kind}.html`);
  return { page, complaints };
}

const painted = (page) => page.waitForFunction(() => document.querySelector('#painter').shadowRoot?.querySelector('canvas'), null, { timeout });
const listed = (page) => page.waitForFunction(() => document.querySelector('#classifier').shadowRoot?.querySelector('ol'), null, { timeout });

/** Mean red, green and blue of the painting. */
const colour = (page) => page.evaluate(() => {
  const canvas = document.querySelector('#painter').shadowRoot.querySelector('canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return [0, 1, 2].map((channel) => data.filter((_, i) => i % 4 === channel).reduce((sum, value) => sum + value) / (data.length / 4));
});

for (const kind of ['module', 'classic']) {
  test(`elements of attributes, ${kind}`, async () => {
    const { page, complaints } = await open(kind);
    await painted(page);
    await listed(page);
    const [red, green] = await colour(page);
    assert.ok(red > 2 * green, 'not in red');
    assert.deepEqual(await page.evaluate(() => {
      const { width, height, ariaLabel } = document.querySelector('#painter').shadowRoot.querySelector('canvas');
      return [width, height, ariaLabel];
    }), [64, 44, 'A cat in red']);
    const labels = await page.evaluate(() => [...document.querySelector('#classifier').shadowRoot.querySelectorAll('[part="label"]')].map(({ textContent }) => textContent));
    assert.equal(labels.length, 2);
    assert.match(labels[0], /^something /);
    assert.deepEqual(complaints, []);
    await page.close();
  });
}

/** Sets attributes of an element and resolves to the detail of the event that follows. */
const set = (page, id, type, attributes) => page.evaluate(async ([element, name, values]) => {
  const target = document.getElementById(element);
  const event = new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
  for (const [attribute, value] of Object.entries(values)) target.setAttribute(attribute, value);
  const { detail } = await event;
  return { ...detail, code: detail.error?.code, error: undefined };
}, [id, type, attributes]);

test('attributes that change, pictures of the page, failures, and elements that leave', async () => {
  const { page } = await open('module');
  await painted(page);
  const { width, height } = await set(page, 'painter', 'pincel-paint', { look: 'red 1, blue 3', size: '128' });
  assert.deepEqual([width, height], [128, 84]);
  const [red, , blue] = await colour(page);
  assert.ok(blue > red, 'the mixture is not mostly blue'); // the cat itself is brownish
  const { code } = await set(page, 'painter', 'pincel-error', { look: 'nobody' });
  assert.equal(code, 'argument');
  const message = () => page.evaluate(() => {
    const { hidden, textContent } = document.querySelector('#painter').shadowRoot.querySelector('[part~="message"]');
    return hidden ? '' : textContent;
  });
  assert.match(await message(), /nobody/);
  await set(page, 'painter', 'pincel-paint', { look: '3' });
  assert.equal(await message(), '');

  await listed(page);
  const guess = await page.evaluate(async () => {
    const element = document.querySelector('#classifier'), picture = new ImageData(8, 8);
    for (let i = 0; i < picture.data.length; i += 4) picture.data.set([0, 0, 255, 255], i);
    const event = new Promise((resolve) => element.addEventListener('pincel-result', resolve, { once: true }));
    element.picture = picture;
    return (await event).detail;
  });
  assert.equal(guess.guesses[0].label, 'something blue');
  assert.equal(guess.unsure, false);
  assert.equal((await set(page, 'classifier', 'pincel-result', { threshold: '1' })).unsure, true);

  const blob = await page.evaluate(async () => (await document.querySelector('#painter').toBlob()).size);
  assert.ok(blob > 500);
  const again = await page.evaluate(async () => {
    const element = document.querySelector('#painter');
    element.remove();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const event = new Promise((resolve) => element.addEventListener('pincel-paint', () => resolve(true), { once: true }));
    document.body.append(element);
    return event;
  });
  assert.equal(again, true);
  await page.close();
});

test('a button asks for a picture where there is none', async () => {
  const { page } = await open('module');
  await page.evaluate(() => {
    const element = document.createElement('pincel-painter');
    element.id = 'asking';
    element.setAttribute('choose-text', 'Uma fotografia');
    element.setAttribute('size', '64');
    document.body.append(element);
  });
  assert.equal(await page.textContent('#asking button'), 'Uma fotografia');
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click('#asking button')]);
  await chooser.setFiles(`${samples}/coffee.jpg`);
  await page.waitForFunction(() => document.querySelector('#asking').shadowRoot.querySelector('canvas'), null, { timeout });
  assert.equal(await page.isVisible('#asking button'), false);
  await page.close();
});

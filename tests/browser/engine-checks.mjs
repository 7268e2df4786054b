// What every browser engine has to show, whatever drives it: exact results,
// and the demo's pages at work, online and off. A driver has goto(address),
// evaluate(function, argument), compute, the same for what takes long, and
// browser, a name for people; a variant is [simd, threads].
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { writePrecache } from '../../js/build/precache.mjs';
import { sharedPresent, startServer } from './browser.mjs';
import { runGolden, runShipped } from './in-page.mjs';

const root = new URL('../../', import.meta.url), shared = new URL('../../../shared/', import.meta.url);
const path = (name) => fileURLToPath(new URL(name, root));
const patience = 30000;

/** Waits until the function, in the page, gives something true; resolves to that. */
export async function until(driver, check, argument, what = String(check)) {
  for (const deadline = Date.now() + patience; Date.now() < deadline; await wait(100)) {
    const answer = await driver.evaluate(check, argument);
    if (answer) return answer;
  }
  const said = await driver.evaluate(() => document.querySelector('#failure:not([hidden])')?.innerText ?? '');
  throw new Error(`${driver.browser}: not within ${patience} ms: ${what} ${said}`);
}

export const press = (driver, selector) => driver.evaluate((wanted) => document.querySelector(wanted).click(), selector);

/** Moves a control as a visitor would. */
const set = (driver, selector, value) => driver.evaluate(([wanted, to]) => {
  const control = document.querySelector(wanted);
  control.value = to;
  for (const type of ['input', 'change']) control.dispatchEvent(new Event(type, { bubbles: true }));
}, [selector, value]);

/** The models that ship: what is integer throughout is the same bytes as in Node, the painter's float norms as near as the registry asks. */
export async function checkShipped(driver, variants) {
  const server = await startServer({ mounts: { '/js/': path('js') } });
  try {
    await driver.goto(`${server.origin}/tests/browser/blank.html`);
    for (const name of ['painter', 'classifier']) {
      const reference = await runShipped({ name, simd: 'simd128', threads: 1, root: root.href });
      const first = {};
      for (const [simd, threads] of variants) {
        const label = `${name}, ${simd}, ${threads} threads, ${driver.browser}`;
        const { digests, distances, info } = await driver.compute(runShipped, { name, simd, threads });
        assert.deepEqual([info.simd, info.threads], [simd, threads], label);
        if (simd === 'simd128' || name === 'classifier') assert.deepEqual(digests, reference.digests, label);
        assert.ok(Math.max(...Object.values(distances)) < 0.01, `${label}: ${JSON.stringify(distances)}`);
        assert.deepEqual(digests, first[simd] ??= digests, `${label}: other bytes than with other threads`);
      }
    }
  } finally {
    await server.close();
  }
}

/** Some of the peers' goldens, one of each kind; of integer networks the same bytes as in Node. */
export async function checkGoldens(driver, variants) {
  assert.ok(sharedPresent);
  const names = ['mobilenet_v2_ptq', 'magenta_transfer_int8', 'resnet8_int8', 'person_detect_int8', 'squeezenet_fp16'];
  const server = await startServer();
  try {
    await driver.goto(`${server.origin}/tests/browser/blank.html`);
    for (const name of names) {
      const isInteger = /int8|ptq/.test(name);
      const reference = isInteger && await runGolden({ name, simd: 'auto', threads: 1, root: root.href, shared: shared.href });
      for (const [simd, threads] of variants) {
        const label = `${name}, ${simd}, ${threads} threads, ${driver.browser}`;
        const { complaints, digests, info } = await driver.compute(runGolden, { name, simd, threads });
        assert.deepEqual(complaints, [], label);
        assert.deepEqual([info.simd, info.threads], [simd, threads], label);
        if (isInteger) assert.deepEqual(digests, reference.digests, label);
      }
    }
  } finally {
    await server.close();
  }
}

/** A digest of the painting that is shown. */
const paintingShown = async () => {
  const canvas = document.querySelector('#compare canvas.after');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
  return { size: [canvas.width, canvas.height], digest: digest.join() };
};

const isPainted = (size) => !document.querySelector('#save').disabled && document.querySelector('#progress').hidden
  && document.querySelector('#facts').textContent.startsWith(`${size} ×`);

/** The site in some folder of a host that sends no headers: a look is chosen, the server stops, the link brings the look back. */
export async function checkPages(driver, { isThreaded }) {
  const folder = mkdtempSync(join(tmpdir(), 'pincel-site-'));
  cpSync(path('web'), folder, { recursive: true });
  cpSync(path('dist'), join(folder, 'dist'), { recursive: true });
  writePrecache({ web: path('web'), dist: join(folder, 'dist'), models: join(folder, 'dist/models') });
  const server = await startServer({ isolated: false, mounts: { '/some/where/': `${folder}/` } });
  const site = `${server.origin}/some/where/`;
  try {
    await driver.goto(`${site}paint.html`);
    assert.equal(await driver.evaluate(() => crossOriginIsolated), false);
    await until(driver, isPainted, 512, 'the sample is painted');
    await press(driver, 'input[name="size"][value="256"]');
    await press(driver, '[data-style="great-wave"]');
    await set(driver, '#second', 'ink');
    await set(driver, '#blend', 35);
    await set(driver, '#strength', 80);
    await until(driver, isPainted, 256, 'it is painted in 256 pixels');
    await until(driver, () => new URLSearchParams(location.search).get('strength') === '80' && document.querySelector('#progress').hidden);
    await wait(600); // more than a change takes to settle
    await until(driver, isPainted, 256);
    const link = await driver.evaluate(() => location.search), painting = await driver.evaluate(paintingShown);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(link)), { style: 'great-wave', with: 'ink', blend: '35', strength: '80', size: '256' });
    await until(driver, async () => Boolean(navigator.serviceWorker.controller), undefined, 'the site is kept');

    await server.close();
    await driver.goto(`${site}paint.html${link}`);
    assert.equal(await driver.evaluate(() => crossOriginIsolated), true, 'the service worker isolates');
    await until(driver, isPainted, 256, 'it is painted without the server');
    assert.deepEqual(await driver.evaluate(paintingShown), painting, 'the link brings another look');
    const { threads } = await driver.evaluate(async () => (await import('./dist/pincel.mjs')).features());
    assert.equal(threads, isThreaded);

    await driver.goto(`${site}classify.html`);
    await until(driver, () => Boolean(document.querySelector('#facts').textContent), undefined, 'the page is ready');
    await press(driver, '#picture-samples [data-source*="cup"]');
    await until(driver, () => !document.querySelector('#guesses').classList.contains('waiting'), undefined, 'the sample is classified');
    assert.equal(await driver.evaluate(() => document.querySelector('#guesses .label').textContent), 'cup');
    for (const page of ['', 'model.html', 'bench.html']) {
      await driver.goto(site + page);
      assert.ok(await driver.evaluate(() => document.querySelector('h1').textContent), page);
    }
  } finally {
    await server.close().catch(() => {});
    rmSync(folder, { recursive: true });
  }
}

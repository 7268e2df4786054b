// The goldens again, in headless Chromium, on every instruction set with one
// and two threads; integer results equal those of Node.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { isLarge } from '../golden/goldens.mjs';
import { sharedPresent, startBrowser, startServer } from './browser.mjs';
import { runGolden } from './in-page.mjs';

const skip = sharedPresent ? false : '../shared is absent';
const goldens = new URL('../../../shared/goldens/', import.meta.url);
let browser, server;

before(async () => {
  if (skip) return;
  browser = await startBrowser();
  server = await startServer();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const names = sharedPresent ? readdirSync(goldens) : ['(none)'];
for (const name of names) {
  const index = sharedPresent && JSON.parse(readFileSync(new URL(`${name}/index.json`, goldens)));
  test(`golden ${name} in Chromium`, { skip }, async () => {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/tests/browser/blank.html`);
    let first;
    for (const simd of isLarge(index) ? ['simd128', 'relaxed'] : ['scalar', 'simd128', 'relaxed']) {
      for (const threads of [1, 2]) {
        const { complaints, digests, info } = await page.evaluate(runGolden, { name, simd, threads });
        const label = `${simd}, ${threads} threads`;
        assert.deepEqual(complaints, [], label);
        assert.equal(info.threads, threads, label);
        assert.equal(info.simd, simd, label);
        first ??= digests;
        if (/int8|ptq/.test(name)) assert.deepEqual(digests, first, `${label} differs`);
      }
    }
    await page.close();
  });
}

// A page that embeds the library under a strict Content-Security-Policy, as a
// module and as a classic script, with and without cross-origin isolation.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sharedPresent, startBrowser, startServer } from './browser.mjs';

const skip = sharedPresent ? false : '../shared is absent';
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
let browser;
before(async () => { browser = await startBrowser(); });
after(async () => { await browser?.close(); });

async function embed(page) {
  await page.waitForFunction(() => document.documentElement.dataset.outcome, null, { timeout: 60000 });
  return JSON.parse(await page.evaluate(() => document.documentElement.dataset.outcome));
}

for (const isolated of [true, false]) {
  for (const kind of ['module', 'classic']) {
    test(`${kind} page under a strict policy, ${isolated ? '' : 'not '}isolated`, { skip }, async () => {
      const server = await startServer({ isolated, headers: { 'Content-Security-Policy': policy } });
      const page = await browser.newPage();
      const violations = [];
      page.on('console', (message) => { if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico')) violations.push(message.text()); });
      await page.goto(`${server.origin}/tests/browser/embed-${kind}.html`);
      const outcome = await embed(page);
      assert.deepEqual(violations, []);
      assert.equal(outcome.error, undefined);
      assert.equal(outcome.length, 2);
      assert.equal(outcome.info.threads > 1, isolated, JSON.stringify(outcome.info));
      if (!isolated) assert.match(outcome.info.why, /isolat/i);
      await page.close();
      await server.close();
    });
  }
}

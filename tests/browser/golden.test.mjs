// The goldens again, in headless Chromium, on every instruction set with one
// and two threads; integer results equal those of Node.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { isLarge } from '../golden/goldens.mjs';
import { sharedPresent, startBrowser, startServer } from './browser.mjs';

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

/** Runs in the page: every case of a golden on one variant. Resolves to complaints and digests of the outputs. */
async function runInPage({ name, simd, threads }) {
  const { Model } = await import('/dist/pincel.mjs');
  const { disagreement, loadCases } = await import('/tests/golden/goldens.mjs');
  const index = await (await fetch(`/goldens/${name}/index.json`)).json();
  const cases = await loadCases(index, async (file) => new Uint8Array(await (await fetch(`/goldens/${name}/${file}`)).arrayBuffer()));
  const model = await Model.load(`/zoo/${index.model}`, { simd, threads, cache: false });
  const complaints = [], digests = [];
  for (const { name: caseName, inputs, outputs } of cases) {
    const result = await model.run(Object.fromEntries(model.inputs.map((input, i) => [input.name, inputs[i].data])));
    for (const [i, output] of model.outputs.entries()) {
      const complaint = disagreement(result[output.name], outputs[i].data);
      if (complaint) complaints.push(`${caseName} ${output.name}: ${complaint}`);
      const hash = await crypto.subtle.digest('SHA-256', result[output.name]);
      digests.push([...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
    }
  }
  const { info } = model;
  model.dispose();
  return { complaints, digests, info };
}

const names = sharedPresent ? readdirSync(goldens) : ['(none)'];
for (const name of names) {
  const index = sharedPresent && JSON.parse(readFileSync(new URL(`${name}/index.json`, goldens)));
  test(`golden ${name} in Chromium`, { skip }, async () => {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/tests/browser/blank.html`);
    let first;
    for (const simd of isLarge(index) ? ['simd128', 'relaxed'] : ['scalar', 'simd128', 'relaxed']) {
      for (const threads of [1, 2]) {
        const { complaints, digests, info } = await page.evaluate(runInPage, { name, simd, threads });
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

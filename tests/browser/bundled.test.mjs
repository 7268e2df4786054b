// The packed tarball through esbuild, as an application would have it. tests/bundlers/run.mjs has the other bundlers.
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { clean, drive, install, pack } from '../bundlers/harness.mjs';
import { startBrowser } from './browser.mjs';

let packed, browser, place, expected;
before(async () => {
  packed = pack();
  browser = await startBrowser();
  place = install(packed, 'esbuild');
  const { work } = await import(pathToFileURL(join(place, 'work.mjs')).href);
  expected = JSON.parse(JSON.stringify(await work())); // in Node
});
after(async () => {
  await browser?.close();
  if (packed) clean(packed);
});

/** Bundled, its page beside it and, unless `files` are left out, the package's files. */
async function bundled(out, options, files = true) {
  const outdir = join(place, out);
  await build({ absWorkingDir: place, entryPoints: ['main.mjs'], bundle: true, minify: true, outdir, logLevel: 'silent', ...options });
  cpSync(join(place, 'index.html'), join(outdir, 'index.html'));
  if (files) cpSync(join(place, 'node_modules/pincel/dist'), outdir, { recursive: true });
  return outdir;
}

test('an application bundled by esbuild, with the package\'s files beside it', async () => {
  const { outcome, complaints } = await drive(browser, await bundled('whole', { format: 'esm', splitting: true }));
  assert.deepEqual({ ...outcome, threads: expected.threads }, expected);
  assert.deepEqual(complaints, []);
});

test('without the files the error says what to do', async () => {
  const { outcome } = await drive(browser, await bundled('bare', { format: 'esm', splitting: true }, false));
  assert.match(outcome.error, /assetBase|\.wasm|models/);
});

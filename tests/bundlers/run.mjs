// npm run test:bundlers [-- NAME…]: the packed package in what people build pages with, unchanged. Each fixture is
// installed from the registry into a temporary folder, built, served and driven; one that cannot be installed is
// skipped, saying so.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startBrowser } from '../browser/browser.mjs';
import { clean, drive, execute, install, pack } from './harness.mjs';

const wanted = process.env.BUNDLERS?.split(',');
const names = readdirSync(fileURLToPath(new URL('fixtures', import.meta.url))).filter((name) => name !== 'types' && (!wanted || wanted.includes(name)));

let packed, browser, expected;

before(async () => {
  packed = pack();
  browser = await startBrowser();
  const place = install(packed, 'types'); // any will do: what Node computes from the same package
  expected = await (await import(pathToFileURL(join(place, 'work.mjs')).href)).work();
});
after(async () => {
  await browser?.close();
  if (packed) clean(packed);
});

function check({ outcome, complaints }) {
  assert.equal(outcome.error, undefined);
  for (const key of ['painting', 'width', 'best', 'score', 'refusal']) assert.equal(outcome[key], expected[key], key);
  assert.equal(expected.refusal, 'type');
  assert.equal(outcome.why, undefined, 'no worker, or no threads in it');
  assert.ok(outcome.threads > 1 || expected.threads === 1);
  assert.deepEqual(complaints, []);
}

/** The fixture installed; undefined, with the test skipped, when its packages cannot be had. */
function installed(context, name) {
  try {
    return install(packed, name, { registry: true });
  } catch (error) {
    context.skip(`cannot be installed: ${error.message.split('\n').at(-2)}`);
    return undefined;
  }
}

/** Vite's development server, once it answers; it bundles dependencies in another way than the build. */
async function develop(place, port) {
  const child = spawn(join(place, 'node_modules/.bin/vite'), ['--host', '127.0.0.1', '--port', String(port), '--strictPort'], { cwd: place, stdio: 'ignore' });
  for (let tries = 0; tries < 100; tries++) {
    if (await fetch(`http://127.0.0.1:${port}/`).then(({ ok }) => ok, () => false)) return child;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  child.kill();
  throw new Error('The development server does not answer.');
}

for (const name of names) {
  test(name, async (context) => {
    const place = installed(context, name);
    if (!place) return;
    execute('npm', ['run', 'build'], place);
    check(await drive(browser, join(place, 'out')));
    if (name === 'vite') {
      const port = 5199, server = await develop(place, port);
      try {
        const { outcome, complaints } = await drive(browser, place, { origin: `http://127.0.0.1:${port}` });
        assert.match(outcome.why ?? '', /isolated/); // this server sends no headers
        check({ outcome: { ...outcome, why: undefined, threads: expected.threads }, complaints });
      } finally {
        server.kill();
      }
    }
  });
}

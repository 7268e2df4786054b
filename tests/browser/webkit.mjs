// npm run test:webkit: WebKitGTK, which has neither relaxed SIMD nor shared
// memory, in its MiniBrowser by way of WebKitWebDriver. Debian: apt-get install
// webkit2gtk-driver xvfb (xvfb where there is no display). Not a part of npm
// test: few machines have it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Builder, Capabilities } from 'selenium-webdriver';
import { sharedPresent, startServer } from './browser.mjs';
import { checkGoldens, checkPages, checkShipped } from './engine-checks.mjs';

const driverProgram = process.env.WEBKIT_DRIVER ?? '/usr/bin/WebKitWebDriver';
const subfolders = (folder) => (existsSync(folder)
  ? readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name)) : []);
const miniBrowser = process.env.WEBKIT ?? subfolders('/usr/lib').flatMap(subfolders)
  .filter((folder) => /\/webkit2?gtk-[\d.]+$/.test(folder)).map((folder) => join(folder, 'MiniBrowser')).find(existsSync);
const skip = !existsSync(driverProgram) ? `${driverProgram} is absent`
  : !miniBrowser ? 'WebKitGTK\'s MiniBrowser is absent'
    : !process.env.DISPLAY && !existsSync('/usr/bin/Xvfb') ? 'there is no display, and no Xvfb' : false;
const variants = [['simd128', 1]];
const running = [];
let session, driver;

/** A display of one's own: Xvfb chooses its number and says it. */
async function display() {
  if (process.env.DISPLAY) return process.env.DISPLAY;
  const screen = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'pipe', 'ignore'] });
  running.push(screen);
  const [number] = await new Promise((resolve) => screen.stdout.once('data', (text) => resolve(String(text).split('\n'))));
  return `:${number}`;
}

async function startDriver() {
  const port = 20000 + (process.pid % 20000);
  running.push(spawn(driverProgram, [`--port=${port}`], { env: { ...process.env, DISPLAY: await display() }, stdio: 'ignore' }));
  const address = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries++) {
    if (await fetch(`${address}/status`).then(() => true, () => false)) return address;
    await wait(100);
  }
  throw new Error(`${driverProgram} does not answer`);
}

/** Runs in the page: what the function, sent as text, resolves to; its failure as {failure}. */
const caller = `const [text, argument, done] = arguments;
  Promise.resolve().then(() => (0, eval)('(' + text + ')')(argument)).then((value) => done({ value }), (error) => done({ failure: String(error) }));`;

before(async () => {
  if (skip) return;
  session = await new Builder().usingServer(await startDriver()).withCapabilities(new Capabilities({
    browserName: 'MiniBrowser', 'webkitgtk:browserOptions': { binary: miniBrowser, args: ['--automation'] },
  })).build();
  await session.manage().setTimeouts({ script: 120000, pageLoad: 60000 });
  driver = {
    browser: 'WebKitGTK',
    goto: (address) => session.get(address),
    async evaluate(action, argument) {
      const { value, failure } = await session.executeAsyncScript(caller, String(action), argument);
      if (failure) throw new Error(failure);
      return value ?? undefined;
    },
  };
  driver.compute = driver.evaluate;
});
after(async () => {
  await session?.quit();
  for (const child of running.reverse()) child.kill();
});

test('the models that ship compute the same bytes in WebKitGTK', { skip }, () => checkShipped(driver, variants));
test('goldens in WebKitGTK', { skip: skip || (sharedPresent ? false : '../shared is absent') }, () => checkGoldens(driver, variants));
test('the pages in WebKitGTK, online and off', { skip }, () => checkPages(driver, { isThreaded: false }));
test('threads are asked for where there are none: one does the work, and says why', { skip }, async () => {
  const server = await startServer();
  await driver.goto(`${server.origin}/tests/browser/blank.html`);
  const { simd, threads, why } = await driver.evaluate(async () => {
    const { Classifier } = await import('/dist/pincel.mjs');
    const classifier = await Classifier.create('pincel:classifier', { threads: 2 });
    const { info } = classifier;
    classifier.dispose();
    return info;
  });
  assert.deepEqual([simd, threads], ['simd128', 1]);
  assert.match(why, /shared memory/);
  await server.close();
});

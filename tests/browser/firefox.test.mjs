// Firefox, where the relaxed dot product saturates: the engine is exact there
// too, and the pages work, with threads, isolated by the service worker, and
// without their server. FIREFOX names another program than firefox-esr.
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import { sharedPresent, startServer } from './browser.mjs';
import { checkGoldens, checkPages, checkShipped, press, until } from './engine-checks.mjs';

const executablePath = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const skip = existsSync(executablePath) ? false : `${executablePath} is absent`;
const variants = [['relaxed', 1], ['relaxed', 2], ['simd128', 1]];
const fakeCamera = { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true };
let browser, driver;

async function open() {
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  return page;
}

before(async () => {
  if (skip) return;
  browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, protocolTimeout: 25000, extraPrefsFirefox: fakeCamera });
  const page = await open();
  driver = { browser: 'Firefox', compute: (action, argument) => page.evaluate(action, argument), goto: (address) => page.goto(address), evaluate: (action, argument) => page.evaluate(action, argument) };
});
after(() => browser?.close());

test('the models that ship compute the same bytes in Firefox', { skip }, () => checkShipped(driver, variants));
test('goldens in Firefox', { skip: skip || (sharedPresent ? false : '../shared is absent') }, () => checkGoldens(driver, [['relaxed', 2]]));
test('the pages in Firefox, online and off', { skip }, () => checkPages(driver, { isThreaded: true }));

test('the camera is painted in Firefox, and gives a photograph', { skip }, async () => {
  const server = await startServer({ mounts: { '/': fileURLToPath(new URL('../../web', import.meta.url)) } });
  try {
    await driver.goto(`${server.origin}/paint.html?size=256`);
    await until(driver, () => !document.querySelector('#save').disabled);
    await press(driver, '.under .camera-button');
    await until(driver, () => Number(document.querySelector('#facts').dataset.rate) > 0, undefined, 'frames are painted');
    await press(driver, '#snap');
    await until(driver, () => document.querySelector('#stop').hidden && !document.querySelector('#save').disabled, undefined, 'the photograph is painted');
  } finally {
    await server.close();
  }
});

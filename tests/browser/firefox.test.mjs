// Firefox, where the relaxed dot product saturates: the engine is exact there
// too, and the pages work, with threads, isolated by the service worker, and
// without their server. FIREFOX names another program than firefox-esr.
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { sharedPresent } from './browser.mjs';
import { checkGoldens, checkPages, checkShipped } from './engine-checks.mjs';

const executablePath = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const skip = existsSync(executablePath) ? false : `${executablePath} is absent`;
const variants = [['relaxed', 1], ['relaxed', 2], ['simd128', 1]];
let browser, driver;

before(async () => {
  if (skip) return;
  browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, protocolTimeout: 120000 });
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  driver = { browser: 'Firefox', goto: (address) => page.goto(address), evaluate: (action, argument) => page.evaluate(action, argument) };
});
after(() => browser?.close());

test('the models that ship compute the same bytes in Firefox', { skip }, () => checkShipped(driver, variants));
test('goldens in Firefox', { skip: skip || (sharedPresent ? false : '../shared is absent') }, () => checkGoldens(driver, [['relaxed', 2]]));
test('the pages in Firefox, online and off', { skip }, () => checkPages(driver, { isThreaded: true }));

// The browsers that the benchmark drives.
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import puppeteer from 'puppeteer-core';

const settling = 1000; // milliseconds: opening a tab keeps a browser's processes busy for most of that

const programs = {
  chromium: {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  },
  firefox: { browser: 'firefox', executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr' },
};

/** undefined where the browser is not installed. */
export async function launch(name) {
  if (!existsSync(programs[name].executablePath)) return undefined;
  return puppeteer.launch({ headless: true, protocolTimeout: 600_000, ...programs[name] });
}

/** Opens the benchmark's page in a context of its own: no leftovers of the one before. */
export async function openPage(browser, origin) {
  const context = await browser.createBrowserContext(), page = await context.newPage();
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  await page.goto(`${origin}/bench/page.html`);
  await page.waitForFunction('window.bench');
  /** Calls window.bench[name]. */
  const call = (name, ...parameters) => page.evaluate((method, given) => window.bench[method](...given), name, parameters);
  return { call, close: () => context.close() };
}

/**
 * Milliseconds from navigation to the line that says the answer, in a context of its own: nothing is cached. The empty
 * tab is opened before, and has come to rest.
 * @returns {Promise<{milliseconds: number, answer: string}>}
 */
export async function timeFirstAnswer(browser, address) {
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    await pause(settling);
    const answered = new Promise((resolve, reject) => {
      page.on('console', (message) => { if (message.text().startsWith('answer ')) resolve({ at: performance.now(), answer: message.text() }); });
      page.on('pageerror', reject);
      setTimeout(() => reject(new Error(`${address} gave no answer.`)), 60_000).unref();
    });
    const start = performance.now();
    const [{ at, answer }] = await Promise.all([answered, page.goto(address)]);
    return { milliseconds: at - start, answer };
  } finally {
    await context.close();
  }
}

// What makes the pages fit for everybody: nothing moves, nothing waits for the
// engine, everything is worked by keyboard and read aloud, at any size of text,
// in both themes and languages; and the site can be installed.
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBrowser, startServer } from './browser.mjs';
import { standInModels } from './stand-in.mjs';

const web = fileURLToPath(new URL('../../web', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pages = ['', 'paint.html', 'classify.html', 'model.html', 'bench.html'];
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const desk = { viewport: { width: 1440, height: 900 } };
const timeout = 60000;
let browser, server, models;

before(async () => {
  models = standInModels();
  browser = await startBrowser();
  server = await startServer({ mounts: { '/': web, '/dist/models/': models } });
});
after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(models, { recursive: true });
});

async function visit(options, path = '') {
  const context = await browser.newContext({ serviceWorkers: 'block', locale: 'en-GB', ...options });
  const page = await context.newPage();
  await page.goto(`${server.origin}/${path}`);
  return { context, page };
}

/** What a page is for, done once, so that its results are there too. */
const jobs = {
  '': (page) => page.waitForFunction(() => document.querySelector('#example canvas').width > 300, null, { timeout }),
  'paint.html': (page) => page.waitForSelector('#save:not([disabled])', { timeout }),
  'classify.html': async (page) => {
    await page.locator('#facts', { hasText: /./ }).waitFor({ timeout });
    await page.click('#picture-samples [data-source*="cat"]');
    await page.waitForSelector('#guesses:not(.waiting)', { timeout });
    await page.$eval('#known', (details) => { details.open = true; });
  },
  'model.html': async (page) => {
    await page.setInputFiles('#model-file', `${models}/classifier.tflite`);
    await page.waitForSelector('#operators:not([hidden])', { timeout });
  },
  'bench.html': (page) => page.locator('#results tbody tr').nth(3).waitFor({ timeout }),
};

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing to complain about, ${colorScheme}`, { timeout: 300000 }, async () => {
    const { context, page } = await visit({ ...desk, colorScheme });
    for (const path of pages) {
      await page.goto(`${server.origin}/${path}`);
      await jobs[path](page);
      await page.evaluate(axe);
      const complaints = await page.evaluate(async () => {
        const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
        return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
      });
      assert.deepEqual(complaints, [], path);
    }
    await context.close();
  });
}

/** Before any script of the page: sums what shifts without the visitor's doing. */
const watchShifts = () => {
  window.shifted = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (!entry.hadRecentInput) window.shifted.push([entry.value, ...entry.sources.map(({ node }) => node?.id || node?.className || node?.nodeName)]);
    }
  }).observe({ type: 'layout-shift', buffered: true });
};

for (const [name, options] of Object.entries({ 'a phone, in Portuguese': { ...phone, locale: 'pt-PT' }, 'a desk': desk })) {
  test(`nothing moves while a page loads and does its work, on ${name}`, async () => {
    const { context, page } = await visit(options);
    await page.addInitScript(watchShifts);
    for (const path of ['', 'paint.html', 'classify.html', 'bench.html']) {
      await page.goto(`${server.origin}/${path}`);
      if (path === 'classify.html') await page.waitForTimeout(300);
      else await jobs[path](page);
      await page.waitForTimeout(200);
      const shifts = await page.evaluate(() => window.shifted);
      assert.ok(shifts.reduce((sum, [value]) => sum + value, 0) < 0.02, `${path} ${JSON.stringify(shifts)}`);
    }
    await context.close();
  });
}

test('the page is drawn and can be worked while the engine has not come', async () => {
  const { context, page } = await visit(phone);
  await page.route(/\.wasm$|dist\/pincel\.mjs$/, () => {}); // no answer, ever
  await page.goto(`${server.origin}/paint.html`, { waitUntil: 'commit' });
  await page.locator('#known-styles [data-style="green"]').click();
  assert.equal(await page.getAttribute('[data-style="green"]', 'aria-pressed'), 'true');
  await page.focus('#strength');
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => new URLSearchParams(location.search).get('strength') === '95');
  assert.equal(new URL(page.url()).searchParams.get('style'), 'green');
  await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length === 1, null, { timeout });
  assert.ok(await page.isVisible('#photo'), 'the sample is not seen');
  await page.waitForSelector('#progress', { state: 'visible', timeout }); // some moments later: what is there at once needs none
  await page.click('#language');
  assert.equal(await page.textContent('h1'), 'Pintar uma fotografia');
  await page.click('#progress button');
  await page.waitForSelector('#progress', { state: 'hidden' });
  await context.close();
});

/** Runs in the page: what can have the focus, a group of radio buttons counted once, as names for people. */
const focusable = () => {
  const groups = new Set();
  return [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex]')].filter((element) => {
    if (element.disabled || !element.checkVisibility({ visibilityProperty: true })) return false;
    if (element.type !== 'radio') return true;
    if (groups.has(element.name)) return false;
    groups.add(element.name);
    return true;
  }).length;
};

/** Runs in the page: which element has the focus, and whether one sees it. */
const focused = () => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  element.dataset.visit ??= String(document.querySelectorAll('[data-visit]').length + 1);
  const isDrawn = (place) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(place);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  };
  const stand = element.closest('.choices') ? element.nextElementSibling : element.closest('compare-slider')?.querySelector('.knob') ?? element;
  return { visit: element.dataset.visit, isSeen: isDrawn(stand) || isDrawn(element), name: element.id || element.outerHTML.slice(0, 80) };
};

test('every control is reached and seen by keyboard alone', { timeout: 300000 }, async () => {
  const { context, page } = await visit(desk);
  for (const path of pages) {
    await page.goto(`${server.origin}/${path}`);
    await jobs[path](page);
    await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
    const wanted = await page.evaluate(focusable), reached = new Set(), unseen = [];
    for (let presses = 0; presses < wanted + 10; presses++) {
      await page.keyboard.press('Tab');
      const place = await page.evaluate(focused);
      if (!place) continue;
      if (reached.has(place.visit)) break;
      reached.add(place.visit);
      if (!place.isSeen) unseen.push(place.name);
    }
    assert.deepEqual(unseen, [], path);
    assert.ok(reached.size >= wanted, `${path}: ${reached.size} of ${wanted} controls are reached`);
  }
  await context.close();
});

test('a look is chosen and painted by keyboard alone', async () => {
  const { context, page } = await visit(desk, 'paint.html');
  await jobs['paint.html'](page);
  const inAddress = (name, value) => page.waitForFunction(([key, wanted]) => new URLSearchParams(location.search).get(key) === wanted, [name, value]);
  await page.focus('[data-style="blue"]');
  await page.keyboard.press('Enter');
  await inAddress('style', 'blue');
  await page.focus('#second');
  await page.keyboard.type('In rose');
  await inAddress('with', 'rose');
  await page.focus('#blend');
  await page.keyboard.press('End');
  await inAddress('blend', '100');
  await page.focus('input[name="size"][value="512"]');
  await page.keyboard.press('ArrowLeft');
  await inAddress('size', '256');
  await page.focus('.more summary');
  await page.keyboard.press('Enter');
  assert.ok(await page.isVisible('#url-network'));
  await page.focus('#photo-samples [data-source*="raccoon"]');
  await page.keyboard.press('Space');
  await page.locator('#facts', { hasText: /^256 × 192/ }).waitFor({ timeout });
  await context.close();
});

/** Runs in the page: elements that hide a part of their text. */
const cutOff = () => [...document.querySelectorAll('main *, header *')].filter((element) => {
  if (!element.checkVisibility() || !element.textContent.trim() || element.matches('.for-readers, .for-readers *')) return false;
  const { overflowX, overflowY, textOverflow } = getComputedStyle(element);
  return (overflowY === 'hidden' && element.scrollHeight > element.clientHeight + 2)
    || (overflowX === 'hidden' && textOverflow !== 'ellipsis' && element.scrollWidth > element.clientWidth + 2);
}).map((element) => {
  const { right, bottom } = element.getBoundingClientRect();
  const beyond = [...element.querySelectorAll('*')].filter((part) => {
    const box = part.getBoundingClientRect();
    return box.right > right + 1 || box.bottom > bottom + 1;
  });
  return [element, ...beyond].map(({ tagName, id, className }) => `${tagName} ${id} ${className}`).join(' > ');
});

test('no scrolling sideways at 320 pixels, nor with text of twice the size, and no text is cut off', { timeout: 300000 }, async () => {
  for (const locale of ['en-GB', 'pt-PT']) {
    const { context, page } = await visit({ ...desk, locale });
    for (const path of pages) {
      await page.goto(`${server.origin}/${path}`);
      for (const [width, percent] of [[320, 100], [390, 200], [1280, 200]]) {
        await page.setViewportSize({ width, height: 800 });
        await page.evaluate((size) => { document.documentElement.style.fontSize = `${size}%`; }, percent);
        const label = `${path} at ${width} pixels, ${percent} %, ${locale}`;
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, label);
        assert.deepEqual(await page.evaluate(cutOff), [], label);
      }
    }
    await context.close();
  }
});

test('the language is declared, and who asks for less motion gets it', async () => {
  const { context, page } = await visit({ ...phone, locale: 'pt-BR', reducedMotion: 'reduce' });
  for (const path of pages) {
    await page.goto(`${server.origin}/${path}`);
    assert.equal(await page.getAttribute('html', 'lang'), 'pt', path);
    assert.equal(await page.getAttribute('#language', 'lang'), 'en', path);
    const moving = await page.evaluate(() => {
      for (const card of document.querySelectorAll('.progress')) card.hidden = false; // the sweep of what takes unknown time
      const slow = [...document.querySelectorAll('*')].filter((element) => getComputedStyle(element).transitionDuration.split(',').some((time) => parseFloat(time) > 0.001));
      return [...slow, ...document.getAnimations().filter(({ playState, effect }) => playState === 'running' && effect.getComputedTiming().iterations === Infinity)].length;
    });
    assert.equal(moving, 0, path);
  }
  await context.close();
});

test('the site can be installed', async () => {
  const { context, page } = await visit(phone, 'paint.html');
  const session = await context.newCDPSession(page);
  const { errors, data } = await session.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'), []);
  const manifest = JSON.parse(data), base = `${server.origin}/pincel.webmanifest`;
  for (const name of ['name', 'short_name', 'description', 'theme_color', 'background_color']) assert.ok(manifest[name], name);
  assert.ok(new URL(manifest.start_url, base).href.startsWith(new URL(manifest.scope, base).href));
  for (const { src, sizes } of manifest.icons) {
    const png = Buffer.from(await (await fetch(new URL(src, base))).arrayBuffer());
    assert.equal(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`, sizes, src);
  }
  assert.ok(manifest.icons.some(({ purpose }) => purpose === 'maskable'));
  for (const { url } of manifest.shortcuts) assert.equal((await fetch(new URL(url, base))).status, 200, url);
  for (const { href } of await page.$$eval('link[rel*=icon], link[rel=preload]', (links) => links.map(({ href }) => ({ href })))) assert.equal((await fetch(href)).status, 200, href);
  await context.close();
});

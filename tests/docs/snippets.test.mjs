// Every snippet of README.md and web/docs, taken from the documents and run
// as it stands: in headless Chromium, in Node, in a shell, or, for headers of
// other people's servers, compared with what the project's own server sends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { nodeFlags } from '../../js/build/test.mjs';
import { root } from '../../js/build/setup.mjs';
import { startBrowser, startServer } from '../browser/browser.mjs';
import { allSnippets, snippet } from './documents.mjs';
import { environment, makeFolder } from './fixtures.mjs';

const timeout = 60000;
const zoo = fileURLToPath(new URL('../../../shared/zoo', import.meta.url));
const needsZoo = existsSync(zoo) ? false : '../shared is absent';

/** Not run, and why. Those in JavaScript are parsed at least. */
const notRun = {
  'readme-commands': 'this test is part of the second of these commands',
  'readme-export': 'PyTorch is no part of this project; a network of the same inputs and outputs stands in for what it exports',
  'readme-diagram': 'a drawing',
  'ort-before': 'the code of another library', 'tfjs-before': 'the code of another library', 'litert-before': 'the code of another library',
};

let place, browser, server, bare, elsewhere;
before(async () => {
  place = makeFolder();
  browser = await startBrowser('--use-fake-device-for-media-stream=fps=30', '--use-fake-ui-for-media-stream');
  const mounts = { '/': `${place.folder}/`, '/pincel/': join(root, 'dist') };
  server = await startServer({ mounts: { ...mounts, '/models/': zoo } });
  bare = await startServer({ isolated: false, headers: { 'Cross-Origin-Resource-Policy': null }, mounts });
  const shared = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };
  elsewhere = await startServer({ headers: shared, mounts: { '/': join(root, 'dist') } });
  await shell('quantise'); // pages that come later use the file it writes
});
after(async () => {
  await browser?.close();
  for (const one of [server, bare, elsewhere]) await one?.close();
  place?.remove();
});

/** Runs a program in the folder: {code, out, err}. */
function spawned(command, ...parameters) {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, { cwd: place.folder, env: environment(place) });
    const texts = { out: '', err: '' };
    child.stdout.on('data', (data) => { texts.out += data; });
    child.stderr.on('data', (data) => { texts.err += data; });
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

/** What the shell printed; every line has to succeed. */
async function shell(id) {
  const { code, out, err } = await spawned('sh', '-ec', snippet(id));
  assert.equal(code, 0, `${out}${err}`);
  return out;
}

const write = (name, text) => writeFileSync(place.at(name), text);
const page = (body) => `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>A snippet</title><body>${body}`;

/**
 * Opens a page in a fresh context: {page, said, close}. `said` collects what it writes to the console;
 * close fails when the page complained of anything that `expected` does not match.
 */
async function open(name, { from = server, expected } = {}) {
  const context = await browser.newContext();
  const tab = await context.newPage(), said = [], complaints = [];
  tab.on('console', (message) => (message.type() === 'error' ? complaints : said).push(message.text()));
  tab.on('pageerror', (error) => complaints.push(error.message));
  await tab.goto(`${from.origin}/${name}`);
  return { page: tab, said, complaints, close: async () => {
    await context.close();
    assert.deepEqual(complaints.filter((text) => !expected?.test(text)), []);
  } };
}

const openFile = (name) => open(name, { from: { origin: `file://${place.folder}` } });

/** A snippet of HTML as a page of its own. */
async function show(id, options) {
  write(`${id}.html`, page(snippet(id)));
  return open(`${id}.html`, options);
}

/** A module in a page with `photo` and `canvas`; `result`, an expression, is what comes back. */
async function runModule(id, { result = 'null', prelude = '', replace = (text) => text, options } = {}) {
  write(`${id}.mjs`, `${prelude}\n${replace(snippet(id))}\nglobalThis.result = ${result};\nglobalThis.finished = true;\n`);
  write(`${id}.html`, page(`<img id="photo" src="photo.jpg"><canvas id="canvas"></canvas><script type="module" src="${id}.mjs"></script>`));
  const opened = await open(`${id}.html`, options);
  try {
    await opened.page.waitForFunction(() => globalThis.finished, null, { timeout });
  } catch (error) {
    throw new Error(`${id} did not finish: ${opened.complaints.join(' ') || error.message}`);
  }
  const value = await opened.page.evaluate(() => globalThis.result);
  await opened.close();
  return { value, said: opened.said.join('\n') };
}

/** That the canvas shows a picture of this size, and not one colour. */
async function assertPainted(tab, width, selector = '#canvas') {
  await tab.waitForFunction(([query, side]) => document.querySelector(query)?.width === side, [selector, width], { timeout });
  await tab.waitForFunction((query) => {
    const source = document.querySelector(query), copy = new OffscreenCanvas(source.width, source.height), context = copy.getContext('2d');
    context.drawImage(source, 0, 0);
    return new Set(context.getImageData(0, 0, copy.width, copy.height).data).size > 20;
  }, selector, { timeout });
}

const waitForText = (tab, selector, pattern) => tab.waitForFunction(([query, source]) => new RegExp(source).test(document.querySelector(query)?.textContent),
  [selector, pattern.source], { timeout });
const inElement = (tab, element, selector) => tab.waitForFunction(([name, query]) => document.querySelector(name)?.shadowRoot?.querySelector(query),
  [element, selector], { timeout });

/** Chooses a picture in a page that says what it shows. */
async function answers(id, pattern) {
  const opened = await show(id);
  await opened.page.setInputFiles('#photo', place.at('photo.jpg'));
  await waitForText(opened.page, '#answer', pattern);
  await opened.close();
}

async function elementsPaint(id, { width, classifies = true, options } = {}) {
  const opened = await show(id, options);
  await inElement(opened.page, 'pincel-painter', 'canvas');
  assert.equal(await opened.page.evaluate(() => document.querySelector('pincel-painter').shadowRoot.querySelector('canvas').width), width);
  if (classifies) await inElement(opened.page, 'pincel-classifier', 'ol');
  await opened.close();
}

async function paints(id, width) {
  const opened = await show(id);
  await assertPainted(opened.page, width);
  await opened.close();
}

const inPages = {
  'start-element': () => elementsPaint('start-element', { width: 512, classifies: false }),
  'start-program': async () => assert.deepEqual((await runModule('start-program', { result: '[painting.width, painting.height]' })).value, [384, 256]),
  'inicio-elemento': () => elementsPaint('inicio-elemento', { width: 512, classifies: false }),
  'inicio-programa': async () => assert.equal((await runModule('inicio-programa', { result: 'pintura.width' })).value, 384),
  'readme-script-tag': () => answers('readme-script-tag', /^\S.* \(\d+ %\)$/),
  'readme-module': async () => assert.deepEqual((await runModule('readme-module', { result: '[canvas.width, canvas.height]' })).value, [384, 256]),
  'readme-elements': () => elementsPaint('readme-elements', { width: 512 }),
  'readme-own-model': () => answers('readme-own-model', /^something (red|green|blue) \(\d+ %\)$/),
  'script-tag': () => answers('script-tag', /cat|not sure/),
  'es-module': () => paints('es-module', 512),
  elements: () => elementsPaint('elements', { width: 512 }),
  'elements-styled': async () => {
    const opened = await show('elements-styled');
    await inElement(opened.page, 'pincel-classifier', '[part="label"]');
    assert.deepEqual(await opened.page.evaluate(() => {
      const inside = (element, selector) => getComputedStyle(document.querySelector(element).shadowRoot.querySelector(selector));
      const button = inside('pincel-painter', 'button');
      return [button.backgroundColor, button.textTransform, inside('pincel-painter', '.stage').minHeight, inside('pincel-classifier', '[part="label"]').fontWeight,
        document.querySelector('pincel-painter').offsetWidth];
    }), ['rgb(0, 128, 128)', 'uppercase', '224px', '700', 320]);
    await opened.close();
  },
  'elements-events': async () => {
    const opened = await show('elements-events');
    await waitForText(opened.page, '#note', /^384 × 256$/);
    await opened.page.evaluate(() => painter.setAttribute('look', 'nobody'));
    await waitForText(opened.page, '#note', /nobody/);
    await opened.close();
  },
  react: async () => {
    const program = `${snippet('react')}
      import { StrictMode } from 'react';
      import { createRoot } from 'react-dom/client';
      const shown = createRoot(document.getElementById('root'));
      globalThis.show = (look) => shown.render(<StrictMode><Painting photo="photo.jpg" look={look} /></StrictMode>);
      show('scream');`;
    await build({
      stdin: { contents: program.replace("'pincel'", "'/dist/pincel.mjs'"), loader: 'jsx', resolveDir: root }, external: ['/dist/*'], bundle: true, format: 'esm', jsx: 'automatic', define: { 'process.env.NODE_ENV': '"development"' }, outfile: place.at('react.mjs'), logLevel: 'error',
    });
    write('react.html', page('<div id="root"></div><script type="module" src="react.mjs"></script>'));
    const opened = await open('react.html');
    await assertPainted(opened.page, 384, '#root canvas');
    assert.equal(await opened.page.locator('[role="alert"]').count(), 0);
    await opened.page.evaluate(() => globalThis.show('nobody'));
    await waitForText(opened.page, '[role="alert"]', /nobody/);
    await opened.close();
  },
  progress: async () => {
    const opened = await show('progress');
    await waitForText(opened.page, '#state', /^done$/);
    await assertPainted(opened.page, 768);
    await opened.page.reload();
    await opened.page.waitForFunction(() => { // at once, before even a fast machine is done
      cancel.onclick && cancel.click();
      return cancel.onclick;
    });
    await waitForText(opened.page, '#state', /^cancelled$/);
    await opened.close();
  },
  camera: async () => {
    const opened = await show('camera');
    await assertPainted(opened.page, 256);
    await opened.close();
  },
  esbuild: async () => {
    write('main.mjs', snippet('es-module').match(/<script type="module">([^]*)<\/script>/)[1].replace("'./dist/pincel.mjs'", "'pincel'"));
    await shell('esbuild');
    write('out/index.html', page('<img id="photo" src="../photo.jpg"><canvas id="canvas"></canvas><script type="module" src="main.js"></script>'));
    const opened = await open('out/');
    await assertPainted(opened.page, 512);
    await opened.close();
  },
  'full-size': async () => {
    const opened = await show('full-size');
    await opened.page.waitForFunction(() => photo.onchange);
    await opened.page.setInputFiles('#photo', place.at('photo.jpg'));
    await opened.page.waitForSelector('#save', { timeout });
    const sides = await opened.page.evaluate(async () => {
      const { width, height } = await createImageBitmap(await (await fetch(save.href)).blob());
      return [width, height];
    });
    assert.deepEqual(sides, photoSides);
    await opened.close();
  },
  batch: async () => {
    const opened = await show('batch');
    await opened.page.waitForFunction(() => photos.onchange);
    await opened.page.setInputFiles('#photos', ['photo.jpg', 'labels.txt', 'painting.jpg'].map((name) => place.at(name)));
    await opened.page.waitForFunction(() => document.querySelectorAll('li').length === 3, null, { timeout });
    const lines = await opened.page.$$eval('li', (items) => items.map(({ textContent }) => textContent));
    assert.ok(lines[0].startsWith('photo.jpg: ') && lines[2].startsWith('painting.jpg: '));
    assert.match(lines[1], /^labels\.txt: .*(decode|read|picture)/);
    assert.equal(await opened.page.evaluate(() => bar.value), 1);
    await opened.close();
  },
  'worker-page': async () => {
    write('painter-worker.mjs', snippet('worker-script'));
    await paints('worker-page', 384);
  },
  'any-style': async () => assert.deepEqual((await runModule('any-style', { result: '[vector.length, painting.width]' })).value, [100, 384]),
  'readme-any-style': async () => {
    for (const name of ['predict', 'transfer']) {
      if (!existsSync(place.at(`magenta_${name}_int8.tflite`))) symlinkSync(join(zoo, `magenta_${name}_int8.tflite`), place.at(`magenta_${name}_int8.tflite`));
    }
    const prelude = "import { Stylizer } from './dist/pincel.mjs'; const painter = 'painting.jpg';";
    assert.equal((await runModule('readme-any-style', { prelude, result: 'painting.width' })).value, 384);
  },
  'readme-by-name': async () => {
    const prelude = "import { Classifier, Stylizer } from './dist/pincel.mjs';";
    const replace = (text) => text.replace("'pincel:mobilenet-v2'", "'pincel:mobilenet-v2', { mirror: '/models/' }"); // tests reach no publisher
    assert.equal((await runModule('readme-by-name', { prelude, replace, result: 'classifier.labels.length' })).value, 1001);
  },
  inspect: async () => assert.match((await runModule('inspect')).said, /^[\d.]+ M multiply-accumulates, \d+ bytes$/),
  'quantise-program': async () => assert.match((await runModule('quantise-program')).said, /^\d+ bytes became \d+/),
  'own-model': async () => assert.match((await runModule('own-model')).said, /^something (red|green|blue) 0\.\d+$/),
  tensors: async () => assert.match((await runModule('tensors')).said, /^photo \[?1.*uint8/s),
  integrity: async () => {
    const digest = await shell('integrity-digest');
    assert.match(digest, /^[\w+/]{43}=$/);
    assert.equal((await runModule('integrity', { replace: (text) => text.replace('BASE64', digest), result: 'model.inputs.length' })).value, 1);
  },
  fleet: async () => {
    await flowers();
    assert.match((await runModule('fleet')).said, /^1\.0\.0 something (red|green|blue)$/m);
  },
  statistics: async () => assert.match((await runModule('statistics')).said, /^load classifier \d+ ms, run classifier \d+ ms$/),
  dispose: async () => {
    const { value } = await runModule('dispose', { result: "await classifier.classify('photo.jpg').catch(({ code }) => code)" });
    assert.equal(value, 'disposed');
  },
  failures: async () => assert.match((await runModule('failures', { options: { expected: /404/ } })).said, /^fetch .+no-such-model.+/),
  'error-fields': async () => assert.match((await runModule('error-fields')).said, /^true argument\nthreads is 1000/),
  'other-origin': async () => {
    const here = (text) => text.replace('https://cdn.example', elsewhere.origin);
    assert.equal((await runModule('other-origin', { replace: here, result: "stylizer.info.why ?? ''" })).value, '');
  },
  'other-origin-policy': async () => {
    const here = (text) => text.replace('https://cdn.example', elsewhere.origin);
    write('pincel-worker.mjs', here(snippet('other-origin-worker')));
    const { value } = await runModule('other-origin-policy', { replace: here, result: "[stylizer.info.why ?? '', (await stylizer.stylize(photo, { style: 'ink' })).width]" });
    assert.deepEqual(value, ['', 384]);
  },
  isolated: async () => assert.match((await runModule('isolated')).said, /^true .*threads: true/s),
  'isolation-page': async () => {
    write('isolation.js', snippet('isolation-worker'));
    const opened = await show('isolation-page', { from: bare });
    await opened.page.waitForFunction(() => crossOriginIsolated, null, { timeout });
    await opened.close();
  },
  csp: async () => {
    const [, policy] = snippet('csp').match(/^Content-Security-Policy: (.+)$/);
    write('start-element.html', page(snippet('start-element')));
    const strict = await startServer({ headers: { 'Content-Security-Policy': policy }, mounts: { '/': `${place.folder}/` } });
    const opened = await open('start-element.html', { from: strict });
    await inElement(opened.page, 'pincel-painter', 'canvas');
    await opened.close();
    await strict.close();
  },
  'ort-after': async () => {
    const { value } = await runModule('ort-after', { prelude: 'const values = new Float32Array(3 * 32 * 32).fill(0.5);', result: 'Array.from(results.scores)' });
    assert.ok(value.length === 3 && value.every((score) => Math.abs(score - 1 / 3) < 1e-5));
  },
  'ort-picture': async () => assert.match((await runModule('ort-picture', { result: 'guesses[0].label' })).value, /^something /),
  'tfjs-after': async () => assert.match((await runModule('tfjs-after', { result: 'best.label' })).value, /^something /),
  'litert-after': async () => {
    const { value } = await runModule('litert-after', { prelude: 'const bytes = new Uint8Array(3 * 32 * 32).fill(99);', result: 'Array.from(Object.values(outputs)[0])' });
    assert.ok(value.length === 3 && value.every((score) => Math.abs(score - 1 / 3) < 0.1));
  },
};
const together = { 'fleet-manifest': 'fleet', 'worker-script': 'worker-page', 'integrity-digest': 'integrity', 'other-origin-worker': 'other-origin-policy', 'isolation-worker': 'isolation-page' };
const ofTheZoo = ['any-style', 'readme-any-style', 'readme-by-name'];

/** Runs a module in Node to its end and returns what it printed. */
async function node(id, replace = (text) => text) {
  write(`${id}.mjs`, replace(snippet(id)));
  const { code, out, err } = await spawned(process.execPath, ...nodeFlags, `${id}.mjs`);
  assert.equal(code, 0, err);
  return out;
}

/** Starts a server of the documents and calls action(origin). */
async function serving(id, action) {
  write(`${id}.mjs`, snippet(id));
  const port = 20000 + Math.floor(Math.random() * 20000), origin = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [...nodeFlags, `${id}.mjs`], { cwd: place.folder, env: { ...environment(place), PORT: String(port) }, stdio: 'inherit' });
  try {
    for (let tries = 0; tries < 200; tries++) {
      if (await fetch(origin).then(() => true, () => false)) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await action(origin);
  } finally {
    child.kill();
  }
}

const photoSides = [451, 300];

/** [width, height] of a PNG. */
const sidesOf = (bytes) => [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
const isPNG = (bytes) => Buffer.from(bytes).subarray(1, 4).toString() === 'PNG';

const inNode = {
  'readme-node': async () => {
    await oneCommand('pincel convert model.onnx -o float.tflite');
    assert.match(await node('readme-node', (text) => text.replace("'model.tflite'", "'float.tflite'")), /macs/);
  },
  node: async () => {
    assert.match(await node('node'), /label: '\w.*unsure: (true|false)/s);
    assert.ok(isPNG(readFileSync(place.at('painting.png'))));
  },
  'full-size-node': async () => {
    await node('full-size-node');
    assert.deepEqual(sidesOf(readFileSync(place.at('large.png'))), photoSides);
  },
  'batch-node': async () => {
    await node('batch-node');
    const paintings = readdirSync(place.folder).filter((name) => /^painting-\d\.png$/.test(name));
    assert.equal(paintings.length, readdirSync(place.at('photos')).length);
  },
  'node-server': () => serving('node-server', async (origin) => {
    const post = (body) => fetch(origin, { method: 'POST', body });
    const painting = await post(readFileSync(place.at('photo.jpg')));
    assert.equal(painting.headers.get('Content-Type'), 'image/png');
    assert.ok(isPNG(await painting.arrayBuffer()));
    assert.equal((await post('no picture')).status, 415);
  }),
  'node-static': () => {
    write('public/index.html', 'a page');
    return serving('node-static', async (origin) => {
      const answer = await fetch(`${origin}/`);
      assert.equal(await answer.text(), 'a page');
      assert.deepEqual(isolationIn(answer.headers), await isolation());
      assert.equal((await fetch(`${origin}/none.html`)).status, 404);
      assert.equal((await fetch(`${origin}/..%2fphoto.jpg`)).status, 404);
    });
  },
};

const inShell = {
  'readme-cli': async () => {
    const lines = snippet('readme-cli').replaceAll('mobilenet-v2', 'classifier').replaceAll('small.tflite', 'model.tflite');
    const out = await lines.split('\n').reduce(async (before, line) => `${await before}${await oneCommand(line)}`, '');
    assert.match(out, /cat/);
    assert.ok(existsSync(place.at('painted/rocket-great-wave.png')) && existsSync(place.at('r.html')));
  },
  'readme-inspect': async () => assert.match(await shell('readme-inspect'), /Conv/),
  'readme-quantize': async () => {
    await shell('readme-quantize');
    assert.ok(existsSync(place.at('report.html')));
    await shell('quantise'); // back to the file that the other snippets mean
  },
  'command-line': async () => {
    const out = await shell('command-line');
    assert.match(out, /cat/);
    assert.ok(existsSync(place.at('painted/cat-starry-night-2-ink-1.png')));
  },
  quantise: async () => assert.ok(existsSync(place.at('report.html')) && existsSync(place.at('model.tflite'))),
  'one-file': async () => {
    await shell('one-file');
    const opened = await openFile('painting.html');
    await opened.page.waitForSelector('input[type="file"]', { state: 'attached', timeout });
    await opened.close();
  },
  site: async () => {
    const command = snippet('site').replace('npm run site -- ', '').replace('public', 'site');
    const { code, err } = await spawned(process.execPath, join(root, 'js/build/site.mjs'), ...command.split(' '));
    assert.equal(code, 0, err);
    assert.ok(existsSync(place.at('site/index.html')));
    rmSync(place.at('site'), { recursive: true });
  },
};

/** A line of the README's list; what it says is fetched from publishers comes from ../shared, where that is. */
async function oneCommand(line) {
  if (line.startsWith('pincel pull')) {
    if (needsZoo) return '';
    const { code, out, err } = await spawned('sh', '-ec', line.replace('magenta', `magenta --mirror ${server.origin}/models/`));
    assert.equal(code, 0, err);
    return out;
  }
  const { code, out, err } = await spawned('sh', '-ec', line);
  assert.equal(code, 0, `${line}\n${out}${err}`);
  return out;
}

/** A manifest of two versions, written once. */
async function flowers() {
  if (existsSync(place.at('flowers.json'))) return;
  for (const [version, weights] of [[1, 'float32'], [2, 'float16']]) await oneCommand(`pincel convert model.onnx --weights ${weights} --labels labels.txt -o flowers-${version}.tflite`);
  await shell('fleet-manifest');
}

const names = ['Cross-Origin-Opener-Policy', 'Cross-Origin-Embedder-Policy', 'Cross-Origin-Resource-Policy'];
const isolationIn = (headers) => Object.fromEntries(names.map((name) => [name, headers.get(name)]));
const isolation = async () => isolationIn((await fetch(`${server.origin}/photo.jpg`)).headers);

/** All headers of a text, as `pattern` finds name and value, for comparison with the project's own server. */
const headersOf = (text, pattern) => Object.fromEntries([...text.matchAll(pattern)].map(([, name, value]) => [name, value]));

const configurations = {
  'readme-isolation': async (text) => assert.deepEqual(headersOf(text, /^([\w-]+): (.+)$/gm), headersOf(snippet('isolation'), /^([\w-]+): (.+)$/gm)),
  isolation: async (text) => {
    const { [names[0]]: opener, [names[1]]: embedder } = await isolation();
    assert.deepEqual(headersOf(text, /^([\w-]+): (.+)$/gm), { [names[0]]: opener, [names[1]]: embedder });
  },
  'headers-file': async (text) => {
    assert.match(text, /^\/\*\n {2}/);
    assert.deepEqual(headersOf(text, /^ {2}([\w-]+): (.+)$/gm), await isolation());
  },
  vercel: async (text) => {
    const [{ source, headers }, ...others] = JSON.parse(text).headers;
    assert.ok(new RegExp(`^${source}$`).test('/any/page.html') && !others.length);
    assert.deepEqual(Object.fromEntries(headers.map(({ key, value }) => [key, value])), await isolation());
  },
  nginx: async (text) => {
    assert.equal(text.split('{').length, text.split('}').length);
    for (const line of text.split('\n').slice(1, -1)) assert.match(line, /^ {2}.*[;}]$/);
    assert.deepEqual(headersOf(text, /^ {2}add_header ([\w-]+) ([\w-]+) always;$/gm), await isolation());
  },
  apache: async (text) => {
    assert.deepEqual(headersOf(text, /^Header always set ([\w-]+) "([\w-]+)"$/gm), await isolation());
    assert.deepEqual(headersOf(text, /^AddType (\S+) (\.\w+)$/gm), { 'application/wasm': '.wasm', 'text/javascript': '.mjs' });
    assert.equal(text.split('\n').length, 5);
  },
};

test('every snippet has a name of its own, and is run or excused by name', () => {
  for (const { document, id, text } of allSnippets) assert.match(id, /^[a-z-]+$/, `A snippet of ${document} has no name:\n${text}`);
  const ids = allSnippets.map(({ id }) => id);
  assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i), [], 'names that occur twice');
  const known = [inPages, inNode, inShell, configurations, together, notRun].flatMap(Object.keys);
  assert.deepEqual(known.toSorted(), ids.toSorted());
});

test('what is not run is JavaScript at least, where it says so', async () => {
  for (const { language, id, text } of allSnippets) {
    if (id in notRun && ['js', 'jsx'].includes(language)) await transform(text, { loader: language, format: 'esm' });
  }
});

describe('in pages', { concurrency: 2 }, () => {
  for (const [id, run] of Object.entries(inPages)) test(id, { skip: ofTheZoo.includes(id) && needsZoo }, run);
});
describe('in Node', () => {
  for (const [id, run] of Object.entries(inNode)) test(id, run);
});
describe('in a shell', () => {
  for (const [id, run] of Object.entries(inShell)) test(id, run);
});
describe('headers of hosts', () => {
  for (const [id, check] of Object.entries(configurations)) test(id, () => check(snippet(id)));
});

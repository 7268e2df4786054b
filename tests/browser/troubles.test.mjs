// What goes wrong on pages: each ends in a result all the same, or in an
// error whose hint names the cure.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { addition } from '../js/samples.mjs';
import { buildModel } from '../js/tflite.mjs';
import { cut, html, ranged, startTroubled } from '../js/troubled-server.mjs';
import { startBrowser } from './browser.mjs';

const bytes = Buffer.from(addition()), half = bytes.length >> 1, host = 'pincel.test';
const sha256 = createHash('sha256').update(bytes).digest('hex'), integrity = `sha256-${Buffer.from(sha256, 'hex').toString('base64')}`;
let browser, server;

before(async () => {
  server = await startTroubled();
  browser = await startBrowser(`--host-resolver-rules=MAP ${host} 127.0.0.1`);
});
beforeEach(() => {
  server.asked.length = 0;
  for (const key of Object.keys(server.answers)) delete server.answers[key];
  for (const key of Object.keys(server.headers)) delete server.headers[key];
  server.answers['/model'] = (response) => response.end(bytes);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** A page of its own with a storage of its own; prepare runs before its scripts. */
async function withPage(use, { prepare, origin = server.origin } = {}) {
  const context = await browser.newContext(), page = await context.newPage();
  try {
    if (prepare) await page.addInitScript(prepare);
    await page.goto(`${origin}/`);
    return await use(page);
  } finally {
    await context.close();
  }
}

/** Runs in the page: {sum, why, name, version} or {code, message, hint}. */
async function load([source, { hangsUp, ...options }]) {
  if (hangsUp) options.onProgress = () => { fetch('/hang-up'); }; // what came before may be lost otherwise
  try {
    const { Model } = await import('/dist/pincel.mjs');
    const model = await Model.load(source, options);
    const outputs = await model.run({ x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(1, 1, 1, 1) });
    const { info: { why, threads }, version } = model;
    model.dispose();
    return { sum: [...outputs.z], why, threads, version };
  } catch ({ code, message, hint }) {
    return { code, message, hint };
  }
}

/** Runs in the page. A model is kept a while after it has come. */
async function untilKept() {
  while (!(await (await caches.open('pincel-models-1')).keys()).length) await new Promise((resolve) => { setTimeout(resolve, 20); });
}

const outcome = (page, options = {}, source = '/model') => page.evaluate(load, [source, { threads: 1, ...options }]);
const works = (found, what) => assert.deepEqual(found.sum, [2, 3, 4, 5], `${what ?? ''} ${JSON.stringify(found)}`);

function fails(found, code, message, hint) {
  assert.equal(found.code, code, JSON.stringify(found));
  assert.match(found.message, message);
  assert.match(found.hint, hint);
}

const wasm = ['/dist/pincel-relaxed.wasm', '/dist/pincel-simd128.wasm'];
const engineAs = (answer) => { for (const path of wasm) server.answers[path] = answer; };
const engineBytes = async (path) => Buffer.from(await (await fetch(server.origin + path)).arrayBuffer());

test('engines that are missing, or pages in their place, or cut short', () => withPage(async (page) => {
  engineAs((response) => response.writeHead(404).end(html));
  fails(await outcome(page), 'environment', /\.wasm.*404/, /Copy all files of dist/);
  engineAs((response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(html));
  fails(await outcome(page), 'environment', /web page/, /Copy all files of dist/);
  engineAs((response) => response.writeHead(200, { 'Content-Type': 'application/wasm' }).end(html));
  fails(await outcome(page), 'environment', /web page/, /Copy all files of dist/);
  engineAs((response) => response.writeHead(200, { 'Content-Type': 'application/wasm' }).end('as text, not as binary'));
  fails(await outcome(page), 'environment', /could not be loaded/, /as they are/);
}));

test('an engine whose server fails at first, or hangs up in the middle', async () => {
  const whole = Object.fromEntries(await Promise.all(wasm.map(async (path) => [path, await engineBytes(path)])));
  const headers = { 'Content-Type': 'application/wasm', ETag: '"one"' };
  for (const answer of [
    (response, request, times) => (times < 3 ? response.writeHead(503).end() : response.writeHead(200, headers).end(whole[request.url])),
    (response, request, times) => (times < 3 ? cut(response, whole[request.url], 1000, headers) : ranged(response, request, whole[request.url], headers)),
  ]) {
    engineAs(answer);
    await withPage(async (page) => works(await outcome(page)));
  }
});

test('an engine of any type, by its content', async () => {
  const whole = Object.fromEntries(await Promise.all(wasm.map(async (path) => [path, await engineBytes(path)])));
  for (const type of ['text/plain', 'text/html', 'application/octet-stream']) {
    engineAs((response, { url }) => response.writeHead(200, { 'Content-Type': type }).end(whole[url]));
    await withPage(async (page) => works(await outcome(page), type));
  }
});

test('waiting for an engine that never comes can be cancelled', () => withPage(async (page) => {
  engineAs(() => {});
  const found = await page.evaluate(async () => {
    const { Model } = await import('/dist/pincel.mjs');
    return Model.load('/model', { threads: 1, signal: AbortSignal.timeout(300) }).catch(({ code }) => code);
  });
  assert.equal(found, 'abort');
}));

test('policies: without WebAssembly, without workers', async () => {
  server.headers['Content-Security-Policy'] = "default-src 'self'; script-src 'self'";
  await withPage(async (page) => fails(await outcome(page), 'environment', /could not be loaded/, /wasm-unsafe-eval/));
  server.headers['Content-Security-Policy'] = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
  await withPage(async (page) => assert.deepEqual((await outcome(page)).why, undefined));
  server.headers['Content-Security-Policy'] = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'";
  await withPage(async (page) => {
    const found = await outcome(page);
    works(found);
    assert.match(found.why, /calling thread.*worker/);
  });
});

test('pages that are not isolated run on one thread, and say why', () => withPage(async (page) => {
  const found = await outcome(page, { threads: 'auto' });
  works(found);
  assert.equal(found.threads, 1);
  assert.match(found.why, /Cross-Origin-Opener-Policy/);
}));

for (const [what, prepare] of [
  ['SIMD', () => { WebAssembly.validate = () => false; }],
  ['WebAssembly', () => { delete globalThis.WebAssembly; }],
]) {
  test(`browsers without ${what} are told which have it`, () => withPage(async (page) => fails(await outcome(page), 'environment', /SIMD/, /Safari 16\.4/), { prepare }));
}

test('a model whose download breaks off, falls silent, or meets a tired server', () => withPage(async (page) => {
  const headers = { ETag: '"one"' };
  server.answers['/model'] = (response, request, times) => {
    if (times) ranged(response, request, bytes, headers);
    else response.writeHead(200, { 'Content-Length': bytes.length, ...headers }).write(bytes.subarray(0, half));
    server.answers['/hang-up'] = (other) => { other.end(); if (!times) response.destroy(); };
  };
  works(await outcome(page, { hangsUp: true }));
  assert.deepEqual(server.asked.filter(({ path }) => path === '/model').map(({ headers }) => headers.range), [undefined, `bytes=${half}-`]);
  server.answers['/silent'] = (response, request, times) => {
    if (times) ranged(response, request, bytes, headers);
    else response.writeHead(200, { 'Content-Length': bytes.length, ...headers }).write(bytes.subarray(0, half));
  };
  works(await outcome(page, { timeout: 1000 }, '/silent'));
  server.answers['/tired'] = (response, _, times) => (times ? response.end(bytes) : response.writeHead(502).end(html));
  works(await outcome(page, {}, '/tired'));
}));

test('a model that is missing, a page in its place, another file than was promised', () => withPage(async (page) => {
  fails(await outcome(page, {}, '/nothing'), 'fetch', /404/, /address/);
  server.answers['/app'] = (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
  fails(await outcome(page, {}, '/app'), 'fetch', /web page/, /single-page/);
  server.answers['/other'] = (response) => response.end('another file');
  fails(await outcome(page, { integrity }, '/other'), 'integrity', /\/other/, /damaged/);
}));

test('another origin without permission', () => withPage(async (page) => {
  fails(await outcome(page, {}, `http://${host}:${server.port}/model`), 'fetch', /could not be fetched/, /Access-Control-Allow-Origin/);
}));

test('offline: the first time an error, later the copy', () => withPage(async (page) => {
  works(await outcome(page));
  await page.evaluate(untilKept);
  await page.context().setOffline(true);
  works(await outcome(page));
  fails(await outcome(page, {}, '/other'), 'fetch', /other/, /offline|connection/i);
}));

test('a server that fails, or answers with a page: the copy', () => withPage(async (page) => {
  works(await outcome(page));
  await page.evaluate(untilKept);
  for (const [status, type] of [[500, 'text/plain'], [200, 'text/html']]) {
    server.answers['/model'] = (response) => response.writeHead(status, { 'Content-Type': type }).end(html);
    works(await outcome(page));
  }
  server.answers['/model'] = (response) => response.writeHead(404).end();
  fails(await outcome(page), 'fetch', /404/, /address/);
}));

test('the quota is spent: everything works, nothing is kept', () => withPage(async (page) => {
  works(await outcome(page));
  works(await outcome(page, { integrity }));
  assert.equal(server.asked.filter(({ path }) => path === '/model').length, 2);
}, { prepare: () => { Cache.prototype.put = async () => { throw new DOMException('no space', 'QuotaExceededError'); }; } }));

test('without HTTPS: no Cache Storage, no subtle crypto, digests all the same', () => withPage(async (page) => {
  assert.deepEqual(await page.evaluate(() => [isSecureContext, typeof caches, typeof crypto.subtle]), [false, 'undefined', 'undefined']);
  works(await outcome(page, { integrity }));
  server.answers['/model'] = (response) => response.end('another file');
  fails(await outcome(page, { integrity }), 'integrity', /model/, /damaged/);
}, { origin: `http://${host}:${server.port}` }));

/** z = x + y + number */
const adding = (number) => Buffer.from(buildModel({
  tensors: [...['x', 'y', 'z', 'sum'].map((name) => ({ name, dtype: 'float32', shape: [4] })), { name: 'number', dtype: 'float32', shape: [4], data: new Float32Array(4).fill(number) }],
  inputs: ['x', 'y'], outputs: ['z'],
  nodes: [{ op: 'ADD', inputs: ['x', 'y'], outputs: ['sum'] }, { op: 'ADD', inputs: ['sum', 'number'], outputs: ['z'] }],
}));

function publish(...numbers) {
  const versions = Object.fromEntries(numbers.map((number) => {
    const body = adding(number);
    server.answers[`/${number}.tflite`] = (response) => response.end(body);
    return [number, { files: { model: { url: `${number}.tflite`, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') } } }];
  }));
  const text = JSON.stringify({ pincel: 1, name: 'sum', channels: { stable: Object.keys(versions).reverse() }, versions });
  server.answers['/sum.json'] = (response) => response.end(text);
}

/** Runs in the page: loads, runs once and waits for the update event. */
async function sumAndUpdate() {
  const { Model } = await import('/dist/pincel.mjs');
  const model = await Model.load('manifest:/sum.json', { threads: 1 });
  const update = new Promise((resolve) => { model.addEventListener('update', ({ detail }) => resolve({ state: detail.state, version: detail.version })); });
  const { z } = await model.run({ x: new Float32Array(4), y: new Float32Array(4) });
  const found = await update;
  model.dispose();
  return { adds: z[0], ...found };
}
const adds = async (page) => {
  const { sum, ...rest } = await outcome(page, { update: false }, 'manifest:/sum.json');
  assert.ok(sum, JSON.stringify(rest));
  return sum[0] - 2;
};

for (const [what, isKept, options] of [
  ['with Cache Storage', true, {}],
  ['with the quota spent', false, { prepare: () => {
    Cache.prototype.put = async () => { throw new DOMException('no space', 'QuotaExceededError'); };
    Storage.prototype.setItem = () => { throw new DOMException('no space', 'QuotaExceededError'); };
  } }],
  ['without HTTPS', false, { origin: () => `http://${host}:${server.port}` }],
]) {
  test(`a model by manifest is kept up to date, ${what}`, () => withPage(async (page) => {
    publish(1);
    assert.equal(await adds(page), 1);
    publish(1, 2);
    if (isKept) assert.deepEqual(await page.evaluate(sumAndUpdate), { adds: 1, state: 'ready', version: '2' });
    assert.equal(await adds(page), 2);
    server.asked.length = 0;
    if (!isKept) return;
    await page.reload();
    assert.equal(await adds(page), 2);
    assert.ok(!server.asked.some(({ path }) => /tflite|sum\.json/.test(path)), 'without the network');
  }, { ...options, origin: options.origin?.() }));
}

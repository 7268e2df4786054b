// The library where pages put it: in their own workers, from another origin,
// behind servers that call .wasm something else; its cache; and every kind of
// picture that a page has.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addition } from '../js/samples.mjs';
import { buildModel } from '../js/tflite.mjs';
import { startBrowser, startServer } from './browser.mjs';

let browser, server, page, folder;
const sum = [...addition()];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pincel-'));
  browser = await startBrowser();
  server = await startServer({ mounts: { '/files/': `${folder}/` } });
  page = await browser.newPage();
  await page.goto(`${server.origin}/tests/browser/blank.html`);
});
after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

for (const [kind, script] of [['module', 'library-worker.mjs'], ['classic', 'library-worker.js']]) {
  for (const threads of [1, 2]) {
    test(`in a page's own ${kind} worker, ${threads} threads`, async () => {
      const answer = await page.evaluate(([url, type, bytes, options]) => new Promise((resolve, reject) => {
        const worker = new Worker(url, { type });
        worker.onmessage = ({ data }) => resolve({ ...data, z: [...data.z] });
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage({ bytes: Uint8Array.from(bytes), options });
      }), [`/tests/browser/${script}`, kind, sum, { threads }]);
      assert.deepEqual(answer.z, [1, 2, 3, 4]);
      assert.deepEqual([answer.info.threads, answer.info.why], [threads, undefined]);
    });
  }
}

/** Runs in the page: a sum with the library of an address. */
async function sumWith([library, bytes, options]) {
  const { Model } = await import(library);
  const model = await Model.load(Uint8Array.from(bytes), options);
  const { z } = await model.run({ x: Float32Array.of(1, 2, 3, 4), y: new Float32Array(4) });
  const { info } = model;
  model.dispose();
  return { z: [...z], info };
}

test('from another origin: in a worker that only loads it, or one of the page\'s own; under a policy in the page itself', async () => {
  const other = await startServer({ headers: { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' } });
  const library = `${other.origin}/dist/pincel.mjs`;
  const direct = await page.evaluate(sumWith, [library, sum, {}]);
  assert.deepEqual(direct.z, [1, 2, 3, 4]);
  assert.deepEqual([direct.info.threads > 1, direct.info.why], [true, undefined]);
  const workerURL = `/tests/browser/trampoline.mjs?library=${encodeURIComponent(library)}`;
  const inWorker = await page.evaluate(sumWith, [library, sum, { workerURL, threads: 2 }]);
  assert.deepEqual(inWorker.z, [1, 2, 3, 4]);
  assert.deepEqual([inWorker.info.threads, inWorker.info.why], [2, undefined]);
  const policy = `script-src 'self' 'wasm-unsafe-eval' ${other.origin}; worker-src 'self'`;
  const strict = await startServer({ headers: { 'Content-Security-Policy': policy } });
  const own = await browser.newPage();
  await own.goto(`${strict.origin}/tests/browser/blank.html`);
  const here = await own.evaluate(sumWith, [library, sum, {}]);
  assert.deepEqual(here.z, [1, 2, 3, 4]);
  assert.match(here.info.why, /calling thread/);
  await own.close();
  await strict.close();
  await other.close();
});

test('an engine served as something else than application/wasm', async () => {
  const own = await browser.newPage();
  await own.goto(`${server.origin}/tests/browser/blank.html`);
  await own.route('**/*.wasm', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), 'content-type': 'text/plain' } });
  });
  const { z } = await own.evaluate(sumWith, ['/dist/pincel.mjs', sum, { threads: 1 }]);
  assert.deepEqual(z, [1, 2, 3, 4]);
  await own.unroute('**/*.wasm');
  await own.route('**/*.wasm', (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<!doctype html>' }));
  const failed = await own.evaluate(async (bytes) => {
    const { Model } = await import('/dist/pincel.mjs?again');
    return Model.load(Uint8Array.from(bytes), { threads: 1 }).catch(({ code, message, hint }) => ({ code, message, hint }));
  }, sum);
  assert.equal(failed.code, 'environment');
  assert.match(failed.message, /\.wasm/);
  assert.match(failed.hint, /assetBase/);
  await own.close();
});

test('what was fetched serves offline; damaged copies and error pages do not', async () => {
  writeFileSync(join(folder, 'model.tflite'), addition());
  const url = `${server.origin}/files/model.tflite`;
  const outcome = (address, options) => page.evaluate(async ([source, more]) => {
    const { Model } = await import('/dist/pincel.mjs');
    return Model.load(source, { threads: 1, ...more }).then((model) => { model.dispose(); return 'ok'; }, ({ code }) => code);
  }, [address, options]);
  const kept = () => page.evaluate(async (address) => Boolean(await (await caches.open('pincel-models-1')).match(address)), url);
  assert.equal(await outcome(url, { cache: false }), 'ok');
  assert.equal(await kept(), false);
  assert.equal(await outcome(url), 'ok');
  while (!await kept()) await page.waitForTimeout(20); // it is put there meanwhile
  await page.route('**/files/**', (route) => route.abort());
  assert.equal(await outcome(url), 'ok', 'offline');
  assert.equal(await outcome(url, { cache: false }), 'fetch');
  await page.evaluate(async (address) => {
    const cache = await caches.open('pincel-models-1'), entry = await cache.match(address);
    const bytes = new Uint8Array(await entry.arrayBuffer());
    bytes[bytes.length >> 1] ^= 1;
    await cache.put(address, new Response(bytes, { headers: entry.headers }));
  }, url);
  assert.equal(await outcome(url), 'fetch', 'a damaged copy is not used');
  assert.equal(await kept(), false, 'nor kept');
  await page.unroute('**/files/**');
  await page.route('**/files/**', (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<!doctype html>' }));
  assert.equal(await outcome(url), 'fetch');
  await page.unroute('**/files/**');
  assert.equal(await kept(), false, 'an error page is not kept');
  assert.equal(await outcome(url), 'ok', 'the next try finds the model');
});

test('the page stays responsive while a model runs, and a run is cancelled', async () => {
  const names = Array.from({ length: 202 }, (_, i) => `t${i}`);
  const bytes = buildModel({
    tensors: names.map((name) => ({ name, dtype: 'float32', shape: [1, 1024, 1024] })), inputs: ['t0'], outputs: ['t201'],
    nodes: names.slice(1).map((name, i) => ({ op: 'COS', inputs: [names[i]], outputs: [name] })),
  });
  const { longest, whole, code } = await page.evaluate(async (data) => {
    const { Model } = await import('/dist/pincel.mjs');
    const model = await Model.load(Uint8Array.from(data), { threads: 1 });
    const input = new Float32Array(1 << 20);
    let last = performance.now(), gap = 0;
    const timer = setInterval(() => { gap = Math.max(gap, performance.now() - last); last = performance.now(); }, 5);
    const start = last;
    await model.run(input);
    const duration = performance.now() - start;
    clearInterval(timer);
    const cancelled = await model.run(input, { signal: AbortSignal.timeout(30) }).catch((error) => error.code);
    model.dispose();
    return { longest: gap, whole: duration, code: cancelled };
  }, [...bytes]);
  assert.ok(longest < whole / 2, `${longest} ms without a turn in a run of ${whole} ms`);
  assert.equal(code, 'abort');
});

test('every kind of picture', async () => {
  const bytes = buildModel({
    tensors: [
      { name: 'picture', dtype: 'float32', shape: [1, 4, 4, 3] }, { name: 'scores', dtype: 'float32', shape: [1, 3] },
      { name: 'axes', dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) },
    ],
    inputs: ['picture'], outputs: ['scores'], nodes: [{ op: 'MEAN', inputs: ['picture', 'axes'], outputs: ['scores'], options: {} }],
  });
  const answers = await page.evaluate(async (data) => {
    const { Classifier, readPicture } = await import('/dist/pincel.mjs');
    const classifier = await Classifier.create(Uint8Array.from(data), { range: '0..255', labels: ['red', 'green', 'blue'], threads: 1 });
    const canvas = Object.assign(document.createElement('canvas'), { width: 8, height: 6 });
    const context = canvas.getContext('2d');
    context.fillStyle = 'rgb(200, 100, 50)';
    context.fillRect(0, 0, 8, 6);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
    const offscreen = new OffscreenCanvas(8, 6);
    offscreen.getContext('2d').drawImage(canvas, 0, 0);
    const image = Object.assign(new Image(), { src: canvas.toDataURL() }); // not yet decoded
    const pictures = {
      image, canvas, offscreen, blob, file: new File([blob], 'a.png'), url: canvas.toDataURL(), bytes: new Uint8Array(await blob.arrayBuffer()),
      bitmap: await createImageBitmap(canvas), imageData: context.getImageData(0, 0, 8, 6), frame: new VideoFrame(canvas, { timestamp: 0 }),
    };
    const found = {};
    for (const [kind, picture] of Object.entries(pictures)) {
      found[kind] = (await classifier.classify(picture)).map(({ label, score }) => `${label} ${Math.round(score)}`).join();
    }
    const clear = new OffscreenCanvas(2, 2);
    clear.getContext('2d');
    const failures = {};
    for (const [kind, picture] of Object.entries({ text: new Blob(['text']), element: document.body, number: 5, empty: new Image() })) {
      failures[kind] = await readPicture(picture).then(() => 'ok', ({ code }) => code);
    }
    classifier.dispose();
    return { found, failures, clear: [...(await readPicture(clear)).data.subarray(0, 4)] };
  }, [...bytes]);
  for (const [kind, found] of Object.entries(answers.found)) assert.equal(found, 'red 200,green 100,blue 50', kind);
  assert.deepEqual(answers.failures, { text: 'picture', element: 'picture', number: 'argument', empty: 'picture' });
  assert.deepEqual(answers.clear, [255, 255, 255, 255], 'what is transparent is seen on white');
});

// Where models come from: files, buffers, servers good and bad.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Model } from '../../dist/pincel.mjs';
import { addition, rejects } from './samples.mjs';

const bytes = addition();
const integrity = `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
const options = { threads: 1 };
const html = '<!DOCTYPE html><title>Not found</title>';

const answers = {
  '/model.tflite': (response) => response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes),
  '/gzip': (response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(bytes)),
  '/page': (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(html),
  '/disguised-page': (response) => response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(`\n ${html}`),
  '/mistyped': (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(bytes),
  '/cut': (response) => {
    response.writeHead(200, { 'Content-Length': bytes.length }).write(bytes.subarray(0, 40));
    setTimeout(() => response.destroy(), 50);
  },
  '/stalls': (response) => response.writeHead(200).write(bytes.subarray(0, 40)),
  '/endless': (response) => {
    response.writeHead(200);
    const more = () => { while (!response.destroyed && response.write(Buffer.alloc(1 << 20))); };
    response.on('drain', more);
    more();
  },
};

let server, origin, folder, path;
before(async () => {
  server = createServer((request, response) => (answers[request.url] ?? ((r) => r.writeHead(404).end(html)))(response));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
  folder = mkdtempSync(join(tmpdir(), 'pincel-'));
  path = join(folder, 'a model.tflite');
  writeFileSync(path, bytes);
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

async function works(source, more = {}) {
  const model = await Model.load(source, { ...options, ...more });
  const x = Float32Array.of(1, 2, 3, 4);
  assert.deepEqual((await model.run({ x, y: x })).z, Float32Array.of(2, 4, 6, 8));
  model.dispose();
}

test('every kind of source', async () => {
  const padded = new Uint8Array(bytes.length + 7);
  padded.set(bytes, 3);
  const sources = [
    path, pathToFileURL(path), pathToFileURL(path).href, bytes, bytes.buffer, padded.subarray(3, 3 + bytes.length), Buffer.from(bytes),
    new DataView(bytes.buffer), new Blob([bytes]), new Response(bytes), `data:;base64,${Buffer.from(bytes).toString('base64')}`,
    `${origin}/model.tflite`, new URL(`${origin}/model.tflite`), await fetch(`${origin}/gzip`), `${origin}/mistyped`,
  ];
  for (const source of sources) await works(source, { integrity: source instanceof Response ? undefined : integrity });
  for (const worker of [true, false]) {
    await works(padded.subarray(3, 3 + bytes.length), { worker });
    assert.equal(padded.length, bytes.length + 7, 'the buffer is not detached');
  }
});

test('what is no source', async () => {
  for (const source of [undefined, null, 7, {}, [], () => 1]) await rejects(Model.load(source, options), 'argument', { expected: /URL.*Blob/ });
});

test('files that cannot be read', async () => {
  await rejects(Model.load(`${path}.not`, options), 'fetch', { message: /ENOENT/, hint: /path/ });
  await rejects(Model.load(folder, options), 'fetch');
});

test('progress counts bytes, with a total where it is true', async () => {
  for (const [address, total] of [['/model.tflite', bytes.length], ['/gzip', undefined]]) {
    const seen = [];
    await works(origin + address, { onProgress: (progress) => seen.push(progress) });
    const downloads = seen.filter(({ stage }) => stage === 'download');
    assert.deepEqual(downloads.at(-1), { stage: 'download', loaded: bytes.length, total });
    assert.deepEqual(seen.at(-1), { stage: 'prepare', loaded: 1, total: 1 });
  }
});

test('servers that answer with something else', async () => {
  await rejects(Model.load(`${origin}/missing`, options), 'fetch', { message: /missing.*404/ });
  for (const address of ['/page', '/disguised-page']) await rejects(Model.load(origin + address, options), 'fetch', { message: /web page/, got: /html/ });
  await rejects(Model.load(`${origin}/cut`, options), 'fetch', { message: /cut/ });
  await rejects(Model.load('http://127.0.0.1:9/', options), 'fetch', { hint: /Access-Control-Allow-Origin/ });
  await rejects(Model.load(new Response(html), options), 'fetch');
  const used = new Response(bytes);
  await used.arrayBuffer();
  await rejects(Model.load(used, options), 'fetch');
  await rejects(Model.load(new Response(null), options), 'format');
});

test('a file without end is given up at the limit', () => rejects(Model.load(`${origin}/endless`, { ...options, limits: { memory: 8 << 20 } }), 'limit'));

test('a download is cancelled', async () => {
  const signal = AbortSignal.timeout(100);
  await rejects(Model.load(`${origin}/stalls`, { ...options, signal }), 'abort', { cause: /TimeoutError/ });
});

test('integrity', async () => {
  const other = `sha256-${createHash('sha256').update('other').digest('base64')}`;
  for (const source of [bytes, path, `${origin}/model.tflite`, new Blob([bytes])]) {
    await works(source, { integrity });
    await rejects(Model.load(source, { ...options, integrity: other }), 'integrity', { expected: /^sha256-/, got: /^sha256-/ });
  }
  await rejects(Model.load(bytes, { ...options, integrity: 'md5-xyz' }), 'argument', { expected: /base64/ });
});

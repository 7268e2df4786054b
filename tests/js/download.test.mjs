// Downloads over bad connections and from bad servers.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Model } from '../../dist/pincel.mjs';
import { sha256 } from '../../js/rescue.mjs';
import { addition, rejects } from './samples.mjs';
import { cut, html, ranged, startTroubled } from './troubled-server.mjs';

const bytes = Buffer.from(addition()), half = bytes.length >> 1;
const integrity = `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
const kept = mkdtempSync(join(tmpdir(), 'pincel-'));
let server;

before(async () => { server = await startTroubled(); });
beforeEach(() => {
  server.asked.length = 0;
  for (const path of Object.keys(server.answers)) delete server.answers[path];
});
after(async () => {
  await server.close();
  rmSync(kept, { recursive: true });
});

/** Loads '/model' as `answer` gives it; the progress of the download. */
async function load(answer, more = {}) {
  const seen = [];
  server.answers['/model'] = answer;
  const model = await Model.load(`${server.origin}/model`, { threads: 1, onProgress: (progress) => seen.push(progress), ...more });
  const { z } = await model.run({ x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(1, 1, 1, 1) });
  assert.deepEqual(z, Float32Array.of(2, 3, 4, 5));
  model.dispose();
  return seen.filter(({ stage }) => stage === 'download');
}

const ranges = () => server.asked.map(({ headers }) => headers.range);

test('a server that fails is asked again', async () => {
  await load((response, _, times) => (times < 2 ? response.writeHead([503, 429][times], { 'Retry-After': '0' }).end('busy') : response.end(bytes)));
  assert.equal(server.asked.length, 3);
});

test('one that goes on failing is given up, one that refuses at once', async () => {
  const failing = (status) => load((response) => response.writeHead(status).end(html));
  await rejects(failing(500), 'fetch', { message: /HTTP 500/, status: /500/, hint: /server failed/ });
  assert.equal(server.asked.length, 4);
  for (const [status, hint] of [[404, /no such file/], [403, /permissions/], [401, /login/]]) {
    server.asked.length = 0;
    await rejects(failing(status), 'fetch', { status: new RegExp(status), hint });
    assert.equal(server.asked.length, 1);
  }
});

test('a page instead of the file says what servers do that', async () => {
  await rejects(load((response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(html)), 'fetch', { message: /web page/, hint: /single-page/ });
  assert.equal(server.asked.length, 1);
});

for (const [what, headers, condition] of [
  ['an ETag', { ETag: '"one"' }, '"one"'],
  ['a date', { 'Last-Modified': 'Sat, 21 Nov 2026 10:00:00 GMT' }, 'Sat, 21 Nov 2026 10:00:00 GMT'],
  ['a weak ETag and a date', { ETag: 'W/"one"', 'Last-Modified': 'Sat, 21 Nov 2026 10:00:00 GMT' }, 'Sat, 21 Nov 2026 10:00:00 GMT'],
]) {
  test(`a download that breaks off goes on from there, with ${what}`, async () => {
    const seen = await load((response, request, times) => (times ? ranged(response, request, bytes, headers) : cut(response, bytes, half, headers)));
    assert.deepEqual(ranges(), [undefined, `bytes=${half}-`]);
    assert.equal(server.asked[1].headers['if-range'], condition);
    assert.deepEqual(seen.map(({ loaded }) => loaded), [half, bytes.length]);
    assert.ok(seen.every(({ total }) => total === bytes.length));
  });
}

test('without either it starts again, unless a digest is promised', async () => {
  const answer = (response, request, times) => (times ? ranged(response, request, bytes) : cut(response, bytes, half));
  await load(answer);
  assert.deepEqual(ranges(), [undefined, undefined]);
  server.asked.length = 0;
  await load(answer, { integrity });
  assert.deepEqual(ranges(), [undefined, `bytes=${half}-`]);
  server.asked.length = 0;
  const packed = gzipSync(bytes), encoding = { 'Content-Encoding': 'gzip', ETag: '"one"' };
  await load((response, _, times) => (times ? response.writeHead(200, encoding).end(packed) : cut(response, packed, packed.length - 9, encoding)));
  assert.deepEqual(ranges(), [undefined, undefined], 'parts of compressed files are no parts of the file');
});

test('a file that has changed meanwhile is fetched whole', async () => {
  const old = Buffer.alloc(bytes.length, 7);
  const seen = await load((response, request, times) => (times ? ranged(response, request, bytes, { ETag: '"two"' }) : cut(response, old, half, { ETag: '"one"' })));
  assert.deepEqual(seen.map(({ loaded }) => loaded), [half, bytes.length]);
});

test('another part than was asked for is not taken, nor one that does not exist', async () => {
  await load((response, request, times) => {
    if (times === 0) cut(response, bytes, half, { ETag: '"one"' });
    else if (times === 1) response.writeHead(206, { 'Content-Range': `bytes 8-${bytes.length - 1}/${bytes.length}` }).end(bytes.subarray(8));
    else response.end(bytes);
  });
  assert.deepEqual(ranges(), [undefined, `bytes=${half}-`, undefined]);
  server.asked.length = 0;
  await load((response, request, times) => {
    if (times === 0) cut(response, bytes, half, { ETag: '"one"' });
    else if (times === 1) response.writeHead(416).end();
    else response.end(bytes);
  });
  assert.deepEqual(ranges(), [undefined, `bytes=${half}-`, undefined]);
});

test('a connection that is lost each time at the same place', async () => {
  await rejects(load((response) => cut(response, bytes, half)), 'fetch', { message: /broke off/, hint: /connection and try again/ });
});

test('many small pieces arrive in the end', async () => {
  const step = Math.ceil(bytes.length / 6), headers = { ETag: '"one"' };
  const seen = await load((response, request) => {
    const first = Number(/\d+/.exec(request.headers.range ?? '0')[0]), isLast = first + step >= bytes.length;
    response.writeHead(first ? 206 : 200, { ...headers, 'Content-Length': bytes.length - first, ...(first && { 'Content-Range': `bytes ${first}-${bytes.length - 1}/${bytes.length}` }) });
    response.write(bytes.subarray(first, first + step));
    if (isLast) response.end();
    else setTimeout(() => response.destroy(), 30);
  });
  assert.equal(server.asked.length, 6);
  assert.deepEqual(seen.map(({ loaded }) => loaded), [1, 2, 3, 4, 5, 6].map((piece) => Math.min(piece * step, bytes.length)));
});

test('a connection that falls silent is left, and taken up again', async () => {
  const silent = (response) => response.writeHead(200, { 'Content-Length': bytes.length, ETag: '"one"' }).write(bytes.subarray(0, half));
  await load((response, request, times) => (times ? ranged(response, request, bytes, { ETag: '"one"' }) : silent(response)), { timeout: 1000 });
  assert.deepEqual(ranges(), [undefined, `bytes=${half}-`]);
  server.asked.length = 0;
  await rejects(load(() => {}, { timeout: 100 }), 'fetch', { message: /nothing came for 100 ms/, hint: /timeout/ });
});

test('it can be cancelled between two tries', async () => {
  const cancel = new AbortController();
  const loading = load((response) => { response.writeHead(503).end(); setTimeout(() => cancel.abort(new Error('enough')), 50); }, { signal: cancel.signal });
  await rejects(loading, 'abort', { cause: /enough/ });
  assert.equal(server.asked.length, 1);
});

test('a file that a proxy has kept for too long is asked for once more', async () => {
  await load((response, _, times) => response.end(times ? bytes : Buffer.from('the old one')), { integrity });
  assert.equal(server.asked.length, 2);
  server.asked.length = 0;
  await rejects(load((response) => response.end('another one'), { integrity }), 'integrity');
  assert.equal(server.asked.length, 2);
});

test('totals are those of the file, or none', async () => {
  const seen = [], onProgress = ({ stage, ...rest }) => stage === 'download' && seen.push(rest);
  const lying = new Response(bytes, { headers: { 'Content-Length': '40' } }); // as for another origin, which hides Content-Encoding
  (await Model.load(lying, { threads: 1, onProgress })).dispose();
  assert.deepEqual(seen.at(-1), { loaded: bytes.length, total: undefined });
});

test('pieces are put together, whatever is known of their number', async () => {
  const large = Buffer.concat([bytes, randomBytes(3e6)]), digest = `sha256-${createHash('sha256').update(large).digest('base64')}`;
  const answers = {
    'a length': (response) => response.writeHead(200, { 'Content-Length': large.length }).end(large),
    'none': (response) => { response.write(large.subarray(0, 700000)); response.end(large.subarray(700000)); },
    'one before it was packed': (response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(large)),
  };
  for (const [known, answer] of Object.entries(answers)) {
    const seen = await load(answer, { integrity: digest });
    assert.ok(seen.length > 2, known);
    assert.equal(seen.at(-1).loaded, large.length, known);
  }
  const parts = [large.subarray(0, 5), large.subarray(5, 2e6), large.subarray(2e6)]; // of a stream that has memory of its own only
  const stream = new ReadableStream({ pull: (control) => (parts.length ? control.enqueue(new Uint8Array(parts.shift())) : control.close()) });
  (await Model.load(new Response(stream, { headers: { 'Content-Length': '40' } }), { threads: 1, integrity: digest })).dispose();
});

test('a known size is the total under gzip, and tells when the end is missing', async () => {
  process.env.PINCEL_CACHE = kept;
  const file = { url: 'model', bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  server.answers['/sum.json'] = (response) => response.end(JSON.stringify({ pincel: 1, name: 'sum', channels: { stable: ['1'] }, versions: { 1: { files: { model: file } } } }));
  server.answers['/model'] = (response, request, times) => { // without Content-Length nobody else can tell
    if (times) ranged(response, request, bytes);
    else response.writeHead(200).end(bytes.subarray(0, half));
  };
  const load1 = async (seen) => (await Model.load(`manifest:${server.origin}/sum.json`, { threads: 1, onProgress: ({ stage, ...rest }) => stage === 'download' && seen.push(rest) })).dispose();
  const cutShort = [], packed = [];
  await load1(cutShort);
  assert.deepEqual(cutShort, [{ loaded: half, total: bytes.length }, { loaded: bytes.length, total: bytes.length }]);
  rmSync(kept, { recursive: true });
  server.answers['/model'] = (response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(bytes));
  await load1(packed);
  assert.deepEqual(packed.at(-1), { loaded: bytes.length, total: bytes.length });
});

test('SHA-256 without HTTPS is SHA-256', () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 100003]) {
    const data = Buffer.from(Array.from({ length }, (_, i) => i * i + length & 255));
    assert.equal(Buffer.from(sha256(data)).toString('hex'), createHash('sha256').update(data).digest('hex'), `${length} bytes`);
  }
});

// Models by manifest: what is kept serves at once, what is newer is tested
// before it serves, what fails is not tried again; and manifests that lie.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Classifier, Model, PincelError, Stylizer, events, version as engine } from '../../dist/pincel.mjs';
import { readManifest } from '../../js/manifest.mjs';
import { goldenOf, probeInputs } from '../../js/probe.mjs';
import { rejects } from './samples.mjs';
import { buildModel } from './tflite.mjs';

const folder = mkdtempSync(join(tmpdir(), 'pincel-fleet-'));
const cache = join(folder, 'cache');
const options = { threads: 1, timeout: 5000 };
const cli = fileURLToPath(new URL('../../js/cli/main.mjs', import.meta.url));
let server, origin, served, asked, address;

const float = (name, shape, data) => ({ name, dtype: 'float32', shape, ...(data && { data }) });

/** y = x + number, of four floats: a model whose versions differ by one number. */
const adding = (number) => buildModel({
  tensors: [float('x', [1, 4]), float('number', [1, 4], new Float32Array(4).fill(number)), float('y', [1, 4])],
  inputs: ['x'], outputs: ['y'], nodes: [{ op: 'ADD', inputs: ['x', 'number'], outputs: ['y'] }],
});

/** Scores: the means of red, green and blue. */
const means = () => buildModel({
  tensors: [float('picture', [1, 4, 4, 3]), float('scores', [1, 3]), { name: 'axes', dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) }],
  inputs: ['picture'], outputs: ['scores'], nodes: [{ op: 'MEAN', inputs: ['picture', 'axes'], outputs: ['scores'], options: { keepDims: false } }],
});

async function goldenFor(bytes) {
  const model = await Model.load(bytes, options), outputs = await model.run(probeInputs(model.inputs));
  const found = Object.fromEntries(await Promise.all(model.outputs.map(async (info) => [info.name, await goldenOf(outputs[info.name], info)])));
  model.dispose();
  return { input: 'noise', outputs: found, tolerance: 1e-3 };
}

/** Puts a model's file on the server; a version's entry. `promised`: of which file the golden is */
async function entryFor(bytes, more = {}, promised = bytes) {
  const sha256 = createHash('sha256').update(bytes).digest('hex'), url = `${sha256.slice(0, 12)}.tflite`;
  served.set(`/${url}`, bytes);
  return { files: { model: { url, bytes: bytes.length, sha256, golden: await goldenFor(promised) } }, ...more };
}

const publish = (versions, channels = { stable: Object.keys(versions).reverse() }, more = {}) => {
  served.set('/sum.json', Buffer.from(JSON.stringify({ pincel: 1, name: 'sum', channels, versions, ...more })));
};

const updated = (model) => new Promise((resolve) => { model.addEventListener('update', ({ detail }) => resolve(detail), { once: true }); });

/** What a fresh load adds; no look for updates unless asked for. */
async function addend(more = {}, wait = false) {
  const model = await Model.load(address, { ...options, update: wait, ...more });
  const update = wait && updated(model);
  const { y } = await model.run(new Float32Array(4));
  const found = await update;
  model.dispose();
  return wait ? { adds: y[0], version: model.version, update: found } : y[0];
}

before(async () => {
  process.env.PINCEL_CACHE = cache;
  server = createServer(({ url }, response) => {
    asked.push(url);
    const body = served.get(url);
    if (body) response.writeHead(200, { 'Content-Length': body.length }).end(body);
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});
let count = 0;
beforeEach(() => {
  rmSync(cache, { recursive: true, force: true });
  served = new Map();
  asked = [];
  address = `manifest:${origin}/sum.json?${count++}`; // one that no test has looked at
  const { get } = served;
  served.get = (url) => get.call(served, url.replace(/\?.*/, ''));
});

test('what is kept serves at once; a newer version serves from the next load on', async () => {
  publish({ 1: await entryFor(adding(1)) });
  assert.equal(await addend(), 1);
  assert.deepEqual(asked.length, 2, 'the manifest and the model');
  asked = [];
  assert.equal(await addend(), 1);
  assert.deepEqual(asked, [], 'nothing is asked for');
  publish({ 1: await entryFor(adding(1)), 2: await entryFor(adding(2)) });
  const all = updated(events), { adds, version, update } = await addend({}, true);
  assert.deepEqual([adds, version], [1, '1'], 'the version that was kept has served');
  assert.deepEqual(update, { state: 'ready', name: 'sum', version: '2' });
  assert.deepEqual(await all, update);
  asked = [];
  assert.equal(await addend(), 2);
  assert.deepEqual(asked, []);
});

test('nothing is looked for before the first result', async () => {
  publish({ 1: await entryFor(adding(1)) });
  await addend();
  publish({ 1: await entryFor(adding(1)), 2: await entryFor(adding(2)) });
  asked = [];
  const model = await Model.load(address, options), update = updated(model);
  await new Promise((resolve) => { setTimeout(resolve, 50); });
  assert.deepEqual(asked, []);
  await model.run(new Float32Array(4));
  assert.equal((await update).state, 'ready');
  model.dispose();
});

test('a version that fails its self-test is refused, by its digest, once and for all', async () => {
  publish({ 1: await entryFor(adding(1)) });
  await addend();
  publish({ 1: await entryFor(adding(1)), 2: await entryFor(adding(2), {}, adding(3)) });
  const refused = await Model.update(address, options);
  assert.deepEqual([refused.state, refused.version, refused.error.code], ['refused', '2', 'value']);
  assert.match(refused.error.message, /self-test/);
  assert.match(refused.error.hint, /former/);
  assert.equal(await addend(), 1);
  asked = [];
  assert.equal((await Model.update(address, options)).state, 'current');
  publish({ 1: await entryFor(adding(1)), '2-again': await entryFor(adding(2), {}, adding(2)) });
  assert.equal((await Model.update(address, options)).state, 'current', 'the same file under another name');
  assert.ok(!asked.some((url) => /tflite/.test(url)));
  publish({ 1: await entryFor(adding(1)), 3: await entryFor(adding(3)) });
  assert.deepEqual(await Model.update(address, options), { state: 'ready', name: 'sum', version: '3' });
  assert.equal(await addend(), 3);
});

test('files that are no models, or not those that were promised, do not serve', async () => {
  publish({ 1: await entryFor(adding(1)) });
  await addend();
  const golden = await goldenFor(adding(2)), junk = Buffer.from('junk that is no model');
  const entry = await entryFor(adding(2));
  served.set(`/${entry.files.model.url}`, adding(5));
  publish({ 1: await entryFor(adding(1)), 2: entry });
  assert.equal((await Model.update(address, options)).error.code, 'integrity');
  const sha256 = createHash('sha256').update(junk).digest('hex');
  served.set('/junk.tflite', junk);
  publish({ 1: await entryFor(adding(1)), 2: { files: { model: { url: 'junk.tflite', bytes: junk.length, sha256, golden } } } });
  assert.equal((await Model.update(address, options)).error.code, 'format');
  assert.equal(await addend(), 1);
});

test('a version that cannot be opened makes way for the one before it', async () => {
  const junk = Buffer.from('junk that is no model'), sha256 = createHash('sha256').update(junk).digest('hex');
  served.set('/junk.tflite', junk);
  publish({ 1: await entryFor(adding(1)), 2: { files: { model: { url: 'junk.tflite', bytes: junk.length, sha256 } } } });
  await rejects(addend(), 'format'); // nothing was kept that could have served meanwhile
  assert.equal(await addend(), 1);
  await rejects(addend({ shapes: { x: [3, 7] } }), 'shape');
  assert.equal(await addend(), 1, 'what the caller did wrong is not its fault');
});

test('channels, pins, and versions for a newer library', async () => {
  const versions = { '1.0': await entryFor(adding(1)), '1.1': await entryFor(adding(2)), '2.0-beta': await entryFor(adding(3)), '9.0': await entryFor(adding(9), { engine: '999.0.0' }) };
  publish(versions, { stable: ['9.0', '1.1', '1.0'], beta: ['2.0-beta', '1.1'] });
  assert.equal(await addend(), 2, `engine ${engine} is not 999`);
  assert.equal(await addend({ channel: 'beta' }), 3);
  assert.equal(await addend({ pin: '1.0' }), 1);
  await rejects(addend({ pin: '7' }), 'argument', { expected: /1\.0, 1\.1/, hint: /pin/ });
  await rejects(addend({ pin: 'constructor' }), 'argument');
  await rejects(addend({ channel: 'nightly' }), 'argument', { expected: /stable, beta/ });
  served.clear();
  assert.deepEqual([await addend(), await addend({ channel: 'beta' }), await addend({ pin: '1.0' })], [2, 3, 1], 'each is kept for itself');
});

test('a withdrawn version goes', async () => {
  const versions = { 1: await entryFor(adding(1)), 2: await entryFor(adding(2)) };
  publish(versions);
  assert.equal(await addend(), 2);
  publish(versions, { stable: ['1'] });
  assert.deepEqual(await Model.update(address, options), { state: 'ready', name: 'sum', version: '1' });
  assert.equal(await addend(), 1);
});

test('a staged share is drawn once a place, independently for each version', async () => {
  const draws = [];
  const versions = { 1: await entryFor(adding(1)), 2: await entryFor(adding(2), { share: 0.5 }) };
  for (let place = 0; place < 24; place++) {
    rmSync(cache, { recursive: true, force: true });
    publish(versions);
    draws.push(await addend());
    assert.equal((await Model.update(address, options)).state, 'current', 'the draw stays');
    if (draws.at(-1) !== 1) continue;
    publish({ 1: versions[1], 2: { ...versions[2], share: 1 } });
    assert.equal((await Model.update(address, options)).state, 'ready', 'a greater share');
  }
  assert.ok(draws.includes(1) && draws.includes(2), `${draws}`); // all the same: once in 8 million
});

test('offline: what was used once serves, what was not says why; a damaged copy is fetched again', async () => {
  publish({ 1: await entryFor(adding(1)) });
  await addend();
  const publishedNow = new Map(served);
  served.clear();
  const { adds, update } = await addend({}, true);
  assert.equal(adds, 1);
  assert.deepEqual([update.state, update.error.code, update.error.status], ['unknown', 'fetch', 404]);
  const [name] = readdirSync(cache).filter((file) => file.endsWith('.tflite'));
  writeFileSync(join(cache, name), 'damaged');
  await rejects(addend(), 'fetch');
  for (const [url, bytes] of publishedNow) served.set(url, bytes);
  assert.equal(await addend(), 1);
  for (const note of readdirSync(cache).filter((file) => file.endsWith('.json'))) writeFileSync(join(cache, note), '{"active":{"files":7}}');
  assert.equal(await addend(), 1, 'damaged notes');
  served.clear();
  rmSync(cache, { recursive: true });
  await rejects(addend(), 'fetch', { message: /sum\.json/ });
});

test('a folder that cannot be written does no harm', async () => {
  writeFileSync(join(folder, 'file'), '');
  process.env.PINCEL_CACHE = join(folder, 'file', 'below');
  publish({ 1: await entryFor(adding(1)) });
  assert.equal(await addend(), 1);
  assert.equal((await Model.update(address, options)).state === 'refused', false);
  process.env.PINCEL_CACHE = cache;
});

test('a version whose self-test never ended, twice, is not tried a third time', async () => {
  publish({ 1: await entryFor(adding(1)) });
  await addend();
  const two = await entryFor(adding(2));
  publish({ 1: await entryFor(adding(1)), 2: two });
  const note = join(cache, readdirSync(cache).find((file) => file.startsWith('fleet-') && file !== 'fleet-draw.json'));
  const trial = (count) => writeFileSync(note, JSON.stringify({ ...JSON.parse(readFileSync(note, 'utf8')), trial: { identity: two.files.model.sha256, count } }));
  trial(2); // as a page leaves it that is gone in the midst of it
  const refused = await Model.update(address, options);
  assert.deepEqual([refused.state, refused.error.code], ['refused', 'internal']);
  assert.equal(await addend(), 1);
  rmSync(cache, { recursive: true });
  publish({ 1: await entryFor(adding(1)) });
  await addend();
  publish({ 1: await entryFor(adding(1)), 2: two });
  trial(1);
  assert.equal((await Model.update(address, options)).state, 'ready', 'it may have been closed by chance');
});

test('old files are dropped', async () => {
  const versions = {};
  for (const number of [1, 2, 3, 4]) {
    versions[number] = await entryFor(adding(number));
    publish(versions);
    if (number === 1) await addend();
    else assert.equal((await Model.update(address, options)).state, 'ready');
  }
  assert.equal(readdirSync(cache).filter((file) => file.endsWith('.tflite')).length, 2, 'the active one and the one before it');
});

test('Classifier takes labels and how pictures are wanted from it', async () => {
  const labels = ['red', 'green', 'blue'];
  publish({ 1: await entryFor(means(), { range: '0..255', labels, crop: 1 }) }, undefined, { task: 'classification' });
  const classifier = await Classifier.create(address, options);
  const [best] = await classifier.classify({ data: new Uint8Array(64).fill(9).map((byte, i) => [9, 200, 9, 255][i % 4]), width: 4, height: 4 });
  assert.deepEqual([best.label, Math.round(best.score), classifier.labels], ['green', 200, labels]);
  assert.deepEqual([classifier.model.name, classifier.model.version], ['sum', '1']);
  classifier.dispose();
  await rejects(Stylizer.create(address, options), 'argument', { message: /classification/ });
});

/** The mean colour of a style picture, and a photograph plus such a colour. */
const pair = () => [
  buildModel({
    tensors: [float('style', [1, 64, 64, 3]), float('colour', [1, 3]), { name: 'axes', dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) }],
    inputs: ['style'], outputs: ['colour'], nodes: [{ op: 'MEAN', inputs: ['style', 'axes'], outputs: ['colour'], options: { keepDims: false } }],
  }),
  buildModel({
    tensors: [
      float('photo', [1, 64, 64, 3]), float('style', [1, 3]), float('painting', [1, 64, 64, 3]), float('tint', [1, 1, 1, 3]),
      { name: 'shape', dtype: 'int32', shape: [4], data: Int32Array.of(1, 1, 1, 3) },
    ],
    inputs: ['photo', 'style'], outputs: ['painting'],
    nodes: [{ op: 'RESHAPE', inputs: ['style', 'shape'], outputs: ['tint'], options: { newShape: [1, 1, 1, 3] } }, { op: 'ADD', inputs: ['photo', 'tint'], outputs: ['painting'] }],
  }),
];

test('a pair of networks, in Stylizer', async () => {
  const [predict, transfer] = await Promise.all(pair().map((bytes) => entryFor(bytes)));
  publish({ 1: { files: { predict: predict.files.model, transfer: transfer.files.model } } });
  const stylizer = await Stylizer.create(address, { ...options, update: false });
  const picture = (...colour) => ({ data: new Uint8Array(64 * 64 * 4).map((_, i) => [...colour, 255][i % 4]), width: 64, height: 64 });
  const { data } = await stylizer.stylize(picture(10, 20, 30), { style: picture(100, 0, 50), size: 64 });
  assert.deepEqual([...data.subarray(0, 4)], [110, 20, 80, 255]);
  await rejects(Model.load(address, options), 'argument', { message: /several networks/ });
  const found = await Model.update(address, options);
  assert.deepEqual([found.state, found.version], ['current', '1'], 'both have passed their self-tests');
  stylizer.dispose();
});

test('manifests that lie are refused, and say where', async () => {
  const good = { pincel: 1, name: 'sum', channels: { stable: ['1'] }, versions: { 1: { files: { model: { url: 'a', bytes: 1, sha256: '0'.repeat(64) } } } } };
  const library = { PincelError };
  const read = (text) => readManifest(JSON.parse(text), 'https://example.invalid/m.json', library);
  assert.equal(read(JSON.stringify(good)).versions['1'].files.model.url, 'https://example.invalid/a');
  const wrong = [
    ['"pincel":1', '"pincel":2', /pincel/], ['"sum"', '"../sum"', /name/], ['"sum"', '{}', /name/], ['["1"]', '["2"]', /channels/], ['["1"]', '["toString"]', /channels/],
    ['["1"]', '"1"', /channels/], ['"bytes":1', '"bytes":-1', /bytes/], ['"bytes":1', '"bytes":1e12', /bytes/], ['"bytes":1', '"bytes":"1"', /bytes/], ['"0000', '"g000', /sha256/],
    ['"url":"a"', '"url":"javascript:alert(1)"', /url/], ['"url":"a"', '"url":"file:///etc/passwd"', /url/], ['"url":"a"', '"url":"http://["', /url/], ['"url":"a"', '"url":7', /url/],
    ['"model":', '"other":', /files/], ['"files":', '"share":2,"files":', /share/], ['"files":', '"engine":"new","files":', /engine/], ['"files":', '"labels":[1],"files":', /labels/],
    ['"files":', '"std":0,"files":', /std/], ['"files":', '"mean":[1,2],"files":', /mean/], ['"files":', '"range":"0..2","files":', /range/], ['"files":', '"crop":0,"files":', /crop/],
    ['"url"', '"golden":{"input":"noise","outputs":{}},"url"', /golden\.outputs/], ['"url"', '"golden":{"input":"other"},"url"', /golden\.input/],
    ['"url"', '"golden":{"input":"noise","outputs":{"y":{"sha256":"x"}}},"url"', /golden\.outputs/],
    ['"url"', `"golden":{"input":"noise","outputs":{"y":{"sha256":"${'0'.repeat(64)}"}},"tolerance":-1},"url"`, /tolerance/],
    ['"url"', `"golden":{"input":"noise","outputs":{"y":{"sha256":"${'0'.repeat(64)}"}},"shapes":{"x":[0]}},"url"`, /shapes/],
    ['"versions":{', '"versions":{"__proto__":{},', /versions/], ['"versions":{"1":{', '"versions":{"1":[],"2":{', /versions\.1/],
  ];
  for (const [from, to, where] of wrong) {
    const text = JSON.stringify(good).replace(from, to);
    await rejects((async () => read(text))(), 'format', { message: where, hint: /pincel manifest/, expected: /./ });
  }
  for (const text of ['[]', 'null', '7', '"x"', 'no JSON', '']) {
    served.set('/sum.json', Buffer.from(text || ' '));
    await rejects(addend(), 'format', { message: /sum\.json/ });
  }
  served.set('/sum.json', Buffer.alloc(5 << 20, ' '));
  await rejects(addend(), 'limit');
});

test('pincel manifest writes one, and adds versions to it', async () => {
  const at = (name) => join(folder, name);
  const run = (...args) => execFileSync(process.execPath, [...process.execArgv, cli, 'manifest', ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  writeFileSync(at('one.tflite'), adding(1));
  writeFileSync(at('two.tflite'), adding(2));
  writeFileSync(at('labels.txt'), 'a\nb\nc\nd\n');
  assert.match(run('one.tflite', '--name', 'sum', '--version', '1', '--labels', 'labels.txt', '--range', '0..1'), /sum\.json.*sum 1 in stable/);
  const inspected = execFileSync(process.execPath, [...process.execArgv, cli, 'inspect', `manifest:${at('sum.json')}`, '--json'], { encoding: 'utf8', env: { ...process.env, PINCEL_CACHE: cache } });
  assert.match(inspected, /"ADD"/, 'other commands take it');
  run('two.tflite', '-o', 'sum.json', '--version', '2', '--channel', 'beta', '--channel', 'stable', '--share', '0.25', '--base', 'https://example.invalid/models');
  const { versions, channels } = JSON.parse(readFileSync(at('sum.json'), 'utf8'));
  assert.deepEqual(channels, { stable: ['2', '1'], beta: ['2'] });
  assert.deepEqual([versions[1].labels, versions[1].range, versions[2].share, versions[2].files.model.url], [['a', 'b', 'c', 'd'], '0..1', 0.25, 'https://example.invalid/models/two.tflite']);
  assert.throws(() => run('one.tflite', '-o', 'sum.json', '--version', '2'), /other files/);
  assert.throws(() => run('one.tflite', '--name', 'sum'), /--version/);
  for (const name of ['sum.json', 'one.tflite']) served.set(`/${name}`, readFileSync(at(name)));
  assert.equal(await addend({ pin: '1' }), 1, 'over the network');
  assert.deepEqual(await Model.update(`manifest:${at('sum.json')}`, { ...options, pin: '1' }), { state: 'ready', name: 'sum', version: '1' });
  assert.ok(existsSync(cache));
});

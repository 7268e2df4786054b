// Models by name: fetched from a mirror or from beside the library, checked,
// kept, and with the options that the registry knows.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Classifier, Model, Stylizer, listModels, pullModel } from '../../dist/pincel.mjs';
import { serve } from '../../js/build/serve.mjs';
import { goldenDistance, probeInputs } from '../../js/probe.mjs';
import { absolute, photo, rejects, skip, zoo } from './samples.mjs';
import { buildModel } from './tflite.mjs';
import { startTroubled } from './troubled-server.mjs';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pincel-registry-'));
const published = join(folder, 'published'), assets = join(folder, 'assets'), kept = join(folder, 'kept');
const assetBase = pathToFileURL(assets).href;
let server, mirror;

const float = (name, shape) => ({ name, dtype: 'float32', shape });

/** Three scores, the means of red, green and blue. */
const means = () => buildModel({
  tensors: [float('picture', [1, 4, 4, 3]), float('scores', [1, 3]), { name: 'axes', dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) }],
  inputs: ['picture'], outputs: ['scores'], nodes: [{ op: 'MEAN', inputs: ['picture', 'axes'], outputs: ['scores'], options: { keepDims: false } }],
});

/** A picture plus one of three colours. */
const tints = () => buildModel({
  tensors: [
    float('photo', [1, 64, 64, 3]), float('style', [1, 3]), float('painting', [1, 64, 64, 3]), float('tint', [1, 1, 1, 3]),
    { name: 'shape', dtype: 'int32', shape: [4], data: Int32Array.of(1, 1, 1, 3) },
  ],
  inputs: ['photo', 'style'], outputs: ['painting'],
  nodes: [
    { op: 'RESHAPE', inputs: ['style', 'shape'], outputs: ['tint'], options: { newShape: [1, 1, 1, 3] } },
    { op: 'ADD', inputs: ['photo', 'tint'], outputs: ['painting'] },
  ],
});

/** Writes a file where a publisher has it; its description for the registry. */
function publish(name, bytes, into = published) {
  writeFileSync(join(into, name), bytes);
  return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

before(async () => {
  for (const path of [published, join(assets, 'models')]) mkdirSync(path, { recursive: true });
  for (const file of readdirSync(dist).filter((name) => /\.(wasm|mjs)$/.test(name))) copyFileSync(join(dist, file), join(assets, file));
  process.env.PINCEL_CACHE = kept;
  server = await serve({ port: 0, mounts: { '/': published } });
  mirror = server.origin;
  const at = (file) => ({ ...file, addresses: [`${mirror}/missing/${file.name}`, `${mirror}/${file.name}`] });
  const registry = {
    models: {
      colours: { title: 'Means', task: 'classification', files: { model: at(publish('means.tflite', means())) }, normalisation: { range: '0..1' }, crop: 1, labels: { list: 'names', skip: 1 } },
      tints: { title: 'Tints', task: 'style transfer', files: { model: publish('tints.tflite', tints(), join(assets, 'models')) }, styles: [{ id: 'ruby' }, { id: 'grass' }, { id: 'sky' }] },
      pair: { title: 'A pair', task: 'style transfer', files: { predict: at(publish('one.tflite', absolute())), transfer: at(publish('two.tflite', absolute())) } },
      stale: { title: 'Changed since', task: 'classification', files: { model: at({ ...publish('stale.tflite', absolute()), sha256: '0'.repeat(64) }) } },
      gone: { title: 'No longer there', task: 'classification', files: { model: at({ name: 'gone.tflite', bytes: 9, sha256: '1'.repeat(64) }) } },
      absent: { title: 'Not copied', task: 'classification', files: { model: { name: 'absent.tflite', bytes: 9, sha256: '1'.repeat(64) } } },
    },
    lists: { names: at(publish('names.txt', Buffer.from('nothing\nred\ngreen\nblue\n'))) },
  };
  writeFileSync(join(assets, 'models/registry.json'), JSON.stringify(registry));
});

after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const plain = (red, green, blue, side = 4) => ({ data: Uint8ClampedArray.from({ length: side * side * 4 }, (_, i) => [red, green, blue, 255][i % 4]), width: side, height: side });

test('a classifier by its name needs no options', async () => {
  const classifier = await Classifier.create('pincel:colours', { assetBase, threads: 1 });
  assert.deepEqual(classifier.labels, ['red', 'green', 'blue']);
  const [best] = await classifier.classify(plain(0, 255, 51));
  assert.deepEqual([best.label, best.score.toFixed(3)], ['green', '1.000']);
  classifier.dispose();
});

test('what the caller says comes first', async () => {
  const classifier = await Classifier.create('pincel:colours', { assetBase, threads: 1, labels: ['a', 'b', 'c'], range: '0..255' });
  const [best] = await classifier.classify(plain(0, 255, 51));
  assert.deepEqual([best.label, best.score], ['b', 255]);
  classifier.dispose();
});

test('a stylizer that ships knows its styles', async () => {
  const stylizer = await Stylizer.create('pincel:tints', { assetBase, threads: 1 });
  assert.deepEqual(stylizer.styles, ['ruby', 'grass', 'sky']);
  const { data } = await stylizer.stylize(plain(0, 0, 0, 64), { style: { grass: 3, sky: 1 }, size: 64 });
  assert.deepEqual([...data.slice(0, 4)], [0, 191, 64, 255]);
  stylizer.dispose();
  assert.ok(!existsSync(join(kept, 'tints.tflite')));
});

test('files are kept, and fetched again when they were damaged', async () => {
  const first = await pullModel('colours', { assetBase });
  assert.deepEqual(first.map(({ name }) => name), ['means.tflite', 'names.txt']);
  for (const { path, wasKept } of first) assert.ok(wasKept && path.startsWith(kept));
  writeFileSync(first[0].path, 'damaged');
  const [again] = await pullModel('pincel:colours', { assetBase });
  assert.equal(again.wasKept, false);
  assert.deepEqual(new Uint8Array(readFileSync(again.path)), again.bytes);
  const [offline] = await pullModel('colours', { assetBase, mirror: 'http://127.0.0.1:9/' });
  assert.equal(offline.wasKept, true);
  assert.deepEqual(readdirSync(kept).filter((name) => !/^[0-9a-f]{16}-[a-z]+\.(tflite|txt)$/.test(name)), [], 'nothing unfinished');
});

test('progress, a mirror, and no keeping', async () => {
  const seen = [];
  const model = await Model.load('pincel:pair/transfer', { assetBase, mirror, cache: false, threads: 1, onProgress: (progress) => seen.push(progress) });
  assert.deepEqual([...(await model.run(Float32Array.from({ length: 12 }, (_, i) => -i))).y], Array.from({ length: 12 }, (_, i) => i));
  model.dispose();
  assert.deepEqual(seen.filter(({ stage }) => stage === 'download').at(-1).loaded, absolute().length);
  assert.ok(!readdirSync(kept).some((name) => name.endsWith('two.tflite')));
});

test('a folder that cannot be written does no harm', async () => {
  process.env.PINCEL_CACHE = join(published, 'means.tflite', 'below');
  const [file] = await pullModel('colours', { assetBase });
  assert.deepEqual([file.path, file.wasKept], [undefined, false]);
  process.env.PINCEL_CACHE = kept;
});

test('the total is the registry\'s, also of what comes compressed', async () => {
  const seen = [], packed = await startTroubled({ '/two.tflite': (response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(absolute())) });
  const model = await Model.load('pincel:pair/transfer', { assetBase, mirror: packed.origin, cache: false, threads: 1, onProgress: (progress) => seen.push(progress) });
  model.dispose();
  await packed.close();
  const { length } = absolute();
  assert.deepEqual(seen.filter(({ stage }) => stage === 'download').at(-1), { stage: 'download', loaded: length, total: length });
});

test('what can go wrong is told', async () => {
  const load = (name, more) => Model.load(name, { assetBase, threads: 1, ...more });
  await rejects(load('pincel:nothing'), 'argument', { message: /no model 'nothing'/, expected: /colours, tints/ });
  await rejects(load('pincel:pair'), 'argument', { expected: /pincel:pair\/predict or pincel:pair\/transfer/ });
  await rejects(load('pincel:pair/middle'), 'argument', { expected: /predict, transfer/ });
  await rejects(load('pincel:constructor'), 'argument');
  await rejects(load('pincel:stale'), 'integrity', { got: /sha256-/ });
  await rejects(load('pincel:gone'), 'fetch', { hint: /mirror/ });
  await rejects(load('pincel:absent'), 'fetch', { hint: /models/ });
  await rejects(load('pincel:colours', { integrity: `sha256-${'A'.repeat(43)}=` }), 'integrity');
  await rejects(Stylizer.create('pincel:colours', { assetBase }), 'argument', { message: /classification/ });
  await rejects(load('pincel:colours', { assetBase: pathToFileURL(published).href }), 'environment', { message: /pincel-registry/, hint: /dist/ });
});

test('more bytes than promised are not read to the end', async () => {
  writeFileSync(join(published, 'gone.tflite'), Buffer.alloc(1 << 20));
  await rejects(Model.load('pincel:gone', { assetBase, threads: 1 }), 'limit');
});

test('every entry says what it has to', async () => {
  const { models, lists } = JSON.parse(readFileSync(join(dist, 'models/registry.json')));
  assert.deepEqual(await listModels(), models);
  for (const [name, entry] of Object.entries(models)) {
    for (const field of ['title', 'version', 'licence', 'publisher']) assert.equal(typeof entry[field], 'string', `${name}: ${field}`);
    assert.ok(['classification', 'style transfer', 'detection'].includes(entry.task), name);
    if (entry.labels?.list) assert.ok(lists[entry.labels.list], name);
    for (const file of Object.values(entry.files)) {
      assert.match(file.sha256, /^[0-9a-f]{64}$/, name);
      assert.ok(file.bytes > 0 && file.golden, name);
      for (const address of file.addresses ?? []) assert.match(address, /^https:\/\//, name);
      if (!file.addresses) assert.ok(existsSync(join(dist, 'models', file.name)), `${name} ships`);
    }
  }
});

async function checkGolden(name, options) {
  const { files } = (await listModels())[name];
  for (const [part, { golden }] of Object.entries(files)) {
    const model = await Model.load(`pincel:${name}/${part}`, { threads: 1, ...options });
    const outputs = await model.run(probeInputs(model.inputs));
    for (const [output, expected] of Object.entries(golden)) {
      const distance = await goldenDistance(expected, outputs[output], model.outputs.find((info) => info.name === output));
      assert.ok(distance <= 2e-3, `${name}, ${output}: ${distance}`);
    }
    model.dispose();
  }
}

test('the models that ship compute what the registry says', async () => {
  for (const [name, { files }] of Object.entries(await listModels())) {
    if (Object.values(files).every(({ addresses }) => !addresses)) await checkGolden(name);
  }
});

test('the public models come whole from a mirror and compute what the registry says', { skip }, async () => {
  const copies = await serve({ port: 0, mounts: { '/': fileURLToPath(zoo('')) } });
  try {
    for (const [name, { files }] of Object.entries(await listModels())) {
      if (Object.values(files).every(({ addresses }) => addresses)) await checkGolden(name, { mirror: copies.origin });
    }
    const classifier = await Classifier.create('pincel:mobilenet-v2', { mirror: copies.origin, threads: 1 });
    assert.equal((await classifier.classify(photo('photos/parrot.jpg')))[0].label, 'macaw');
    classifier.dispose();
  } finally {
    await copies.close();
  }
});

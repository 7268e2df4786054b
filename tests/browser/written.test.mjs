// Every .tflite that the tools write runs in LiteRT.js with the same answer,
// but for one quantum. Needs ../shared and the benchmark's peers (`npm run
// test:written` installs them).
//
// What the quantiser makes is compared twice. Step by step, each step given the
// bytes that Pincel computed before it: never more than one quantum apart. And
// the end answers. Those of style networks cannot be compared by quanta: their
// norms add floats, in another order in each runtime, so of the 256 values that
// a channel's bytes can take one is now and then rounded the other way, and
// sixteen quantised layers behind it see that; the two paintings are then
// different roundings of one float painting, and have to be as near to it.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Model } from '../../dist/pincel.mjs';
import { convert, quantize } from '../../dist/pincel-tools.mjs';
import { generator } from '../conformance/describe.mjs';
import { steps } from '../js/cut.mjs';
import { drawn, normalised } from '../js/networks.mjs';
import { quantizedFile, quantizedPainter, weightTypes } from '../js/quantized_network.mjs';
import { sharedPresent, startBrowser, startServer } from './browser.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const zoo = path('../../../shared/zoo'), photos = path('../../../shared/pictures/photos'), peers = path('../../bench/node_modules');
const skip = !sharedPresent ? '../shared is absent' : !existsSync(peers) && 'LiteRT.js (38 MB) is not installed: npm run test:written';

let folder, server, browser;
before(async () => {
  if (skip) return;
  folder = mkdtempSync(join(tmpdir(), 'written-'));
  server = await startServer({ mounts: { '/written/': folder, '/bench/': path('../../bench'), '/peers/': peers } });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.close();
  if (folder) rmSync(folder, { recursive: true });
});

const arrays = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array };

/** Smooth, as pictures are: what is noise to a network is noise to its quantised twin. */
function drawnInput({ name, dtype, shape }) {
  const random = generator(name), [, height = 1, width = 1, channels = 1] = shape, phase = Array.from({ length: 4 }, random);
  const byte = (y, x, c) => 127.5 + 90 * Math.sin(y / height * 5 + phase[c % 3] * 6) * Math.cos(x / width * 7 + phase[3] * 6) + 30 * random();
  const values = Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => byte(Math.floor(i / channels / width), Math.floor(i / channels) % width, i % channels));
  return arrays[dtype].from(values, (value) => (dtype === 'float32' ? value / 255 : dtype === 'int8' ? value - 128 : value));
}

/** Its runtime knows int8 tensors; only the table of typed arrays in its JavaScript leaves them out. */
async function withSignedBytes(route) {
  const response = await route.fetch(), list = 'var DATATYPES = Object.freeze([', text = await response.text();
  assert.ok(text.includes(list), 'LiteRT.js lists its data types elsewhere');
  await route.fulfill({ response, body: text.replace(list, `${list}{ dtype: 'int8', typedArrayConstructor: Int8Array, elementType: ElementType.INT8 },`) });
}

/** A page that has `runs(url of a model, [{ type, url }])`, which resolves to its outputs as typed arrays. */
async function pageWithLiteRt() {
  const page = await browser.newPage(); // a page loads LiteRT.js once
  await page.route('**/core/dist/index.js', withSignedBytes);
  await page.goto(`${server.origin}/bench/page.html`);
  await page.evaluate(async () => {
    const { loadLiteRt, loadAndCompile, Tensor } = await import('/peers/@litertjs/core/dist/index.js');
    await loadLiteRt('/peers/@litertjs/core/wasm/', { threads: false });
    globalThis.fetchArray = async ({ type, url }) => new ({ Float32Array, Int8Array, Uint8Array }[type])(await (await fetch(url, { cache: 'no-store' })).arrayBuffer());
    globalThis.runs = async (url, inputs) => {
      const model = await loadAndCompile(new Uint8Array(await (await fetch(url, { cache: 'no-store' })).arrayBuffer()), { accelerator: 'wasm', cpuOptions: { numThreads: 1 } });
      const arrays = await Promise.all(inputs.map(globalThis.fetchArray)), details = model.getInputDetails();
      const tensors = arrays.map((values, i) => new Tensor(values, Array.from(details[i].shape)));
      const latest = await model.run(tensors), outputs = latest.map((tensor) => tensor.toTypedArray());
      for (const one of [...tensors, ...latest, model]) one.delete();
      return outputs;
    };
  });
  return page;
}

/** A file for the page: its address, and the typed array's kind. */
function served(name, values) {
  writeFileSync(join(folder, name), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return { type: values[Symbol.toStringTag], url: `/written/${name}` };
}

async function inLiteRt(bytes, inputs) {
  const page = await pageWithLiteRt();
  const given = [served('model.tflite', bytes).url, inputs.map((values, i) => served(`input-${i}.bin`, values))];
  const outputs = await page.evaluate(async ([url, list]) => (await globalThis.runs(url, list)).map((values) => [...values]), given);
  await page.close();
  return outputs;
}

/** Files of the model's steps, of what each is given, and of what Pincel makes of that. */
async function writeSteps(bytes) {
  const whole = await Model.load(bytes, { threads: 1, worker: false }), inputs = whole.inputs.map(drawnInput), list = [];
  const known = new Map(whole.inputs.map(({ name }, i) => [name, inputs[i]]));
  const ends = await whole.run(Object.fromEntries(known));
  whole.dispose();
  const values = new Map(); // by the tensors' numbers; names may stand twice
  for (const [i, step] of steps(bytes).entries()) {
    const model = await Model.load(step.bytes, { threads: 1, worker: false });
    const given = step.inputs.map(({ number, name }) => values.get(number) ?? known.get(name));
    const [out] = Object.values(await model.run(Object.fromEntries(model.inputs.map(({ name }, k) => [name, given[k]]))));
    model.dispose();
    values.set(step.output.number, out);
    list.push({ name: step.output.name, url: served(`${i}.tflite`, step.bytes).url, inputs: given.map((array, k) => served(`${i}-${k}.bin`, array)), out: served(`${i}-out.bin`, out) });
    if (step.isEnd) assert.deepEqual(out, ends[step.output.name], `${step.output.name}: the steps make what the whole makes`);
  }
  return list;
}

/** Each step of a quantised model, given the same bytes, ends in the same bytes but for one quantum; floats as above. */
async function assertSameSteps(bytes, { relative = 1e-3 } = {}) {
  const list = await writeSteps(bytes), page = await pageWithLiteRt();
  const found = await page.evaluate(async (all) => {
    const rows = [];
    for (const { name, url, inputs, out } of all) {
      const [theirs] = await globalThis.runs(url, inputs), own = await globalThis.fetchArray(out);
      const worst = own.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), own.length === theirs.length ? 0 : Infinity);
      rows.push({ name, isBytes: out.type !== 'Float32Array', worst, largest: own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) });
    }
    return rows;
  }, list);
  await page.close();
  assert.ok(found.length > 2, 'there are steps');
  for (const { name, isBytes, worst, largest } of found) assert.ok(worst <= (isBytes ? 1 : relative * largest), `${name}: differs by ${worst} of ${largest}`);
}

/** 8-bit outputs may differ by one quantum, float ones by `relative` of their range. */
async function assertSameInLiteRt(bytes, { relative = 1e-3 } = {}) {
  const model = await Model.load(bytes, { threads: 1, worker: false });
  const inputs = model.inputs.map(drawnInput);
  const own = await model.run(Object.fromEntries(model.inputs.map(({ name }, i) => [name, inputs[i]])));
  const theirs = await inLiteRt(bytes, inputs), unmatched = [...theirs];
  for (const { name, dtype } of model.outputs) {
    const values = own[name], index = unmatched.findIndex((other) => other.length === values.length);
    const [other] = unmatched.splice(index, 1);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);
    assert.ok(worst <= (dtype === 'float32' ? relative * largest : 1), `${name}: differs by ${worst} of ${largest}`);
  }
  model.dispose();
}

for (const file of existsSync(zoo) ? readdirSync(zoo).filter((name) => name.endsWith('.tflite')) : ['(absent)']) {
  test(`${file}, read and written`, { skip }, async () => {
    const { bytes } = await convert(join(zoo, file));
    await assertSameInLiteRt(bytes);
  });
}

const calibration = () => readdirSync(photos).filter((name) => name.endsWith('.jpg')).map((name) => join(photos, name));

for (const file of ['vww_96_float.tflite', 'resnet8_float.tflite']) {
  for (const mode of ['int8', 'fp16', 'dynamic']) {
    test(`${file} in ${mode}`, { skip }, async () => {
      const { bytes } = await quantize(join(zoo, file), { mode, pictures: calibration(), range: file.startsWith('vww') ? '0..1' : '0..255', sensitivity: 0 });
      await assertSameInLiteRt(bytes);
      if (mode === 'int8') await assertSameSteps(bytes);
    });
  }
}

test('one norm in float between bytes', { skip }, async () => {
  const { bytes } = await quantize(normalised(), { pictures: Array.from({ length: 4 }, (_, i) => ({ x: drawn(`picture ${i}`, [1, 16, 16, 3]) })), sensitivity: 0 });
  await assertSameInLiteRt(bytes);
  await assertSameSteps(bytes);
});

/** dB between two paintings, each a function of the element's number. */
function psnr(count, a, b) {
  let error = 0;
  for (let i = 0; i < count; i++) error += (a(i) - b(i)) ** 2;
  return 10 * Math.log10(255 ** 2 * count / error);
}

/** Pincel's and LiteRT.js's paintings of one picture are as near to the float one, and nearer to each other. */
async function assertSamePainting(context, source, bytes) {
  const [float, model] = await Promise.all([source, bytes].map((one) => Model.load(one, { threads: 1, worker: false })));
  const [end] = model.outputs, [, height, width] = end.shape, pixels = height * width, input = drawnInput(model.inputs[0]);
  const planes = new Float32Array(input.length).map((_, i) => input[i % pixels * 3 + Math.floor(i / pixels)]);
  const [[whole], [own], [theirs]] = [Object.values(await float.run(planes)), Object.values(await model.run(input)), await inLiteRt(bytes, [input])];
  for (const one of [float, model]) one.dispose();
  const byte = (value) => Math.min(Math.max(value, 0), 255), painted = (values) => (i) => byte((values[i] - end.zeroPoint) * end.scale);
  const original = (i) => byte(whole[i % 3 * pixels + Math.floor(i / 3)]), count = 3 * pixels;
  const [ours, others, between] = [psnr(count, painted(own), original), psnr(count, painted(theirs), original), psnr(count, painted(own), painted(theirs))];
  const said = `Pincel to float ${ours.toFixed(2)} dB, LiteRT.js to float ${others.toFixed(2)} dB, to each other ${between.toFixed(2)} dB`;
  context.diagnostic(said);
  assert.ok(Math.abs(ours - others) < 0.5 && between > Math.max(ours, others), said);
}

test('mosaic_nc8_256.onnx in int8: fifteen norms, one after the other', { skip }, async (context) => {
  const source = join(zoo, 'mosaic_nc8_256.onnx');
  const { bytes } = await quantize(source, { pictures: calibration().slice(0, 3), range: '0..255', sensitivity: 0, judge: 1 });
  await assertSameSteps(bytes);
  await assertSamePainting(context, source, bytes);
});

test('mosaic_nc8_256.onnx in int8, the layers before its noisiest norms with float results', { skip }, async (context) => {
  const source = join(zoo, 'mosaic_nc8_256.onnx');
  const { bytes, report } = await quantize(source, { pictures: calibration().slice(0, 10), range: '0..255', judge: 4 });
  assert.ok(report.layers.some(({ widened }) => widened));
  await assertSameSteps(bytes);
  await assertSamePainting(context, source, bytes);
});

test('fns_mosaic.onnx in int8: fifteen norms of 720 pixels squared', { skip }, async (context) => {
  const source = join(zoo, 'fns_mosaic.onnx');
  const { bytes } = await quantize(source, { pictures: calibration().slice(0, 2), range: '0..255', bgr: true, sensitivity: 0, judge: 1 });
  await assertSameSteps(bytes);
  await assertSamePainting(context, source, bytes);
});

for (const name of Object.keys(weightTypes).filter((one) => !one.endsWith('beyond int8'))) {
  test(`a quantised ONNX network, ${name}`, { skip }, async () => {
    const { bytes } = await convert(quantizedFile('uint8', name));
    await assertSameSteps(bytes);
  });
}

test('a quantised ONNX painter: averages and maxima in other scales', { skip }, async () => {
  const { bytes } = await convert(quantizedPainter());
  await assertSameSteps(bytes);
});

test('squeezenet_fp16.onnx in int8', { skip }, async () => {
  const { bytes } = await quantize(join(zoo, 'squeezenet_fp16.onnx'), { pictures: calibration(), mean: [103.939, 116.779, 123.68], std: 1, bgr: true, sensitivity: 0 });
  await assertSameInLiteRt(bytes);
  await assertSameSteps(bytes);
});

test('squeezenet_fp16.onnx in float32', { skip }, async () => {
  const { bytes } = await convert(join(zoo, 'squeezenet_fp16.onnx'));
  await assertSameInLiteRt(bytes);
});

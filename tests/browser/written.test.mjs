// Every .tflite that the tools write runs in LiteRT.js with the same answer,
// but for one quantum. Needs ../shared and the benchmark's peers (`npm run
// test:written` installs them).
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Model } from '../../dist/pincel.mjs';
import { convert, quantize } from '../../dist/pincel-tools.mjs';
import { generator } from '../conformance/describe.mjs';
import { drawn, normalised } from '../js/networks.mjs';
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

async function inLiteRt(bytes, inputs) {
  writeFileSync(join(folder, 'model.tflite'), bytes);
  const page = await browser.newPage(); // a page loads LiteRT.js once
  await page.goto(`${server.origin}/bench/page.html`);
  const outputs = await page.evaluate(async (given) => {
    const { load } = await import('/bench/contenders/litert.mjs');
    const types = { Float32Array, Int8Array, Uint8Array };
    const contender = await load(`/written/model.tflite?${Math.random()}`, { threads: 1, inputs: given.map(({ type, values }) => ({ data: types[type].from(values) })) });
    await contender.run();
    return contender.outputs().map((values) => [...values]);
  }, inputs.map((values) => ({ type: values[Symbol.toStringTag], values: [...values] })));
  await page.close();
  return outputs;
}

/** By how much 8-bit outputs may differ: at most, and on average; float ones by `relative` of their range. */
async function assertSameInLiteRt(bytes, { quanta = 1, mean = 1, relative = 1e-3 } = {}) {
  const model = await Model.load(bytes, { threads: 1, worker: false });
  const inputs = model.inputs.map(drawnInput);
  const own = await model.run(Object.fromEntries(model.inputs.map(({ name }, i) => [name, inputs[i]])));
  const theirs = await inLiteRt(bytes, inputs), unmatched = [...theirs];
  for (const { name, dtype } of model.outputs) {
    const values = own[name], index = unmatched.findIndex((other) => other.length === values.length);
    const [other] = unmatched.splice(index, 1);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);
    const average = values.reduce((sum, value, i) => sum + Math.abs(value - other[i]), 0) / values.length;
    if (dtype !== 'float32') assert.ok(average <= mean, `${name}: differs by ${average} on average`);
    assert.ok(worst <= (dtype === 'float32' ? relative * largest : quanta), `${name}: differs by ${worst} of ${largest}`);
  }
  model.dispose();
}

const signedEnds = ['person_detect_int8.tflite', 'resnet8_int8.tflite', 'vww_96_int8.tflite']; // LiteRT.js takes no int8 tensors
for (const file of existsSync(zoo) ? readdirSync(zoo).filter((name) => name.endsWith('.tflite') && !signedEnds.includes(name)) : ['(absent)']) {
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
      await assertSameInLiteRt(bytes, { relative: mode === 'int8' ? 0.02 : 1e-3 }); // scores are made of the same few bytes
    });
  }
}

test('one norm in float between bytes', { skip }, async () => {
  const { bytes } = await quantize(normalised(), { pictures: Array.from({ length: 4 }, (_, i) => ({ x: drawn(`picture ${i}`, [1, 16, 16, 3]) })), sensitivity: 0 });
  await assertSameInLiteRt(bytes);
});

test('mosaic_nc8_256.onnx in int8: sixteen norms, one after the other', { skip }, async () => {
  const { bytes } = await quantize(join(zoo, 'mosaic_nc8_256.onnx'), { pictures: calibration().slice(0, 3), range: '0..255', sensitivity: 0, judge: 1 });
  await assertSameInLiteRt(bytes, { quanta: 255, mean: 3 }); // each sums floats in another order: a byte here and there differs by one, and all norms behind it see that
});

test('squeezenet_fp16.onnx in float32', { skip }, async () => {
  const { bytes } = await convert(join(zoo, 'squeezenet_fp16.onnx'));
  await assertSameInLiteRt(bytes);
});

// Stylizer: Magenta's pair, and networks with a style of their own.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Stylizer, encodePNG, readPicture } from '../../dist/pincel.mjs';
import { absolute, photo, rejects, skip, zoo } from './samples.mjs';
import { buildModel } from './tflite.mjs';

const pair = () => ({ predict: zoo('magenta_predict_int8.tflite'), transfer: zoo('magenta_transfer_int8.tflite') });
const painting = () => {
  const [name] = readdirSync(photo('paintings')).filter((file) => /\.(jpe?g|png)$/i.test(file)).sort();
  return new Blob([readFileSync(photo(`paintings/${name}`))]);
};
const tench = photo('imagenet500/n01440764_tench.jpg');

const gradient = (width, height) => ({
  data: Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i >> 2) * (1 + i % 4) % 256)), width, height,
});

/** Of 64 by 64, if it is to be told apart from a vector. */
const network = () => buildModel({
  tensors: ['x', 'y'].map((name) => ({ name, dtype: 'float32', shape: [1, 64, 64, 3] })), inputs: ['x'], outputs: ['y'],
  nodes: [{ op: 'ABS', inputs: ['x'], outputs: ['y'] }],
});

/** A network that fits only the size it was made for: its picture passes through a vector. */
const rigid = () => buildModel({
  tensors: [
    { name: 'x', dtype: 'float32', shape: [1, 64, 64, 3] }, { name: 'flat', dtype: 'float32', shape: [12288] }, { name: 'y', dtype: 'float32', shape: [1, 64, 64, 3] },
    { name: 'long', dtype: 'int32', shape: [1], data: Int32Array.of(12288) }, { name: 'square', dtype: 'int32', shape: [4], data: Int32Array.of(1, 64, 64, 3) },
  ],
  inputs: ['x'], outputs: ['y'],
  nodes: [{ op: 'RESHAPE', inputs: ['x', 'long'], outputs: ['flat'] }, { op: 'RESHAPE', inputs: ['flat', 'square'], outputs: ['y'] }],
});

test('one network: pixels pass through it, in the size asked for', async () => {
  const stylizer = await Stylizer.create(network(), { threads: 1 });
  const picture = gradient(64, 48);
  assert.deepEqual(await stylizer.stylize(picture, { size: 64 }), picture);
  const usual = await stylizer.stylize(picture);
  assert.deepEqual([usual.width, usual.height], [384, 288]);
  const original = await stylizer.stylize(picture, { size: 32, output: 'original' });
  assert.deepEqual([original.width, original.height, original.data.length], [64, 48, 64 * 48 * 4]);
  const sizes = await Promise.all([16, 32, 48].map((size) => stylizer.stylize(picture, { size })));
  assert.deepEqual(sizes.map(({ width, height }) => [width, height]), [[16, 12], [32, 24], [48, 36]], 'calls queue, each with its own size');
  await rejects(stylizer.styleVector(picture), 'argument');
  await rejects(stylizer.stylize(picture, { size: 5 }), 'argument', { expected: /16/ });
  await rejects(stylizer.stylize(picture, { strength: 2 }), 'argument');
  await rejects(stylizer.stylize(picture, { signal: AbortSignal.abort() }), 'abort');
  stylizer.dispose();
  await rejects(stylizer.stylize(picture), 'disposed');
});

test('a network of one size keeps it unless another is asked for', async () => {
  const stylizer = await Stylizer.create(rigid(), { threads: 1 });
  const { width, height } = await stylizer.stylize(gradient(80, 40));
  assert.deepEqual([width, height], [64, 64]);
  const original = await stylizer.stylize(gradient(80, 40), { output: 'original' });
  assert.deepEqual([original.width, original.height], [80, 40]);
  stylizer.dispose();
  const other = await Stylizer.create(rigid(), { threads: 1 });
  await rejects(other.stylize(gradient(80, 40), { size: 128 }), 'shape');
  other.dispose();
});

test('networks that do not paint', async () => {
  await rejects(Stylizer.create(absolute(), { threads: 1 }), 'shape');
  await rejects(Stylizer.create({ predict: network(), transfer: network() }, { threads: 1 }), 'argument', { message: /style/ });
  await rejects(Stylizer.create({ predict: '/nowhere', transfer: network() }, { threads: 1 }), 'fetch');
});

test('Magenta: a style as picture and as vector, its strength, sizes', { skip }, async () => {
  const stylizer = await Stylizer.create(pair());
  const style = painting(), photograph = await readPicture(tench), size = 128;
  const stages = [];
  const full = await stylizer.stylize(photograph, { style, size, onProgress: ({ stage }) => stages.push(stage) });
  assert.equal(Math.max(full.width, full.height), size);
  assert.equal(full.width % 4 + full.height % 4, 0);
  assert.equal(full.data.length, full.width * full.height * 4);
  assert.deepEqual([...new Set(stages)], ['style', 'run']);
  assert.ok(full.data.every((value, i) => i % 4 !== 3 || value === 255));
  const vector = await stylizer.styleVector(style);
  assert.equal(vector.length, 100);
  assert.deepEqual(await stylizer.stylize(photograph, { style: vector, size }), full);
  assert.deepEqual(await stylizer.stylize(photograph, { style: [...vector], size }), full);
  const own = await stylizer.styleVector(photograph);
  assert.deepEqual(await stylizer.stylize(photograph, { style, strength: 0, size }), await stylizer.stylize(photograph, { style: own, size }));
  const difference = (a, b) => a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]), 0);
  const none = await stylizer.stylize(photograph, { style, strength: 0, size }), half = await stylizer.stylize(photograph, { style, strength: 0.5, size });
  assert.ok(difference(half, none) > 0 && difference(half, none) < difference(full, none));
  const large = await stylizer.stylize(photograph, { style: vector, size, output: 'original' });
  assert.deepEqual([large.width, large.height], [photograph.width, photograph.height]);
  assert.deepEqual(await readPicture(await encodePNG(full)), { ...full });
  await rejects(stylizer.stylize(photograph), 'argument', { message: /style/ });
  await rejects(stylizer.stylize(photograph, { style: new Float32Array(7) }), 'shape', { expected: /100/, got: /7/ });
  const controller = new AbortController();
  const cancelled = stylizer.stylize(photograph, { style: vector, size: 384, signal: controller.signal, onProgress: () => controller.abort() });
  await rejects(cancelled, 'abort');
  assert.deepEqual(await stylizer.stylize(photograph, { style: vector, size }), full, 'usable after that');
  stylizer.dispose();
});

/** y = x * sum of the styles' weights times these numbers, one number per style. */
const mixing = (numbers) => buildModel({
  tensors: [
    { name: 'x', dtype: 'float32', shape: [1, 64, 64, 3] }, { name: 'weights', dtype: 'float32', shape: [1, numbers.length] },
    { name: 'numbers', dtype: 'float32', shape: [1, numbers.length], data: Float32Array.from(numbers) },
    { name: 'factor', dtype: 'float32', shape: [1, 1] }, { name: 'y', dtype: 'float32', shape: [1, 64, 64, 3] },
  ],
  inputs: ['x', 'weights'], outputs: ['y'],
  nodes: [{ op: 'FULLY_CONNECTED', inputs: ['weights', 'numbers', null], outputs: ['factor'] }, { op: 'MUL', inputs: ['x', 'factor'], outputs: ['y'] }],
});

test('a network that knows its styles: by name, number, mixture and weights; strength lets the photograph through', async () => {
  const stylizer = await Stylizer.create(mixing([1, 0.5, 0]), { threads: 1, styles: ['plain', { id: 'dark' }, 'black'] });
  assert.deepEqual(stylizer.styles, ['plain', 'dark', 'black']);
  const picture = gradient(64, 64), shade = async (options) => (await stylizer.stylize(picture, { size: 64, ...options })).data;
  const near = (got, factor) => got.forEach((value, i) => {
    if (i % 4 !== 3) assert.ok(Math.abs(value - picture.data[i] * factor) <= 1, `${value} for ${picture.data[i]} times ${factor}`);
  });
  near(await shade({ style: 'plain' }), 1);
  near(await shade({ style: 'dark' }), 0.5);
  near(await shade({ style: 2 }), 0);
  near(await shade({ style: { plain: 1, black: 3 } }), 0.25);
  near(await shade({ style: { 0: 1, dark: 1 } }), 0.75);
  near(await shade({ style: [0, 1, 0] }), 0.5);
  near(await shade({ style: 'black', strength: 0.25 }), 0.75);
  assert.deepEqual(await shade({ style: 'black', strength: 0 }), picture.data);
  const enlarged = await stylizer.stylize(picture, { size: 32, output: 'original', style: 'black', strength: 0 });
  assert.deepEqual(enlarged.data, picture.data, 'the photograph is mixed in at the size asked for');
  await rejects(stylizer.stylize(picture, { style: 'blue' }), 'argument', { expected: /plain, dark, black/ });
  await rejects(stylizer.stylize(picture, { style: { plain: -1, dark: 2 } }), 'argument', { message: /weight/ });
  await rejects(stylizer.stylize(picture, { style: { plain: 0 } }), 'argument', { message: /weight/ });
  await rejects(stylizer.stylize(picture, { style: [1, 0] }), 'shape');
  await rejects(stylizer.stylize(picture), 'argument');
  stylizer.dispose();
});

test('a network that crops to a size of its own is not given another', async () => {
  const side = 64, float = (name, shape) => ({ name, dtype: 'float32', shape }), constant = (name, ...data) => ({ name, dtype: 'int32', shape: [4], data: Int32Array.from(data) });
  const stylizer = await Stylizer.create(buildModel({
    tensors: [float('x', [1, side, side, 3]), float('y', [1, 32, 32, 3]), constant('begin', 0, 0, 0, 0), constant('size', 1, 32, 32, 3)],
    inputs: ['x'], outputs: ['y'], nodes: [{ op: 'SLICE', inputs: ['x', 'begin', 'size'], outputs: ['y'] }],
  }), { threads: 1 });
  const photograph = { data: new Uint8ClampedArray(40 * 80 * 4).fill(255), width: 80, height: 40 };
  await rejects(stylizer.stylize(photograph, { size: 128 }), 'shape', { message: /one size/ });
  const { width, height, data } = await stylizer.stylize(photograph);
  assert.deepEqual([width, height, data[0]], [32, 32, 255]);
  stylizer.dispose();
});

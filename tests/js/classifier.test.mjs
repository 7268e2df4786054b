// Classifier: known pictures get their labels, however they are given.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Classifier, Model, readPicture } from '../../dist/pincel.mjs';
import { absolute, photo, rejects, skip, zoo } from './samples.mjs';
import { buildModel } from './tflite.mjs';

const labels = zoo('imagenet1001.txt');
const picture = photo('imagenet500/n01440764_tench.jpg');

/** A classifier whose four scores are those of one pixel: red, green, blue and their mean times four. */
function pixelSums(dtype, quantization) {
  const side = 2, classes = 3;
  return buildModel({
    tensors: [
      { name: 'picture', dtype, shape: [1, side, side, 3], quantization }, { name: 'scores', dtype, shape: [1, classes], quantization },
      { name: 'axes', dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) },
    ],
    inputs: ['picture'], outputs: ['scores'], nodes: [{ op: 'MEAN', inputs: ['picture', 'axes'], outputs: ['scores'], options: { keepDims: false } }],
  });
}

const plain = (red, green, blue) => ({ data: Uint8ClampedArray.from({ length: 64 }, (_, i) => [red, green, blue, 255][i % 4]), width: 4, height: 4 });

async function classify(model, options, source, more) {
  const classifier = await Classifier.create(model, { threads: 1, ...options });
  const found = await classifier.classify(source, more);
  classifier.dispose();
  return found;
}

const rounded = (found) => found.map(({ label, index, score }) => [label, index, Math.round(score * 1000) / 1000]);

test('values from bytes: the usual range, others, means and deviations', async () => {
  const model = pixelSums('float32'), grey = plain(255, 0, 51);
  assert.deepEqual(rounded(await classify(model, {}, grey)), [['class 0', 0, 1], ['class 2', 2, -0.6], ['class 1', 1, -1]]);
  assert.deepEqual(rounded(await classify(model, { range: '0..1' }, grey)), [['class 0', 0, 1], ['class 2', 2, 0.2], ['class 1', 1, 0]]);
  assert.deepEqual(rounded(await classify(model, { range: '0..255' }, grey)), [['class 0', 0, 255], ['class 2', 2, 51], ['class 1', 1, 0]]);
  assert.deepEqual(rounded(await classify(model, { mean: [5, 0, 1], std: 2 }, grey)), [['class 0', 0, 125], ['class 2', 2, 25], ['class 1', 1, 0]]);
  assert.deepEqual(rounded(await classify(model, { range: '0..255', bgr: true }, grey)), [['class 2', 2, 255], ['class 0', 0, 51], ['class 1', 1, 0]]);
  await rejects(classify(model, { range: '1..2' }, grey), 'argument', { expected: /0\.\.1/ });
});

test('quantised inputs take the bytes as they are', async () => {
  for (const [dtype, zeroPoint, offset] of [['uint8', 7, 0], ['int8', -20, 128]]) {
    const quantization = { scale: [0.25], zeroPoint: [zeroPoint] };
    const found = await classify(pixelSums(dtype, quantization), {}, plain(200, 3, 100));
    const real = (byte) => (byte - offset - zeroPoint) * 0.25;
    assert.deepEqual(rounded(found), [['class 0', 0, real(200)], ['class 2', 2, real(100)], ['class 1', 1, real(3)]], dtype);
    const asked = await classify(pixelSums(dtype, quantization), { mean: 100, std: 10 }, plain(200, 100, 110));
    assert.deepEqual(rounded(asked), [['class 0', 0, 10], ['class 2', 2, 1], ['class 1', 1, 0]], dtype);
  }
});

test('a best score below the threshold is unsure', async () => {
  const model = pixelSums('float32'), dim = plain(51, 102, 0); // the best score is 0.4
  assert.equal((await classify(model, { range: '0..1' }, dim)).unsure, false);
  assert.equal((await classify(model, { range: '0..1', threshold: 0.3 }, dim)).unsure, false);
  assert.equal((await classify(model, { range: '0..1', threshold: 0.5 }, dim)).unsure, true);
  assert.equal((await classify(model, { range: '0..1', threshold: 0.5 }, dim, { threshold: 0.3, topK: 1 })).unsure, false);
});

test('ties go by index; topK', async () => {
  assert.deepEqual(rounded(await classify(pixelSums('float32'), { range: '0..255' }, plain(9, 9, 9))).map(([, index]) => index), [0, 1, 2]);
  assert.equal((await classify(pixelSums('float32'), {}, plain(1, 2, 3), { topK: 2 })).length, 2);
  assert.equal((await classify(pixelSums('float32'), { topK: 1 }, plain(1, 2, 3))).length, 1);
});

test('labels: an array, a text, a file; in another number they are refused', async () => {
  const model = pixelSums('float32'), blue = plain(0, 0, 255), text = 'red\r\ngreen\r\nblue\r\n';
  for (const labelled of [['red', 'green', 'blue'], text, new Blob([text]), new TextEncoder().encode(text)]) {
    assert.equal((await classify(model, { labels: labelled }, blue))[0].label, 'blue');
  }
  await rejects(classify(model, { labels: ['one'] }, blue), 'argument', { expected: /3/, got: /1/ });
  await rejects(classify(model, { labels: '/no/labels.txt' }, blue), 'fetch');
});

test('only the middle is seen', async () => {
  const red = plain(255, 0, 0);
  for (const i of [0, 3, 12, 15]) red.data.set([0, 255, 0], i * 4); // green corners
  const [{ score }] = await classify(pixelSums('float32'), { range: '0..255', crop: 0.5 }, red);
  assert.equal(score, 255);
  const [{ score: whole }] = await classify(pixelSums('float32'), { range: '0..255', crop: 1 }, red);
  assert.ok(whole < 230, `${whole}`);
});

test('a model that takes no picture', async () => {
  const float = (name) => ({ name, dtype: 'float32', shape: [4] });
  const bytes = buildModel({ tensors: [float('a'), float('b')], inputs: ['a'], outputs: ['b'], nodes: [{ op: 'ABS', inputs: ['a'], outputs: ['b'] }] });
  await rejects(Classifier.create(bytes, { threads: 1 }), 'shape', { expected: /height/ });
  await rejects(Classifier.create(absolute(), { threads: 1, labels: 'a\nb' }), 'argument');
});

for (const name of ['mobilenet_v2_ptq', 'mobilenet_v2_uint8', 'mobilenet_v1_050_160_uint8']) {
  test(`${name} knows a tench`, { skip }, async () => {
    const classifier = await Classifier.create(zoo(`${name}.tflite`), { labels });
    const sources = [picture, readFileSync(picture), await readPicture(picture)];
    const answers = [];
    for (const source of sources) answers.push(await classifier.classify(source, { topK: 3 }));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    const [best, second, third] = answers[0];
    assert.equal(best.label, 'tench, Tinca tinca');
    assert.equal(best.index, 1);
    assert.ok(best.score <= 1 && best.score >= second.score && second.score >= third.score);
    classifier.dispose();
    await rejects(classifier.classify(picture), 'disposed');
  });
}

test('in a worker the answer is the same', { skip }, async () => {
  const answers = [];
  for (const worker of [false, true]) answers.push(await classify(zoo('mobilenet_v1_025_128_uint8.tflite'), { labels, worker }, picture));
  assert.deepEqual(answers[0], answers[1]);
});

test('float models with their own normalisation', { skip }, async () => {
  const model = await Model.load(zoo('vww_96_float.tflite'), { threads: 1 });
  assert.equal(model.inputs[0].dtype, 'float32');
  model.dispose();
  const found = await classify(zoo('vww_96_float.tflite'), { range: '0..1', labels: ['nobody', 'somebody'] }, picture);
  assert.ok(Math.abs(found[0].score + found[1].score - 1) < 1e-3);
});

// QuantizeLinear and DequantizeLinear around operators: computed on integers
// where scales are constant, and within a few quanta of the same in reals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model } from '../../dist/pincel.mjs';
import { convert, quantize } from '../../dist/pincel-tools.mjs';
import { buildONNX } from './onnx.mjs';
import { bytes, quantizedFile, quantizedNetwork, quantizedPainter, weightTypes } from './quantized_network.mjs';

const options = { threads: 1, worker: false };

for (const [type, weightName] of ['int8', 'uint8'].flatMap((one) => Object.keys(weightTypes).map((name) => [one, name]))) {
  test(`a network between QuantizeLinear and DequantizeLinear, ${type}, ${weightName}`, async () => {
    const { nodes, initializers, scales } = quantizedNetwork(type, weightTypes[weightName]), outputs = [{ name: 'product dq', shape: [] }];
    const x = Float32Array.from(bytes(3 * 8 * 8, 9), (byte) => byte / 50), port = { name: 'x', shape: [1, 3, 8, 8] };
    const integers = await Model.load(buildONNX({ nodes, initializers: [...initializers, ...scales], inputs: [port], outputs }), options);
    const reals = await Model.load(buildONNX({ nodes, initializers, inputs: [port, ...scales.map(({ name, shape }) => ({ name, shape }))], outputs }), options);
    const actual = (await integers.run({ x }))['product dq'];
    const expected = (await reals.run({ x, ...Object.fromEntries(scales.map(({ name, data }) => [name, data])) }))['product dq'];
    const steps = (await integers.profile({ x }, { runs: 1 })).map(({ op }) => op);
    const counts = (op) => steps.filter((step) => step === op).length;
    assert.deepEqual([counts('QUANTIZE'), counts('DEQUANTIZE'), counts('QuantizeLinear')], [1, 1, 0], steps.join(' '));
    assert.equal(actual.length, 5);
    assert.ok(new Set(expected).size > 2, 'the outputs differ among themselves');
    actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 3.1 * 0.004, `${[...actual]}, expected ${[...expected]}`));
    integers.dispose();
    reals.dispose();
  });
}

// --- As .tflite -----------------------------------------------------------------------

const channelsLast = (planes, channels) => planes.map((_, i) => planes[i % channels * (planes.length / channels) + Math.floor(i / channels)]);
const picture = Float32Array.from(bytes(3 * 8 * 8, 9), (byte) => byte / 50);

/** The one output for one input. */
async function answer(file, x) {
  const model = await Model.load(file, options), [values] = Object.values(await model.run(x));
  const found = { values, shape: model.inputs[0].shape, steps: (await model.profile(x, { runs: 1 })).map(({ op }) => op) };
  model.dispose();
  return found;
}

for (const type of ['int8', 'uint8']) {
  test(`a quantised network of ${type} as .tflite computes the same`, async () => {
    for (const weightName of Object.keys(weightTypes).filter((name) => !name.endsWith('beyond int8'))) {
      const file = quantizedFile(type, weightName), { bytes: converted } = await convert(file);
      const written = await answer(converted, channelsLast(picture, 3));
      assert.deepEqual(written.shape, [1, 8, 8, 3]);
      assert.deepEqual(written.values, (await answer(file, picture)).values, weightName);
      assert.equal(written.steps.filter((op) => /QUANTIZE/.test(op)).length, 2, written.steps.join(' '));
    }
  });
}

test('averages and concatenations that change scales are written as TFLite has them', async () => {
  const file = quantizedPainter(), { bytes: converted } = await convert(file), { values } = await answer(file, picture);
  const written = await answer(converted, channelsLast(picture, 3)), expected = channelsLast(values, 6);
  assert.ok(new Set(values).size > 20, 'the output is no constant');
  assert.equal(written.values.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(written.values[i] - value) < 1.01 * 0.03, `element ${i}: ${written.values[i]}, expected ${value}`)); // ties
});

test('what quantised networks cannot become is refused', async () => {
  await assert.rejects(convert(quantizedFile('uint8', 'uint8 weights of zero point 100, beyond int8')), { code: 'unsupported', op: 'CONV_2D' });
  await assert.rejects(convert(quantizedFile('uint8', 'int8 weights'), { weights: 'float16' }), { code: 'type', message: /quantised already/ });
  await assert.rejects(quantize(quantizedFile('uint8', 'int8 weights'), { pictures: [{ x: channelsLast(picture, 3) }] }), { code: 'type', message: /quantised already/ });
});

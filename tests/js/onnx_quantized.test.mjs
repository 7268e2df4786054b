// QuantizeLinear and DequantizeLinear around operators: computed on integers
// where scales are constant, and within a few quanta of the same in reals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model } from '../../dist/pincel.mjs';
import { buildONNX } from './onnx.mjs';
import { bytes, quantizedNetwork, weightTypes } from './quantized_network.mjs';

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

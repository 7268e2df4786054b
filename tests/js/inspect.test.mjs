// Model.inspect: what a file holds, whether or not it can run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model } from '../../dist/pincel.mjs';
import { absolute, rejects, skip, zoo } from './samples.mjs';
import { buildModel } from './tflite.mjs';

test('a model that runs', async () => {
  const bytes = absolute();
  for (const worker of [false, true]) {
    const found = await Model.inspect(bytes, { worker });
    assert.equal(found.supported, true);
    assert.equal(found.bytes, bytes.length);
    assert.deepEqual(found.ops, [{ op: 'ABS', count: 1, supported: true }]);
    assert.deepEqual(found.nodes, [{ op: 'ABS', name: 'y', shape: [1, 2, 2, 3], supported: true }]);
    assert.deepEqual(found.inputs, [{ name: 'x', shape: [1, 2, 2, 3], dtype: 'float32' }]);
    assert.ok(found.macs >= 0 && found.arenaBytes > 0 && found.peakMemory >= bytes.length + found.arenaBytes);
  }
});

test('for another size', async () => {
  const { outputs } = await Model.inspect(absolute(), { shapes: { x: [1, 9, 8, 3] } });
  assert.deepEqual(outputs[0].shape, [1, 9, 8, 3]);
  const { supported, error } = await Model.inspect(absolute(), { shapes: { x: [1, 9] } });
  assert.deepEqual([supported, error.code], [false, 'shape']);
});

test('all that is not supported is told at once', async () => {
  const float = (name) => ({ name, dtype: 'float32', shape: [4] });
  const bytes = buildModel({
    tensors: ['a', 'b', 'c', 'd'].map(float), inputs: ['a'], outputs: ['d'],
    nodes: [{ op: 'CUSTOM', customCode: 'Mystery', inputs: ['a'], outputs: ['b'] }, { op: 'ABS', inputs: ['b'], outputs: ['c'] }, { op: 'LSTM', inputs: ['c'], outputs: ['d'] }],
  });
  const { supported, ops, macs } = await Model.inspect(bytes);
  assert.equal(supported, false);
  assert.equal(macs, undefined);
  assert.deepEqual(ops.map((entry) => entry.supported), [false, true, false]);
  await rejects(Model.load(bytes, { threads: 1 }), 'unsupported', { message: /Mystery.*LSTM/s, hint: /inspect/ });
});

test('what is no model', async () => {
  await rejects(Model.inspect(new Uint8Array(100)), 'format');
  await rejects(Model.inspect(new Uint8Array(0)), 'format');
});

test('MobileNetV2', { skip }, async () => {
  const found = await Model.inspect(zoo('mobilenet_v2_ptq.tflite'));
  assert.equal(found.supported, true);
  assert.equal(found.nodes.length, found.ops.reduce((sum, { count }) => sum + count, 0));
  assert.deepEqual(found.ops.find(({ op }) => op === 'DEPTHWISE_CONV_2D'), { op: 'DEPTHWISE_CONV_2D', count: 17, supported: true });
  assert.ok(found.macs > 2.9e8 && found.macs < 3.1e8, `${found.macs}`);
});

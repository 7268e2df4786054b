// ONNX files through the API: shapes that are left open, weights in other
// files, errors that name nodes and remedies, pictures in ONNX's layout.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Classifier, Model, PincelError, Stylizer } from '../../dist/pincel.mjs';
import { buildONNX } from './onnx.mjs';

const options = { threads: 1, worker: false };
const folder = mkdtempSync(join(tmpdir(), 'pincel-onnx-'));
after(() => rmSync(folder, { recursive: true }));

const random = (count, seed = 1) => Float32Array.from({ length: count }, (_, i) => Math.sin(seed * 12.9898 + i * 78.233));

/** A fully convolutional network, [1, 3, h, w] to the same: y = 2x, then 0.5 added. */
const doubling = (more = {}) => ({
  nodes: [
    { op: 'Conv', inputs: ['x', 'w'], outputs: ['double'], attributes: { kernel_shape: [1, 1] } },
    { op: 'Add', inputs: ['double', 'half'], outputs: ['y'] },
  ],
  initializers: [
    { name: 'w', shape: [3, 3, 1, 1], data: Float32Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2) },
    { name: 'half', shape: [3, 1, 1], data: Float32Array.of(0.5, 0.5, 0.5) },
  ],
  inputs: [{ name: 'x', shape: [1, 3, 'height', 'width'] }],
  outputs: [{ name: 'y', shape: [1, 3, 'height', 'width'] }],
  ...more,
});

async function errorOf(loading) {
  try {
    (await loading).dispose();
  } catch (error) {
    assert.ok(error instanceof PincelError, String(error?.stack));
    assert.notEqual(error.code, 'internal', error.message);
    return error;
  }
  return assert.fail('the model was accepted');
}

test('dimensions left open are bound at load time, and again later', async () => {
  const bytes = buildONNX(doubling());
  const { inputs: [before] } = await Model.inspect(bytes, { shapes: { x: [1, 3, 2, 2] } });
  assert.deepEqual(before.shape, [1, 3, 2, 2]);
  const model = await Model.load(bytes, { ...options, shapes: { x: [1, 3, 4, 5] } });
  assert.deepEqual(model.outputs, [{ name: 'y', shape: [1, 3, 4, 5], dtype: 'float32' }]);
  const x = random(60);
  assert.deepEqual((await model.run(x)).y, x.map((value) => 2 * value + 0.5));
  await model.reshape({ x: [1, 3, 1, 7] });
  assert.deepEqual((await model.run(x.subarray(0, 21))).y, x.subarray(0, 21).map((value) => 2 * value + 0.5));
  model.dispose();
});

test('conditions about shapes are decided at load time', async () => {
  const branch = (op) => ({ graph: { nodes: [{ op, inputs: ['x'], outputs: [`${op} of x`] }], outputs: [{ name: `${op} of x`, shape: [] }] } });
  const nodes = [
    { op: 'Size', inputs: ['x'], outputs: ['size'] }, { op: 'Equal', inputs: ['size', 'six'], outputs: ['is six'] },
    { op: 'If', inputs: ['is six'], outputs: ['y'], attributes: { then_branch: branch('Neg'), else_branch: branch('Abs') } },
  ];
  const initializers = [{ name: 'six', dtype: 'int64', shape: [], data: BigInt64Array.of(6n) }];
  const model = await Model.load(buildONNX(doubling({ nodes, initializers })), { ...options, shapes: { x: [1, 3, 1, 2] } });
  assert.deepEqual([...(await model.run(Float32Array.of(1, -2, 3, -4, 5, -6))).y], [-1, 2, -3, 4, -5, 6]);
  await model.reshape({ x: [1, 3, 1, 1] });
  assert.deepEqual([...(await model.run(Float32Array.of(1, -2, 3))).y], [1, 2, 3]);
  model.dispose();
});

test('transposed convolutions of one fixed size keep their proportion at others', async () => {
  const nodes = [{ op: 'ConvTranspose', inputs: ['x', 'w'], outputs: ['y'], attributes: { kernel_shape: [3, 3], strides: [2, 2], output_shape: [10, 10] } }];
  const initializers = [{ name: 'w', shape: [3, 1, 3, 3], data: random(27) }];
  const fixed = { nodes, initializers, inputs: [{ name: 'x', shape: [1, 3, 4, 4] }], outputs: [{ name: 'y', shape: [1, 1, 10, 10] }] };
  const model = await Model.load(buildONNX(fixed), options);
  assert.deepEqual(model.outputs[0].shape, [1, 1, 10, 10]);
  await model.reshape({ x: [1, 3, 7, 5] });
  assert.deepEqual(model.outputs[0].shape, [1, 1, 16, 12]);
  model.dispose();
});

test('a worker runs ONNX files too', async () => {
  const model = await Model.load(buildONNX(doubling()), { threads: 1, worker: true });
  assert.deepEqual([...(await model.run(Float32Array.of(1, 2, 3))).y], [2.5, 4.5, 6.5]);
  model.dispose();
});

test('weights in other files lie beside the model, or are given', async () => {
  const weights = new Uint8Array(8 + 36);
  weights.set(new Uint8Array(Float32Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2).buffer), 8);
  const description = doubling();
  description.initializers[0] = { name: 'w', shape: [3, 3, 1, 1], external: { location: 'some weights.bin', offset: 8, length: 36 } };
  const bytes = buildONNX(description), path = join(folder, 'model.onnx');
  writeFileSync(path, bytes);
  writeFileSync(join(folder, 'some weights.bin'), weights);
  const externalData = { 'some weights.bin': weights };
  for (const [source, more] of [[path, {}], [bytes, { externalData }], [new Blob([bytes]), { externalData: { 'some weights.bin': new Blob([weights]) } }]]) {
    const model = await Model.load(source, { ...options, ...more });
    assert.deepEqual([...(await model.run(Float32Array.of(1, 2, 3))).y], [2.5, 4.5, 6.5]);
    model.dispose();
  }
  const missing = await errorOf(Model.load(bytes, options));
  assert.equal(missing.code, 'argument');
  assert.equal(missing.expected, 'some weights.bin');
  const short = await errorOf(Model.load(bytes, { ...options, externalData: { 'some weights.bin': weights.subarray(0, 20) } }));
  assert.equal(short.code, 'format');
});

test('a model cannot name files outside of its folder', async () => {
  for (const location of ['../weights.bin', '/etc/hostname', 'a/../../b', 'file:///etc/hostname', '..\\b']) {
    const description = doubling();
    description.initializers[0] = { name: 'w', shape: [3, 3, 1, 1], external: { location } };
    const path = join(folder, 'outside.onnx');
    writeFileSync(path, buildONNX(description));
    const error = await errorOf(Model.load(path, options));
    assert.equal(error.code, 'argument', location);
  }
});

test('all unsupported operators are named at once, with their nodes and remedies', async () => {
  const nodes = [
    { op: 'NonMaxSuppression', inputs: ['x'], outputs: ['boxes'] }, { op: 'Relu', inputs: ['x'], outputs: ['fine'] },
    { op: 'FusedConv', inputs: ['x'], outputs: ['fused'], domain: 'com.microsoft' }, { op: 'Loop', inputs: ['x'], outputs: ['y'] },
  ];
  const bytes = buildONNX(doubling({ nodes }));
  const error = await errorOf(Model.load(bytes, options));
  assert.equal(error.code, 'unsupported');
  for (const words of ["NonMaxSuppression ('boxes')", "com.microsoft.FusedConv ('fused')", "Loop ('y')", 'suppression in the page', 'traced']) {
    assert.ok(error.message.includes(words), `${words}: ${error.message}`);
  }
  assert.ok(!error.message.includes('Relu'));
  const { supported, ops } = await Model.inspect(bytes);
  assert.equal(supported, false);
  assert.deepEqual(ops.filter((op) => !op.supported).map(({ op }) => op).sort(), ['Loop', 'NonMaxSuppression', 'com.microsoft.FusedConv']);
});

function refuses(what, more, code, words) {
  test(`refuses ${what}`, async () => {
    const error = await errorOf(Model.load(buildONNX(doubling(more)), options));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
  });
}

const chain = (...nodes) => ({ nodes });
refuses('pictures of one pixel where the file leaves their size open', chain({ op: 'MaxPool', inputs: ['x'], outputs: ['y'], attributes: { kernel_shape: [3, 3] } }), 'shape', /the shape of 'x' open/);
refuses('a value that is never computed', chain({ op: 'Relu', inputs: ['nothing'], outputs: ['y'] }), 'format', /Relu 'y'.*'nothing' before/);
refuses('nodes out of order', chain({ op: 'Relu', inputs: ['a'], outputs: ['y'] }, { op: 'Relu', inputs: ['x'], outputs: ['a'] }), 'format', /'a' before/);
refuses('a value written twice', chain({ op: 'Relu', inputs: ['x'], outputs: ['y'] }, { op: 'Abs', inputs: ['x'], outputs: ['y'] }), 'format', /has data already/);
refuses('a missing input', chain({ op: 'Add', inputs: ['x'], outputs: ['y'] }), 'format', /Add|ADD/i);
refuses('a shape that depends on data', chain({ op: 'Cast', inputs: ['x'], outputs: ['s'], attributes: { to: 7 } }, { op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] }), 'unsupported', /depends on data/);
refuses('an unknown word in an attribute', chain({ op: 'Pad', inputs: ['x'], outputs: ['y'], attributes: { mode: 'upside down', pads: [0, 0, 0, 0, 0, 0, 0, 0] } }), 'unsupported', /mode 'upside down'/);
refuses('elements that make no such shape', chain({ op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] }, { op: 'Relu', inputs: ['x'], outputs: ['z'] }), 'format', /'s' before/);
refuses('an axis beyond the rank', chain({ op: 'Concat', inputs: ['x', 'x'], outputs: ['y'], attributes: { axis: 4 } }), 'shape', /axis 4/);
refuses('weights of the wrong length', { initializers: [{ name: 'w', shape: [3, 3, 1, 1], data: new Float32Array(8) }, doubling().initializers[1]] }, 'format', /'w' holds 32 bytes/);
refuses('an operator set of the future', { opset: 99 }, 'unsupported', /operator set 99/);

test('files cut short are refused, whatever is missing', async () => {
  const bytes = buildONNX(doubling());
  for (let length = 1; length < bytes.length; length++) {
    const error = await errorOf(Model.load(bytes.slice(0, length), options));
    assert.ok(['format', 'unsupported'].includes(error.code), `${length}: ${error.code} ${error.message}`);
  }
});

test('pictures go into [1, 3, h, w], and come out of it', async () => {
  const data = Uint8ClampedArray.from({ length: 8 * 8 * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 100));
  const stylizer = await Stylizer.create(buildONNX(doubling()), { ...options, range: '0..255', shapes: { x: [1, 3, 64, 64] } });
  const { width, height, data: painted } = await stylizer.stylize({ data, width: 8, height: 8 }, { size: 16 });
  assert.deepEqual([width, height], [16, 16]);
  assert.ok(painted.some((value) => value > 100 && value < 255));
  stylizer.dispose();
});

test('a classifier takes and gives float16', async () => {
  const nodes = [
    { op: 'GlobalAveragePool', inputs: ['x'], outputs: ['mean'] }, { op: 'Flatten', inputs: ['mean'], outputs: ['flat'] },
    { op: 'Softmax', inputs: ['flat'], outputs: ['y'] },
  ];
  const bytes = buildONNX({ nodes, inputs: [{ name: 'x', dtype: 'float16', shape: [1, 3, 4, 4] }], outputs: [{ name: 'y', dtype: 'float16', shape: [1, 3] }] });
  const classifier = await Classifier.create(bytes, { ...options, labels: ['red', 'green', 'blue'], range: '0..1' });
  const data = Uint8ClampedArray.from({ length: 64 }, (_, i) => [0, 255, 0, 255][i % 4]);
  const [first, second] = await classifier.classify({ data, width: 4, height: 4 });
  assert.equal(first.label, 'green');
  assert.ok(Math.abs(first.score - Math.E / (Math.E + 2)) < 1e-3, String(first.score));
  assert.ok(Math.abs(second.score - 1 / (Math.E + 2)) < 1e-3, String(second.score));
  classifier.dispose();
});

// convert and quantize: files that run as they did, and the quantised twins.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { Classifier, Model, PincelError } from '../../dist/pincel.mjs';
import { readMetadata } from '../../dist/pincel-metadata.mjs';
import { convert, quantize } from '../../dist/pincel-tools.mjs';
import { generator } from '../conformance/describe.mjs';
import { constant, drawn, float, integers, network, normalised } from './networks.mjs';
import { SAME, VALID, buildModel } from './tflite.mjs';

const options = { threads: 1, worker: false };
const shared = new URL('../../../shared/', import.meta.url);
const skip = !existsSync(shared) && '../shared is absent';

const samples = Array.from({ length: 8 }, (_, i) => ({ x: drawn(`sample ${i}`, [1, 12, 12, 3]) }));

async function run(bytes, inputs) {
  const model = await Model.load(bytes, options);
  const outputs = await model.run(inputs), steps = (await model.profile(inputs, { runs: 1 })).map(({ op }) => op);
  model.dispose();
  return { outputs, steps };
}

const assertNear = (actual, expected, tolerance) => {
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(actual[i] - value) <= tolerance, `element ${i}: ${actual[i]}, expected ${value}`);
};

// --- Writing ------------------------------------------------------------------------

test('a file is written with the same nodes and the same answer', async () => {
  const original = network(), { bytes, report } = await convert(original);
  assert.deepEqual(report, { mode: 'float32', originalBytes: original.length, bytes: bytes.length });
  const one = await Model.inspect(original, options), two = await Model.inspect(bytes, options);
  assert.deepEqual(two.nodes, one.nodes);
  assert.deepEqual((await run(bytes, samples[0])).outputs, (await run(original, samples[0])).outputs);
});

test('weights in half precision and in int8 make smaller files', async () => {
  const original = network(), expected = (await run(original, samples[0])).outputs.y;
  for (const [weights, tolerance] of [['float16', 1e-3], ['int8', 1e-2]]) {
    const { bytes } = await convert(original, { weights });
    assertNear((await run(bytes, samples[0])).outputs.y, expected, tolerance);
  }
});

for (const file of skip ? [] : readdirSync(new URL('zoo', shared)).filter((name) => name.endsWith('.tflite'))) {
  test(`${file} read and written gives the same bits`, async () => {
    const original = readFileSync(new URL(`zoo/${file}`, shared)), { bytes } = await convert(original);
    const models = await Promise.all([original, bytes].map((source) => Model.load(source, options)));
    const arrays = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array };
    const inputs = Object.fromEntries(models[0].inputs.map(({ name, dtype, shape }) => [name, arrays[dtype].from(drawn(name, shape, 0, 1), (value) => (dtype === 'float32' ? value : Math.floor(value * 256)))]));
    const [one, two] = await Promise.all(models.map((model) => model.run(inputs)));
    assert.deepEqual(two, one);
    for (const model of models) model.dispose();
  });
}

// --- Quantising ------------------------------------------------------------------------

test('int8: bytes inside, scores outside, and a report', async () => {
  const { bytes, report } = await quantize(network(), { pictures: samples, sensitivity: 8 });
  const model = await Model.load(bytes, options);
  assert.deepEqual(model.inputs.map(({ dtype }) => dtype), ['uint8']);
  assert.deepEqual(model.outputs.map(({ dtype }) => dtype), ['float32']);
  const { scale, zeroPoint } = model.inputs[0];
  for (const { x } of samples) {
    const { y } = await model.run(Uint8Array.from(x, (value) => Math.min(Math.max(Math.round(value / scale) + zeroPoint, 0), 255)));
    assertNear(y, (await run(network(), { x })).outputs.y, 0.03);
  }
  const steps = (await model.profile(new Uint8Array(432), { runs: 1 })).map(({ op }) => op);
  assert.ok(!steps.includes('QUANTIZE') && !steps.includes('PAD'), steps.join());
  assert.equal(report.pictures, 8);
  assert.ok(report.agreement >= 0.8 && report.sqnr > 20, JSON.stringify(report.before));
  assert.deepEqual(report.layers.map(({ op }) => op), ['CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED']);
  assert.ok(report.layers.every(({ sqnr }) => sqnr > 20));
  assert.ok(report.activations.every(({ seen, chosen }) => seen[0] <= chosen[0] && chosen[1] <= seen[1]));
  model.dispose();
});

test('a budget that cannot hold in int8 brings layers back to float', async () => {
  const budget = { agreement: 2 }, { report } = await quantize(network(), { pictures: samples, budget, mostFloat: 1 });
  assert.ok(report.layers.every((layer) => layer.float));
  assert.equal(report.budgetHolds, false);
  assert.ok(report.sqnr > report.before.sqnr);
});

test('every rule of calibration gives a working file', async () => {
  const expected = (await run(network(), samples[3])).outputs.y;
  for (const calibration of ['minmax', 'percentile', 'mse']) {
    const { bytes, report } = await quantize(network(), { pictures: samples, calibration, floatInputs: true, sensitivity: 0 });
    assertNear((await run(bytes, samples[3])).outputs.y, expected, 0.05);
    if (calibration === 'minmax') assert.ok(report.activations.every(({ seen, chosen }) => seen[0] === chosen[0] && seen[1] === chosen[1]));
  }
});

test('a convolution before an instance norm uses the whole range in each channel', async () => {
  const pictures = Array.from({ length: 4 }, (_, i) => ({ x: drawn(`picture ${i}`, [1, 16, 16, 3]) }));
  const { report: plain } = await quantize(normalised(), { pictures, sensitivity: 0, equalise: false });
  const { bytes, report } = await quantize(normalised(), { pictures, sensitivity: 0 });
  assert.equal(report.equalised, 1);
  assert.ok(report.sqnr > 25 && report.sqnr > plain.sqnr + 10, `${plain.sqnr} dB, then ${report.sqnr} dB`);
  const { steps } = await run(bytes, { x: new Uint8Array(768) });
  assert.deepEqual(steps, ['CONV_2D', 'INSTANCE_NORM', 'MIRROR_PAD']);
});

test('a convolution before an instance norm gives reals where the budget asks for more', async () => {
  const pictures = Array.from({ length: 4 }, (_, i) => ({ x: drawn(`picture ${i}`, [1, 16, 16, 3]) }));
  const { bytes, report } = await quantize(normalised(), { pictures, equalise: false, budget: { agreement: 2, psnr: 200 }, mostFloat: 0 });
  assert.deepEqual(report.layers.map(({ float: kept, widened }) => [kept, widened]), [[false, true]]);
  assert.ok(report.sqnr > report.before.sqnr + 10, `${report.before.sqnr} dB, then ${report.sqnr} dB`);
  const { steps } = await run(bytes, { x: new Uint8Array(768) });
  assert.deepEqual(steps, ['CONV_2D', 'INSTANCE_NORM', 'MIRROR_PAD']);
});

/** Means taken from a picture, mirrored pads or none, and a convolution with zeros beside what it sees. */
function shifted(mirrored) {
  const side = mirrored ? 12 : 8, seen = [1, side, side, 3];
  const weights = Float32Array.from({ length: 4 * 27 }, (_, i) => ((i * 37) % 19 - 9) / 40);
  return buildModel({
    tensors: [
      float('x', [1, 8, 8, 3]), { ...float('means', [3]), data: Float32Array.of(103.939, 116.779, 123.68) }, float('less', [1, 8, 8, 3]),
      integers('pads', [0, 0, 2, 2, 2, 2, 0, 0], [4, 2]), float('mirrored', seen), { ...float('w', [4, 3, 3, 3]), data: weights }, constant('b', [4]), float('y', [1, side, side, 4]),
    ],
    inputs: ['x'], outputs: ['y'],
    nodes: [
      { op: 'SUB', inputs: ['x', 'means'], outputs: ['less'] }, ...(mirrored ? [{ op: 'MIRROR_PAD', inputs: ['less', 'pads'], outputs: ['mirrored'], options: { mode: 0 } }] : []),
      { op: 'CONV_2D', inputs: [mirrored ? 'mirrored' : 'less', 'w', 'b'], outputs: ['y'], options: { padding: SAME, strideW: 1, strideH: 1 } },
    ],
  });
}

for (const mirrored of [false, true]) {
  test(`a shifted picture with zeros beside it stays exact in bytes, ${mirrored ? 'mirrored' : 'plain'}`, async () => {
    const bytes = (name) => ({ x: Float32Array.from(drawn(name, [1, 8, 8, 3], 0, 255), Math.round) });
    const pictures = Array.from({ length: 4 }, (_, i) => bytes(`shifted ${i}`)), settings = { pictures, calibration: 'minmax', sensitivity: 0, floatOutputs: true };
    const { bytes: file, report } = await quantize(shifted(mirrored), settings);
    const { report: plain } = await quantize(shifted(mirrored), { ...settings, equalise: false });
    assert.ok(report.sqnr > plain.sqnr, `${plain.sqnr} dB, then ${report.sqnr} dB`);
    const { steps, outputs } = await run(file, { x: new Uint8Array(192).fill(200) });
    assert.ok(steps.includes('PADV2') && !steps.includes('SUB'), steps.join());
    const { scale } = (await Model.load(file, options)).inputs[0], expected = (await run(shifted(mirrored), { x: new Float32Array(192).fill(Math.round(200 * scale)) })).outputs.y;
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assertNear(outputs.y, expected, largest / 20);
  });
}

test('pads far below the values before a maximum do not cost them their scale', async () => {
  const file = buildModel({
    tensors: [
      float('x', [1, 8, 8, 3]), constant('w', [4, 3, 3, 3]), constant('b', [4]), float('c', [1, 8, 8, 4]), integers('pads', [0, 0, 1, 1, 1, 1, 0, 0], [4, 2]),
      { ...float('least', [1]), data: Float32Array.of(-3e38) }, float('padded', [1, 10, 10, 4]), float('y', [1, 8, 8, 4]),
    ],
    inputs: ['x'], outputs: ['y'],
    nodes: [
      { op: 'CONV_2D', inputs: ['x', 'w', 'b'], outputs: ['c'], options: { padding: SAME, strideW: 1, strideH: 1 } }, { op: 'PADV2', inputs: ['c', 'pads', 'least'], outputs: ['padded'] },
      { op: 'MAX_POOL_2D', inputs: ['padded'], outputs: ['y'], options: { padding: VALID, strideW: 1, strideH: 1, filterW: 3, filterH: 3 } },
    ],
  });
  const { report } = await quantize(file, { pictures: Array.from({ length: 4 }, (_, i) => ({ x: drawn(`pooled ${i}`, [1, 8, 8, 3]) })), sensitivity: 0 });
  assert.ok(report.sqnr > 25, `${report.sqnr} dB`);
});

/** y = a * x + b of each pixel: a picture where the values say so. */
function painter(a, b) {
  const weights = Float32Array.from({ length: 9 }, (_, i) => (i % 4 ? 0 : a)), options = { padding: SAME, strideW: 1, strideH: 1 };
  return buildModel({
    tensors: [float('x', [1, 8, 8, 3]), { ...float('w', [3, 1, 1, 3]), data: weights }, { ...float('b', [3]), data: new Float32Array(3).fill(b) }, float('y', [1, 8, 8, 3])],
    inputs: ['x'], outputs: ['y'], nodes: [{ op: 'CONV_2D', inputs: ['x', 'w', 'b'], outputs: ['y'], options }],
  });
}

test('paintings come out as the bytes that are shown; what is no painting keeps its range', async () => {
  const pictures = Array.from({ length: 3 }, (_, i) => ({ x: drawn(`painting ${i}`, [1, 8, 8, 3], 0, 255) }));
  const endOf = async (a, b) => {
    const model = await Model.load((await quantize(painter(a, b), { pictures, sensitivity: 0 })).bytes, options), [output] = model.outputs;
    model.dispose();
    return output;
  };
  const { scale, zeroPoint } = await endOf(1.04, -6); // up to 260, down to -6
  assert.deepEqual([scale, zeroPoint], [1, 0]);
  const other = await endOf(4, -400);
  assert.ok(other.scale > 3.5 && other.zeroPoint > 50, `${other.scale}, ${other.zeroPoint}`);
});

test('a float model and its int8 twin see the same in photographs', { skip }, async () => {
  const folder = fileURLToPath(new URL('pictures/imagenet500', shared));
  const pictures = readdirSync(folder).filter((name) => name.endsWith('.jpg')).map((name) => `${folder}/${name}`);
  const { report } = await quantize(fileURLToPath(new URL('zoo/vww_96_float.tflite', shared)), { pictures: pictures.filter((_, i) => i % 8 === 0), range: '0..1' });
  assert.ok(report.agreement >= 0.985 && report.budgetHolds, `${report.agreement}`);
  assert.ok(report.bytes < report.originalBytes * 0.4);
});

// --- Metadata --------------------------------------------------------------------------

test('labels and normalisation travel in the file', async () => {
  const labels = ['ash', 'birch', 'cedar', 'fir', 'larch'];
  const { bytes } = await convert(network(), { labels, name: 'trees', description: 'five of them', mean: [1, 2, 3], std: 64, bgr: true });
  assert.deepEqual(await readMetadata(bytes), { name: 'trees', description: 'five of them', mean: [1, 2, 3], std: [64, 64, 64], bgr: true, labels });
  const picture = { width: 12, height: 12, data: Uint8ClampedArray.from({ length: 576 }, (_, i) => i * 37 % 256) };
  const silent = await Classifier.create(bytes, options);
  const told = await Classifier.create(network(), { ...options, labels, mean: [1, 2, 3], std: 64, bgr: true });
  assert.deepEqual(await silent.classify(picture), await told.classify(picture));
  const overruled = await Classifier.create(bytes, { ...options, range: '0..1', labels: ['a', 'b', 'c', 'd', 'e'] });
  assert.ok((await overruled.classify(picture)).every(({ label }) => label.length === 1));
  for (const classifier of [silent, told, overruled]) classifier.dispose();
});

/** The model with another archive: one deflated file of labels. */
function withDeflated(bytes, contents) {
  const model = Buffer.from(bytes).subarray(0, Buffer.from(bytes).indexOf('PK\x03\x04')), name = Buffer.from('labels.txt');
  const header = (size, fields) => fields.reduce((header, [at, value]) => { header.writeUInt32LE(value, at); return header; }, Buffer.alloc(size));
  const local = header(30, [[0, 0x04034B50], [26, name.length]]);
  const entry = header(46, [[0, 0x02014B50], [10, 8], [20, contents.length], [28, name.length], [42, model.length]]);
  const directory = model.length + local.length + name.length + contents.length;
  const end = header(22, [[0, 0x06054B50], [10, 1], [16, directory]]);
  return new Uint8Array(Buffer.concat([model, local, name, contents, entry, name, end]));
}

test('a deflated file of labels is inflated, unless it is damaged or a bomb', async () => {
  const { bytes } = await convert(network(), { labels: ['a', 'b', 'c', 'd', 'e'], name: 'letters' });
  const labels = ['alpha', 'βῆτα', 'gamma', 'delta', 'epsilon'], packed = deflateRawSync(labels.join('\n'));
  assert.deepEqual(await readMetadata(withDeflated(bytes, packed)), { name: 'letters', labels });
  assert.equal(await readMetadata(withDeflated(bytes, packed.subarray(0, -4))), undefined);
  assert.equal(await readMetadata(withDeflated(bytes, Buffer.alloc(40, 7))), undefined);
  assert.equal(await readMetadata(withDeflated(bytes, deflateRawSync(Buffer.alloc(2 ** 25)))), undefined);
});

test('damaged metadata counts as none', async () => {
  const { bytes } = await convert(network(), { labels: ['a', 'b', 'c', 'd', 'e'], range: '0..1' });
  const at = Buffer.from(bytes).indexOf('M001') - 4, random = generator('damage');
  for (let i = 0; i < 300; i++) {
    const damaged = bytes.slice();
    damaged[at + Math.floor(random() * 300)] = Math.floor(random() * 256);
    const metadata = await readMetadata(damaged);
    assert.ok(metadata === undefined || typeof metadata === 'object');
  }
  assert.equal(await readMetadata(network()), undefined);
});

// --- Errors ------------------------------------------------------------------------------

const refusal = (code) => (error) => error instanceof PincelError && error.code === code;

test('what cannot be quantised says why', async () => {
  await assert.rejects(quantize(network(), {}), refusal('argument'));
  await assert.rejects(quantize(network(), { mode: 'int4' }), refusal('argument'));
  await assert.rejects(quantize(network(), { pictures: [{ x: new Float32Array(3) }] }), refusal('argument'));
  await assert.rejects(quantize(new Uint8Array(100), { pictures: samples }), refusal('format'));
  const { bytes } = await quantize(network(), { pictures: samples, sensitivity: 0 });
  await assert.rejects(quantize(bytes, { pictures: samples }), refusal('type'));
  const unknown = buildModel({ tensors: [float('x', [1, 4]), float('y', [1, 4])], inputs: ['x'], outputs: ['y'], nodes: [{ op: 'CUMSUM', inputs: ['x'], outputs: ['y'] }] });
  await assert.rejects(convert(unknown), (error) => error.code === 'unsupported' && /CUMSUM/.test(error.message));
});

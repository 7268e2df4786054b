// What the passes make of a graph: fewer steps, the same numbers. Each model
// is compared with one in which the fusion cannot happen, because the tensor
// between the operators is an output of the model or the pattern is written
// in another way: bit for bit where numbers are quantised.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model } from '../../dist/pincel.mjs';
import { generator } from '../conformance/describe.mjs';
import { SAME, VALID, activations, buildModel } from './tflite.mjs';

const options = { threads: 1, worker: false };
const arrays = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array, int32: Int32Array };
const product = (shape) => shape.reduce((a, b) => a * b, 1);

// --- Tensors ------------------------------------------------------------------

function drawn(name, dtype, shape, [low, high]) {
  const random = generator(name), integer = dtype !== 'float32';
  return arrays[dtype].from({ length: product(shape) }, () => low + (integer ? Math.floor(random() * (high - low + 1)) : random() * (high - low)));
}

/** An activation: real when type is float32, else quantised; the zero point is given as for uint8. */
function activation(name, type, shape, scale = 0.05, zeroPoint = 120) {
  if (type === 'float32') return { name, dtype: type, shape };
  return { name, dtype: type, shape, quantization: { scale: [scale], zeroPoint: [zeroPoint - (type === 'int8' ? 128 : 0)] } };
}

function weights(name, type, shape) {
  if (type === 'float32') return { name, dtype: type, shape, data: drawn(name, type, shape, [-0.5, 0.5]) };
  return { name, dtype: 'int8', shape, data: drawn(name, 'int8', shape, [-127, 127]), quantization: { scale: [0.004], zeroPoint: [0] } };
}

function bias(name, type, count) {
  if (type === 'float32') return { name, dtype: type, shape: [count], data: drawn(name, type, [count], [-1, 1]) };
  return { name, dtype: 'int32', shape: [count], data: drawn(name, 'int32', [count], [-2000, 2000]), quantization: { scale: [0.05 * 0.004], zeroPoint: [0] } };
}

const integers = (name, values, shape = [values.length]) => ({ name, dtype: 'int32', shape, data: Int32Array.from(values) });

// --- Running --------------------------------------------------------------------

/** Operators of the steps and outputs of a model on inputs drawn from their names. */
async function run(description, more = {}) {
  const model = await Model.load(buildModel(description), { ...options, ...more });
  const inputs = Object.fromEntries(model.inputs.map(({ name, dtype, shape }) => {
    const range = { float32: [-2, 2], int8: [-128, 127], uint8: [0, 255] }[dtype];
    return [name, drawn(name, dtype, shape, range)];
  }));
  const outputs = await model.run(inputs);
  const steps = (await model.profile(inputs, { runs: 1 })).map(({ op }) => op);
  assert.equal(model.info.steps, steps.length);
  model.dispose();
  return { inputs, outputs, steps };
}

/** The same model with some of its inner tensors as outputs too. */
const exposing = (description, ...names) => ({ ...description, outputs: [...description.outputs, ...names] });

function assertSame(actual, expected, rounding = 1e-5) {
  if (!(expected instanceof Float32Array)) return assert.deepEqual(actual, expected);
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(actual[i] - value) <= rounding * Math.max(1, Math.abs(value)), `element ${i}: ${actual[i]}, expected ${value}`);
  }
}

/** int8 models meet uint8 steps, so a conversion stands at either end. */
const between = (type, steps, ends = 1) => (type === 'int8' ? ['QUANTIZE', ...steps, ...Array(ends).fill('QUANTIZE')] : steps);

/** Runs a model and its twin without the fusion; checks the steps of both and compares what both output. */
async function compare(description, steps, unfused, unfusedSteps, { rounding, ...more } = {}) {
  const one = await run(description, more), two = await run(unfused, more);
  assert.deepEqual(one.steps, steps);
  assert.deepEqual(two.steps, unfusedSteps);
  for (const name of description.outputs) assertSame(one.outputs[name], two.outputs[name], rounding);
}

// --- Padding --------------------------------------------------------------------

function paddedConvolution(type, { pad = 'PAD', conv = 'CONV_2D', paddings = [0, 0, 1, 2, 2, 1, 0, 0], mode = 0, padding = VALID } = {}) {
  const channels = 3 + paddings[6] + paddings[7];
  const height = 6 + paddings[2] + paddings[3], width = 5 + paddings[4] + paddings[5];
  const depthwise = conv === 'DEPTHWISE_CONV_2D', count = depthwise ? channels : 4, shrink = padding === VALID ? 2 : 0;
  return {
    tensors: [
      activation('x', type, [2, 6, 5, 3]), integers('paddings', paddings, [4, 2]), activation('padded', type, [2, height, width, channels]),
      weights('weights', type, depthwise ? [1, 3, 3, channels] : [4, 3, 3, channels]), bias('bias', type, count),
      activation('y', type, [2, height - shrink, width - shrink, count], 0.11, 117),
    ],
    inputs: ['x'], outputs: ['y'],
    nodes: [
      { op: pad, version: 2, inputs: ['x', 'paddings'], outputs: ['padded'], options: { mode } },
      { op: conv, version: 3, inputs: ['padded', 'weights', 'bias'], outputs: ['y'], options: { padding, strideW: 1, strideH: 1, depthMultiplier: 1 } },
    ],
  };
}

for (const type of ['float32', 'uint8', 'int8']) {
  for (const [pad, conv] of [['PAD', 'CONV_2D'], ['PAD', 'DEPTHWISE_CONV_2D'], ['MIRROR_PAD', 'CONV_2D']]) {
    test(`${pad} goes into ${conv}, ${type}`, async () => {
      const description = paddedConvolution(type, { pad, conv });
      await compare(description, between(type, [conv]), exposing(description, 'padded'), between(type, [pad, conv], 2));
    });
  }
}

const kept = {
  'symmetric mirror pads': { pad: 'MIRROR_PAD', mode: 1 },
  'pads of the channels': { paddings: [0, 0, 1, 1, 1, 1, 0, 2] },
  'pads before a convolution with its own': { padding: SAME },
  'mirror pads before a depthwise convolution': { pad: 'MIRROR_PAD', conv: 'DEPTHWISE_CONV_2D' },
};
for (const [what, more] of Object.entries(kept)) {
  test(`${what} stay steps of their own`, async () => {
    const { steps } = await run(paddedConvolution('float32', more));
    assert.deepEqual(steps, [more.pad ?? 'PAD', more.conv ?? 'CONV_2D']);
  });
}

// --- Activations ------------------------------------------------------------------

const shape = [2, 5, 4, 3];
const producers = {
  CONV_2D: (type) => ({ tensors: [weights('weights', type, [3, 3, 3, 3]), bias('bias', type, 3)], inputs: ['x', 'weights', 'bias'], options: { padding: SAME, strideW: 1, strideH: 1 } }),
  DEPTHWISE_CONV_2D: (type) => ({ tensors: [weights('weights', type, [1, 3, 3, 3]), bias('bias', type, 3)], inputs: ['x', 'weights', 'bias'], options: { padding: SAME, strideW: 1, strideH: 1, depthMultiplier: 1 } }),
  ADD: () => ({ tensors: [], inputs: ['x', 'x'] }), SUB: (type) => ({ tensors: [activation('other', type, shape)], inputs: ['x', 'other'], fed: ['other'] }),
  MUL: () => ({ tensors: [], inputs: ['x', 'x'] }),
  AVERAGE_POOL_2D: () => ({ tensors: [], inputs: ['x'], options: { padding: SAME, strideW: 1, strideH: 1, filterW: 3, filterH: 3 } }),
};

function activated(producer, type, op, { rescaled = false } = {}) {
  const { tensors, inputs, options: given, fed = [] } = producers[producer](type);
  return {
    tensors: [activation('x', type, shape), ...tensors, activation('middle', type, shape), activation('y', type, shape, rescaled ? 0.03 : undefined)],
    inputs: ['x', ...fed], outputs: ['y'],
    nodes: [{ op: producer, version: 2, inputs, outputs: ['middle'], options: given }, { op, version: op === 'RELU_N1_TO_1' ? 1 : 2, inputs: ['middle'], outputs: ['y'] }],
  };
}

for (const producer of Object.keys(producers)) {
  for (const type of ['float32', 'uint8']) {
    test(`activations go into ${producer}, ${type}`, async () => {
      for (const op of ['RELU', 'RELU6', 'RELU_N1_TO_1']) {
        const description = activated(producer, type, op);
        await compare(description, [producer], exposing(description, 'middle'), [producer, op]);
      }
    });
  }
}

test('an activation to another scale stays a step of its own', async () => {
  assert.deepEqual((await run(activated('CONV_2D', 'uint8', 'RELU', { rescaled: true }))).steps, ['CONV_2D', 'RELU']);
});

test('a second activation stays a step of its own', async () => {
  const description = activated('CONV_2D', 'float32', 'RELU');
  description.nodes[0].options.activation = activations.RELU6;
  const { outputs, steps } = await run(description);
  assert.deepEqual(steps, ['CONV_2D', 'RELU']);
  assert.ok(outputs.y.every((value) => value >= 0 && value <= 6));
});

// --- Enlarging ----------------------------------------------------------------------

/** A picture to twice its size, mirrored at its edge if asked to, and a convolution. */
function enlarged(type, { from = [6, 8], times = 2, stride = 1, padding = SAME, resize = {}, paddings } = {}) {
  const size = from.map((pixels) => pixels * times);
  const side = (pixels, at) => (paddings ? pixels + paddings[at] + paddings[at + 1] : pixels);
  const [height, width] = [side(size[0], 2), side(size[1], 4)];
  const out = (pixels) => (padding === SAME ? Math.ceil(pixels / stride) : Math.ceil((pixels - 2) / stride));
  return {
    tensors: [
      activation('x', type, [2, ...from, 16]), integers('size', size), activation('large', type, [2, ...size, 16]),
      ...(paddings ? [integers('paddings', paddings, [4, 2]), activation('padded', type, [2, height, width, 16])] : []),
      weights('weights', type, [24, 3, 3, 16]), bias('bias', type, 24), activation('y', type, [2, out(height), out(width), 24], 0.11, 117),
    ],
    inputs: ['x'], outputs: ['y'],
    nodes: [
      { op: 'RESIZE_NEAREST_NEIGHBOR', version: type === 'float32' ? 1 : 2, inputs: ['x', 'size'], outputs: ['large'], options: resize },
      ...(paddings ? [{ op: 'MIRROR_PAD', version: 2, inputs: ['large', 'paddings'], outputs: ['padded'], options: { mode: 0 } }] : []),
      { op: 'CONV_2D', version: 3, inputs: [paddings ? 'padded' : 'large', 'weights', 'bias'], outputs: ['y'], options: { padding, strideW: stride, strideH: stride } },
    ],
  };
}

const plainly = { simd: 'simd128' }; // whether enlarging goes into quantised convolutions depends on the machine's dot products
const enlargings = {
  'zeros around': {},
  'half-pixel centres': { resize: { halfPixelCenters: true } },
  'no pads': { padding: VALID, from: [7, 9] },
  'odd sides': { from: [7, 9] },
  'mirrored': { padding: VALID, paddings: [0, 0, 1, 1, 1, 1, 0, 0] },
  // Tiles reach pixels that no output depends on, and that differ: what cancels out leaves other roundings.
  'odd sides mirrored': { padding: VALID, from: [5, 11], paddings: [0, 0, 1, 1, 1, 1, 0, 0], rounding: 4e-5 },
  'mirrored further at the end': { padding: VALID, from: [7, 9], paddings: [0, 0, 1, 2, 1, 3, 0, 0] },
  'mirrored further on two sides': { padding: VALID, paddings: [0, 0, 1, 1, 3, 3, 0, 0] },
};
for (const type of ['float32', 'uint8', 'int8']) {
  for (const [what, { rounding, ...more }] of Object.entries(enlargings)) {
    test(`enlarging goes into CONV_2D, ${type}, ${what}`, async () => {
      const description = enlarged(type, more), resized = ['RESIZE_NEAREST_NEIGHBOR', 'CONV_2D'];
      await compare(description, between(type, ['CONV_2D']), exposing(description, 'large'), between(type, resized, 2), { ...plainly, rounding });
    });
  }
}

test('enlarging gives the same bytes in the convolution and before it, whatever the machine', async () => {
  for (const more of [{ from: [9, 15] }, { from: [5, 12], stride: 2 }, { from: [6, 12], padding: VALID, paddings: [0, 0, 1, 1, 1, 1, 0, 0] }]) {
    const description = enlarged('int8', more);
    assert.deepEqual((await run(description)).outputs.y, (await run(exposing(description, 'large'))).outputs.y);
  }
});

const keptLarge = { 'to three times the size': { times: 3 }, 'with aligned corners': { resize: { alignCorners: true } }, 'before a stride of 2': { stride: 2 } };
for (const [what, more] of Object.entries(keptLarge)) {
  test(`enlarging ${what} stays a step of its own`, async () => {
    assert.deepEqual((await run(enlarged('uint8', more), plainly)).steps, ['RESIZE_NEAREST_NEIGHBOR', 'CONV_2D']);
  });
}

// --- Residuals --------------------------------------------------------------------

function residual(type, { swapped = false, first = 'NONE', second = 'NONE' } = {}) {
  return {
    tensors: [activation('x', type, shape), weights('weights', type, [3, 3, 3, 3]), bias('bias', type, 3), activation('middle', type, shape, 0.07, 131), activation('y', type, shape, 0.09, 111)],
    inputs: ['x'], outputs: ['y'],
    nodes: [
      { op: 'CONV_2D', version: 3, inputs: ['x', 'weights', 'bias'], outputs: ['middle'], options: { padding: SAME, strideW: 1, strideH: 1, activation: activations[first] } },
      { op: 'ADD', version: 2, inputs: swapped ? ['x', 'middle'] : ['middle', 'x'], outputs: ['y'], options: { activation: activations[second] } },
    ],
  };
}

for (const type of ['float32', 'uint8', 'int8']) {
  for (const more of [{}, { swapped: true }, { second: 'RELU' }, { first: 'RELU6', second: 'RELU6' }]) {
    test(`the addition of a residual goes into CONV_2D, ${type} ${JSON.stringify(more)}`, async () => {
      const description = residual(type, more);
      await compare(description, between(type, ['CONV_2D']), exposing(description, 'middle'), between(type, ['CONV_2D', 'ADD'], 2));
    });
  }
}

test('an addition that broadcasts stays a step of its own', async () => {
  const description = residual('float32');
  description.tensors.push({ name: 'row', dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) });
  description.nodes[1].inputs = ['middle', 'row'];
  assert.deepEqual((await run(description)).steps, ['CONV_2D', 'ADD']);
});

test('of two convolutions that are added, one carries the other', async () => {
  const description = residual('uint8');
  description.tensors.push(weights('more weights', 'uint8', [3, 1, 1, 3]), activation('other', 'uint8', shape, 0.06, 125));
  description.nodes.splice(1, 0, { op: 'CONV_2D', version: 3, inputs: ['x', 'more weights', 'bias'], outputs: ['other'], options: { padding: SAME, strideW: 1, strideH: 1 } });
  description.nodes[2].inputs = ['middle', 'other'];
  const one = await run(description), two = await run(exposing(description, 'middle', 'other'));
  assert.deepEqual(two.steps, ['CONV_2D', 'CONV_2D', 'ADD']);
  assert.deepEqual(one.steps, ['CONV_2D', 'CONV_2D']);
  assert.deepEqual(one.outputs.y, two.outputs.y);
});

// --- QUANTIZE and DEQUANTIZE ---------------------------------------------------------

/** x, uint8 → DEQUANTIZE → movers in float → QUANTIZE → y. */
function roundTrip(movers, { outShape = shape, scale = 0.05, zeroPoint = 120 } = {}) {
  const tensors = [activation('x', 'uint8', shape), { name: 'real', dtype: 'float32', shape }], nodes = [{ op: 'DEQUANTIZE', version: 2, inputs: ['x'], outputs: ['real'] }];
  let latest = 'real';
  movers.forEach(({ op, where, to, options: given }, i) => {
    const out = `moved${i}`;
    tensors.push({ name: out, dtype: 'float32', shape: to }, ...(where ? [where] : []));
    nodes.push({ op, inputs: [latest, ...(where ? [where.name] : [])], outputs: [out], options: given });
    latest = out;
  });
  tensors.push(activation('y', 'uint8', outShape, scale, zeroPoint));
  nodes.push({ op: 'QUANTIZE', inputs: [latest], outputs: ['y'] });
  return { latest, description: { tensors, inputs: ['x'], outputs: ['y'], nodes } };
}

const mirror = { op: 'MIRROR_PAD', where: integers('paddings', [0, 0, 2, 1, 1, 2, 0, 0], [4, 2]), to: [2, 8, 7, 3], options: { mode: 0 } };
const enlarge = { op: 'RESIZE_NEAREST_NEIGHBOR', where: integers('size', [16, 14]), to: [2, 16, 14, 3] };

test('QUANTIZE after DEQUANTIZE to the same quantisation vanishes', async () => {
  const { description } = roundTrip([]);
  description.tensors.push(activation('z', 'uint8', shape));
  description.nodes.push({ op: 'RELU', version: 2, inputs: ['y'], outputs: ['z'] });
  description.outputs = ['z'];
  await compare(description, ['RELU'], exposing(description, 'real', 'y'), ['DEQUANTIZE', 'QUANTIZE', 'RELU']);
});

test('QUANTIZE rises through operators that only move, and vanishes', async () => {
  const { description } = roundTrip([mirror, enlarge], { outShape: enlarge.to });
  await compare(description, ['MIRROR_PAD', 'RESIZE_NEAREST_NEIGHBOR'], exposing(description, 'real', 'moved0', 'moved1'),
    ['DEQUANTIZE', 'MIRROR_PAD', 'RESIZE_NEAREST_NEIGHBOR', 'QUANTIZE']);
});

test('QUANTIZE to another quantisation rises too', async () => {
  const { description } = roundTrip([mirror], { outShape: mirror.to, scale: 0.0813, zeroPoint: 77 });
  await compare(description, ['QUANTIZE', 'MIRROR_PAD'], exposing(description, 'real', 'moved0'), ['DEQUANTIZE', 'MIRROR_PAD', 'QUANTIZE']);
});

test('QUANTIZE does not rise through what computes', async () => {
  const { description } = roundTrip([{ op: 'RESIZE_BILINEAR', where: integers('size', [10, 8]), to: [2, 10, 8, 3] }], { outShape: [2, 10, 8, 3] });
  assert.deepEqual((await run(description)).steps, ['DEQUANTIZE', 'RESIZE_BILINEAR', 'QUANTIZE']);
});

// --- Instance norm ------------------------------------------------------------------

const picture = [2, 6, 5, 4], channels = [1, 1, 1, 4];

/**
 * The cluster that converters make of an instance norm. Axes given as int64
 * hide it from the pass. Quantised, the two operators that only exist in
 * float stand between DEQUANTIZE and QUANTIZE.
 */
function instanceNorm(type, { hidden = false, activation: fused = 'NONE' } = {}) {
  const quantised = type !== 'float32', each = [2, 1, 1, 4];
  const axes = hidden ? { name: 'axes', dtype: 'int64', shape: [2], data: BigInt64Array.of(1n, 2n) } : integers('axes', [1, 2]);
  const constant = (name, dims, scale, zeroPoint, range) => {
    const tensor = activation(name, type, dims, scale, zeroPoint);
    return { ...tensor, data: drawn(name, type, dims, quantised ? (type === 'int8' ? [-100, 100] : [28, 228]) : range) };
  };
  const epsilon = { ...activation('epsilon', type, [], 1e-3 / 255, 0), data: quantised ? arrays[type].of(type === 'int8' ? 127 : 255) : Float32Array.of(1e-3) };
  const tensors = [
    activation('x', type, picture), axes, constant('gamma', channels, 0.01, 10, [0.5, 2]), constant('beta', channels, 0.02, 128, [-1, 1]), epsilon,
    activation('mean', type, each, 0.01, 128), activation('squared', type, picture, 0.2, 0), activation('variance', type, each, 0.07, 0),
    activation('shifted', type, each, 0.07, 0), activation('reciprocal', type, each, 0.006, 0), activation('scale', type, each, 0.011, 20),
    activation('scaled', type, picture, 0.05, 128), activation('mean scaled', type, each, 0.008, 128), activation('shift', type, each, 0.02, 128),
    activation('y', type, picture, 0.04, 120),
  ];
  const real = (name) => { tensors.push({ name: `real ${name}`, dtype: 'float32', shape: tensors.find((tensor) => tensor.name === name).shape }); return `real ${name}`; };
  const inFloat = (op, inputs, out) => {
    if (!quantised) return [{ op, inputs, outputs: [out] }];
    const reals = inputs.map((name) => [name, real(name)]), result = real(out);
    return [...reals.map(([name, to]) => ({ op: 'DEQUANTIZE', version: 2, inputs: [name], outputs: [to] })),
      { op, inputs: reals.map(([, to]) => to), outputs: [result] }, { op: 'QUANTIZE', inputs: [result], outputs: [out] }];
  };
  return {
    tensors, inputs: ['x'], outputs: ['y'],
    nodes: [
      { op: 'MEAN', version: 2, inputs: ['x', 'axes'], outputs: ['mean'], options: { keepDims: true } },
      ...inFloat('SQUARED_DIFFERENCE', ['x', 'mean'], 'squared'),
      { op: 'MEAN', version: 2, inputs: ['squared', 'axes'], outputs: ['variance'], options: { keepDims: true } },
      { op: 'ADD', version: 2, inputs: ['variance', 'epsilon'], outputs: ['shifted'] },
      ...inFloat('RSQRT', ['shifted'], 'reciprocal'),
      { op: 'MUL', version: 2, inputs: ['reciprocal', 'gamma'], outputs: ['scale'] },
      { op: 'MUL', version: 2, inputs: ['x', 'scale'], outputs: ['scaled'] },
      { op: 'MUL', version: 2, inputs: ['mean', 'scale'], outputs: ['mean scaled'] },
      { op: 'SUB', version: 2, inputs: ['beta', 'mean scaled'], outputs: ['shift'] },
      { op: 'ADD', version: 2, inputs: ['scaled', 'shift'], outputs: ['y'], options: { activation: activations[fused] } },
    ],
  };
}

/** From the definition, in float64. */
function normalise({ x, gamma, beta }, clamp) {
  const [batch, height, width, count] = picture, area = height * width;
  return Float32Array.from(x, (value, i) => {
    const c = i % count, n = Math.floor(i / area / count);
    const plane = Array.from({ length: area }, (_, k) => x[(n * area + k) * count + c]);
    const mean = plane.reduce((a, b) => a + b) / area, variance = plane.reduce((sum, v) => sum + (v - mean) ** 2, 0) / area;
    assert.ok(n < batch);
    return clamp((value - mean) / Math.sqrt(variance + 1e-3) * gamma[c] + beta[c]);
  });
}

for (const [fused, clamp] of [['NONE', (v) => v], ['RELU', (v) => Math.max(v, 0)]]) {
  test(`the cluster of an instance norm is one step, float32 ${fused}`, async () => {
    const description = instanceNorm('float32', { activation: fused }), hidden = instanceNorm('float32', { hidden: true, activation: fused });
    const one = await run(description), two = await run(hidden);
    assert.deepEqual(one.steps, ['INSTANCE_NORM']);
    assert.equal(two.steps.length, hidden.nodes.length);
    const data = Object.fromEntries(description.tensors.map((tensor) => [tensor.name, tensor.data]));
    const expected = normalise({ ...data, x: one.inputs.x }, clamp);
    for (const { outputs } of [one, two]) {
      for (const [i, value] of expected.entries()) assert.ok(Math.abs(outputs.y[i] - value) < 1e-4, `element ${i}: ${outputs.y[i]}, expected ${value}`);
    }
  });

  for (const type of ['uint8', 'int8']) {
    test(`the cluster of an instance norm is one step, ${type} ${fused}`, async () => {
      const one = await run(instanceNorm(type, { activation: fused })), two = await run(instanceNorm(type, { hidden: true, activation: fused }));
      assert.deepEqual(one.steps, between(type, ['INSTANCE_NORM_QUANTIZED']));
      assert.ok(two.steps.length >= 14, two.steps.join());
      assert.ok(new Set(two.outputs.y).size > 50, 'the outputs vary');
      assert.deepEqual(one.outputs.y, two.outputs.y);
    });
  }
}

/**
 * x → DEQUANTIZE → the cluster in float → (RELU) → QUANTIZE → y. With a style,
 * gamma and beta are computed from it by FULLY_CONNECTED.
 */
function normBetween(type, { hidden = false, fused = 'NONE', styled = false } = {}) {
  const { tensors, nodes } = instanceNorm('float32', { hidden });
  const inside = tensors.filter(({ name }) => !(styled && ['gamma', 'beta'].includes(name)))
    .map((tensor) => ({ ...tensor, name: { x: 'real x', y: 'real y' }[tensor.name] ?? tensor.name }));
  for (const node of nodes) {
    node.inputs = node.inputs.map((name) => (name === 'x' ? 'real x' : name));
    node.outputs = node.outputs.map((name) => (name === 'y' ? 'real y' : name));
  }
  const dense = (name) => ({
    tensors: [weights(`${name} weights`, 'float32', [4, 5]), bias(`${name} bias`, 'float32', 4), { name, dtype: 'float32', shape: [1, 4] }],
    node: { op: 'FULLY_CONNECTED', inputs: ['style', `${name} weights`, `${name} bias`], outputs: [name] },
  });
  const computed = styled ? [dense('gamma'), dense('beta')] : [];
  const activated = fused === 'NONE' ? [] : [{ op: fused, inputs: ['real y'], outputs: ['activated'] }];
  return {
    tensors: [
      activation('x', type, picture, 0.02, 117), ...inside, activation('y', type, picture, 0.025, 120),
      { name: 'activated', dtype: 'float32', shape: picture }, { name: 'style', dtype: 'float32', shape: [1, 5] }, ...computed.flatMap((one) => one.tensors),
    ],
    inputs: styled ? ['x', 'style'] : ['x'], outputs: ['y'],
    nodes: [
      ...computed.map(({ node }) => node), { op: 'DEQUANTIZE', version: 2, inputs: ['x'], outputs: ['real x'] }, ...nodes, ...activated,
      { op: 'QUANTIZE', inputs: [activated.length ? 'activated' : 'real y'], outputs: ['y'] },
    ],
  };
}

for (const type of ['uint8', 'int8']) {
  for (const more of [{}, { fused: 'RELU' }, { fused: 'RELU6' }, { styled: true }, { styled: true, fused: 'RELU' }]) {
    test(`an instance norm between DEQUANTIZE and QUANTIZE is one 8-bit step, ${type} ${JSON.stringify(more)}`, async () => {
      const one = await run(normBetween(type, more)), two = await run(normBetween(type, { ...more, hidden: true }));
      const computed = more.styled ? ['FULLY_CONNECTED', 'FULLY_CONNECTED'] : [];
      assert.deepEqual(one.steps.sort(), between(type, [...computed, 'INSTANCE_NORM']).sort());
      assert.ok(two.steps.length >= 11, two.steps.join());
      assert.ok(new Set(two.outputs.y).size > 50, 'the outputs vary');
      for (const [i, value] of two.outputs.y.entries()) assert.ok(Math.abs(one.outputs.y[i] - value) <= 1, `element ${i}: ${one.outputs.y[i]}, expected ${value}`);
    });
  }
}

test('an instance norm whose reals others read keeps them', async () => {
  const description = normBetween('uint8');
  const one = await run(exposing(description, 'real y')), two = await run(exposing(normBetween('uint8', { hidden: true }), 'real y'));
  assert.deepEqual(one.steps, ['INSTANCE_NORM', 'QUANTIZE']);
  for (const [i, value] of two.outputs.y.entries()) assert.ok(Math.abs(one.outputs.y[i] - value) <= 1);
  for (const [i, value] of two.outputs['real y'].entries()) assert.ok(Math.abs(one.outputs['real y'][i] - value) < 1e-4);
});

test('a cluster whose mean is not over the picture stays as it is', async () => {
  const description = instanceNorm('float32');
  description.tensors[1] = integers('axes', [1, 3]);
  for (const tensor of description.tensors) {
    if (JSON.stringify(tensor.shape) === '[2,1,1,4]') tensor.shape = [2, 1, 5, 1];
    if (JSON.stringify(tensor.shape) === '[1,1,1,4]') Object.assign(tensor, { shape: [1, 1, 1, 1], data: Float32Array.of(1.5) });
  }
  assert.equal((await run(description)).steps.includes('INSTANCE_NORM'), false);
});

// --- Channels that are constant ---------------------------------------------------------

/** Makers of constants: of an output channel's weights, with all scales (0.004 otherwise), and its bias. */
const constantKinds = {
  'never active': { bias: -1e6 },
  'without weights': { weights: 0, bias: 700 },
  'too small to count': { scale: 1e-10, bias: 3000 },
  'wrapping, too small to count': { scale: 1e-24, bias: -(2 ** 31) + 5 },
};

/** Weights and bias of `count` output channels, every other one of which is constant in one of the kinds, in turns. */
function partlyConstant(name, type, filterShape, axis, count, isConstant = (channel) => channel % 2 === 1) {
  const zeroPoint = type === 'uint8' ? 100 : 0, kinds = type === 'uint8' ? ['never active', 'without weights'] : Object.keys(constantKinds);
  const data = arrays[type].from(drawn(name, 'int8', filterShape, [-100, 100]), (value) => value + zeroPoint);
  const biases = drawn(`${name} bias`, 'int32', [count], [-2000, 2000]), scale = Array(count).fill(0.004);
  let made = 0;
  for (let channel = 0; channel < count; channel++) {
    if (!isConstant(channel)) continue;
    const kind = constantKinds[kinds[made++ % kinds.length]];
    biases[channel] = kind.bias;
    scale[channel] = kind.scale ?? 0.004;
    const inner = axis === 0 ? data.length / count : 1;
    if (kind.weights === 0) data.forEach((_, i) => { if (Math.floor(i / inner) % count === channel) data[i] = zeroPoint; });
  }
  const quantization = type === 'uint8' ? { scale: [0.004], zeroPoint: [zeroPoint] } : { scale, zeroPoint: scale.map(() => 0), axis };
  return [{ name, dtype: type, shape: filterShape, data, quantization }, { name: `${name} bias`, dtype: 'int32', shape: [count], data: biases }];
}

/** x → CONV_2D → (DEPTHWISE_CONV_2D →) CONV_2D → y, with constants among the 24 channels in between. */
function constantChannels(type, { depthwise = false, last = 1, lastPadding = VALID, isConstant } = {}) {
  const relu = { padding: SAME, strideW: 1, strideH: 1, activation: activations.RELU, depthMultiplier: 1 }, side = lastPadding === SAME ? [7, 6] : [8 - last, 7 - last];
  const nodes = [
    { op: 'CONV_2D', version: 3, inputs: ['x', 'first', 'first bias'], outputs: ['a'], options: relu },
    ...(depthwise ? [{ op: 'DEPTHWISE_CONV_2D', version: 3, inputs: ['a', 'own', 'own bias'], outputs: ['b'], options: relu }] : []),
    { op: 'CONV_2D', version: 3, inputs: [depthwise ? 'b' : 'a', 'last', 'last bias'], outputs: ['y'], options: { ...relu, padding: lastPadding, activation: activations.NONE } },
  ];
  return {
    tensors: [
      activation('x', type, [2, 7, 6, 5]), ...partlyConstant('first', type, [24, 3, 3, 5], 0, 24, isConstant), activation('a', type, [2, 7, 6, 24], 0.11, 7),
      ...partlyConstant('own', type, [1, 3, 3, 24], 3, 24, () => false), activation('b', type, [2, 7, 6, 24], 0.13, 9),
      ...partlyConstant('last', type, [6, last, last, 24], 0, 6, () => false), activation('y', type, [2, ...side, 6], 0.2, 117),
    ],
    inputs: ['x'], outputs: ['y'], nodes,
  };
}

/** Channels of what each convolution makes. */
async function madeChannels(description) {
  const model = await Model.load(buildModel(description), options), [{ name, dtype, shape: dims }] = model.inputs;
  const steps = await model.profile({ [name]: new arrays[dtype](product(dims)) }, { runs: 1 });
  model.dispose();
  return steps.filter(({ op }) => op.endsWith('CONV_2D')).map(({ shape: made }) => made.at(-1));
}

const constantCases = { // channels in between that are left of 24, a multiple of 8; pads need zeros, of which uint8 has six only
  'before a pointwise convolution': [{}, { int8: 16, uint8: 16 }],
  'before a convolution that pads': [{ last: 3, lastPadding: SAME }, { int8: 16, uint8: 24 }],
  'under a depthwise convolution that pads': [{ depthwise: true }, { int8: 16, uint8: 24 }],
  'that are all there is': [{ isConstant: () => true }, { int8: 8, uint8: 8 }],
};
for (const type of ['int8', 'uint8']) {
  for (const [what, [more, left]] of Object.entries(constantCases)) {
    test(`constant channels ${what} need not be made, ${type}`, async () => {
      const description = constantChannels(type, more), count = more.depthwise ? 2 : 1;
      const one = await run(description), two = await run(exposing(description, 'a'));
      assert.deepEqual(one.outputs.y, two.outputs.y);
      assert.ok(new Set(one.outputs.y).size > (more.isConstant ? 5 : 30)); // of them numbers that say something
      assert.deepEqual(await madeChannels(description), [...Array(count).fill(left[type]), 6]);
      assert.deepEqual(await madeChannels(exposing(description, 'a')), [...Array(count).fill(24), 6]);
    });
  }
}

test('fewer constant channels than kernels make at once are made', async () => {
  const description = constantChannels('int8', { isConstant: (channel) => channel < 7 });
  assert.deepEqual(await madeChannels(description), [24, 6]);
});

// --- Constants ------------------------------------------------------------------------

/** Half-precision bits of numbers that have them exactly. */
const halves = (values) => Uint16Array.from(values, (value) => {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0];
  return value === 0 ? 0 : (bits >>> 16 & 0x8000) | ((bits >>> 23 & 0xff) - 112) << 10 | (bits >>> 13 & 0x3ff);
});

test('weights stored in half precision are widened at load time', async () => {
  const values = Float32Array.from({ length: 4 * 3 * 3 * 3 }, (_, i) => ((i * 37) % 64 - 32) / 64);
  const of = (stored) => ({
    tensors: [activation('x', 'float32', shape), ...stored, bias('bias', 'float32', 4), activation('y', 'float32', [2, 5, 4, 4])],
    inputs: ['x'], outputs: ['y'],
    nodes: [...(stored.length > 1 ? [{ op: 'DEQUANTIZE', version: 3, inputs: ['halves'], outputs: ['weights'] }] : []),
      { op: 'CONV_2D', inputs: ['x', 'weights', 'bias'], outputs: ['y'], options: { padding: SAME, strideW: 1, strideH: 1 } }],
  });
  const filter = [4, 3, 3, 3];
  const one = await run(of([{ name: 'halves', dtype: 'float16', shape: filter, data: halves(values) }, { name: 'weights', dtype: 'float32', shape: filter }]));
  const two = await run(of([{ name: 'weights', dtype: 'float32', shape: filter, data: values }]));
  assert.deepEqual(one.steps, ['CONV_2D']);
  assert.deepEqual(one.outputs.y, two.outputs.y);
});

/** x, uint8 → DEQUANTIZE → CONV_2D with int8 weights, dequantised in the file or beforehand → y, float. */
function dequantisedConv(zeroPoint, beforehand) {
  const filter = [4, 3, 3, 3], integers = Int8Array.from({ length: 108 }, (_, i) => (i * 89) % 255 - 127), scale = [0.01, 0.013, 0.007, 0.02];
  const real = Float32Array.from(integers, (value, i) => (value - zeroPoint) * scale[Math.floor(i / 27)]);
  const quantization = { scale, zeroPoint: scale.map(() => zeroPoint), axis: 0 }, weights = { name: 'weights', dtype: 'float32', shape: filter };
  const stored = beforehand ? [{ ...weights, data: real }] : [{ name: 'bytes', dtype: 'int8', shape: filter, data: integers, quantization }, weights];
  return {
    tensors: [activation('x', 'uint8', shape), { name: 'real', dtype: 'float32', shape }, ...stored, bias('bias', 'float32', 4), activation('y', 'float32', [2, 5, 4, 4])],
    inputs: ['x'], outputs: ['y'],
    nodes: [{ op: 'DEQUANTIZE', version: 2, inputs: ['x'], outputs: ['real'] }, ...(beforehand ? [] : [{ op: 'DEQUANTIZE', version: 2, inputs: ['bytes'], outputs: ['weights'] }]),
      { op: 'CONV_2D', inputs: ['real', 'weights', 'bias'], outputs: ['y'], options: { padding: SAME, strideW: 1, strideH: 1, activation: activations.RELU } }],
  };
}

for (const type of ['uint8', 'int8']) {
  test(`a convolution of dequantised bytes and weights multiplies the integers, ${type}`, async () => {
    const of = (beforehand) => {
      const description = dequantisedConv(0, beforehand);
      description.tensors[0] = activation('x', type, shape);
      return run(description);
    };
    const integers = await of(false), reals = await of(true);
    assert.deepEqual(integers.steps.filter((op) => op !== 'QUANTIZE'), ['CONV_2D']);
    assert.deepEqual(reals.steps.filter((op) => op !== 'QUANTIZE'), ['DEQUANTIZE', 'CONV_2D']);
    assertSame(integers.outputs.y, reals.outputs.y);
  });
}

test('a convolution of what a DEQUANTIZE of nothing makes is refused', async () => {
  for (const [at, missing] of [[0, 'DEQUANTIZE'], [1, 'DEQUANTIZE'], [2, 'CONV_2D']]) {
    for (const inputs of [[], [null]]) {
      const description = dequantisedConv(0, false);
      description.nodes[at].inputs = inputs;
      await assert.rejects(run(description), { code: 'format', op: missing });
    }
  }
});

test('weights that no integer kernel takes are multiplied as reals', async () => {
  const integers = await run(dequantisedConv(3, false)), reals = await run(dequantisedConv(3, true));
  assert.deepEqual(integers.steps, ['DEQUANTIZE', 'CONV_2D']);
  assertSame(integers.outputs.y, reals.outputs.y);
});

test('shapes computed from SHAPE are known at load time, and follow the input', async () => {
  const description = {
    tensors: [
      { name: 'x', dtype: 'float32', shape: [1, 2, 3, 4], shapeSignature: [-1, 2, 3, 4] }, { name: 'positive', dtype: 'float32', shape: [1, 2, 3, 4] },
      { name: 'shape', dtype: 'int32', shape: [4] }, integers('zero', [0]), integers('one', [1]), { name: 'batch', dtype: 'int32', shape: [] },
      { ...integers('rest', [24], []) }, { name: 'target', dtype: 'int32', shape: [2] }, { name: 'y', dtype: 'float32', shape: [1, 24] },
    ],
    inputs: ['x'], outputs: ['y'],
    nodes: [
      { op: 'RELU', inputs: ['x'], outputs: ['positive'] },
      { op: 'SHAPE', inputs: ['positive'], outputs: ['shape'], options: { outType: 2 } },
      { op: 'STRIDED_SLICE', inputs: ['shape', 'zero', 'one', 'one'], outputs: ['batch'], options: { shrinkAxisMask: 1 } },
      { op: 'PACK', inputs: ['batch', 'rest'], outputs: ['target'], options: { valuesCount: 2, axis: 0 } },
      { op: 'RESHAPE', inputs: ['positive', 'target'], outputs: ['y'] },
    ],
  };
  const { steps, outputs, inputs } = await run(description);
  assert.deepEqual(steps, ['RELU']); // a reshape is no work
  assert.deepEqual(outputs.y, inputs.x.map((value) => Math.max(value, 0)));
  const model = await Model.load(buildModel(description), { ...options, shapes: { x: [3, 2, 3, 4] } });
  assert.deepEqual(model.outputs[0].shape, [3, 24]);
  const three = drawn('three', 'float32', [72], [-1, 1]);
  assert.deepEqual((await model.run(three)).y, three.map((value) => Math.max(value, 0)));
  model.dispose();
});

test('what depends on constants alone is computed at load time', async () => {
  const description = {
    tensors: [activation('x', 'float32', [3]), { name: 'a', dtype: 'float32', shape: [3], data: Float32Array.of(1, 4, 9) }, { name: 'roots', dtype: 'float32', shape: [3] },
      { name: 'twice', dtype: 'float32', shape: [3] }, activation('y', 'float32', [3])],
    inputs: ['x'], outputs: ['y'],
    nodes: [{ op: 'SQRT', inputs: ['a'], outputs: ['roots'] }, { op: 'ADD', inputs: ['roots', 'roots'], outputs: ['twice'] }, { op: 'MUL', inputs: ['x', 'twice'], outputs: ['y'] }],
  };
  const { steps, outputs, inputs } = await run(description);
  assert.deepEqual(steps, ['MUL']);
  assert.deepEqual(outputs.y, inputs.x.map((value, i) => value * [2, 4, 6][i]));
});

test('nodes that nobody reads are dropped', async () => {
  const description = activated('CONV_2D', 'float32', 'TANH');
  description.outputs = ['middle'];
  assert.deepEqual((await run(description)).steps, ['CONV_2D']);
});

test('a constant may be an output', async () => {
  const description = activated('CONV_2D', 'float32', 'RELU');
  description.outputs = ['y', 'bias'];
  const { outputs } = await run(description);
  assert.deepEqual(outputs.bias, description.tensors.find(({ name }) => name === 'bias').data);
});

// The importer's ways agree with each other: an operator on a value in ONNX's
// layout and on the same value channels last (as convolutions leave it), with
// constant weights (the engine's operators) and with weights as inputs (the
// tools'), and clusters put together with the same taken apart.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model } from '../../dist/pincel.mjs';
import { buildONNX } from './onnx.mjs';

const options = { threads: 1, worker: false };
const product = (shape) => shape.reduce((a, b) => a * b, 1);

/** Numbers from -1 to 1 that look random and are the same every time. */
function numbers(count, seed = 1) {
  let state = seed * 2654435761 >>> 0 || 1;
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ state << 5) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const float = (name, shape, data = numbers(product(shape), name.charCodeAt(0))) => ({ name, shape, data });
const ints = (name, values) => ({ name, dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values.map(BigInt)) });

async function run(description, inputs) {
  const model = await Model.load(buildONNX(description), options);
  try {
    const outputs = await model.run(inputs);
    return { outputs: model.outputs.map(({ name, shape }) => ({ name, shape, data: outputs[name] })), steps: await model.profile(inputs, { runs: 1 }) };
  } finally {
    model.dispose();
  }
}

function agree(actual, expected, tolerance = 2e-6) {
  assert.deepEqual(actual.shape, expected.shape);
  const greatest = expected.data.reduce((most, value) => Math.max(most, Math.abs(Number(value))), 1);
  actual.data.forEach((value, i) => {
    const difference = Math.abs(Number(value) - Number(expected.data[i]));
    assert.ok(difference <= tolerance * greatest, `element ${i}: ${value}, expected ${expected.data[i]}`);
  });
}

/* --- Layouts -------------------------------------------------------------------- */

const xShape = [2, 4, 6, 5];
const eye = float('eye', [4, 4, 1, 1], Float32Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0)));

/** What an operator may meet: {nodes reading v, initialisers, outputs}. */
const operators = {
  'Add of a constant for each channel': { op: 'Add', with: [float('c', [4, 1, 1])] },
  'Mul of a constant for each column': { op: 'Mul', with: [float('c', [5])] },
  'Sub of a whole constant': { op: 'Sub', with: [float('c', [2, 4, 6, 5])] },
  'Div by a scalar': { op: 'Div', with: [float('c', [], Float32Array.of(3))] },
  'Max of three': { op: 'Max', with: [float('c', [4, 1, 5]), float('d', [1])] },
  'Mean of two': { op: 'Mean', with: [float('c', [6, 1])] },
  'PRelu': { op: 'PRelu', with: [float('c', [4, 1, 1])] },
  'Clip': { op: 'Clip', with: [float('c', [], Float32Array.of(-0.5)), float('d', [], Float32Array.of(0.25))] },
  'Pow': { op: 'Pow', with: [float('c', [], Float32Array.of(2))] },
  'Erf': { op: 'Erf' },
  'HardSigmoid': { op: 'HardSigmoid', attributes: { alpha: { float: 0.4 }, beta: { float: 0.3 } } },
  'Softmax over channels': { op: 'Softmax', attributes: { axis: 1 } },
  'Softmax over columns': { op: 'Softmax', attributes: { axis: -1 } },
  'LogSoftmax over rows': { op: 'LogSoftmax', attributes: { axis: 2 } },
  'Concat of channels': { op: 'Concat', with: [float('c', [2, 3, 6, 5])], attributes: { axis: 1 } },
  'Concat of rows': { op: 'Concat', with: [float('c', [2, 4, 1, 5])], attributes: { axis: -2 } },
  'Split of channels': { op: 'Split', attributes: { axis: 1 }, with: [ints('s', [1, 3])], outputs: ['y', 'z'] },
  'Slice of everything': { op: 'Slice', with: [ints('a', [1, -1, 0, 1]), ints('b', [9, -9, 6, -1]), ints('d', [0, 1, 2, 3]), ints('e', [1, -2, 2, 1])] },
  'Pad of a picture': { op: 'Pad', with: [ints('p', [0, 0, 1, 2, 0, 0, 3, 0])] },
  'Pad by reflection': { op: 'Pad', with: [ints('p', [0, 0, 1, 2, 0, 0, 3, 4])], attributes: { mode: 'reflect' } },
  'Pad of channels': { op: 'Pad', with: [ints('p', [0, 1, 0, 0, 1, 2, 0, 0]), float('c', [], Float32Array.of(7))] },
  'Pad by the edge': { op: 'Pad', with: [ints('p', [0, 0, 1, 2, 0, 0, 3, 0])], attributes: { mode: 'edge' } },
  'ReduceMean of pictures': { op: 'ReduceMean', attributes: { axes: [2, 3] } },
  'ReduceMax of channels, dropped': { op: 'ReduceMax', attributes: { axes: [1], keepdims: 0 } },
  'ReduceL2 of rows, dropped': { op: 'ReduceL2', attributes: { axes: [2], keepdims: 0 } },
  'ReduceSum of everything': { op: 'ReduceSum', attributes: { keepdims: 0 } },
  'ArgMax of channels': { op: 'ArgMax', attributes: { axis: 1, keepdims: 0 } },
  'ArgMin of columns': { op: 'ArgMin', attributes: { axis: 3 } },
  'Reshape within pictures': { op: 'Reshape', with: [ints('s', [0, 4, 10, 3])] },
  'Reshape to rows': { op: 'Reshape', with: [ints('s', [2, -1])] },
  'Flatten': { op: 'Flatten', attributes: { axis: 2 } },
  'Transpose to channels last': { op: 'Transpose', attributes: { perm: [0, 2, 3, 1] } },
  'Transpose of all': { op: 'Transpose' },
  'Unsqueeze': { op: 'Unsqueeze', with: [ints('a', [0, -1])] },
  'Expand': { op: 'Expand', with: [ints('s', [3, 1, 1, 1, 1])] },
  'Gather': { op: 'Gather', with: [ints('i', [3, -1, 0])], attributes: { axis: 1 } },
  'Tile': { op: 'Tile', with: [ints('r', [1, 2, 1, 3])] },
  'Where': { op: 'Where', first: [{ name: 'c', dtype: 'bool', shape: [4, 1, 1], data: Uint8Array.of(1, 0, 1, 0) }], with: [float('d', [5])] },
  'Cast to integers': { op: 'Cast', attributes: { to: 6 } },
  'DepthToSpace': { op: 'DepthToSpace', attributes: { blocksize: 2 } },
  'DepthToSpace, columns first': { op: 'DepthToSpace', attributes: { blocksize: 2, mode: 'CRD' } },
  'GlobalAveragePool': { op: 'GlobalAveragePool' },
  'GlobalMaxPool': { op: 'GlobalMaxPool' },
  'AveragePool with its pads': { op: 'AveragePool', attributes: { kernel_shape: [3, 2], pads: [1, 0, 1, 1], strides: [2, 1], count_include_pad: 1 } },
  'MaxPool rounded up': { op: 'MaxPool', attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 } },
  'LRN': { op: 'LRN', attributes: { size: 3, alpha: { float: 0.2 } } },
  'InstanceNormalization': { op: 'InstanceNormalization', with: [float('c', [4]), float('d', [4])] },
  'LayerNormalization': { op: 'LayerNormalization', with: [float('c', [5]), float('d', [5])] },
  'Resize by nearest': { op: 'Resize', with: [float('', [0]), float('s', [4], Float32Array.of(1, 1, 2, 3))], attributes: { mode: 'nearest' } },
  'Resize by lines': { op: 'Resize', with: [float('', [0]), float('s', [4], Float32Array.of(1, 1, 1.5, 2))], attributes: { mode: 'linear' } },
  'MatMul of columns': { op: 'MatMul', with: [float('c', [5, 3])] },
};

for (const [name, { op, first = [], with: rest = [], attributes, outputs = ['y'] }] of Object.entries(operators)) {
  test(`${name}: the same in both layouts`, async () => {
    const describe = (nodes, value) => ({
      nodes: [...nodes, { op, inputs: [...first.map((c) => c.name), value, ...rest.map((c) => c.name)], outputs, attributes }],
      initializers: [eye, ...first, ...rest.filter((constant) => constant.name)],
      inputs: [{ name: 'x', shape: xShape }],
      outputs: outputs.map((output) => ({ name: output, dtype: op.startsWith('Arg') ? 'int64' : op === 'Cast' ? 'int32' : 'float32', shape: [] })),
    });
    const x = numbers(product(xShape), 5).map((value) => value * 4);
    const plain = await run(describe([], 'x'), { x });
    const moved = await run(describe([{ op: 'Conv', inputs: ['x', 'eye'], outputs: ['v'] }], 'v'), { x });
    assert.ok(moved.steps.some((step) => step.op === 'CONV_2D'));
    outputs.forEach((_, i) => agree(moved.outputs[i], plain.outputs[i]));
  });
}

/* --- Weights, constant and not ----------------------------------------------------- */

const random = (() => {
  const stream = numbers(4096, 77);
  let at = 0;
  return (bound) => Math.floor((stream[at++ % stream.length] + 1) / 2 * bound) % bound;
})();

function randomConv(transposed) {
  const rank = 1 + random(2), group = [1, 1, 2, 4][random(4)], channels = 4, perGroup = 1 + random(3);
  const list = (make) => Array.from({ length: rank }, make);
  const kernel = list(() => 1 + random(3)), strides = list(() => 1 + random(2)), size = list(() => 5 + random(4));
  const w = transposed ? [channels, perGroup, ...kernel] : [group * perGroup, channels / group, ...kernel];
  const attributes = { group, strides, kernel_shape: kernel };
  const half = (i) => random(kernel[i % rank]);
  if (random(3)) attributes.pads = Array.from({ length: 2 * rank }, (_, i) => half(i));
  else attributes.auto_pad = ['SAME_UPPER', 'SAME_LOWER', 'VALID'][random(3)];
  if (!transposed && !attributes.auto_pad && random(2)) attributes.dilations = list(() => 1 + random(2));
  if (transposed && !attributes.auto_pad && random(2)) attributes.output_padding = strides.map((stride) => random(stride));
  return { op: transposed ? 'ConvTranspose' : 'Conv', attributes, x: [1 + random(2), channels, ...size], constants: [float('w', w), float('b', [group * perGroup])] };
}

const products = [
  { op: 'Gemm', attributes: { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } }, x: [3, 7], constants: [float('w', [4, 7]), float('b', [4])] },
  { op: 'Gemm', attributes: { transA: 1 }, x: [7, 3], constants: [float('w', [7, 4]), float('b', [1])] },
  { op: 'Gemm', attributes: {}, x: [3, 7], constants: [float('w', [7, 4]), float('b', [3, 4])] },
  { op: 'MatMul', attributes: {}, x: [2, 3, 7], constants: [float('w', [7, 4])] },
  { op: 'BatchNormalization', attributes: {}, x: [2, 3, 4, 5], constants: [float('s', [3]), float('b', [3]), float('m', [3]), float('v', [3], Float32Array.of(0.5, 1, 2))] },
];

const weighted = [...products, ...Array.from({ length: 24 }, () => randomConv(false)), ...Array.from({ length: 16 }, () => randomConv(true))];
for (const [number, { op, attributes, x: shape, constants }] of weighted.entries()) {
  test(`${op} ${number}: the same with constant weights and with weights as inputs`, async () => {
    const names = constants.map(({ name }) => name), data = numbers(product(shape), number + 3);
    const node = { op, inputs: ['x', ...names], outputs: ['y'], attributes }, outputs = [{ name: 'y', shape: [] }];
    const fast = await run({ nodes: [node], initializers: constants, inputs: [{ name: 'x', shape }], outputs }, { x: data });
    const ports = [{ name: 'x', shape }, ...constants.map((constant) => ({ name: constant.name, shape: constant.shape }))];
    const slow = await run({ nodes: [node], inputs: ports, outputs }, { x: data, ...Object.fromEntries(constants.map((constant) => [constant.name, constant.data])) });
    agree(fast.outputs[0], slow.outputs[0], 1e-5);
  });
}

/* --- Clusters ------------------------------------------------------------------------ */

const scalar = (name, value) => float(name, [], Float32Array.of(value));

test('a batch normalisation is folded into the convolution before it', async () => {
  const constants = [float('w', [4, 4, 3, 3]), float('s', [4]), float('b', [4]), float('m', [4]), float('v', [4], Float32Array.of(0.5, 1, 2, 3))];
  const norm = (value) => ({ op: 'BatchNormalization', inputs: [value, 's', 'b', 'm', 'v'], outputs: ['y'] });
  const conv = { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'], attributes: { pads: [1, 1, 1, 1] } };
  const inputs = [{ name: 'x', shape: xShape }], outputs = [{ name: 'y', shape: [] }], x = numbers(product(xShape));
  const folded = await run({ nodes: [conv, norm('c')], initializers: constants, inputs, outputs }, { x });
  const apart = await run({ nodes: [conv, norm('c')], initializers: constants, inputs, outputs: [...outputs, { name: 'c', shape: [] }] }, { x });
  assert.deepEqual(folded.steps.map(({ op }) => op).filter((op) => op !== 'TRANSPOSE'), ['CONV_2D']);
  assert.ok(apart.steps.some(({ op }) => op === 'MUL'));
  agree(folded.outputs[0], apart.outputs[0], 1e-5);
});

const clusters = {
  INSTANCE_NORM: {
    nodes: [
      { op: 'Reshape', inputs: ['v', 'flat'], outputs: ['f'] }, { op: 'ReduceMean', inputs: ['f'], outputs: ['mean'], attributes: { axes: [3] } },
      { op: 'Sub', inputs: ['v', 'mean'], outputs: ['d'] }, { op: 'Mul', inputs: ['d', 'd'], outputs: ['dd'] },
      { op: 'ReduceMean', inputs: ['dd'], outputs: ['var'], attributes: { axes: [2, 3] } }, { op: 'Add', inputs: ['var', 'epsilon'], outputs: ['e'] },
      { op: 'Sqrt', inputs: ['e'], outputs: ['root'] }, { op: 'Div', inputs: ['d', 'root'], outputs: ['n'] },
      { op: 'Mul', inputs: ['gamma', 'n'], outputs: ['g'] }, { op: 'Add', inputs: ['g', 'beta'], outputs: ['y'] },
    ],
    initializers: [ints('flat', [2, 4, 1, -1]), scalar('epsilon', 1e-3), float('gamma', [4, 1, 1]), float('beta', [1, 4, 1, 1])],
  },
  GELU: {
    nodes: [
      { op: 'Div', inputs: ['v', 'root2'], outputs: ['d'] }, { op: 'Erf', inputs: ['d'], outputs: ['e'] }, { op: 'Add', inputs: ['e', 'one'], outputs: ['f'] },
      { op: 'Mul', inputs: ['v', 'f'], outputs: ['g'] }, { op: 'Mul', inputs: ['g', 'half'], outputs: ['y'] },
    ],
    initializers: [scalar('root2', Math.SQRT2), scalar('one', 1), scalar('half', 0.5)],
  },
  HARD_SWISH: {
    nodes: [
      { op: 'Add', inputs: ['v', 'three'], outputs: ['a'] }, { op: 'Clip', inputs: ['a', 'zero', 'six'], outputs: ['c'] },
      { op: 'Div', inputs: ['c', 'six'], outputs: ['d'] }, { op: 'Mul', inputs: ['v', 'd'], outputs: ['y'] },
    ],
    initializers: [scalar('three', 3), scalar('zero', 0), scalar('six', 6)],
  },
  RESIZE_NEAREST_NEIGHBOR: {
    nodes: [
      { op: 'Reshape', inputs: ['v', 'column'], outputs: ['a'] }, { op: 'Concat', inputs: ['a', 'a'], outputs: ['b'], attributes: { axis: 1 } },
      { op: 'Reshape', inputs: ['b', 'rows'], outputs: ['c'] }, { op: 'Concat', inputs: ['c', 'c'], outputs: ['d'], attributes: { axis: 1 } },
      { op: 'Reshape', inputs: ['d', 'doubled'], outputs: ['u'] }, { op: 'Conv', inputs: ['u', 'eye'], outputs: ['y'] },
    ],
    twin: 'u', // the last convolution changes nothing but the layout
    initializers: [ints('column', [-1, 1]), ints('rows', [-1, 10]), ints('doubled', [2, 4, 12, 10])],
  },
};

for (const [whole, { nodes, initializers, twin = 'y' }] of Object.entries(clusters)) {
  test(`${whole} is found in its parts, and computes what they do`, async () => {
    const conv = { op: 'Conv', inputs: ['x', 'eye'], outputs: ['v'] };
    const x = numbers(product(xShape), 9).map((value) => value * 5);
    const describe = (constants, numbersAsInputs, output) => ({
      nodes: [conv, ...nodes], initializers: [eye, ...constants], outputs: [{ name: output, shape: [] }],
      inputs: [{ name: 'x', shape: xShape }, ...numbersAsInputs.map(({ name, shape }) => ({ name, shape }))],
    });
    // Numbers that are inputs might be any, so that nothing can be put together.
    const isNumber = ({ dtype }) => dtype !== 'int64', given = initializers.filter(isNumber);
    const found = await run(describe(initializers, [], 'y'), { x });
    const apart = await run(describe(initializers.filter((c) => !isNumber(c)), given, twin), { x, ...Object.fromEntries(given.map(({ name, data }) => [name, data])) });
    const has = ({ steps }) => steps.some(({ op }) => op === whole);
    assert.ok(has(found) && !has(apart), found.steps.map(({ op }) => op).join(' '));
    agree(found.outputs[0], apart.outputs[0], 1e-5);
  });
}

// Operators that move elements without changing them, and those that make
// shapes; resizing, which does both.
import { caseOf, constant, integers, realTypes, reals, tensor } from '../describe.mjs';
import { tensorType } from '../../js/tflite.mjs';

const movable = ['float32', 'int8', 'uint8', 'int32', 'int64', 'bool'];
const anyType = (type, shape, more = {}) => (realTypes.includes(type) ? reals(type, shape, more) : tensor(type, shape, more));
const versionOf = (type, op) =>
  (op === 'BROADCAST_TO' || (realTypes.indexOf(type) > 0 && op !== 'RESHAPE' && op !== 'EXPAND_DIMS') ? 2 : 1);

/** A mover of one tensor, with the integers that say where. */
function move(op, type, note, shape, where, out, options) {
  return caseOf(`${type} ${shape.join('x')} ${note}`, op, [anyType(type, shape), ...where], [anyType(type, out)], { options, version: versionOf(type, op) });
}

// --- Joining and cutting --------------------------------------------------

function concatenation(type, shapes, axis, out, scales = []) {
  const inputs = shapes.map((shape, i) => anyType(type, shape, scales[i] ? { scale: scales[i], zeroPoint: 110 + 9 * i } : {}));
  return caseOf(`${type} ${shapes.map((shape) => shape.join('x')).join(' ')} axis ${axis}${scales.length ? ` scales ${scales}` : ''}`, 'CONCATENATION',
    inputs, [anyType(type, out)], { options: { axis, activation: 0 }, version: versionOf(type) });
}

const joins = [
  ...movable.flatMap((type) => [
    concatenation(type, [[2, 3, 5], [2, 3, 1], [2, 3, 4]], 2, [2, 3, 10]), concatenation(type, [[2, 3, 5], [1, 3, 5]], 0, [3, 3, 5]),
    concatenation(type, [[1, 2, 3, 4], [1, 5, 3, 4]], -3, [1, 7, 3, 4]), concatenation(type, [[3], [4]], -1, [7]),
  ]),
  concatenation('uint8', [[1, 4, 4, 8], [1, 4, 4, 8]], 3, [1, 4, 4, 16], [0.05, 0.031]),
  concatenation('uint8', [[1, 4, 4, 8], [1, 4, 4, 8]], 3, [1, 4, 4, 16], [0.02, 0.09]),
  ...movable.filter((type) => type !== 'bool').flatMap((type) => [
    caseOf(`${type} 3 of 2x5 axis 1`, 'PACK', [1, 2, 3].map(() => anyType(type, [2, 5])), [anyType(type, [2, 3, 5])], { options: { valuesCount: 3, axis: 1 } }),
    caseOf(`${type} 2 of 4 axis -1`, 'PACK', [1, 2].map(() => anyType(type, [4])), [anyType(type, [4, 2])], { options: { valuesCount: 2, axis: -1 } }),
  ]),
  ...movable.filter((type) => type !== 'int64').flatMap((type) => [
    caseOf(`${type} 2x3x5 axis 1`, 'UNPACK', [anyType(type, [2, 3, 5])], [1, 2, 3].map(() => anyType(type, [2, 5])), { options: { num: 3, axis: 1 } }),
    caseOf(`${type} 3x2 axis -1`, 'UNPACK', [anyType(type, [3, 2])], [1, 2].map(() => anyType(type, [3])), { options: { num: 2, axis: -1 } }),
  ]),
  ...['float32', 'int8', 'uint8', 'int32', 'int64'].flatMap((type) => [
    caseOf(`${type} 2x6x5 axis 1 into 3`, 'SPLIT', [integers([1], { shape: [] }), anyType(type, [2, 6, 5])], [1, 2, 3].map(() => anyType(type, [2, 2, 5])), { options: { numSplits: 3 }, version: versionOf(type) }),
    caseOf(`${type} 2x3x4 axis -1 into 2`, 'SPLIT', [integers([-1], { shape: [] }), anyType(type, [2, 3, 4])], [1, 2].map(() => anyType(type, [2, 3, 2])), { options: { numSplits: 2 }, version: versionOf(type) }),
    caseOf(`${type} 2x7 axis 1 into 2,4,1`, 'SPLIT_V', [anyType(type, [2, 7]), integers([2, 4, 1]), integers([1], { shape: [] })], [2, 4, 1].map((n) => anyType(type, [2, n])), { options: { numSplits: 3 } }),
    caseOf(`${type} 5x3 axis 0 into 2,rest`, 'SPLIT_V', [anyType(type, [5, 3]), integers([2, -1]), integers([0], { shape: [] })], [2, 3].map((n) => anyType(type, [n, 3])), { options: { numSplits: 2 } }),
  ]),
];

const cuts = movable.flatMap((type) => [
  move('SLICE', type, 'inner', [4, 5, 6], [integers([1, 0, 2]), integers([2, 5, 3])], [2, 5, 3]),
  move('SLICE', type, 'to the end', [3, 4, 5, 6], [integers([0, 1, 2, 0]), integers([-1, 2, -1, 6])], [3, 2, 3, 6]),
  move('SLICE', type, 'with int64', [7], [integers([2], { dtype: 'int64' }), integers([-1], { dtype: 'int64' })], [5]),
]);

function stridedSlice(type, note, shape, [begin, end, strides], out, options) {
  return move('STRIDED_SLICE', type, note, shape, [integers(begin), integers(end), integers(strides)], out, options);
}

const stridedSlices = [
  ...movable.flatMap((type) => [
    stridedSlice(type, 'plain', [4, 5, 6], [[1, 0, 2], [3, 5, 6], [1, 2, 2]], [2, 3, 2]),
    stridedSlice(type, 'begin and end masks', [4, 5, 6], [[1, 3, 2], [3, 3, 3], [1, 1, 1]], [3, 2, 4], { beginMask: 1, endMask: 6 }),
  ]),
  ...['float32', 'uint8'].flatMap((type) => [
    stridedSlice(type, 'negative bounds', [4, 5], [[-3, -4], [-1, -1], [1, 1]], [2, 3]),
    stridedSlice(type, 'backwards', [4, 5], [[3, 4], [0, 1], [-1, -2]], [3, 2]),
    stridedSlice(type, 'backwards through all', [4, 5], [[0, 0], [0, 0], [-1, -1]], [4, 5], { beginMask: 3, endMask: 3 }),
    stridedSlice(type, 'shrinking', [4, 5, 6], [[2, 0, -1], [3, 5, 0], [1, 1, 1]], [5], { shrinkAxisMask: 5 }),
    stridedSlice(type, 'ellipsis', [2, 3, 4, 5], [[0, 1], [0, 4], [1, 2]], [2, 3, 4, 2], { ellipsisMask: 1 }),
    stridedSlice(type, 'new axis', [3, 4], [[0, 0, 1], [0, 3, 4], [1, 1, 1]], [1, 3, 3], { newAxisMask: 1 }),
    stridedSlice(type, 'new axis after an ellipsis', [3, 4], [[0, 0], [0, 0], [1, 1]], [3, 4, 1], { ellipsisMask: 1, newAxisMask: 2 }),
    stridedSlice(type, 'beyond the ends', [4, 5], [[-9, 1], [9, 99], [2, 3]], [2, 2]),
    stridedSlice(type, 'fewer indices than axes', [4, 5, 6], [[1], [4], [2]], [2, 5, 6]),
  ]),
];

// --- Padding --------------------------------------------------------------

const padTypes = ['float32', 'int8', 'uint8', 'int32', 'int64'];
const pads = [
  ...padTypes.flatMap((type) => [
    move('PAD', type, 'picture', [2, 3, 4, 5], [integers([0, 0, 1, 2, 2, 1, 0, 0], { shape: [4, 2] })], [2, 6, 7, 5]),
    move('PAD', type, 'everywhere', [2, 3, 4], [integers([1, 0, 2, 1, 0, 3], { shape: [3, 2] })], [3, 6, 7]),
    caseOf(`${type} 2x3x4x5 with a value`, 'PADV2', [anyType(type, [2, 3, 4, 5]), integers([0, 0, 1, 2, 2, 1, 0, 1], { shape: [4, 2] }),
      { ...anyType(type, [1]), constant: true, values: [3] }], [anyType(type, [2, 6, 7, 6])], { version: versionOf(type) }),
  ]),
  move('PAD', 'float32', 'with int64', [2, 3], [integers([1, 1, 0, 2], { dtype: 'int64', shape: [2, 2] })], [4, 5]),
  ...['float32', 'int8', 'uint8', 'int32', 'int64'].flatMap((type) => [0, 1].flatMap((mode) => [
    move('MIRROR_PAD', type, mode ? 'symmetric' : 'reflecting', [1, 4, 5, 3], [integers([0, 0, 2, 3, 1, 4, 0, 0], { shape: [4, 2] })], [1, 9, 10, 3], { mode }),
    move('MIRROR_PAD', type, mode ? 'symmetric' : 'reflecting', [3, 4], [integers([2, 1, 0, 2], { shape: [2, 2] })], [6, 6], { mode }),
  ])),
];

// --- Shapes and orders ----------------------------------------------------

const shapes = movable.flatMap((type) => [
  move('RESHAPE', type, 'to 5x-1', [2, 3, 5], [integers([5, -1])], [5, 6], { newShape: [5, -1] }),
  move('RESHAPE', type, 'by its options', [2, 3, 5], [], [30], { newShape: [30] }),
  move('SQUEEZE', type, 'all', [1, 3, 1, 5], [], [3, 5], {}),
  move('SQUEEZE', type, 'axes 0 and -2', [1, 3, 1, 5], [], [3, 5], { squeezeDims: [0, -2] }),
  move('SQUEEZE', type, 'axis 2', [1, 3, 1, 5], [], [1, 3, 5], { squeezeDims: [2] }),
  move('EXPAND_DIMS', type, 'axis 1', [2, 5], [integers([1], { shape: [] })], [2, 1, 5]),
  move('EXPAND_DIMS', type, 'axis -1', [2, 5], [integers([-1])], [2, 5, 1]),
  move('TRANSPOSE', type, '1,0', [3, 5], [integers([1, 0])], [5, 3]),
  move('TRANSPOSE', type, '0,2,1', [2, 17, 9], [integers([0, 2, 1])], [2, 9, 17]),
  move('TRANSPOSE', type, '0,3,1,2', [2, 3, 4, 5], [integers([0, 3, 1, 2])], [2, 5, 3, 4]),
  move('TRANSPOSE', type, '0,2,3,1', [1, 3, 6, 7], [integers([0, 2, 3, 1])], [1, 6, 7, 3]),
  move('TRANSPOSE', type, '4,1,3,0,2', [2, 3, 2, 4, 3], [integers([4, 1, 3, 0, 2])], [3, 3, 4, 2, 2]),
  move('TRANSPOSE', type, '0,1,3,2,4,5', [1, 2, 2, 3, 2, 2], [integers([0, 1, 3, 2, 4, 5])], [1, 2, 3, 2, 2, 2]),
  move('TILE', type, '2,1,3', [2, 3, 4], [integers([2, 1, 3])], [4, 3, 12]),
  move('TILE', type, 'by 1', [3], [integers([1])], [3]),
  move('BROADCAST_TO', type, 'to 2x3x4x5', [3, 1, 5], [integers([2, 3, 4, 5])], [2, 3, 4, 5]),
  move('BROADCAST_TO', type, 'to 4x3', [1], [integers([4, 3])], [4, 3]),
]);

const blocks = padTypes.flatMap((type) => [
  caseOf(`${type} by 2`, 'SPACE_TO_DEPTH', [anyType(type, [2, 4, 6, 3])], [anyType(type, [2, 2, 3, 12])], { options: { blockSize: 2 } }),
  caseOf(`${type} by 2`, 'DEPTH_TO_SPACE', [anyType(type, [2, 2, 3, 12])], [anyType(type, [2, 4, 6, 3])], { options: { blockSize: 2 } }),
  caseOf(`${type} by 3`, 'DEPTH_TO_SPACE', [anyType(type, [1, 2, 3, 18])], [anyType(type, [1, 6, 9, 2])], { options: { blockSize: 3 } }),
]);

const spaces = padTypes.flatMap((type) => [
  move('SPACE_TO_BATCH_ND', type, 'by 2,3', [1, 4, 6, 2], [integers([2, 3]), integers([0, 0, 0, 0], { shape: [2, 2] })], [6, 2, 2, 2]),
  move('SPACE_TO_BATCH_ND', type, 'by 2,2 padded', [2, 3, 5, 2], [integers([2, 2]), integers([1, 0, 2, 1], { shape: [2, 2] })], [8, 2, 4, 2]),
  move('SPACE_TO_BATCH_ND', type, 'of rank 3', [1, 6, 2], [integers([3]), integers([0, 0], { shape: [1, 2] })], [3, 2, 2]),
  move('BATCH_TO_SPACE_ND', type, 'by 2,3', [6, 2, 2, 2], [integers([2, 3]), integers([0, 0, 0, 0], { shape: [2, 2] })], [1, 4, 6, 2]),
  move('BATCH_TO_SPACE_ND', type, 'by 2,2 cropped', [8, 2, 4, 2], [integers([2, 2]), integers([1, 0, 2, 1], { shape: [2, 2] })], [2, 3, 5, 2]),
]);

// --- Looking up -----------------------------------------------------------

const lookups = movable.flatMap((type) => [
  move('GATHER', type, 'axis 0', [5, 3, 2], [integers([4, 0, 0, 2])], [4, 3, 2], { axis: 0 }),
  move('GATHER', type, 'axis -1, 2x2 indices', [2, 3, 5], [integers([4, 1, 0, 3], { shape: [2, 2] })], [2, 3, 2, 2], { axis: -1 }),
  move('GATHER', type, 'one batch dimension', [2, 4, 3], [integers([3, 1, 0, 2], { shape: [2, 2] })], [2, 2, 3], { axis: 1, batchDims: 1 }),
  move('GATHER', type, 'with int64, scalar', [4, 3], [integers([2], { dtype: 'int64', shape: [] })], [3], { axis: 0 }),
  move('GATHER', type, 'with indices as an input', [6, 2], [tensor('int32', [3], { range: [0, 5] })], [3, 2], { axis: 0 }),
  move('GATHER_ND', type, 'rows', [3, 4, 2], [integers([2, 3, 0, 0, 1, 2], { shape: [3, 2] })], [3, 2]),
  move('GATHER_ND', type, 'elements', [3, 4], [integers([2, 3, 0, 0], { shape: [2, 1, 2] })], [2, 1]),
]);

/** What is known before the model runs, plus an input: LiteRT.js gives no such outputs by themselves. */
function plusInput(note, op, inputs, out, options) {
  const named = inputs.map((spec, i) => ({ name: `in${i}`, ...spec })), fed = named.filter(({ constant: known }) => !known).map(({ name }) => name);
  return {
    name: `${op} ${note}`, op, inputs: [...fed, 'other'], outputs: ['sum'],
    tensors: [...named, { name: 'other', ...out }, { name: 'made', ...out }, { name: 'sum', ...out }],
    nodes: [{ op, options, inputs: named.map(({ name }) => name), outputs: ['made'] }, { op: 'ADD', inputs: ['made', 'other'], outputs: ['sum'], options: {} }],
  };
}

const makers = [
  ...['int32', 'int64'].map((type) => plusInput(`as ${type}`, 'SHAPE', [tensor('float32', [2, 1, 5])], tensor(type, [3]), { outType: tensorType(type) })),
  ...['float32', 'int32', 'int64', 'bool'].map((type) => caseOf(type, 'FILL', [integers([2, 3]), tensor(type, [], type === 'bool' ? { range: [1, 1] } : {})], [tensor(type, [2, 3])])),
  ...['float32', 'int32'].flatMap((type) => [[2, 11, 3], [5, -4, -2]].map(([start, limit, delta]) => plusInput(`${type} ${start} to ${limit} by ${delta}`, 'RANGE',
    [start, limit, delta].map((value) => constant(type, [], { values: [value] })), tensor(type, [Math.ceil((limit - start) / delta)])))),
];

// --- Resizing -------------------------------------------------------------

const flags = [{}, { alignCorners: true }, { halfPixelCenters: true }];
const sizes = [[[2, 3, 4, 5], [6, 8]], [[1, 7, 5, 3], [4, 9]], [[1, 8, 8, 16], [3, 3]], [[1, 5, 6, 2], [5, 6]], [[1, 2, 2, 19], [1, 1]], [[1, 1, 1, 4], [3, 2]]];
const resizes = ['RESIZE_BILINEAR', 'RESIZE_NEAREST_NEIGHBOR'].flatMap((op) => realTypes.flatMap((type) => flags.flatMap((options) =>
  sizes.map(([shape, size]) => move(op, type, `to ${size.join('x')} ${Object.keys(options)}`.trim(), shape, [integers(size)],
    [shape[0], ...size, shape[3]], options)))));

export default [...joins, ...cuts, ...stridedSlices, ...pads, ...shapes, ...blocks, ...spaces, ...lookups, ...makers, ...resizes];

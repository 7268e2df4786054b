// Pooling, reductions, searches and normalisations.
import { SAME, VALID, activations } from '../../js/tflite.mjs';
import { caseOf, integers, realTypes, reals, tensor } from '../describe.mjs';

const anyType = (type, shape, more = {}) => (realTypes.includes(type) ? reals(type, shape, more) : tensor(type, shape, more));

// --- Pooling --------------------------------------------------------------

function pool(op, type, input, filter, { stride = filter, padding = VALID, activation = 'NONE' } = {}) {
  const size = (i) => (padding === SAME ? Math.ceil(input[i + 1] / stride[i]) : Math.ceil((input[i + 1] - filter[i] + 1) / stride[i]));
  const out = [input[0], size(0), size(1), input[3]];
  return caseOf(`${type} ${input.join('x')} by ${filter.join('x')} stride ${stride}${padding === SAME ? ' SAME' : ''}${activation === 'NONE' ? '' : ` ${activation}`}`,
    op, [anyType(type, input)], [anyType(type, out)],
    { options: { padding, strideH: stride[0], strideW: stride[1], filterH: filter[0], filterW: filter[1], activation: activations[activation] }, version: realTypes.indexOf(type) > 0 ? 2 : 1 });
}

const pools = ['AVERAGE_POOL_2D', 'MAX_POOL_2D', 'L2_POOL_2D'].flatMap((op) =>
  (op === 'L2_POOL_2D' ? ['float32'] : realTypes).flatMap((type) => [
    pool(op, type, [1, 8, 6, 5], [2, 2]),
    pool(op, type, [2, 7, 9, 16], [3, 3], { stride: [2, 2], padding: SAME }),
    pool(op, type, [1, 7, 5, 19], [3, 2], { stride: [1, 2], activation: 'RELU' }),
    pool(op, type, [1, 7, 7, 33], [7, 7]),
    pool(op, type, [1, 5, 6, 3], [1, 1], { stride: [2, 2] }),
    pool(op, type, [1, 4, 5, 3], [5, 5], { stride: [1, 1], padding: SAME, activation: 'RELU6' }),
  ]));

// --- Reductions -----------------------------------------------------------

const everyAxes = [
  { shape: [2, 5, 7, 9], axes: [1, 2], keepDims: true }, { shape: [2, 5, 7, 9], axes: [2, 1], keepDims: false },
  { shape: [2, 5, 7, 9], axes: [-1], keepDims: false }, { shape: [2, 5, 7, 9], axes: [3], keepDims: true },
  { shape: [2, 3, 4], axes: [0], keepDims: false }, { shape: [2, 3, 4], axes: [0, 2], keepDims: true },
  { shape: [3, 5], axes: [0, 1], keepDims: false }, { shape: [2, 3, 2, 3, 2], axes: [1, 3], keepDims: false },
];

function reduction(op, type, { shape, axes, keepDims }, more = {}) {
  const reduced = axes.map((axis) => (axis + shape.length) % shape.length);
  const out = shape.map((size, i) => (reduced.includes(i) ? 1 : size)).filter((_, i) => keepDims || !reduced.includes(i));
  const terms = reduced.reduce((product, axis) => product * shape[axis], 1);
  const quantisation = {
    MEAN: { scale: 0.0231, zeroPoint: 120 }, SUM: { scale: 0.05 * Math.sqrt(terms) * 1.4, zeroPoint: 117 },
    REDUCE_PROD: { scale: 0.05, zeroPoint: 120 },
  }[op] ?? {};
  return caseOf(`${type} ${shape.join('x')} over ${axes}${keepDims ? ' keeping dimensions' : ''}`, op,
    [anyType(type, shape, more), integers(axes)], [anyType(type, out, quantisation)],
    { options: { keepDims }, version: realTypes.indexOf(type) > 0 ? 2 : 1 });
}

const sameScaleMean = ['int8', 'uint8'].map((type) => caseOf(`${type} to its own scale`, 'MEAN',
  [reals(type, [1, 7, 7, 20]), integers([1, 2])], [reals(type, [1, 20])], { options: { keepDims: false }, version: 2 }));

const reductions = [
  ...[...realTypes, 'int32', 'int64'].flatMap((type) => everyAxes.map((axes) => reduction('MEAN', type, axes))), ...sameScaleMean,
  ...[...realTypes, 'int32', 'int64'].flatMap((type) => everyAxes.map((axes) => reduction('SUM', type, axes))),
  ...['REDUCE_MAX', 'REDUCE_MIN'].flatMap((op) => [...realTypes, 'int32', 'int64'].flatMap((type) => everyAxes.slice(0, 7).map((axes) => reduction(op, type, axes)))),
  ...['float32', 'int32', 'int64'].flatMap((type) => everyAxes.slice(4, 7).map((axes) => reduction('REDUCE_PROD', type, axes, { range: type === 'float32' ? [-1.5, 1.5] : [-3, 3] }))),
  ...['REDUCE_ANY', 'REDUCE_ALL'].flatMap((op) => everyAxes.slice(4, 7).map((axes) => reduction(op, 'bool', axes))),
];

// --- Searches -------------------------------------------------------------

const searches = ['ARG_MAX', 'ARG_MIN'].flatMap((op) => [...realTypes, 'int32'].flatMap((type) => [
  { shape: [3, 37], axis: 1 }, { shape: [2, 5, 3, 4], axis: -1 }, { shape: [2, 5, 3, 4], axis: 1 }, { shape: [6], axis: 0 },
].flatMap(({ shape, axis }, i) => {
  const out = shape.filter((_, d) => d !== (axis + shape.length) % shape.length), outType = i % 2 ? 'int64' : 'int32';
  return caseOf(`${type} ${shape.join('x')} axis ${axis} as ${outType}`, op, [anyType(type, shape), integers([axis])], [tensor(outType, out)],
    { options: { outputType: outType === 'int64' ? 4 : 2 }, version: realTypes.indexOf(type) > 0 ? 2 : 1 });
})));

const topK = [...realTypes, 'int32', 'int64'].flatMap((type) => [[[37], 5], [[2, 3, 11], 4], [[1, 6], 6]].map(([shape, k]) => {
  const out = [...shape.slice(0, -1), k];
  return caseOf(`${type} ${k} of ${shape.join('x')}`, 'TOPK_V2', [anyType(type, shape), integers([k], { shape: [] })], [anyType(type, out), tensor('int32', out)]);
}));

// --- Normalisations -------------------------------------------------------

const softmaxes = realTypes.flatMap((type) => [
  ...[[1, 10], [2, 3, 4, 21], [5, 7], [9]].map((shape) => caseOf(`${type} ${shape.join('x')}`, 'SOFTMAX',
    [reals(type, shape, { scale: 0.07 })], [reals(type, shape, { scale: 1 / 256, zeroPoint: 0 })], { options: { beta: 1 }, version: 2 })),
  caseOf(`${type} beta`, 'SOFTMAX', [reals(type, [3, 12], { scale: 0.02 })], [reals(type, [3, 12], { scale: 1 / 256, zeroPoint: 0 })], { options: { beta: 2.5 }, version: 2 }),
  caseOf(`${type} 1001 classes`, 'SOFTMAX', [reals(type, [1, 1001], { scale: 0.09 })], [reals(type, [1, 1001], { scale: 1 / 256, zeroPoint: 0 })], { options: { beta: 1 }, version: 2 }),
  ...[[3, 12], [2, 3, 5, 7]].map((shape) => caseOf(`${type} ${shape.join('x')}`, 'LOG_SOFTMAX',
    [reals(type, shape, { scale: 0.07 })], [reals(type, shape, { scale: 16 / 256, zeroPoint: 255 })], { version: 2 })),
  ...[[3, 12], [2, 3, 5, 7]].map((shape) => caseOf(`${type} ${shape.join('x')}`, 'L2_NORMALIZATION',
    [reals(type, shape, { scale: 0.07, zeroPoint: 120 })], [reals(type, shape, { scale: 1 / 128, zeroPoint: 128 })], { options: { activation: 0 }, version: 2 })),
]);
const farOut = caseOf('float32 far out', 'SOFTMAX', [tensor('float32', [2, 4], { values: [1000, 999, -1000, 0, -500, -501, -502, -600] })], [tensor('float32', [2, 4])], { options: { beta: 1 } });

const localResponse = [[5, 1, 1e-4, 0.75], [1, 2, 0.3, 0.5], [2, 1, 0.2, 1]].map(([radius, bias, alpha, beta]) =>
  caseOf(`radius ${radius} beta ${beta}`, 'LOCAL_RESPONSE_NORMALIZATION', [tensor('float32', [2, 3, 4, 11])], [tensor('float32', [2, 3, 4, 11])], { options: { radius, bias, alpha, beta } }));

export default [...pools, ...reductions, ...searches, ...topK, ...softmaxes, farOut, ...localResponse];

// CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV, FULLY_CONNECTED and BATCH_MATMUL
// in float, int8 with weights per tensor and per channel, uint8, and int8
// weights with float activations.
import { SAME, VALID, activations } from '../../js/tflite.mjs';
import { caseOf, constant, generator, integers, reals } from '../describe.mjs';
import { convolveHybrid, depthwiseHybrid, fullyConnectedHybrid } from '../reference.mjs';

const types = ['float32', 'int8', 'int8 per channel', 'uint8'];
const hybrids = ['hybrid', 'hybrid per channel'];
const activationType = (type) => (type === 'uint8' ? 'uint8' : type.startsWith('int8') ? 'int8' : 'float32');

const inputScale = 0.0473, weightScale = 0.0127;

/** Weights; `axis` is that of the output channels. */
function weightsOf(type, shape, axis) {
  if (type === 'float32') return constant('float32', shape, { range: [-1, 1] });
  if (type === 'uint8') return constant('uint8', shape, { quantization: { scale: [weightScale], zeroPoint: [119] } });
  const perChannel = type.endsWith('per channel');
  const random = generator(`scales ${shape}`);
  const scale = Array.from({ length: perChannel ? shape[axis] : 1 }, () => weightScale * (perChannel ? 0.5 + random() : 1));
  return constant('int8', shape, { range: [-127, 127], quantization: { scale, zeroPoint: scale.map(() => 0), axis } });
}

function biasOf(type, weights, count) {
  if (activationType(type) === 'float32') return constant('float32', [count], { range: [-1, 1] });
  const scale = weights.quantization.scale.map((value) => value * inputScale);
  return constant('int32', [count], { range: [-4000, 4000], quantization: { scale, zeroPoint: scale.map(() => 0) } });
}

/** An output scale under which sums of `terms` products mostly stay in range. */
const outputScale = (terms) => inputScale * weightScale * Math.sqrt(terms) * 74 * 73 * 2.5 / 128;

const windowSize = (size, filter, stride, dilation, padding) =>
  padding === SAME ? Math.ceil(size / stride) : Math.ceil((size - (filter - 1) * dilation) / stride);

/** stride and dilation: one number or [height, width]. */
function windowed(op, type, input, filter, { padding = SAME, stride = 1, dilation = 1, activation = 'NONE', bias = true, note = '' } = {}) {
  const depthwise = op === 'DEPTHWISE_CONV_2D';
  const [strideH, strideW] = [stride].flat().length === 2 ? stride : [stride, stride];
  const [dilationH, dilationW] = [dilation].flat().length === 2 ? dilation : [dilation, dilation];
  const [channelAxis, channels] = depthwise ? [3, filter[3]] : [0, filter[0]];
  const terms = filter[1] * filter[2] * (depthwise ? 1 : filter[3]);
  const outShape = [input[0], windowSize(input[1], filter[1], strideH, dilationH, padding),
    windowSize(input[2], filter[2], strideW, dilationW, padding), channels];
  const weights = weightsOf(type, filter, channelAxis);
  const inputs = [reals(activationType(type), input, { scale: inputScale, zeroPoint: 121 }), weights];
  if (bias) inputs.push(biasOf(type, weights, channels));
  const outputs = [reals(activationType(type), outShape, { scale: outputScale(terms), zeroPoint: 117 })];
  const options = { padding, strideH, strideW, dilationH, dilationW, activation: activations[activation],
    ...(depthwise ? { depthMultiplier: filter[3] / input[3] } : {}) };
  const name = `${type} ${input.join('x')} by ${filter.join('x')}${padding === VALID ? ' VALID' : ''}`
    + `${stride === 1 ? '' : ` stride ${stride}`}${dilation === 1 ? '' : ` dilation ${dilation}`}`
    + `${activation === 'NONE' ? '' : ` ${activation}`}${bias ? '' : ' without bias'}${note}`;
  const hybrid = type.startsWith('hybrid') && {
    reference: ({ data }) => (depthwise ? depthwiseHybrid : convolveHybrid)(data, weights.quantization, { input, filter, outShape, ...options }),
    why: 'LiteRT rounds the activations to int8 first', tolerance: 'hybrid',
  };
  return caseOf(name, op, inputs, outputs, { options, version: depthwise ? 3 : 3, ...hybrid });
}

const conv = (...args) => windowed('CONV_2D', ...args);
const depthwise = (...args) => windowed('DEPTHWISE_CONV_2D', ...args);

function convolutions(type) {
  return [
    conv(type, [1, 7, 5, 3], [8, 3, 3, 3]),
    conv(type, [2, 6, 9, 4], [5, 3, 3, 4], { padding: VALID, activation: 'RELU6' }),
    conv(type, [1, 9, 8, 3], [13, 5, 3, 3], { stride: 2, activation: 'RELU' }),
    conv(type, [1, 9, 11, 2], [3, 2, 3, 2], { stride: [2, 3], padding: VALID }),
    conv(type, [1, 10, 9, 3], [4, 3, 3, 3], { dilation: 2 }),
    conv(type, [1, 11, 12, 2], [4, 3, 2, 2], { dilation: [2, 3], padding: VALID, activation: 'RELU_N1_TO_1' }),
    conv(type, [2, 5, 3, 16], [24, 1, 1, 16]),
    conv(type, [1, 4, 4, 37], [9, 1, 1, 37], { activation: 'RELU6' }),
    conv(type, [1, 5, 5, 19], [7, 1, 1, 19], { stride: 2 }),
    conv(type, [1, 1, 1, 5], [3, 1, 1, 5]),
    conv(type, [1, 3, 4, 2], [4, 5, 7, 2], { note: ', filter over the edge' }),
    conv(type, [1, 6, 6, 130], [4, 3, 3, 130]),
  ];
}

function depthwiseConvolutions(type) {
  return [
    depthwise(type, [1, 7, 6, 5], [1, 3, 3, 5]),
    depthwise(type, [2, 8, 7, 16], [1, 3, 3, 16], { stride: 2, activation: 'RELU6' }),
    depthwise(type, [1, 9, 9, 8], [1, 5, 5, 8], { padding: VALID, activation: 'RELU' }),
    depthwise(type, [1, 6, 5, 3], [1, 3, 3, 9], { note: ', multiplier 3' }),
    depthwise(type, [1, 8, 6, 1], [1, 3, 3, 8], { stride: 2, note: ', multiplier 8 of one channel' }),
    depthwise(type, [1, 9, 10, 4], [1, 3, 3, 4], { dilation: 2 }),
    depthwise(type, [1, 10, 9, 19], [1, 2, 3, 19], { stride: [2, 1], padding: VALID, bias: false }),
    depthwise(type, [1, 7, 7, 33], [1, 7, 7, 33], { padding: VALID }),
    depthwise(type, [1, 5, 5, 8], [1, 1, 1, 8]),
  ];
}

/** TFLite itself demands a bias of CONV_2D; converters of other formats leave it out. */
const withoutBias = {
  ...conv('float32', [1, 9, 11, 2], [3, 2, 3, 2], { padding: VALID, bias: false }),
  why: 'TFLite demands a bias',
  reference: ({ data }) => convolveHybrid(data, { scale: [1] }, { input: [1, 9, 11, 2], filter: [3, 2, 3, 2], outShape: [1, 8, 9, 3],
    strideH: 1, strideW: 1, dilationH: 1, dilationW: 1, padding: VALID, activation: 0 }),
};

const groupedConvolutions = ['float32', 'int8 per channel'].flatMap((type) => [
  conv(type, [1, 6, 5, 8], [6, 3, 3, 4], { note: ', 2 groups' }),
  conv(type, [1, 5, 6, 12], [9, 1, 1, 4], { note: ', 3 groups', activation: 'RELU' }),
]);

function transposeConv(type, input, filter, { padding = SAME, stride = 2, bias = true, activation = 'NONE' } = {}) {
  const [strideH, strideW] = [stride].flat().length === 2 ? stride : [stride, stride];
  const size = (length, step, taps) => (padding === SAME ? length * step : (length - 1) * step + taps);
  const outShape = [input[0], size(input[1], strideH, filter[1]), size(input[2], strideW, filter[2]), filter[0]];
  const weights = weightsOf(type, filter, 0);
  const inputs = [integers(outShape), weights, reals(activationType(type), input, { scale: inputScale, zeroPoint: 121 })];
  if (bias) inputs.push(biasOf(type, weights, filter[0]));
  const outputs = [reals(activationType(type), outShape, { scale: outputScale(filter[1] * filter[2] * filter[3] / (strideH * strideW)), zeroPoint: 130 })];
  return caseOf(`${type} ${input.join('x')} by ${filter.join('x')}${padding === VALID ? ' VALID' : ''} stride ${stride}${bias ? '' : ' without bias'}${activation === 'NONE' ? '' : ` ${activation}`}`,
    'TRANSPOSE_CONV', inputs, outputs,
    { options: { padding, strideH, strideW, activation: activations[activation] }, version: activation === 'NONE' ? 3 : 4 });
}

const transposeConvolutions = (type) => [
  transposeConv(type, [1, 4, 5, 6], [3, 3, 3, 6]),
  transposeConv(type, [2, 3, 4, 5], [8, 4, 4, 5], { padding: VALID }),
  transposeConv(type, [1, 5, 3, 4], [5, 2, 2, 4], { bias: false }),
  transposeConv(type, [1, 4, 4, 9], [2, 3, 5, 9], { stride: [1, 3], padding: VALID }),
  transposeConv(type, [1, 3, 3, 4], [2, 5, 5, 4], { stride: 1, activation: 'RELU' }),
];

function fullyConnected(type, input, weightShape, { outShape = [input[0], weightShape[0]], activation = 'NONE', bias = true, keepNumDims = false } = {}) {
  const weights = weightsOf(type, weightShape, 0);
  const inputs = [reals(activationType(type), input, { scale: inputScale, zeroPoint: 121 }), weights];
  if (bias) inputs.push(biasOf(type, weights, weightShape[0]));
  const outputs = [reals(activationType(type), outShape, { scale: outputScale(weightShape[1]), zeroPoint: 117 })];
  const hybrid = type.startsWith('hybrid') && {
    reference: ({ data }) => fullyConnectedHybrid(data, weights.quantization, weightShape, activations[activation]),
    why: 'LiteRT rounds the activations to int8 first', tolerance: 'hybrid',
  };
  return caseOf(`${type} ${input.join('x')} by ${weightShape.join('x')}${activation === 'NONE' ? '' : ` ${activation}`}${bias ? '' : ' without bias'}${keepNumDims ? ' keeping dimensions' : ''}`,
    'FULLY_CONNECTED', inputs, outputs, { options: { activation: activations[activation], keepNumDims }, version: 5, ...hybrid });
}

const fullyConnecteds = (type) => [
  fullyConnected(type, [1, 17], [9, 17]),
  fullyConnected(type, [5, 64], [33, 64], { activation: 'RELU' }),
  fullyConnected(type, [3, 8], [4, 8], { bias: false, activation: 'RELU6' }),
  fullyConnected(type, [2, 2, 3, 4], [5, 12], { outShape: [4, 5] }),
  fullyConnected(type, [2, 3, 10], [7, 10], { outShape: [2, 3, 7], keepNumDims: true }),
];

function batchMatmul(type, x, y, out, { adjX = false, adjY = false, constantY = false } = {}) {
  const terms = adjX ? x[x.length - 2] : x[x.length - 1];
  const inputs = [reals(type, x, { scale: inputScale, zeroPoint: 121 }), reals(type, y, { scale: weightScale, zeroPoint: 133, constant: constantY })];
  return caseOf(`${type} ${x.join('x')} by ${y.join('x')}${adjX ? ' adjoint x' : ''}${adjY ? ' adjoint y' : ''}${constantY ? ' constant' : ''}`,
    'BATCH_MATMUL', inputs, [reals(type, out, { scale: outputScale(terms), zeroPoint: 117 })], { options: { adjX, adjY }, version: 2 });
}

const batchMatmuls = ['float32', 'int8'].flatMap((type) => [
  batchMatmul(type, [3, 5], [5, 7], [3, 7]),
  batchMatmul(type, [2, 3, 5], [2, 5, 4], [2, 3, 4]),
  batchMatmul(type, [2, 5, 3], [2, 5, 4], [2, 3, 4], { adjX: true }),
  batchMatmul(type, [2, 3, 5], [2, 4, 5], [2, 3, 4], { adjY: true }),
  batchMatmul(type, [2, 5, 3], [2, 4, 5], [2, 3, 4], { adjX: true, adjY: true }),
  batchMatmul(type, [2, 1, 3, 5], [4, 5, 6], [2, 4, 3, 6]),
  batchMatmul(type, [3, 2, 9], [9, 8], [3, 2, 8], { constantY: true }),
]);

export default [
  ...types.flatMap(convolutions), ...types.flatMap(depthwiseConvolutions), ...groupedConvolutions, withoutBias,
  ...types.flatMap(transposeConvolutions), ...types.flatMap(fullyConnecteds), ...batchMatmuls,
  ...hybrids.flatMap((type) => [
    conv(type, [1, 7, 5, 3], [8, 3, 3, 3]),
    conv(type, [2, 4, 5, 16], [24, 1, 1, 16], { activation: 'RELU6' }),
    conv(type, [1, 9, 8, 3], [5, 3, 3, 3], { stride: 2, padding: VALID }),
  ]),
  depthwise('hybrid per channel', [1, 7, 6, 5], [1, 3, 3, 5]),
  depthwise('hybrid per channel', [1, 8, 7, 4], [1, 3, 3, 8], { stride: 2, activation: 'RELU' }),
  fullyConnected('hybrid', [3, 17], [9, 17]),
  fullyConnected('hybrid', [1, 64], [33, 64], { activation: 'RELU' }),
  fullyConnected('hybrid per channel', [2, 32], [10, 32]),
];

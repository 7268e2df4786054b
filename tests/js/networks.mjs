// Small float networks that the tools convert and quantise in tests.
import { generator } from '../conformance/describe.mjs';
import { SAME, activations, buildModel } from './tflite.mjs';

const product = (shape) => shape.reduce((a, b) => a * b, 1);

export function drawn(name, shape, low = -1, high = 1) {
  const random = generator(name);
  return Float32Array.from({ length: product(shape) }, () => low + (high - low) * random());
}

export const float = (name, shape) => ({ name, dtype: 'float32', shape });
export const constant = (name, shape, low, high) => ({ ...float(name, shape), data: drawn(name, shape, low, high) });
export const integers = (name, values, shape = [values.length]) => ({ name, dtype: 'int32', shape, data: Int32Array.from(values) });

/** Pads, convolutions of both kinds, a residual, a mean, a dense layer and a softmax. */
export function network() {
  const conv = (inputs, out, activation, more = {}) => ({ op: 'CONV_2D', inputs, outputs: [out], options: { padding: SAME, strideW: 1, strideH: 1, activation: activations[activation], ...more } });
  return buildModel({
    tensors: [
      float('x', [1, 12, 12, 3]), integers('pads', [0, 0, 1, 1, 1, 1, 0, 0], [4, 2]), float('padded', [1, 14, 14, 3]),
      constant('w1', [8, 3, 3, 3], -0.4, 0.4), constant('b1', [8]), float('one', [1, 14, 14, 8]),
      constant('w2', [1, 3, 3, 8], -0.5, 0.5), constant('b2', [8]), float('two', [1, 14, 14, 8]), float('sum', [1, 14, 14, 8]),
      integers('axes', [1, 2]), float('mean', [1, 8]), constant('w3', [5, 8]), constant('b3', [5]), float('logits', [1, 5]), float('y', [1, 5]),
    ],
    inputs: ['x'], outputs: ['y'],
    nodes: [
      { op: 'MIRROR_PAD', inputs: ['x', 'pads'], outputs: ['padded'], options: { mode: 0 } },
      conv(['padded', 'w1', 'b1'], 'one', 'RELU'),
      { op: 'DEPTHWISE_CONV_2D', inputs: ['one', 'w2', 'b2'], outputs: ['two'], options: { padding: SAME, strideW: 1, strideH: 1, depthMultiplier: 1 } },
      { op: 'ADD', inputs: ['one', 'two'], outputs: ['sum'], options: { activation: activations.RELU } },
      { op: 'MEAN', inputs: ['sum', 'axes'], outputs: ['mean'], options: { keepDims: false } },
      { op: 'FULLY_CONNECTED', inputs: ['mean', 'w3', 'b3'], outputs: ['logits'] },
      { op: 'SOFTMAX', inputs: ['logits'], outputs: ['y'], options: { beta: 1 } },
    ],
  });
}

/** A convolution, and an instance norm as converters spell it; the channels' ranges lie far apart. */
export function normalised() {
  const each = [1, 1, 1, 4], whole = [1, 16, 16, 4], weights = constant('w', [4, 3, 3, 3]);
  weights.data.forEach((value, i) => { weights.data[i] = value * 30 ** (Math.floor(i / 27) - 2); });
  const binary = (op, a, b, out) => ({ op, inputs: [a, b], outputs: [out] });
  return buildModel({
    tensors: [
      float('x', [1, 16, 16, 3]), weights, constant('b', [4]), float('c', whole), integers('axes', [1, 2]), constant('gamma', each, 0.5, 2), constant('beta', each),
      { name: 'epsilon', dtype: 'float32', shape: [], data: Float32Array.of(1e-5) }, ...['mean', 'variance', 'shifted', 'reciprocal', 'scale', 'mean scaled', 'shift'].map((name) => float(name, each)),
      float('squared', whole), float('scaled', whole), float('y', whole), integers('pads', [0, 0, 1, 1, 1, 1, 0, 0], [4, 2]), float('z', [1, 18, 18, 4]),
    ],
    inputs: ['x'], outputs: ['z'],
    nodes: [
      { op: 'CONV_2D', inputs: ['x', 'w', 'b'], outputs: ['c'], options: { padding: SAME, strideW: 1, strideH: 1 } },
      { ...binary('MEAN', 'c', 'axes', 'mean'), options: { keepDims: true } }, binary('SQUARED_DIFFERENCE', 'c', 'mean', 'squared'),
      { ...binary('MEAN', 'squared', 'axes', 'variance'), options: { keepDims: true } }, binary('ADD', 'variance', 'epsilon', 'shifted'),
      { op: 'RSQRT', inputs: ['shifted'], outputs: ['reciprocal'] }, binary('MUL', 'reciprocal', 'gamma', 'scale'), binary('MUL', 'c', 'scale', 'scaled'),
      binary('MUL', 'mean', 'scale', 'mean scaled'), binary('SUB', 'beta', 'mean scaled', 'shift'), { ...binary('ADD', 'scaled', 'shift', 'y'), options: { activation: activations.RELU } },
      { op: 'MIRROR_PAD', inputs: ['y', 'pads'], outputs: ['z'], options: { mode: 0 } },
    ],
  });
}

// Networks between QuantizeLinear and DequantizeLinear, as quantisers write them ("QDQ").
import { buildONNX } from './onnx.mjs';

/** From -127 to 127. */
export function bytes(count, seed) {
  let state = seed * 2654435761 >>> 0 || 1;
  return Int8Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ state << 5) >>> 0;
    return state % 255 - 127;
  });
}

const arrays = { int8: Int8Array, uint8: Uint8Array };

/**
 * Nodes and constants of a network, value by value. weightType: of the weights,
 * { dtype, zero: their zero points by channel, raw: bytes of random ones and the zero point }.
 */
export function quantizedNetwork(type, { dtype, zero: zeroOf, raw = (byte, zero) => byte + zero }) {
  const nodes = [], initializers = [], scales = [];
  const Bytes = arrays[type], zero = type === 'int8' ? -5 : 123;
  const constant = (name, dtype, shape, data) => initializers.push({ name, dtype, shape, data });
  const add = (op, inputs, output, attributes) => (nodes.push({ op, inputs, outputs: [output], attributes }), output);
  constant('zero', type, [], Bytes.of(zero));
  const pair = (value, scale) => {
    scales.push({ name: `${value} scale`, shape: [], data: Float32Array.of(scale) });
    add('QuantizeLinear', [value, `${value} scale`, 'zero'], `${value} q`);
    return add('DequantizeLinear', [`${value} q`, `${value} scale`, 'zero'], `${value} dq`);
  };
  const weights = (name, shape, seed, attributes) => {
    const axis = attributes?.axis ?? 0, channels = shape[axis], inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const [least, most] = dtype === 'int8' ? [-128, 127] : [0, 255];
    const zeros = arrays[dtype].from({ length: channels }, (_, i) => zeroOf(i));
    const limited = (byte, i) => Math.min(Math.max(raw(byte, zeros[Math.floor(i / inner) % channels]), least), most);
    constant(`${name} q`, dtype, shape, arrays[dtype].from(bytes(shape.reduce((a, b) => a * b, 1), seed), limited));
    constant(`${name} scale`, 'float32', [channels], Float32Array.from({ length: channels }, (_, i) => 0.001 * (i + 1)));
    constant(`${name} zero`, dtype, [channels], zeros);
    return add('DequantizeLinear', [`${name} q`, `${name} scale`, `${name} zero`], name, attributes ?? { axis: 0 });
  };
  constant('bias', 'float32', [4], Float32Array.of(0.1, -0.2, 0.3, 0));
  const x = pair('x', 0.02);
  const conv = add('Relu', [add('Conv', [x, weights('w', [4, 3, 3, 3], 1), 'bias'], 'conv', { pads: [1, 1, 1, 1] })], 'relu');
  const a = pair(conv, 0.01);
  const b = pair(add('Conv', [a, weights('d', [4, 1, 3, 3], 2), 'bias'], 'depthwise', { pads: [1, 1, 1, 1], group: 4 }), 0.02);
  const sum = pair(add('Add', [a, b], 'sum'), 0.03);
  const pooled = pair(add('MaxPool', [sum], 'pooled', { kernel_shape: [2, 2], strides: [2, 2] }), 0.03);
  const mean = pair(add('GlobalAveragePool', [pooled], 'mean'), 0.02);
  const flat = add('Flatten', [mean], 'flat');
  pair(add('MatMul', [flat, weights('m', [4, 5], 3, { axis: 1 })], 'product'), 0.004);
  return { nodes, initializers, scales };
}

export const weightTypes = {
  'int8 weights': { dtype: 'int8', zero: () => 0 },
  'int8 weights with a zero point': { dtype: 'int8', zero: () => 9 },
  'uint8 weights of zero point 128': { dtype: 'uint8', zero: () => 128 },
  'uint8 weights of zero point 90': { dtype: 'uint8', zero: () => 90 },
  'uint8 weights of zero point 100, beyond int8': { dtype: 'uint8', zero: () => 100, raw: (byte) => byte + 128 },
  'uint8 weights of a zero point for each channel': { dtype: 'uint8', zero: (i) => 100 + 10 * i, raw: (byte, zero) => (byte >> 1) + zero },
};

/** The same as a file, of int8 or uint8 activations and these weights. */
export function quantizedFile(type, weightName) {
  const { nodes, initializers, scales } = quantizedNetwork(type, weightTypes[weightName]);
  return buildONNX({ nodes, initializers: [...initializers, ...scales], inputs: [{ name: 'x', shape: [1, 3, 8, 8] }], outputs: [{ name: 'product dq', shape: [] }] });
}

/** A convolution, its average over windows beside its maximum, each in a scale of its own, concatenated in a third: a picture. */
export function quantizedPainter() {
  const nodes = [], zero = { name: 'zero', dtype: 'uint8', shape: [], data: Uint8Array.of(128) };
  const weights = { name: 'w q', dtype: 'int8', shape: [3, 3, 3, 3], data: bytes(81, 4) }, initializers = [zero, weights];
  const scalar = (name, value) => (initializers.push({ name, dtype: 'float32', shape: [], data: Float32Array.of(value) }), name);
  const add = (op, inputs, output, attributes) => (nodes.push({ op, inputs, outputs: [output], attributes }), output);
  const pair = (value, scale) => {
    const scaleName = scalar(`${value} scale`, scale);
    return add('DequantizeLinear', [add('QuantizeLinear', [value, scaleName, 'zero'], `${value} q`), scaleName, 'zero'], `${value} dq`);
  };
  const x = pair('x', 0.02), w = add('DequantizeLinear', ['w q', scalar('w scale', 0.004)], 'w');
  const conv = pair(add('Conv', [x, w], 'conv', { pads: [1, 1, 1, 1] }), 0.05), window = { kernel_shape: [2, 2], strides: [2, 2] };
  const average = pair(add('AveragePool', [conv], 'average', window), 0.02), most = pair(add('MaxPool', [conv], 'most', window), 0.05);
  pair(add('Concat', [average, most], 'both', { axis: 1 }), 0.03);
  return buildONNX({ nodes, initializers, inputs: [{ name: 'x', shape: [1, 3, 8, 8] }], outputs: [{ name: 'both dq', shape: [] }] });
}

// The language in which the cases are written. A case is one small model with
// inputs drawn from a generator that is seeded with the case's name, so that
// only the outputs another runtime computed need storing.
import { createHash } from 'node:crypto';
import { buildModel } from '../js/tflite.mjs';

export const arrays = {
  float32: Float32Array, int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array, float16: Uint16Array,
  int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, bool: Uint8Array,
};

/** A tensor of plain values. `more`: range [low, high] to draw from, or values; constant. */
export function tensor(dtype, shape, more = {}) {
  return { dtype, shape, ...more };
}

/** The same, known to the model's file. */
export function constant(dtype, shape, more = {}) {
  return { dtype, shape, constant: true, ...more };
}

/** A constant list of integers: axes, paddings, shapes. */
export function integers(values, { dtype = 'int32', shape = [values.length] } = {}) {
  return constant(dtype, shape, { values });
}

/**
 * A tensor of reals in one of the three activation types. The zero point is
 * given as for uint8 and shifted for int8, so that all types cover the same reals.
 */
export function reals(type, shape, { scale = 0.05, zeroPoint = 124, ...more } = {}) {
  if (type === 'float32') return tensor(type, shape, more);
  const shift = type === 'int8' ? 128 : 0;
  return tensor(type, shape, { ...more, quantization: { scale: [scale], zeroPoint: [zeroPoint - shift] } });
}

export const realTypes = ['float32', 'int8', 'uint8'];

/**
 * One operator, one case. `tolerance` names another way to compare than the
 * usual one (see compare.mjs), `reference` a function (inputs, constants) →
 * outputs for what the other runtime refuses or defines otherwise.
 */
export function caseOf(name, op, inputs, outputs, { options, version, tolerance, reference, why } = {}) {
  const named = (list, prefix) => list.map((spec, i) => spec && { name: `${prefix}${i}`, ...spec });
  const ins = named(inputs, 'in'), outs = named(outputs, 'out');
  const fed = ins.filter((spec) => spec && !spec.constant);
  return {
    name: `${op} ${name}`, op, tolerance, reference, why,
    tensors: [...ins.filter(Boolean), ...outs],
    inputs: fed.map((spec) => spec.name),
    outputs: outs.map((spec) => spec.name),
    nodes: [{ op, version, options, inputs: ins.map((spec) => spec?.name ?? null), outputs: outs.map((spec) => spec.name) }],
  };
}

// --- Drawing values -------------------------------------------------------

/** Numbers in [0, 1) from a name: mulberry32 over an FNV-1a hash. */
export function generator(name) {
  let state = 2166136261;
  for (const character of name) state = Math.imul(state ^ character.codePointAt(0), 16777619);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const defaultRanges = {
  float32: [-2, 2], int8: [-128, 127], uint8: [0, 255], int16: [-2000, 2000], int32: [-10, 10], uint32: [0, 20], int64: [-10, 10], bool: [0, 1],
};

export const sizeOf = (shape) => shape.reduce((product, size) => product * size, 1);

function draw(spec, random) {
  const result = new arrays[spec.dtype](sizeOf(spec.shape));
  const [low, high] = spec.range ?? defaultRanges[spec.dtype];
  const big = spec.dtype === 'int64';
  for (let i = 0; i < result.length; i++) {
    const value = spec.dtype === 'float32' ? low + random() * (high - low) : low + Math.floor(random() * (high - low + 1));
    result[i] = big ? BigInt(Math.trunc(value)) : value;
  }
  return result;
}

function valuesOf(spec, random) {
  if (!spec.values) return draw(spec, random);
  return arrays[spec.dtype].from(spec.values, spec.dtype === 'int64' ? BigInt : undefined);
}

/** The bytes of a case's model, its inputs by name, its constants by name, and its outputs' tensors. */
export function realise(description) {
  const data = new Map(description.tensors.map((spec) => [spec.name, valuesOf(spec, generator(`${description.name}/${spec.name}`))]));
  const tensors = description.tensors.map((spec) => ({ ...spec, data: spec.constant ? data.get(spec.name) : undefined }));
  return {
    bytes: buildModel({ ...description, tensors }),
    inputs: Object.fromEntries(description.inputs.map((name) => [name, data.get(name)])),
    data: Object.fromEntries(data),
    outputs: description.outputs.map((name) => description.tensors.find((spec) => spec.name === name)),
  };
}

/** Tells whether a case is still the one whose outputs were recorded. */
export function fingerprint(bytes, inputs) {
  const hash = createHash('sha256').update(bytes);
  for (const array of Object.values(inputs)) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return hash.digest('hex').slice(0, 8);
}

// Inputs made by arithmetic and what a model makes of them: a way to tell
// that a model computes the same everywhere, without any file.

/** Bytes of a xorshift generator (Marsaglia 2003, 13-17-5): the same on every machine. */
export function noise(length, seed = 0x9e3779b9) {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 24;
  });
}

const arrays = {
  float32: Float32Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array, bool: Uint8Array, int16: Int16Array,
  uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array, float16: Uint16Array,
};

const isFloat = (dtype) => dtype === 'float32' || dtype === 'float64';

/** Noise for every input: bytes for 8-bit ones, 0 to 1 for floats, 0 and 1 for the others. */
export function probeInputs(inputs) {
  return Object.fromEntries(inputs.map(({ name, dtype, shape }, i) => {
    const bytes = noise(shape.reduce((product, dim) => product * dim, 1), 0x9e3779b9 + i);
    if (dtype === 'int8') return [name, new Int8Array(bytes.buffer)];
    if (dtype === 'uint8') return [name, bytes];
    if (isFloat(dtype)) return [name, arrays[dtype].from(bytes, (byte) => byte / 255)];
    const isBig = /64$/.test(dtype), one = dtype === 'float16' ? 0x3c00 : 1;
    return [name, arrays[dtype].from(bytes, (byte) => (isBig ? BigInt(byte >> 7) : (byte >> 7) * one))];
  }));
}

async function hexDigest(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The real value of float16's bits. */
export function fromHalf(bits) {
  const exponent = bits >> 10 & 31, fraction = bits & 1023;
  const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
  return bits >> 15 ? -size : size;
}

/** Mean, deviation, and eight values evenly spread. */
function summaryOf(array) {
  const mean = array.reduce((sum, value) => sum + value, 0) / array.length;
  const deviation = Math.sqrt(array.reduce((sum, value) => sum + (value - mean) ** 2, 0) / array.length);
  const samples = Array.from({ length: 8 }, (_, i) => array[Math.floor((i * (array.length - 1)) / 7)]);
  return Object.fromEntries(Object.entries({ mean, deviation, samples }).map(([key, value]) => [key, Array.isArray(value) ? value.map(rounded) : rounded(value)]));
}

const rounded = (value) => Number(value.toPrecision(7));

/**
 * {name: {sha256}}, or {name: {mean, deviation, samples}} for floats, which differ in their last bits between kernels.
 * @param outputs what Model.run resolves to
 * @param infos Model.outputs
 */
export async function probeOutputs(outputs, infos) {
  return Object.fromEntries(await Promise.all(infos.map(async ({ name, dtype }) => {
    if (dtype === 'float16') return [name, summaryOf(Float64Array.from(outputs[name], fromHalf))];
    return [name, isFloat(dtype) ? summaryOf(outputs[name]) : { sha256: await hexDigest(outputs[name]) }];
  })));
}

/** The greatest difference of two summaries of floats, relative to the deviation; 0 or Infinity for digests. */
export function probeDistance(expected, got) {
  if (expected.sha256) return expected.sha256 === got?.sha256 ? 0 : Infinity;
  if (!got?.samples) return Infinity;
  const pairs = [[expected.mean, got.mean], [expected.deviation, got.deviation], ...expected.samples.map((value, i) => [value, got.samples[i]])];
  return Math.max(...pairs.map(([a, b]) => Math.abs(a - b))) / (expected.deviation || 1);
}

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

const rounded = (value) => Number(value.toPrecision(7));
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function momentsOf(values) {
  const mean = meanOf(values);
  return { mean: rounded(mean), deviation: rounded(Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)))) };
}

/** How an output is remembered, from the strictest to the most lenient. */
export const goldenKinds = {
  /** Every byte: what integers compute. */
  digest: async (values, array) => ({ sha256: await hexDigest(array) }),
  /** Mean, deviation and eight values evenly spread: floats, whose last bits differ between kernels. */
  samples: async (values) => ({ ...momentsOf(values), samples: Array.from({ length: 8 }, (_, i) => rounded(values[Math.floor((i * (values.length - 1)) / 7)])) }),
  /** Mean, deviation and the means of eight parts: bytes made of floats, some of which round the other way. */
  parts: async (values) => ({
    ...momentsOf(values),
    parts: Array.from({ length: 8 }, (_, i) => rounded(meanOf(values.subarray(Math.floor(i * values.length / 8), Math.floor((i + 1) * values.length / 8))))),
  }),
};

const remembered = (kind, array, { dtype }) => goldenKinds[kind](Float64Array.from(array, dtype === 'float16' ? fromHalf : Number), array);

/** What an output was, as a golden. @param info of the output in Model.outputs */
export function goldenOf(array, info, isExact = true) {
  return remembered(/^float/.test(info.dtype) ? 'samples' : isExact ? 'digest' : 'parts', array, info);
}

/** How far an output is from its golden: for digests 0 or Infinity, else the greatest difference relative to the deviation. */
export async function goldenDistance(golden, array, info) {
  if (golden.sha256) return (await remembered('digest', array, info)).sha256 === golden.sha256 ? 0 : Infinity;
  const kind = golden.samples ? 'samples' : 'parts', found = await remembered(kind, array, info);
  const pairs = [[golden.mean, found.mean], [golden.deviation, found.deviation], ...golden[kind].map((value, i) => [value, found[kind][i]])];
  return Math.max(...pairs.map(([a, b]) => Math.abs(a - b))) / (golden.deviation || 1);
}

// Reference inputs and outputs made by peers on real pictures, and what it
// means to agree with them. Used in Node and inside a page.

export const typedArrays = {
  float32: Float32Array, float16: Uint16Array, int8: Int8Array, uint8: Uint8Array, int32: Int32Array,
};

/** Models that take the scalar kernels a minute for one picture. */
export const isLarge = ({ model }) => /^fns_/.test(model);

/** Cases of one golden index: inputs by name, outputs in the model's order. */
export async function loadCases(index, readBytes) {
  const cases = [];
  for (const { name, inputs, outputs } of index.cases) {
    const load = async (spec) => {
      const bytes = await readBytes(spec.file);
      return { ...spec, data: new typedArrays[spec.dtype](new Uint8Array(bytes).buffer) };
    };
    cases.push({
      name,
      inputs: await Promise.all(inputs.map(load)),
      outputs: await Promise.all(outputs.map(load)),
    });
  }
  return cases;
}

/** The step between neighbouring values when a float tensor was dequantised from 8 bits, else 0. */
function quantumOf(values) {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  if (distinct.length < 2 || distinct.length > 256 || values.length <= 256) return 0;
  let smallest = Infinity;
  for (let i = 1; i < distinct.length; i++) smallest = Math.min(smallest, distinct[i] - distinct[i - 1]);
  return smallest;
}

const greatestOf = (values) => values.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 0);

/**
 * Integers agree within one quantum, and so do the bits of float16; floats
 * within 1e-3, relative above 1, and 1e-5 of the greatest value (what float32
 * leaves of small values among large ones); floats dequantised at the model's
 * end within one quantum of that.
 * Returns null, or a sentence about the worst element.
 */
export function disagreement(actual, expected) {
  const integer = !(expected instanceof Float32Array);
  const quantum = integer ? 1 : quantumOf(expected) * 1.001;
  if (actual.length !== expected.length) return `${actual.length} elements, expected ${expected.length}`;
  const least = integer ? 0 : 1e-5 * greatestOf(expected);
  let worst = 0, at = -1, over = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    const allowed = quantum || Math.max(least, 1e-3 * Math.max(1, Math.abs(expected[i])));
    const excess = difference / allowed;
    if (!(excess <= 1)) over++;
    if (!(excess <= worst)) { worst = excess; at = i; }
  }
  if (!over) return null;
  return `${over} of ${expected.length} elements are off; worst at ${at}: ${actual[at]}, expected ${expected[at]}`;
}

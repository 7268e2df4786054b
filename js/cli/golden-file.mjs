// Recorded inputs and outputs: a JSON file beside raw little-endian tensors,
//   {"cases": [{"name", "inputs": [{"name", "file", "dtype", "shape"}], "outputs": [the same]}]}
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const arrays = {
  float32: Float32Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array, bool: Uint8Array, int16: Int16Array,
  uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array, float16: Uint16Array,
};

function readTensor(folder, { name, file, dtype }) {
  const bytes = readFileSync(join(folder, file)), type = arrays[dtype];
  if (!type || bytes.length % type.BYTES_PER_ELEMENT) throw new Error(`${file} holds no ${dtype}.`);
  return [name, new type(new Uint8Array(bytes).buffer)];
}

/** [{name, inputs: {name: array}, outputs: {name: array}, dtypes: {name: dtype} of the outputs}] */
export function readGolden(path) {
  let cases;
  try {
    ({ cases } = JSON.parse(readFileSync(path, 'utf8')));
    if (!Array.isArray(cases)) throw new Error('it has no "cases"');
  } catch (error) {
    throw Object.assign(new Error(`${path} is no golden file: ${error.message}`), { hint: '`pincel verify --help` shows the format.' });
  }
  const read = (list) => Object.fromEntries(list.map((entry) => readTensor(dirname(path), entry)));
  return cases.map(({ name, inputs, outputs }) => ({ name, inputs: read(inputs), outputs: read(outputs), dtypes: Object.fromEntries(outputs.map((output) => [output.name, output.dtype])) }));
}

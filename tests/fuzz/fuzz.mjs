// Mutated model files through the JavaScript API: a PincelError that names
// the trouble, or a result, within five seconds and without a trap.
//
// ONNX's node tests, small as they are, a twentieth as often.
//
//   node tests/fuzz/fuzz.mjs [count per model] [seed] [only: zoo, onnx_node or ort_ops]

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { Model, PincelError } from '../../dist/pincel.mjs';
import { mutate } from './mutate.mjs';

const shared = new URL('../../../shared/', import.meta.url);
const limits = { memory: 256 << 20, macs: 4e9 };
const maxMilliseconds = 5000;

/** 'ok', or the error's code; throws when the outcome is not a decent one. */
export async function outcome(bytes) {
  const start = performance.now();
  let model, result = 'ok';
  try {
    model = await Model.load(bytes, { threads: 1, worker: false, limits });
    const arrays = {
      float32: Float32Array, float16: Uint16Array, float64: Float64Array, int8: Int8Array, int16: Int16Array, uint16: Uint16Array,
      int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array,
    };
    const inputs = Object.fromEntries(model.inputs.map(({ name, shape, dtype }) => [name, new (arrays[dtype] ?? Uint8Array)(shape.reduce((a, b) => a * b, 1))]));
    await model.run(inputs);
  } catch (error) {
    if (!(error instanceof PincelError) || error.code === 'internal' || !error.message) throw error;
    result = error.code;
  } finally {
    model?.dispose();
  }
  const took = performance.now() - start;
  if (took > maxMilliseconds) throw new Error(`took ${took.toFixed(0)} ms (${result})`);
  return result;
}

/** Runs `count` mutations of one file; resolves to how often each outcome came. */
export async function fuzzFile(bytes, count, seed) {
  const seen = {};
  for (let i = 0; i < count; i++) {
    try {
      const result = await outcome(mutate(bytes, seed + i));
      seen[result] = (seen[result] ?? 0) + 1;
    } catch (error) {
      throw new Error(`seed ${seed + i}: ${error.message}`, { cause: error });
    }
  }
  return seen;
}

/** {name, url, count} of the files to mutate. */
function files(count, only) {
  const models = readdirSync(new URL('zoo', shared)).filter((name) => /\.(tflite|onnx)$/.test(name));
  const cases = (suite) => readdirSync(new URL(`conformance/${suite}`, shared)).map((name) => `conformance/${suite}/${name}/model.onnx`);
  const groups = { zoo: models.map((name) => `zoo/${name}`), onnx_node: cases('onnx_node'), ort_ops: cases('ort_ops') };
  return Object.entries(groups).filter(([group]) => !only || group === only)
    .flatMap(([group, names]) => names.map((name) => ({ name, url: new URL(name, shared), count: group === 'zoo' ? count : Math.ceil(count / 20) })));
}

if (process.argv[1] && import.meta.url.endsWith(process.argv[1].split('/').pop())) {
  const count = Number(process.argv[2] ?? 800), seed = Number(process.argv[3] ?? 1), total = {};
  if (!existsSync(shared)) {
    console.log('No models to mutate (../shared is absent).');
    process.exit(0);
  }
  for (const { name, url, count: times } of files(count, process.argv[4])) {
    const seen = await fuzzFile(new Uint8Array(readFileSync(url)), times, seed);
    for (const [result, cases] of Object.entries(seen)) total[result] = (total[result] ?? 0) + cases;
    console.log(name, JSON.stringify(seen));
  }
  console.log('all', JSON.stringify(total));
}

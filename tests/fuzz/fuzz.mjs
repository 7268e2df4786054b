// Mutated model files through the JavaScript API: a PincelError that names
// the trouble, or a result, within five seconds and without a trap.
//
//   node tests/fuzz/fuzz.mjs [count per model] [seed]

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { Model, PincelError } from '../../dist/pincel.mjs';
import { mutate } from './mutate.mjs';

const zoo = new URL('../../../shared/zoo/', import.meta.url);
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

if (process.argv[1] && import.meta.url.endsWith(process.argv[1].split('/').pop())) {
  const count = Number(process.argv[2] ?? 800), seed = Number(process.argv[3] ?? 1);
  if (!existsSync(zoo)) {
    console.log('No models to mutate (../shared/zoo is absent).');
    process.exit(0);
  }
  for (const file of readdirSync(zoo).filter((name) => /\.(tflite|onnx)$/.test(name))) {
    console.log(file, JSON.stringify(await fuzzFile(new Uint8Array(readFileSync(new URL(file, zoo))), count, seed)));
  }
}

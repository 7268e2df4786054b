// Small models and what else the tests of the JavaScript side share.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { PincelError } from '../../dist/pincel.mjs';
import { buildModel } from './tflite.mjs';

const shared = new URL('../../../shared/', import.meta.url);
export const zoo = (name) => new URL(`zoo/${name}`, shared);
export const photo = (name) => new URL(`pictures/${name}`, shared);
export const skip = existsSync(shared) ? false : '../shared is absent';

/** The test runner's own assert.rejects, for a PincelError with these fields. */
export async function rejects(promise, code, fields = {}) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof PincelError, `${error?.stack}`);
    assert.equal(error.code, code, error.message);
    assert.equal(error.name, 'PincelError');
    assert.ok(error.message);
    for (const [name, expected] of Object.entries(fields)) assert.match(String(error[name]), expected, name);
    return true;
  });
}

const float = (name, shape) => ({ name, dtype: 'float32', shape });

/** z = x + y, of four floats each. */
export const addition = () => buildModel({
  tensors: [float('x', [4]), float('y', [4]), float('z', [4])],
  inputs: ['x', 'y'], outputs: ['z'], nodes: [{ op: 'ADD', inputs: ['x', 'y'], outputs: ['z'] }],
});

/** y = |x| for any [1, h, w, 3]; the file says 2 by 2. */
export const absolute = () => buildModel({
  tensors: [float('x', [1, 2, 2, 3]), float('y', [1, 2, 2, 3])],
  inputs: ['x'], outputs: ['y'], nodes: [{ op: 'ABS', inputs: ['x'], outputs: ['y'] }],
});

/** y = -x of a million floats, over and over: takes a while, in many steps. */
export function lengthy(steps = 201) {
  const names = Array.from({ length: steps + 1 }, (_, i) => `t${i}`);
  return buildModel({
    tensors: names.map((name) => float(name, [1, 1024, 1024])), inputs: ['t0'], outputs: [names.at(-1)],
    nodes: names.slice(1).map((name, i) => ({ op: 'COS', inputs: [names[i]], outputs: [name] })),
  });
}

/** The identity of one tensor of a dtype: a reshape to its own shape. */
export const identity = (dtype, quantization) => buildModel({
  tensors: [{ name: 'x', dtype, shape: [1, 6], quantization }, { name: 'y', dtype, shape: [2, 3], quantization }, { name: 'shape', dtype: 'int32', shape: [2], data: Int32Array.of(2, 3) }],
  inputs: ['x'], outputs: ['y'], nodes: [{ op: 'RESHAPE', inputs: ['x', 'shape'], outputs: ['y'], options: { newShape: [2, 3] } }],
});

// ONNX's node tests and onnxruntime's operator cases. Inputs that decide
// shapes (the shape of Reshape, the axes of Squeeze) are inputs of the model
// there; what shapes depend on has to be known at load time here, so such
// inputs are made initialisers when the importer asks for it.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Model, PincelError } from '../../dist/pincel.mjs';
import { compare } from './compare.mjs';
import { readCases, readTensor, realsOf, withConstant } from './onnx_case.mjs';

const shared = fileURLToPath(new URL('../../../shared/conformance/', import.meta.url));

/** Cases that onnxruntime fails too, and why. */
const excluded = {
  test_resize_downsample_scales_cubic_align_corners:
    'expects corners aligned to a size of 3.2 pixels (4 * 0.8), where the output has 3',
};

/** Loads; inputs whose data shapes depend on become constants. */
async function load({ model, inputs }, names) {
  let bytes = model;
  for (;;) {
    try {
      return await Model.load(bytes, { threads: 1, worker: false });
    } catch (error) {
      if (!(error instanceof PincelError)) throw error;
      const wanted = /'([^']*)' is not constant/.exec(error.message)?.[1], index = names.indexOf(wanted);
      if (index < 0) throw error;
      bytes = withConstant(bytes, wanted, inputs[index]);
    }
  }
}

async function check(testCase) {
  const { inputs: all } = await Model.inspect(testCase.model);
  const names = all.map(({ name }) => name);
  const model = await load(testCase, names);
  const given = Object.fromEntries(testCase.inputs.map((body, i) => [names[i], readTensor(body).data]));
  const wanted = Object.fromEntries(model.inputs.map(({ name }) => [name, given[name]]));
  const results = await model.run(wanted);
  for (const [i, { name, dtype, shape }] of model.outputs.entries()) {
    const expected = testCase.outputs[i];
    assert.equal(dtype, expected.dtype, name);
    assert.deepEqual(shape, expected.shape, name);
    const isReal = /^float/.test(dtype), tolerance = dtype === 'float16' ? 2e-3 : 1e-3;
    const spec = { dtype: isReal ? 'float32' : dtype };
    const { sentence } = compare(spec, realsOf({ dtype, data: results[name] }), realsOf(expected), tolerance);
    assert.equal(sentence, null, name);
  }
  model.dispose();
}

for (const suite of ['onnx_node', 'ort_ops']) {
  const cases = readCases(shared + suite);
  if (!cases.length) test(`${suite}`, { skip: '../shared is absent' }, () => {});
  for (const testCase of cases) test(`${suite} ${testCase.name}`, { skip: excluded[testCase.name] }, () => check(testCase));
}

// ONNX's node tests and onnxruntime's operator cases. Inputs that decide
// shapes (the shape of Reshape, the axes of Squeeze) are inputs of the model
// there; what shapes depend on has to be known at load time here, so such
// inputs are made initialisers when the importer asks for it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Model, PincelError } from '../../dist/pincel.mjs';
import { compare } from './compare.mjs';
import { readCases, readTensor, realsOf, withConstant } from './onnx_case.mjs';

const shared = fileURLToPath(new URL('../../../shared/conformance/', import.meta.url));

/** Cases that onnxruntime fails too, and why. They have to go on failing here, or be struck off the list. */
const excluded = JSON.parse(readFileSync(new URL('onnx-excluded.json', import.meta.url)));

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

for (const [suite, count] of [['onnx_node', 352], ['ort_ops', 28]]) {
  const cases = readCases(shared + suite);
  if (!cases.length) test(`${suite}`, { skip: '../shared is absent' }, () => {});
  else test(`${suite}: none is left out`, () => assert.equal(cases.length, count));
  for (const testCase of cases) {
    const reason = excluded[testCase.name];
    if (reason) test(`${suite} ${testCase.name} fails: ${reason}`, () => assert.rejects(check(testCase), { code: 'ERR_ASSERTION' }));
    else test(`${suite} ${testCase.name}`, () => check(testCase));
  }
}

// Files that are malformed, hostile or beyond the engine: a PincelError that
// says what is wrong, never a trap; or, where a change does no harm, a result.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model, PincelError } from '../../dist/pincel.mjs';
import { cases } from '../conformance/cases.mjs';
import { realise } from '../conformance/describe.mjs';
import { outcome } from '../fuzz/fuzz.mjs';
import { SAME, activations, buildModel, optionNames } from './tflite.mjs';

const options = { threads: 1, worker: false };

/** A convolution with weights of eight bits, and an addition: has every part that a file can have. */
function description() {
  const quantised = (scale, zeroPoint = 0) => ({ scale: [scale], zeroPoint: [zeroPoint] });
  return {
    tensors: [
      { name: 'x', dtype: 'uint8', shape: [1, 4, 4, 2], quantization: quantised(0.1, 128) },
      { name: 'weights', dtype: 'int8', shape: [2, 1, 1, 2], data: Int8Array.of(1, 2, 3, -4),
        quantization: { scale: [0.01, 0.02], zeroPoint: [0, 0], axis: 0 } },
      { name: 'bias', dtype: 'int32', shape: [2], data: Int32Array.of(10, -10), quantization: { scale: [0.001, 0.002], zeroPoint: [0, 0], axis: 0 } },
      { name: 'middle', dtype: 'uint8', shape: [1, 4, 4, 2], quantization: quantised(0.1, 128) },
      { name: 'y', dtype: 'uint8', shape: [1, 4, 4, 2], quantization: quantised(0.2, 128) },
    ],
    inputs: ['x'], outputs: ['y'],
    nodes: [
      { op: 'CONV_2D', version: 3, inputs: ['x', 'weights', 'bias'], outputs: ['middle'], options: { padding: SAME, strideW: 1, strideH: 1 } },
      { op: 'ADD', version: 2, inputs: ['middle', 'x'], outputs: ['y'], options: {} },
    ],
  };
}

/** The model with one change made to its description. */
function changed(change) {
  const result = description();
  change(result, Object.fromEntries(result.tensors.map((tensor) => [tensor.name, tensor])));
  return buildModel(result);
}

async function errorOf(bytes) {
  try {
    (await Model.load(bytes, options)).dispose();
  } catch (error) {
    assert.ok(error instanceof PincelError, String(error?.stack));
    return error;
  }
  return assert.fail('the model was accepted');
}

function refuses(what, change, code, words) {
  test(`refuses ${what}`, async () => {
    const error = await errorOf(changed(change));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
  });
}

test('the model that the others are made from is a good one', async () => {
  const model = await Model.load(buildModel(description()), options);
  const { y } = await model.run(new Uint8Array(32).fill(138)); // 1 everywhere
  model.dispose();
  // weights [[0.01, 0.02], [0.06, -0.08]], bias [0.01, -0.02]: middle 0.04 and -0.04, in tenths 0; plus 1, in fifths 5
  assert.deepEqual(y, new Uint8Array(32).fill(133));
});

// --- Damage -----------------------------------------------------------------

test('survives being cut short anywhere', async () => {
  const bytes = buildModel(description());
  for (let length = 0; length < bytes.length; length++) await outcome(bytes.slice(0, length));
});

for (const mask of [0xff, 0x01, 0x80]) {
  test(`survives every byte changed by ${mask.toString(16)}`, async (context) => {
    const bytes = buildModel(description()), seen = {};
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] ^= mask;
      const result = await outcome(bytes).catch((error) => { throw new Error(`byte ${at}: ${error.message}`, { cause: error }); });
      seen[result] = (seen[result] ?? 0) + 1;
      bytes[at] ^= mask;
    }
    context.diagnostic(JSON.stringify(seen));
    assert.ok(seen.ok > 0 && seen.format > 0);
  });
}

// --- The file as a whole ------------------------------------------------------

test('refuses what is no .tflite file', async () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(3), new Uint8Array(4096), new TextEncoder().encode('<!doctype html><title>Not found</title>')]) {
    assert.equal((await errorOf(bytes)).code, 'format');
  }
});
refuses('another identifier', (model) => { model.identifier = 'TFL2'; }, 'format', /TFL3/);
refuses('another schema version', (model) => { model.schemaVersion = 4; }, 'unsupported', /schema version 4/);

// --- Tensors ------------------------------------------------------------------

for (const dtype of ['string', 'complex64', 'int4', 77]) {
  refuses(`tensors of type ${dtype}`, (model, { x }) => { x.dtype = dtype; }, 'unsupported', /data type/);
}
refuses('rank 9', (model, { x }) => { x.shape = Array(9).fill(1); }, 'unsupported', /rank 9/);
refuses('negative sizes', (model, { x }) => { x.shape = [1, -4, 4, 2]; }, 'limit', /too large/);
refuses('sizes whose product overflows', (model, { x }) => { x.shape = [65536, 65536, 65536, 65536]; }, 'limit', /too large/);
refuses('more memory than the limit', (model, { x }) => { x.shape = [1, 32768, 32768, 2]; }, 'limit', /./);
refuses('variables', (model, { x }) => { x.isVariable = true; }, 'unsupported', /variable/);
refuses('data that is too short', (model, { weights }) => { weights.data = Int8Array.of(1, 2, 3); }, 'format', /'weights' holds 3 bytes where its shape needs 4/);
refuses('data that is too long', (model, { weights }) => { weights.data = new Int8Array(5); }, 'format', /holds 5 bytes/);
refuses('a buffer that does not exist', (model, { weights }) => { weights.buffer = 99; }, 'format', /buffer/);
refuses('a buffer of negative number', (model, { weights }) => { weights.buffer = -1; }, 'format', /buffer/);

const badScales = { zero: 0, negative: -0.1, 'not a number': NaN, infinite: Infinity };
for (const [word, scale] of Object.entries(badScales)) {
  refuses(`a scale that is ${word}`, (model, { x }) => { x.quantization.scale = [scale]; }, 'format', /'x' has a scale/);
}
refuses('two scales without an axis of two', (model, { x }) => { x.quantization = { scale: [1, 1], zeroPoint: [0, 0], axis: 1 }; }, 'format', /2 scales do not match/);
refuses('an axis out of range', (model, { weights }) => { weights.quantization.axis = 7; }, 'format', /scales do not match/);
refuses('scales and zero points that differ in number', (model, { weights }) => { weights.quantization.zeroPoint = [0]; }, 'format', /differ in number/);
refuses('a zero point out of its type', (model, { x }) => { x.quantization.zeroPoint = [256]; }, 'type', /zero point 256/);
refuses('a zero point out of 16 bits', (model, { x }) => { x.quantization.zeroPoint = [70000]; }, 'format', /zero point/);
refuses('several scales on an activation', (model, { x }) => { x.quantization = { scale: [1, 1], zeroPoint: [0, 0], axis: 3 }; }, 'type', /per tensor/);

// --- Nodes --------------------------------------------------------------------

refuses('a tensor number beyond the last', (model) => { model.nodes[0].inputs[1] = 99; }, 'format', /tensor number/);
refuses('a negative tensor number', (model) => { model.nodes[0].inputs[1] = -2; }, 'format', /tensor number/);
refuses('an output left out', (model) => { model.nodes[0].outputs = [null]; }, 'format', /tensor number/);
refuses('a model input beyond the last tensor', (model) => { model.inputs = [99]; }, 'format', /tensor number/);
refuses('a model output beyond the last tensor', (model) => { model.outputs = [99]; }, 'format', /tensor number/);
refuses('a node without outputs', (model) => { model.nodes[1].outputs = []; }, 'format', /without outputs/);
refuses('an operator number beyond the last', (model) => { model.nodes[1].opcode = 9; }, 'format', /operator number/);
refuses('nodes out of order', (model) => { model.nodes.reverse(); }, 'format', /reads 'middle' before it is computed/);
refuses('a circle', (model) => { model.nodes[0].inputs[0] = 'y'; }, 'format', /reads 'y' before it is computed/);
refuses('a node that reads its own output', (model) => { model.nodes[1].inputs[1] = 'y'; }, 'format', /before it is computed/);
refuses('a tensor written twice', (model) => { model.nodes[0].outputs = ['y']; model.nodes[1].inputs = ['x', 'x']; }, 'format', /writes 'y', which has data already/);
refuses('an output listed twice by its node', (model) => { model.nodes[1].outputs = ['y', 'y']; }, 'format', /has data already/);
refuses('a node that writes a constant', (model) => { model.nodes[0].outputs = ['bias']; }, 'format', /writes 'bias'/);
refuses('a node that writes an input', (model) => { model.nodes[1].outputs = ['x']; }, 'format', /writes 'x'/);
refuses('an input that is constant', (model) => { model.inputs = ['x', 'bias']; }, 'format', /constant or listed twice/);
refuses('an input listed twice', (model) => { model.inputs = ['x', 'x']; }, 'format', /constant or listed twice/);
refuses('an output that nobody computes', (model) => { model.tensors.push({ name: 'z', dtype: 'float32', shape: [1] }); model.outputs = ['z']; }, 'format', /'z' is never computed/);
refuses('an input that is missing', (model) => { model.nodes[0].inputs[0] = null; }, 'format', /input 0 is missing/);
refuses('too few inputs', (model) => { model.nodes[1].inputs = ['x']; }, 'format', /1 inputs/);
refuses('too many inputs', (model) => { model.nodes[1].inputs = ['x', 'x', 'x']; }, 'format', /3 inputs/);
refuses('weights that are computed', (model, { weights }) => { weights.data = undefined; model.inputs.push('weights'); }, 'unsupported', /not constant/);
refuses('a stride of 0', (model) => { model.nodes[0].options.strideW = 0; }, 'shape', /stride 0/);
refuses('a fused activation that is not supported', (model) => { model.nodes[0].options.activation = activations.TANH; }, 'unsupported', /activation/);
refuses('types that do not fit together', (model, { y }) => { y.dtype = 'float32'; }, 'type', /'y' is float32/);
refuses('shapes that do not fit together', (model, { x }) => { x.shape = [1, 4, 4, 3]; }, 'shape', /CONV_2D 'middle'/);

test('an output listed twice by the model is given once by name', async () => {
  const model = await Model.load(changed((one) => { one.outputs = ['y', 'y']; }), options);
  const results = await model.run(new Uint8Array(32).fill(138));
  model.dispose();
  assert.deepEqual(results, { y: new Uint8Array(32).fill(133) });
});

test('all unsupported operators are named at once, with their nodes', async () => {
  const bytes = changed((model) => {
    for (const [i, node] of [{ op: 'LSTM' }, { op: 'CUSTOM', customCode: 'TFLite_Detection_PostProcess' }, { op: 'CONV_2D', version: 99 }, { op: 155 }, { op: 4000 }].entries()) {
      model.tensors.push({ name: `odd${i}`, dtype: 'float32', shape: [1] });
      model.nodes.push({ inputs: ['x'], outputs: [`odd${i}`], ...node });
    }
  });
  const error = await errorOf(bytes);
  assert.equal(error.code, 'unsupported');
  assert.match(error.message, /5 nodes/);
  for (const words of [/LSTM.*'odd0'/, /TFLite_Detection_PostProcess.*'odd1'/, /CONV_2D v99.*'odd2'/, /UNSORTED_SEGMENT_SUM.*'odd3'/, /unknown operator.*'odd4'/]) {
    assert.match(error.message, words);
  }
  const { supported, nodes } = await Model.inspect(bytes);
  assert.equal(supported, false);
  assert.deepEqual(nodes.map((node) => node.supported), [true, true, false, false, false, false, false]);
});

// --- Every operator's options and constants, driven to extremes ------------------

const extremes = [-2147483648, -1, 0, 255, 2147483647];

/** The smallest case of each operator. */
function smallestCases() {
  const smallest = new Map();
  for (const one of cases) {
    const elements = (description) => Math.max(...description.tensors.map(({ shape }) => shape.reduce((a, b) => a * b, 1)));
    const known = smallest.get(one.op);
    if (!known || elements(one) < elements(known)) smallest.set(one.op, one);
  }
  return smallest;
}

async function survives(what, bytes) {
  await outcome(bytes).catch((error) => { throw new Error(`${what}: ${error.message}`, { cause: error }); });
}

for (const [op, description] of smallestCases()) {
  test(`survives extreme options and constants of ${op}`, async () => {
    for (const name of optionNames(op)) {
      for (const value of extremes) {
        const node = description.nodes[0], given = name === 'newShape' || name === 'squeezeDims' ? [value, 3] : value;
        const nodes = [{ ...node, options: { ...node.options, [name]: given } }, ...description.nodes.slice(1)];
        await survives(`${name} = ${value}`, realise({ ...description, nodes }).bytes);
      }
    }
    for (const tensor of description.tensors.filter(({ constant, values }) => constant && values)) {
      for (const [i] of tensor.values.entries()) {
        for (const value of extremes) {
          const tensors = description.tensors.map((one) => (one === tensor ? { ...one, values: one.values.map((v, k) => (k === i ? value : v)) } : one));
          await survives(`${tensor.name}[${i}] = ${value}`, realise({ ...description, tensors }).bytes);
        }
      }
    }
  });
}

test('survives every operator with every input replaced by the first, or left out', async () => {
  for (const [op, description] of smallestCases()) {
    for (const [i] of description.nodes[0].inputs.entries()) {
      for (const name of [description.nodes[0].inputs[0], null]) {
        const inputs = description.nodes[0].inputs.map((input, k) => (k === i ? name : input));
        await survives(`${op} input ${i}`, realise({ ...description, nodes: [{ ...description.nodes[0], inputs }, ...description.nodes.slice(1)] }).bytes);
      }
    }
  }
});

test('survives every operator on tensors of another type or rank', async () => {
  for (const [op, description] of smallestCases()) {
    for (const [i, tensor] of description.tensors.entries()) {
      for (const change of [{ dtype: 'float32' }, { dtype: 'int8' }, { dtype: 'bool' }, { dtype: 'int64' }, { shape: [] }, { shape: [0, ...tensor.shape.slice(1)] }, { shape: [1, 1, 1, 1, 1, 1, 1, 1] }, { quantization: undefined }]) {
        const tensors = description.tensors.map((one, k) => (k === i ? { ...one, values: one.values?.map(Math.trunc), ...change } : one));
        await survives(`${op}, ${tensor.name} ${JSON.stringify(change)}`, realise({ ...description, tensors }).bytes);
      }
    }
  }
});

// Every operator in every type, against what LiteRT.js computed (record.mjs),
// on every instruction set; integers bit-identical between those.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model, features } from '../../dist/pincel.mjs';
import { cases } from './cases.mjs';
import { compare } from './compare.mjs';
import { realise } from './describe.mjs';
import { expectedOf } from './expected.mjs';

const variants = ['scalar', 'simd128', ...(features().relaxed ? ['relaxed'] : [])];

/**
 * Where TFLite's older kernels round twice, and the engine once: the share of
 * quantised elements that may be one off. Those of all other operators are
 * the same, bit for bit.
 */
const roundedTwice = {
  QUANTIZE: 0.04, // between int8 and uint8
  L2_NORMALIZATION: 0.02, BATCH_MATMUL: 0.01, CONCATENATION: 0.01, PRELU: 0.01, SQUARED_DIFFERENCE: 0.01,
  DEPTHWISE_CONV_2D: 0.001, // without a bias
};

/** How far LiteRT's own rounding of activations to int8 may take its result, as a share of the largest. */
const hybridShare = 0.03;

async function outputsOf(bytes, inputs, simd) {
  const model = await Model.load(bytes, { simd, threads: 1, worker: false });
  try {
    const results = await model.run(inputs);
    return model.outputs.map(({ name }) => results[name]);
  } finally {
    model.dispose();
  }
}

/** Compares one case with everything it must agree with; returns how many quantised elements differ at all. */
async function check(description) {
  const real = realise(description);
  const recorded = expectedOf(description.name, real).outputs; // undefined where LiteRT refuses
  const reference = description.reference?.(real);
  let first, differing = 0, quantised = 0;
  for (const simd of variants) {
    const actual = await outputsOf(real.bytes, real.inputs, simd);
    real.outputs.forEach((spec, i) => {
      const where = `${simd}, output ${i}`;
      const { sentence, differing: here, elements } = compare(spec, actual[i], (reference ?? recorded)[i]);
      assert.equal(sentence, null, where);
      if (description.tolerance === 'hybrid') {
        const largest = Math.max(...recorded[i].map(Math.abs), 1);
        assert.equal(compare(spec, actual[i], recorded[i], hybridShare * largest).sentence, null, `${where}, beside LiteRT`);
      }
      if (first && spec.dtype !== 'float32') assert.deepEqual(actual[i], first[i], `${where} differs from ${variants[0]}`);
      if (!first && spec.quantization) { differing += here; quantised += elements; }
    });
    first ??= actual;
  }
  return { differing, quantised };
}

for (const op of new Set(cases.map((description) => description.op))) {
  test(`conformance of ${op}`, async (context) => {
    let differing = 0, quantised = 0;
    for (const description of cases.filter((one) => one.op === op)) {
      await context.test(description.name, async () => {
        const counts = await check(description);
        differing += counts.differing;
        quantised += counts.quantised;
      });
    }
    if (differing) context.diagnostic(`${differing} of ${quantised} quantised elements differ by one from LiteRT`);
    assert.ok(differing <= (roundedTwice[op] ?? 0) * quantised, `${differing} of ${quantised} quantised elements differ`);
  });
}

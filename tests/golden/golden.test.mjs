// Every golden on every instruction set and thread count, in Node: within the
// tolerances, and integers bit-identical between all of them.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Model, features } from '../../dist/pincel.mjs';
import { disagreement, isLarge, loadCases } from './goldens.mjs';

const shared = new URL('../../../shared/', import.meta.url);
const present = existsSync(new URL('goldens', shared));
const skip = present ? false : '../shared is absent';

const variants = ['scalar', 'simd128', 'relaxed'].flatMap((simd) => [1, 2].map((threads) => ({ simd, threads })));

function available({ simd }) {
  return simd !== 'relaxed' || features().relaxed;
}

const names = present ? readdirSync(new URL('goldens', shared)) : ['(none)'];
for (const name of names) {
  const index = present && JSON.parse(readFileSync(new URL(`goldens/${name}/index.json`, shared)));
  test(`golden ${name}`, { skip }, async (context) => {
    const cases = await loadCases(index, (file) => readFileSync(new URL(`goldens/${name}/${file}`, shared)));
    const first = new Map(); // case → outputs of the first variant
    for (const variant of variants) {
      if (variant.simd === 'scalar' && isLarge(index)) continue;
      if (!available(variant)) {
        context.diagnostic(`${variant.simd} is not available in this Node`);
        continue;
      }
      const model = await Model.load(readFileSync(new URL(`zoo/${index.model}`, shared)), { ...variant, worker: false });
      const label = `${variant.simd}, ${variant.threads} threads`;
      assert.equal(model.info.threads, variant.threads, label);
      for (const { name: caseName, inputs, outputs } of cases) {
        const result = await model.run(Object.fromEntries(model.inputs.map((input, i) => [input.name, inputs[i].data])));
        model.outputs.forEach((output, i) => {
          const actual = result[output.name];
          assert.equal(disagreement(actual, outputs[i].data), null, `${caseName}, ${label}, ${output.name}`);
          const key = `${caseName} ${i}`;
          const integerInside = /int8|uint8|ptq/.test(name);
          if (!first.has(key)) first.set(key, actual);
          else if (integerInside) assert.deepEqual(actual, first.get(key), `${key} differs on ${label}`);
        });
      }
      model.dispose();
    }
  });
}

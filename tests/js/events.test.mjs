// What a page is told of loads and runs, for statistics of its own.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { Model, PincelError, events, features } from '../../dist/pincel.mjs';
import { PincelError as SourceError, errorIndex } from '../../js/errors.mjs';
import { readFileSync } from 'node:fs';
import { addition, lengthy, rejects } from './samples.mjs';

const collect = (target, ...types) => {
  const seen = [];
  for (const type of types) target.addEventListener(type, ({ type: is, detail }) => seen.push([is, detail]));
  return seen;
};
const inputs = () => ({ x: new Float32Array(4), y: new Float32Array(4) });

for (const worker of [false, true]) {
  test(`loads and runs are told, ${worker ? 'in a worker' : 'here'}`, async () => {
    const all = collect(events, 'load', 'run', 'error'), file = new Blob([addition()]), bytes = file.size;
    Object.defineProperty(file, 'name', { value: 'sum.tflite' });
    const model = await Model.load(file, { threads: 1, worker, version: '3' });
    assert.deepEqual([model.name, model.version], ['sum.tflite', '3']);
    const own = collect(model, 'run', 'error');
    await Promise.all([model.run(inputs()), model.run(inputs())]);
    const simd = features().relaxed ? 'relaxed' : 'simd128', { macs } = model.info;
    assert.equal(own.length, 2);
    for (const [type, detail] of own) {
      const { ms, queueMs, ...rest } = detail;
      assert.deepEqual([type, rest], ['run', { what: 'run', name: 'sum.tflite', version: '3', threads: 1, simd, macs }]);
      assert.ok(ms >= 0 && queueMs >= 0);
    }
    if (worker) assert.ok(own[1][1].queueMs > 0, 'the second has waited for the first');
    const [loadType, { what, ms, bytes: size }] = all[0];
    assert.deepEqual([loadType, what, size], ['load', 'load', bytes]);
    assert.ok(ms > 0);
    assert.deepEqual(all.slice(1), own);
    for (const name of ['pincel:load sum.tflite', 'pincel:run sum.tflite']) {
      const entries = performance.getEntriesByName(name, 'measure');
      assert.equal(entries.length, 1, 'only the last one stays');
      assert.equal(entries[0].detail.version, '3');
      assert.ok(entries[0].duration >= 0);
    }
    await rejects(model.run({ x: new Float32Array(3), y: new Float32Array(4) }), 'shape');
    assert.deepEqual([own[2][0], own[2][1].what, own[2][1].error.code], ['error', 'run', 'shape']);
    assert.ok(own[2][1].error instanceof PincelError);
    model.dispose();
  });
}

test('a load that fails and a run that is cancelled are told', async () => {
  const all = collect(events, 'error');
  await rejects(Model.load('/nowhere/at all.tflite?x', { threads: 1 }), 'fetch');
  assert.deepEqual([all[0][1].what, all[0][1].error.code], ['load', 'fetch']);
  const model = await Model.load(lengthy(40), { threads: 1 });
  await rejects(model.run(new Float32Array(1 << 20), { signal: AbortSignal.timeout(10) }), 'abort');
  await model.run(new Float32Array(1 << 20)); // behind what was cancelled
  assert.deepEqual([all[1][1].what, all[1][1].error.code, all[1][1].name], ['run', 'abort', '']);
  model.dispose();
});

test('every code is in the index, the types and has a hint', () => {
  const types = readFileSync(new URL('../../js/pincel.d.ts', import.meta.url), 'utf8');
  const declared = [...types.slice(types.indexOf('type ErrorCode'), types.indexOf('class PincelError')).matchAll(/\| '(\w+)'/g)].map(([, code]) => code);
  const index = errorIndex();
  assert.deepEqual(index.map(({ code }) => code).sort(), declared.sort());
  for (const { code, meaning, hints } of index) {
    assert.ok(meaning, code);
    if (code !== 'abort') assert.equal(new SourceError(code, 'x').hint, hints[0], code);
  }
  assert.ok(index.find(({ code }) => code === 'fetch').hints.length > 5);
});

// 50 loads and 1000 runs leave memory flat.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Model } from '../../dist/pincel.mjs';

const file = new URL('../../../shared/zoo/vww_96_int8.tflite', import.meta.url);
const skip = existsSync(file) ? false : '../shared is absent';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** Everything the process holds that a page would call a leak, in bytes. */
async function held() {
  for (let i = 0; i < 5; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

for (const threads of [1, 2]) {
  test(`50 loads leave memory flat, ${threads} threads`, { skip }, async () => {
    const bytes = readFileSync(file);
    const load = async () => {
      const model = await Model.load(bytes, { threads, worker: false });
      await model.run(new Int8Array(96 * 96 * 3));
      model.dispose();
    };
    for (let i = 0; i < 10; i++) await load();
    const before = await held();
    for (let i = 0; i < 50; i++) await load();
    const grown = (await held()) - before;
    assert.ok(grown < 4 << 20, `${grown} bytes more after 50 loads`);
  });
}

test('1000 runs leave memory flat', { skip }, async () => {
  const model = await Model.load(readFileSync(file), { threads: 1, worker: false });
  const input = new Int8Array(96 * 96 * 3);
  for (let i = 0; i < 50; i++) await model.run(input);
  const before = await held();
  for (let i = 0; i < 1000; i++) await model.run(input);
  const grown = (await held()) - before;
  model.dispose();
  assert.ok(grown < 1 << 20, `${grown} bytes more after 1000 runs`);
});

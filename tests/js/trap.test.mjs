// An engine that traps: the model is lost with an error that says so, and no
// other. The real one is not known to, so one is made up here.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import binaryen from 'binaryen';
import { Model } from '../../dist/pincel.mjs';
import { addition, rejects } from './samples.mjs';

/** Opens and prepares anything as a model without inputs and outputs, and traps when it runs. */
const engine = `(module
  (memory (export "memory") 32)
  (global $end (mut i32) (i32.const 65536))
  (func (export "malloc") (param i32) (result i32)
    (global.set $end (i32.add (global.get $end) (i32.and (i32.add (local.get 0) (i32.const 15)) (i32.const -16))))
    (i32.sub (global.get $end) (i32.and (i32.add (local.get 0) (i32.const 15)) (i32.const -16))))
  (func (export "free") (param i32))
  (func (export "pcl_model_open") (param i32 i32 i32 i32 i32) (result i32) (i32.store (local.get 0) (i32.const 64)) (i32.const 0))
  (func (export "pcl_model_prepare") (param i32 i32) (result i32) (i32.const 0))
  (func (export "pcl_model_input_count") (param i32) (result i32) (i32.const 0))
  (func (export "pcl_model_output_count") (param i32) (result i32) (i32.const 0))
  (func (export "pcl_model_get_info") (param i32) (result i32) (i32.const 1024))
  (func (export "pcl_model_norms") (param i32) (result i32) (i32.const 2048))
  (func (export "pcl_model_run") (param i32 i32) (result i32) unreachable)
  (func (export "pcl_model_close") (param i32)))`;

let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pincel-'));
  writeFileSync(join(folder, 'pincel-simd128.wasm'), binaryen.parseText(engine).emitBinary());
});
after(() => rmSync(folder, { recursive: true }));

for (const worker of [false, true]) {
  test(`a trap ends one model only, ${worker ? 'in a worker' : 'here'}`, async () => {
    const [healthy, other] = [await Model.load(addition(), { threads: 1, worker }), await Model.load(addition(), { threads: 1, worker })];
    const failing = await Model.load(addition(), { threads: 1, simd: 'simd128', worker, assetBase: folder });
    await rejects(failing.run({}), 'internal', { message: /unreachable/, hint: /report/ });
    await rejects(failing.run({}), 'internal', { message: /unreachable/ });
    await rejects(failing.reshape({}), 'internal');
    failing.dispose();
    await rejects(failing.run({}), 'disposed');
    const x = Float32Array.of(1, 2, 3, 4);
    for (const model of [healthy, other]) {
      assert.deepEqual((await model.run({ x, y: x })).z, Float32Array.of(2, 4, 6, 8));
      model.dispose();
    }
  });
}

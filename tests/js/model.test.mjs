// Model: describing, running, queueing, cancelling, disposing; here and in a
// worker, with one thread and two.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model, PincelError, features } from '../../dist/pincel.mjs';
import { absolute, addition, identity, lengthy, rejects } from './samples.mjs';

const places = [
  { threads: 1, worker: false }, { threads: 2, worker: false }, { threads: 1, worker: true }, { threads: 2, worker: true },
];

async function withModel(bytes, options, action) {
  const model = await Model.load(bytes, options);
  try {
    return await action(model);
  } finally {
    model.dispose();
  }
}

for (const place of places) {
  const where = `${place.worker ? 'in a worker' : 'here'}, ${place.threads} threads`;

  test(`runs ${where}`, () => withModel(addition(), place, async (model) => {
    assert.deepEqual(model.inputs, [{ name: 'x', shape: [4], dtype: 'float32' }, { name: 'y', shape: [4], dtype: 'float32' }]);
    assert.deepEqual(model.outputs, [{ name: 'z', shape: [4], dtype: 'float32' }]);
    assert.equal(model.info.threads, place.threads);
    assert.equal(model.info.ops, 1);
    const x = Float32Array.of(1, 2, 3, 4), y = Float32Array.of(10, 20, 30, 40);
    const { z } = await model.run({ x, y });
    assert.deepEqual(z, Float32Array.of(11, 22, 33, 44));
    assert.deepEqual(x, Float32Array.of(1, 2, 3, 4), 'the input is as it was');
    const again = await model.run({ x, y });
    assert.notEqual(again.z.buffer, z.buffer, 'outputs are fresh');
  }));

  test(`inputs are read during the call, ${where}`, () => withModel(absolute(), place, async (model) => {
    const input = new Float32Array(12), outputs = [];
    for (let i = 1; i <= 5; i++) outputs.push(model.run(input.fill(-i)));
    input.fill(0);
    assert.deepEqual((await Promise.all(outputs)).map(({ y }) => y[11]), [1, 2, 3, 4, 5]);
  }));

  test(`a part of a larger buffer, shared memory and Node's Buffer are fine inputs, ${where}`, () => withModel(absolute(), place, async (model) => {
    const whole = new Float32Array(20).map((_, i) => -i);
    assert.deepEqual((await model.run(whole.subarray(3, 15))).y, whole.slice(3, 15).map(Math.abs));
    const shared = new Float32Array(new SharedArrayBuffer(48)).fill(-7);
    assert.deepEqual((await model.run(shared)).y, new Float32Array(12).fill(7));
    await withModel(identity('uint8'), place, async (bytes) => {
      const buffer = Buffer.from([1, 2, 3, 4, 5, 6]);
      assert.deepEqual((await bytes.run(buffer)).y, Uint8Array.of(1, 2, 3, 4, 5, 6));
      assert.deepEqual([...buffer], [1, 2, 3, 4, 5, 6]);
      assert.deepEqual((await bytes.run(Uint8ClampedArray.of(6, 5, 4, 3, 2, 1))).y, Uint8Array.of(6, 5, 4, 3, 2, 1));
    });
  }));

  test(`wrong inputs are named, ${where}`, () => withModel(addition(), place, async (model) => {
    const x = new Float32Array(4), y = x;
    await rejects(model.run(x), 'argument', { expected: /x, y/ });
    await rejects(model.run({ x }), 'argument', { message: /'y' is missing/, tensor: /^y$/, expected: /x, y/, got: /^x$/ });
    await rejects(model.run({ x, y: null }), 'argument', { message: /'y' is missing/ });
    await rejects(model.run(), 'argument', { message: /missing/ });
    await rejects(model.run({ x, y, w: x }), 'argument', { message: /no input 'w'/ });
    await rejects(model.run({ x, y: new Float64Array(4) }), 'type', { tensor: /^y$/, expected: /Float32Array of 4/, got: /Float64Array/ });
    await rejects(model.run({ x, y: [1, 2, 3, 4] }), 'type', { got: /Array/ });
    await rejects(model.run({ x, y: new DataView(new ArrayBuffer(16)) }), 'type', { got: /DataView/ });
    await rejects(model.run({ x, y: new Float32Array(5) }), 'shape', { tensor: /^y$/, expected: /4/, got: /5/ });
    if (place.worker) await rejects(model.run({ x, y: () => 1 }), 'type');
    assert.deepEqual((await model.run({ x, y })).z, new Float32Array(4), 'the model still works');
  }));

  test(`cancelling between steps, ${where}`, () => withModel(lengthy(), place, async (model) => {
    const input = new Float32Array(1 << 20);
    await rejects(model.run(input, { signal: AbortSignal.abort() }), 'abort');
    const controller = new AbortController(), seen = [];
    const running = model.run(input, {
      signal: controller.signal,
      onProgress: ({ stage, loaded, total }) => {
        seen.push(loaded);
        assert.equal(stage, 'run');
        assert.equal(total, model.info.steps);
        controller.abort(new Error('enough'));
      },
    });
    const waiting = model.run(input, { signal: controller.signal });
    const other = model.run(input);
    await rejects(running, 'abort', { cause: /enough/ });
    await rejects(waiting, 'abort');
    assert.ok(seen.length >= 1 && seen[0] < model.info.steps, `${seen}`);
    const { t201 } = await other;
    assert.ok(Math.abs(t201[0] - 0.739085) < 1e-4, 'the call in the queue behind it has its result');
  }));

  test(`disposing, ${where}`, async () => {
    const model = await Model.load(addition(), place);
    const x = new Float32Array(4), inputs = { x, y: x };
    const calls = [model.run(inputs), model.run(inputs)];
    model.dispose();
    for (const call of calls.slice(place.worker ? 0 : 1)) await rejects(call, 'disposed');
    await calls[0].catch(() => {});
    await rejects(model.run(inputs), 'disposed');
    await rejects(model.reshape({ x: [4] }), 'disposed');
    await rejects(model.profile(inputs), 'disposed');
    model.dispose();
    if (Symbol.dispose) assert.equal(model[Symbol.dispose], model.dispose);
  });

  test(`descriptions are the caller's to change, ${where}`, () => withModel(absolute(), place, async (model) => {
    const length = model.inputs[0].shape.reduce((a, b) => a * b), x = new Float32Array(length).fill(-2);
    model.inputs[0].shape.fill(0);
    model.inputs[0].name = model.outputs[0].name = 'other';
    assert.deepEqual(Object.values(await model.run({ x })), [new Float32Array(length).fill(2)]);
  }));

  test(`other shapes, and back when they do not fit, ${where}`, () => withModel(absolute(), place, async (model) => {
    await model.reshape({ x: [1, 5, 3, 3] });
    assert.deepEqual([model.inputs[0].shape, model.outputs[0].shape], [[1, 5, 3, 3], [1, 5, 3, 3]]);
    assert.equal((await model.run(new Float32Array(45).fill(-2))).y[44], 2);
    await rejects(model.reshape({ x: [5, 3] }), 'shape');
    await rejects(model.reshape({ w: [1] }), 'argument', { expected: /x/ });
    await rejects(model.reshape({ x: [1, 0, 3, 3] }), 'argument');
    await rejects(model.reshape({ x: 'wide' }), 'argument');
    await rejects(model.reshape({ x: [30000, 30000, 30000, 3] }), 'limit');
    assert.equal((await model.run(new Float32Array(45).fill(-2))).y[44], 2, 'the former shape holds');
  }));

  test(`profiling, ${where}`, () => withModel(absolute(), place, async (model) => {
    const [step, ...others] = await model.profile(new Float32Array(12), { runs: 3 });
    assert.equal(others.length, 0);
    assert.equal(step.op, 'ABS');
    assert.deepEqual([step.step, step.shape, step.macs >= 0, step.ms >= 0, step.gmacs >= 0], [0, [1, 2, 2, 3], true, true, true]);
    await rejects(model.profile(new Float32Array(12), { runs: 0 }), 'argument');
    await rejects(model.profile(new Float32Array(1)), 'shape');
  }));
}

test('every dtype has its array', async () => {
  const arrays = {
    float32: Float32Array, int8: Int8Array, uint8: Uint8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array, bool: Uint8Array,
  };
  for (const [dtype, type] of Object.entries(arrays)) {
    await withModel(identity(dtype), { threads: 1 }, async (model) => {
      assert.equal(model.inputs[0].dtype, dtype);
      const input = type.from(dtype === 'int64' ? [1n, 0n, 1n, 1n, 0n, 1n] : [1, 0, 1, 1, 0, 1]);
      assert.deepEqual((await model.run(input)).y, input, dtype);
    });
  }
});

test('quantisation is described', () => withModel(identity('int8', { scale: [0.5], zeroPoint: [-3] }), { threads: 1 }, (model) => {
  assert.deepEqual(model.inputs, [{ name: 'x', shape: [1, 6], dtype: 'int8', scale: 0.5, zeroPoint: -3 }]);
}));

test('shapes when loading', () => withModel(absolute(), { threads: 1, shapes: { x: [1, 7, 9, 3] } }, (model) => {
  assert.deepEqual(model.outputs[0].shape, [1, 7, 9, 3]);
}));

test('a cancelled load', async () => {
  await rejects(Model.load(addition(), { signal: AbortSignal.abort() }), 'abort');
  for (const worker of [true, false]) {
    const controller = new AbortController();
    const loading = Model.load(addition(), { signal: controller.signal, worker });
    controller.abort();
    await rejects(loading, 'abort');
  }
});

test('progress of a load ends with the model ready', async () => {
  const seen = [];
  const model = await Model.load(addition(), { threads: 1, onProgress: (progress) => seen.push(progress) });
  model.dispose();
  assert.deepEqual(seen, [{ stage: 'prepare', loaded: 0, total: 1 }, { stage: 'prepare', loaded: 1, total: 1 }]);
});

test('limits', async () => {
  await rejects(Model.load(lengthy(3), { threads: 1, limits: { memory: 2 << 20 } }), 'limit');
  (await Model.load(lengthy(3), { threads: 1, limits: { memory: 64 << 20, macs: 1e9 } })).dispose();
});

test('models are independent of each other', async () => {
  const [one, other] = await Promise.all([Model.load(absolute(), { threads: 1 }), Model.load(addition(), { threads: 2 })]);
  one.dispose();
  const x = Float32Array.of(1, 2, 3, 4);
  assert.deepEqual((await other.run({ x, y: x })).z, Float32Array.of(2, 4, 6, 8));
  other.dispose();
});

test('options that cannot be', async () => {
  await rejects(Model.load(addition(), { threads: 0 }), 'argument', { got: /undefined/, expected: /1 to 64/ });
  await rejects(Model.load(addition(), { threads: 1.5 }), 'argument');
  await rejects(Model.load(addition(), { simd: 'avx' }), 'argument', { expected: /relaxed/ });
  if (!features().relaxed) await rejects(Model.load(addition(), { simd: 'relaxed' }), 'environment');
});

test('where there are no .wasm files, the error says what to do', async () => {
  for (const worker of [true, false]) {
    await rejects(Model.load(addition(), { worker, threads: 1, assetBase: '/nowhere' }), 'environment', { message: /pincel-.*\.wasm/, hint: /assetBase/ });
  }
});

test('the folder of the .wasm files as path and as URL', async () => {
  const dist = new URL('../../dist', import.meta.url);
  for (const assetBase of [dist, dist.pathname, `${dist.pathname}/`]) (await Model.load(addition(), { assetBase, threads: 1 })).dispose();
});

test('a worker that cannot be started leaves the model here, and says why', async () => {
  const workerURL = new URL('nowhere.mjs', import.meta.url);
  await withModel(addition(), { worker: true, workerURL }, async (model) => {
    assert.match(model.info.why, /nowhere\.mjs/);
    assert.equal(model.info.threads, 1);
    assert.equal((await model.run({ x: new Float32Array(4), y: new Float32Array(4) })).z.length, 4);
  });
  await withModel(addition(), { threads: 2, workerURL }, (model) => {
    assert.equal(model.info.threads, 1);
    assert.match(model.info.why, /Threads could not be started/);
  });
});

test('PincelError has a hint for every code that needs one', () => {
  const error = new PincelError('fetch', 'No luck.', { expected: 'a', got: 'b' });
  assert.ok(error instanceof Error);
  assert.deepEqual([error.name, error.code, error.message, error.expected, error.got, PincelError.name], ['PincelError', 'fetch', 'No luck.', 'a', 'b', 'PincelError']);
  assert.ok(error.hint.length > 10);
});

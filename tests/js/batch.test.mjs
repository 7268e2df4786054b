// Many pictures through one model: in order, few at a time, none lost with a bad one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Classifier, Model, PincelError, Stylizer } from '../../dist/pincel.mjs';
import { absolute, rejects } from './samples.mjs';
import { synthetic, whole } from './synthetic.mjs';

const small = (side = 40) => whole(synthetic(side, side));

async function all(entries) {
  const list = [];
  for await (const entry of entries) list.push(entry);
  return list;
}

test('runMany: any iterable, at most two at a time, in order', async () => {
  const model = await Model.load(absolute(), { threads: 1 });
  let given = 0, finished = 0, most = 0;
  async function* numbers() {
    for (; given < 7; given++) {
      most = Math.max(most, given - finished);
      yield new Float32Array(12).fill(-given);
    }
  }
  for await (const { index, input, result } of model.runMany(numbers())) {
    assert.equal(index, finished++);
    assert.equal(input[0], -index);
    assert.equal(result.y[0], index);
  }
  assert.equal(finished, 7);
  assert.ok(most <= 2, `${most} at once`);
  assert.deepEqual((await all(model.runMany(new Set()))), []);
  await rejects(all(model.runMany(undefined)), 'argument', { expected: /iterable/ });
  await rejects(all(model.runMany('abc')), 'argument');
  model.dispose();
});

test('classifyMany: a bad picture costs its own entry; progress; the same answers as one by one', async () => {
  const classifier = await Classifier.create('pincel:classifier', { threads: 1 });
  const pictures = [small(), '/nowhere.jpg', small(64), new Uint8Array([1, 2, 3]), small(30)], progress = [];
  const entries = await all(classifier.classifyMany(pictures, { topK: 2, onProgress: (value) => progress.push(value) }));
  assert.deepEqual(entries.map(({ error }) => error?.code), [undefined, 'fetch', undefined, 'picture', undefined]);
  assert.ok(entries[1].error instanceof PincelError && entries[1].result === undefined);
  for (const i of [0, 2, 4]) assert.deepEqual(entries[i].result, await classifier.classify(pictures[i], { topK: 2 }));
  assert.deepEqual(progress.at(-1), { stage: 'batch', loaded: 5, total: 5 });
  assert.ok(progress.every(({ stage, loaded }, i) => stage === 'batch' && (i === 0 || loaded >= progress[i - 1].loaded)));
  classifier.dispose();
  await rejects(all(classifier.classifyMany([small()])), 'disposed');
});

test('cancelled, left, and a source that fails', async () => {
  const classifier = await Classifier.create('pincel:classifier', { threads: 1 }), controller = new AbortController();
  let count = 0;
  await rejects((async () => {
    for await (const entry of classifier.classifyMany([small(), small(), small()], { signal: controller.signal })) {
      assert.ok(entry.result);
      count++;
      controller.abort();
    }
  })(), 'abort');
  assert.equal(count, 1);
  const stuck = new AbortController();
  const waiting = all(classifier.classifyMany((async function* never() { yield await new Promise(() => {}); })(), { signal: stuck.signal }));
  setTimeout(() => stuck.abort(), 20);
  await rejects(waiting, 'abort');
  let isClosed = false;
  function* closing() {
    try {
      for (;;) yield small();
    } finally {
      isClosed = true;
    }
  }
  for await (const entry of classifier.classifyMany(closing())) {
    assert.ok(entry.result);
    break;
  }
  assert.ok(isClosed);
  await assert.rejects(all(classifier.classifyMany((function* broken() { yield small(); throw new Error('no more'); })())), /no more/);
  assert.equal((await classifier.classify(small())).length, 5);
  classifier.dispose();
});

test('stylizeMany: paintings, and what was wrong with the rest', async () => {
  const stylizer = await Stylizer.create('pincel:painter', { threads: 1 });
  const entries = await all(stylizer.stylizeMany([small(48), null, small(48)], { style: 'ink', size: 48 }));
  assert.deepEqual(entries.map(({ result, error }) => result?.width ?? error.code), [48, 'argument', 48]);
  assert.deepEqual(entries[0].result.data, entries[2].result.data);
  stylizer.dispose();
});

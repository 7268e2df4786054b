// The classifier that ships: measured again on the pictures that its training
// never saw, and held to what its card promises.
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { Classifier } from '../../dist/pincel.mjs';
import { heldOut, measure } from '../../models/classifier/measure.mjs';

const model = new URL('../../models/pincel-classifier.tflite', import.meta.url);
const skip = existsSync(new URL('../../../shared/training/caltech101', import.meta.url)) ? false : '../shared is absent';

test('the shipped classifier is small', async () => {
  assert.ok(statSync(model).size <= 1.2e6, 'bytes');
  const classifier = await Classifier.create('pincel:classifier', { threads: 1 });
  assert.ok(classifier.info.macs <= 60e6, 'multiplications');
  classifier.dispose();
});

test('a grey surface is nothing that it knows', async () => {
  const classifier = await Classifier.create('pincel:classifier', { threads: 1 });
  const guesses = await classifier.classify({ data: new Uint8ClampedArray(4 * 64 * 64).fill(128), width: 64, height: 64 });
  assert.ok(guesses.unsure, `${guesses[0].label} ${guesses[0].score}`);
  classifier.dispose();
});

test('held-out pictures: accuracy, and precision above the threshold', { skip }, async (context) => {
  const { pictures, accuracy, coverage, precision } = await measure(model);
  context.diagnostic(`${pictures} pictures, top-1 ${accuracy.toFixed(4)}; ${coverage.toFixed(3)} answered, of these right ${precision.toFixed(4)}`);
  assert.equal(pictures, heldOut().length);
  assert.ok(accuracy >= 0.8, `top-1 ${accuracy}`);
  assert.ok(precision >= 0.93 && coverage >= 0.7, `${precision} of the ${coverage} answered`);
});

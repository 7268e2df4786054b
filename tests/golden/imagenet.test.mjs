// Top-1 of MobileNetV2 on 500 pictures equals what LiteRT.js gets on the same
// inputs (recorded by record-imagenet.mjs), picture for picture.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Model } from '../../dist/pincel.mjs';
import { best, inputs } from './imagenet.mjs';

const shared = new URL('../../../shared/', import.meta.url);
const skip = existsSync(new URL('pictures/imagenet500', shared)) ? false : '../shared is absent';
const recorded = JSON.parse(readFileSync(new URL('imagenet500-litert.json', import.meta.url)));

test('top-1 on 500 pictures equals LiteRT.js', { skip }, async (context) => {
  const model = await Model.load(fileURLToPath(new URL('zoo/mobilenet_v2_ptq.tflite', shared)), { threads: 1 });
  const fed = createHash('sha256');
  let right = 0;
  for await (const { file, index, input } of inputs()) {
    fed.update(input);
    const ours = best((await model.run(input))[model.outputs[0].name]);
    assert.deepEqual(ours, recorded.top1[file], file);
    right += ours[0] === index;
  }
  model.dispose();
  assert.equal(fed.digest('hex'), recorded.inputsSha256, 'the inputs are those LiteRT.js was fed');
  context.diagnostic(`${right} of 500 right`);
});

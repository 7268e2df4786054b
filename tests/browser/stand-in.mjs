// Small models with the interfaces of those that come with the site, and a
// registry that names them: a painter that tints, a classifier by mean colour.
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel } from '../js/tflite.mjs';

const float = (name, shape, data) => ({ name, dtype: 'float32', shape, ...(data && { data }) });
const integers = (name, ...data) => ({ name, dtype: 'int32', shape: [data.length], data: Int32Array.from(data) });
const connected = { activation: 0, weightsFormat: 0, keepNumDims: 0, asymmetricQuantizeInputs: 0 };

export const styles = ['red', 'orange', 'amber', 'lime', 'green', 'sea', 'cyan', 'sky', 'blue', 'violet', 'pink', 'rose'];

/** y = photo * (style weights x tints) */
const painter = () => buildModel({
  tensors: [float('photo', [1, 256, 256, 3]), float('style', [1, 12]), float('tint', [1, 3]), integers('shape', 1, 1, 1, 3), float('tint4', [1, 1, 1, 3]),
    float('tints', [3, 12], Float32Array.from({ length: 36 }, (_, i) => 0.5 + 0.5 * Math.cos(2 * Math.PI * ((i % 12) / 12 - Math.floor(i / 12) / 3)))),
    float('y', [1, 256, 256, 3])],
  inputs: ['photo', 'style'], outputs: ['y'],
  nodes: [
    { op: 'FULLY_CONNECTED', inputs: ['style', 'tints', null], outputs: ['tint'], options: connected },
    { op: 'RESHAPE', inputs: ['tint', 'shape'], outputs: ['tint4'], options: { newShape: [1, 1, 1, 3] } },
    { op: 'MUL', inputs: ['photo', 'tint4'], outputs: ['y'], options: { activation: 0 } },
  ],
});

/** softmax(mean colour * 12): sure of pure colours only */
const classifier = () => buildModel({
  tensors: [float('picture', [1, 32, 32, 3]), integers('axes', 1, 2), float('mean', [1, 3]),
    float('gain', [3, 3], Float32Array.of(12, 0, 0, 0, 12, 0, 0, 0, 12)), float('logits', [1, 3]), float('scores', [1, 3])],
  inputs: ['picture'], outputs: ['scores'],
  nodes: [
    { op: 'MEAN', inputs: ['picture', 'axes'], outputs: ['mean'], options: { keepDims: 0 } },
    { op: 'FULLY_CONNECTED', inputs: ['mean', 'gain', null], outputs: ['logits'], options: connected },
    { op: 'SOFTMAX', inputs: ['logits'], outputs: ['scores'], options: { beta: 1 } },
  ],
});

/** A folder with a registry of no models. */
export function noModels() {
  const folder = mkdtempSync(join(tmpdir(), 'pincel-models-'));
  writeFileSync(join(folder, 'registry.json'), '{ "models": {}, "lists": {} }');
  return folder;
}

/** A folder with registry.json and the models, to serve as dist/models/. */
export function standInModels() {
  const folder = mkdtempSync(join(tmpdir(), 'pincel-models-'));
  const put = (name, bytes) => {
    writeFileSync(join(folder, name), bytes);
    return { model: { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') } };
  };
  const models = {
    painter: {
      title: 'Stand-in painter', task: 'style transfer', files: put('painter.tflite', painter()), normalisation: { range: '0..1' },
      styles: styles.map((id) => ({ id, name: { en: `In ${id}`, pt: `Em ${id}` }, by: 'nobody' })),
    },
    classifier: {
      title: 'Stand-in classifier', task: 'classification', files: put('classifier.tflite', classifier()), normalisation: { range: '0..1' },
      labels: ['something red', 'something green', 'something blue'], threshold: 0.6,
    },
  };
  writeFileSync(join(folder, 'registry.json'), JSON.stringify({ models, lists: {} }));
  return folder;
}

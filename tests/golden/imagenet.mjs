// The 500 labelled pictures as the bytes that MobileNetV2 is fed, decoded,
// cropped and resized by the C core: the same in every environment.
import { readFileSync } from 'node:fs';
import { Model, readPicture } from '../../dist/pincel.mjs';
import { buildModel } from '../js/tflite.mjs';

const folder = new URL('../../../shared/pictures/imagenet500/', import.meta.url);

/** [{file, index}], index among 1001 classes with the background first. */
export function pictures() {
  const [, ...rows] = readFileSync(new URL('labels.csv', folder), 'utf8').trim().split('\n');
  return rows.map((row) => {
    const [file, , , index] = row.split(',');
    return { file, index: Number(index) };
  });
}

/** A model that gives back what it is fed: shows what a picture becomes. */
function mirror() {
  const picture = { dtype: 'uint8', shape: [1, 224, 224, 3], quantization: { scale: [1], zeroPoint: [0] } };
  return buildModel({
    tensors: [{ name: 'picture', ...picture }, { name: 'shape', dtype: 'int32', shape: [4], data: Int32Array.of(1, 224, 224, 3) }, { name: 'same', ...picture }],
    inputs: [0],
    outputs: [2],
    nodes: [{ op: 'RESHAPE', inputs: [0, 1], outputs: [2] }],
  });
}

/** Yields {file, index, input: Uint8Array of 1x224x224x3}. */
export async function* inputs() {
  const model = await Model.load(mirror(), { threads: 1, worker: false });
  const format = { mean: [0, 0, 0], std: [1, 1, 1], bgr: false, planar: false, channels: 3 };
  for (const { file, index } of pictures()) {
    const picture = await readPicture(readFileSync(new URL(file, folder)));
    const side = Math.min(picture.width, picture.height) * 0.875;
    const crop = { x: (picture.width - side) / 2, y: (picture.height - side) / 2, width: side, height: side };
    const { same } = await model.run({ picture: { picture, crop, format } });
    yield { file, index, input: same };
  }
  model.dispose();
}

/** The classes that share the highest score. */
export function best(scores) {
  const highest = Math.max(...scores);
  return [...scores.keys()].filter((index) => scores[index] === highest);
}

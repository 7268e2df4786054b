// The teacher, as a pipe: frames of side x side RGB bytes in, their pooled
// features out (float32, 1280 a frame). It runs MobileNetV2 in this engine,
// cut off before its classifier.
//
//   node teacher.mjs mobilenet_v2_ptq.tflite side <frames >features
import { readFile } from 'node:fs/promises';
import { writeSync } from 'node:fs';
import { Model } from '../../dist/pincel.mjs';

const AVERAGE_POOL_2D = 1, MEAN = 40;

/** Makes the output of the last pooling the model's only output, in place. */
function cutAtPooling(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const follow = (at) => at + view.getUint32(at, true);
  const field = (table, slot) => {
    const vtable = table - view.getInt32(table, true);
    const offset = 4 + 2 * slot < view.getUint16(vtable, true) ? view.getUint16(vtable + 4 + 2 * slot, true) : 0;
    return offset ? table + offset : 0;
  };
  const items = (table, slot) => {
    const vector = follow(field(table, slot));
    return Array.from({ length: view.getUint32(vector, true) }, (_, i) => vector + 4 + 4 * i);
  };
  const model = follow(0);
  const codes = items(model, 1).map(follow).map((code) => {
    const old = field(code, 0), builtin = field(code, 3);
    return Math.max(old ? view.getInt8(old) : 0, builtin ? view.getInt32(builtin, true) : 0);
  });
  const subgraph = follow(items(model, 2)[0]);
  const pooling = items(subgraph, 3).map(follow).filter((node) => {
    const index = field(node, 0);
    return [AVERAGE_POOL_2D, MEAN].includes(codes[index ? view.getUint32(index, true) : 0]);
  }).at(-1);
  view.setInt32(items(subgraph, 2)[0], view.getInt32(items(pooling, 2)[0], true), true);
}

const bytes = new Uint8Array(await readFile(process.argv[2]));
cutAtPooling(bytes);
const side = Number(process.argv[3]);
const model = await Model.load(bytes, { threads: 1, shapes: { input: [1, side, side, 3] } });
const [input] = model.inputs, [output] = model.outputs;
const frame = Buffer.alloc(side * side * 3);
const pixels = input.dtype === 'int8' ? new Int8Array(frame.length) : new Uint8Array(frame.length);
const offset = input.dtype === 'int8' ? 128 : 0;
let filled = 0;
for await (const chunk of process.stdin) {
  for (let at = 0; at < chunk.length;) {
    const count = chunk.copy(frame, filled, at);
    at += count;
    filled += count;
    if (filled < frame.length) continue;
    filled = 0;
    for (let i = 0; i < frame.length; i++) pixels[i] = frame[i] - offset;
    const { [output.name]: features } = await model.run({ [input.name]: pixels });
    const { scale = 1, zeroPoint = 0 } = output;
    const real = Buffer.from(Float32Array.from(features, (value) => (value - zeroPoint) * scale).buffer);
    for (let written = 0; written < real.length;) {
      try {
        written += writeSync(1, real, written);
      } catch (error) {
        if (error.code !== 'EAGAIN') throw error;
      }
    }
  }
}
model.dispose();

// A small dose of tests/fuzz/fuzz.mjs; `npm run fuzz` gives the full one.
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fuzzFile } from '../fuzz/fuzz.mjs';
import { quantizedFile, weightTypes } from './quantized_network.mjs';

const zoo = new URL('../../../shared/zoo/', import.meta.url);
const skip = existsSync(zoo) ? false : '../shared is absent';

const models = [['vww_96_int8.tflite', 150], ['resnet8_float.tflite', 150], ['magenta_transfer_int8.tflite', 40], ['squeezenet_fp16.onnx', 60]];
for (const [file, count] of models) {
  test(`${count} mutations of ${file}`, { skip }, async (context) => {
    const bytes = new Uint8Array(readFileSync(new URL(file, zoo)));
    context.diagnostic(JSON.stringify(await fuzzFile(bytes, count, 1000)));
  });
}

for (const [i, name] of Object.keys(weightTypes).entries()) {
  test(`100 mutations of a quantised ONNX network, ${name}`, async (context) => {
    context.diagnostic(JSON.stringify(await fuzzFile(quantizedFile('uint8', name), 100, 1000 + 100 * i)));
  });
}

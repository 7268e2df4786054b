// Pictures in Node: decoding, encoding, transparency, and what cannot be read.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodePNG, readPicture } from '../../dist/pincel.mjs';
import { photo, rejects, skip } from './samples.mjs';

const width = 5, height = 3;
const pixels = () => {
  const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 37) % 256));
  return { data, width, height };
};

test('PNG there and back', async () => {
  const file = await encodePNG(pixels());
  assert.deepEqual([...file.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  for (const source of [file, file.slice().buffer, new Blob([file]), `data:image/png;base64,${Buffer.from(file).toString('base64')}`]) {
    assert.deepEqual(await readPicture(source), pixels());
  }
});

test('what is transparent is seen on white', async () => {
  const data = Uint8ClampedArray.of(10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 128, 255, 0, 0, 51);
  const expected = Uint8ClampedArray.of(10, 20, 30, 255, 255, 255, 255, 255, 127, 177, 227, 255, 255, 204, 204, 255);
  const picture = { data, width: 2, height: 2 };
  assert.deepEqual((await readPicture(picture)).data, expected);
  assert.deepEqual((await readPicture(await encodePNG(picture))).data, expected);
  assert.equal(data[7], 0, 'the caller\'s pixels are as they were');
  for (const start of [1, 4]) {
    const apart = new Uint8ClampedArray(new ArrayBuffer(24), start, 16); // not all begin where whole pixels can be read
    apart.set(data);
    assert.deepEqual((await readPicture({ ...picture, data: apart })).data, expected);
  }
});

test('what is no picture', async () => {
  await rejects(readPicture(new Uint8Array(50)), 'picture');
  await rejects(readPicture(new Uint8Array(0)), 'picture');
  for (const source of [undefined, null, 5, {}, { width: 3 }]) await rejects(readPicture(source), 'argument', { expected: /path/ });
  await rejects(readPicture('/no/such.png'), 'fetch');
  await rejects(encodePNG(undefined), 'argument');
  await rejects(encodePNG({ data: new Uint8Array(7), width: 2, height: 2 }), 'argument', { message: /16/ });
});

test('photographs', { skip }, async () => {
  const file = photo('imagenet500/n01440764_tench.jpg');
  const byPath = await readPicture(file);
  assert.deepEqual(await readPicture(readFileSync(file)), byPath);
  assert.equal(byPath.data.length, byPath.width * byPath.height * 4);
  const half = readFileSync(file).subarray(0, 700);
  await rejects(readPicture(half), 'picture');
});

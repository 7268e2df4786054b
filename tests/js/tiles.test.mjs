// Paintings in tiles: the same pixels as in one piece, in bounded memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { Stylizer, readPicture } from '../../dist/pincel.mjs';
import { reachOf, spans } from '../../js/tiles.mjs';
import { reduced } from '../../js/regions.mjs';
import { memories } from './engine-memory.mjs';
import { absolute, rejects, skip, zoo } from './samples.mjs';
import { synthetic, whole } from './synthetic.mjs';
import { buildModel } from './tflite.mjs';

const mebibyte = 2 ** 20;
const model = (name) => new URL(`../../models/${name}`, import.meta.url);
const painter = () => model('pincel-painter.tflite');
const floatPainter = () => model('pincel-painter-float.tflite');
const magenta = { predict: zoo('magenta_predict_int8.tflite'), transfer: zoo('magenta_transfer_int8.tflite') };
const range = { range: '0..1' };

test('tiles cover a side once, begin where the network\'s grid does, and keep their border', () => {
  for (let size = 16; size < 700; size += 4) {
    for (const [longest, border, step] of [[64, 16, 16], [130, 48, 16], [257, 64, 16], [100, 0, 4]]) {
      const { length, spans: list } = spans(size, longest, border, step) ?? {};
      if (!length) {
        assert.ok(longest < 2 * border + 2 * step);
        continue;
      }
      assert.ok(length <= longest || length === size);
      let at = 0;
      for (const { origin, start, end } of list) {
        assert.equal(start, at);
        assert.ok(end > start && origin % step === 0 && origin >= 0 && origin + length <= size, `${size} ${longest}`);
        assert.ok(origin === 0 || start - origin >= border);
        assert.ok(origin + length === size || origin + length - end >= border);
        at = end;
      }
      assert.equal(at, size);
    }
  }
});

test('how far a network sees, from its steps', () => {
  const step = (op, side, reach = 0) => ({ op, reach, shape: [1, side, side, 8] });
  const steps = [
    step('CONV_2D', 64, 4), step('CONV_2D', 32, 1), step('INSTANCE_NORM', 32), step('CONV_2D', 32, 1), step('CONV_2D', 1),
    step('RESIZE_NEAREST_NEIGHBOR', 64), step('TRANSPOSE_CONV', 64, 1), { op: 'FULLY_CONNECTED', reach: 0, shape: [1, 8] },
  ];
  assert.deepEqual(reachOf(steps, 64), { halo: 4 + 2 + 2 + 2 + 1, grid: 2, unknown: [] });
  assert.deepEqual(reachOf([...steps, step('MEAN', 1)], 64).unknown, ['MEAN']);
  assert.deepEqual(reachOf([step('CONV_2D', 1, 63)], 64).unknown, ['CONV_2D'], 'sees all of it');
  assert.deepEqual(reachOf([step('AVERAGE_POOL_2D', 32)], 64).unknown, ['AVERAGE_POOL_2D']);
});

test('the small rendering is the mean of squares of pixels', async () => {
  const { width, height } = { width: 103, height: 57 }, picture = whole(synthetic(width, height));
  const read = async (x, y, wide, high) => {
    const data = new Uint8ClampedArray(wide * high * 4);
    for (let row = 0; row < high; row++) data.set(picture.data.subarray(((y + row) * width + x) * 4, ((y + row) * width + x + wide) * 4), row * wide * 4);
    return { data, width: wide, height: high };
  };
  const small = await reduced({ width, height, read }, 25);
  assert.deepEqual([small.width, small.height], [25, 14]);
  for (const [x, y] of [[0, 0], [24, 13], [7, 5]]) {
    let sum = 0;
    for (let i = 0; i < 16; i++) sum += picture.data[((4 * y + (i >> 2)) * width + 4 * x + i % 4) * 4 + 1];
    assert.equal(small.data[(y * small.width + x) * 4 + 1], Math.round(sum / 16 - 1e-9));
  }
});

/** Remembers what the tiles of a painting were painted with. */
function watched(stylizer) {
  const seen = { runs: [] }, { transfer } = stylizer, run = transfer.run.bind(transfer);
  transfer.run = (inputs, options) => {
    seen.runs.push({ inputs, norms: options.picture.norms });
    if (seen.isUnfrozen) delete options.picture.norms;
    return run(inputs, options);
  };
  return seen;
}

/** Pixels repeated beyond the right and lower edge up to multiples of 4. */
function padded({ data, width, height }) {
  const wide = Math.ceil(width / 4) * 4, high = Math.ceil(height / 4) * 4, out = new Uint8ClampedArray(wide * high * 4);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const at = (Math.min(y, height - 1) * width + Math.min(x, width - 1)) * 4;
      out.set(data.subarray(at, at + 4), (y * wide + x) * 4);
    }
  }
  return { data: out, width: wide, height: high };
}

/** The greatest difference between a tiled painting and one piece with the same statistics; and with statistics of their own. */
async function compare(source, create, photograph, options) {
  const stylizer = await Stylizer.create(source, create), seen = watched(stylizer);
  const tiled = await stylizer.stylize(photograph, { size: 'full', ...options });
  assert.deepEqual([tiled.width, tiled.height], [photograph.width, photograph.height]);
  const [{ inputs, norms: none }, ...tiles] = seen.runs;
  assert.ok(!none && tiles.length > 1 && tiles.every(({ norms }) => norms === tiles[0].norms && norms[0] === 1), `${tiles.length} tiles`);
  const photo = padded(whole(photograph)), name = stylizer.transfer.inputs[stylizer.contentIndex].name;
  await stylizer.fit(photo, Math.max(photo.width, photo.height));
  const asked = { name: stylizer.transfer.outputs[0].name, format: stylizer.outputFormat, norms: tiles[0].norms };
  if (options.strength < 1 && !stylizer.predict) asked.over = { input: name, strength: options.strength };
  const piece = await stylizer.transfer.run({ ...inputs, [name]: { picture: photo, format: stylizer.inputFormat } }, { picture: asked });
  seen.isUnfrozen = true;
  const apart = await stylizer.stylize(photograph, { size: 'full', ...options });
  stylizer.dispose();
  const worst = (painting) => {
    let most = 0;
    for (let y = 0; y < tiled.height; y++) {
      for (let i = 0; i < 4 * tiled.width; i++) most = Math.max(most, Math.abs(painting.data[y * tiled.width * 4 + i] - piece.data[y * piece.width * 4 + i]));
    }
    return most;
  };
  return { tiles: tiles.length, difference: worst(tiled), unfrozen: worst(apart), tiled };
}

test('tiled and in one piece with the same statistics: the same bytes, at odd sizes, with threads, in mixtures', async () => {
  for (const [width, height, memory, threads] of [[301, 203, 3, 1], [222, 407, 4.5, 2], [530, 390, 8, 2], [640, 64, 3, 1]]) {
    const options = { style: { 'starry-night': 2, ink: 1 }, strength: width === 301 ? 0.6 : 1, memory: memory * mebibyte };
    const { tiles, difference, unfrozen } = await compare('pincel:painter', { threads }, synthetic(width, height), options);
    assert.equal(difference, 0, `${width}x${height} in ${tiles} tiles`);
    assert.ok(unfrozen > 20, `tiles with statistics of their own would show: ${unfrozen}`);
  }
});

test('float layers: the same to within the rounding of one 8-bit step', async () => {
  const { difference, tiles } = await compare(floatPainter(), { threads: 2, ...range }, synthetic(318, 246), { style: 3, memory: 8 * mebibyte });
  assert.ok(difference <= 1, `${difference} in ${tiles} tiles`);
});

test('Magenta\'s pair, with its quantised normalisation, and half way to the photograph\'s own style', { skip }, async () => {
  const style = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i) / 2);
  const { difference: bytes, unfrozen } = await compare(magenta, { threads: 2 }, synthetic(334, 200), { style, strength: 0.5, memory: 4 * mebibyte });
  assert.equal(bytes, 0);
  assert.ok(unfrozen > 5);
  const fp16 = { ...magenta, transfer: zoo('magenta_transfer_fp16.tflite') };
  const { difference } = await compare(fp16, { threads: 2 }, synthetic(334, 200), { style, memory: 6 * mebibyte });
  assert.ok(difference <= 1, `${difference}`);
});

/** All tiles in one picture. */
async function painted(tiles) {
  let out;
  for await (const { x, y, width, height, data, of } of tiles) {
    out ??= { data: new Uint8ClampedArray(of.width * of.height * 4), ...of };
    for (let row = 0; row < height; row++) out.data.set(data.subarray(row * width * 4, (row + 1) * width * 4), ((y + row) * of.width + x) * 4);
  }
  return out;
}

test('what fits is painted in one piece; a size in numbers, resized as ever', async () => {
  const stylizer = await Stylizer.create('pincel:painter', { threads: 1 }), seen = watched(stylizer);
  const photograph = synthetic(402, 301), style = 'ink';
  const full = await stylizer.stylize(photograph, { style, size: 'full' });
  assert.deepEqual([full.width, full.height, seen.runs.length], [402, 301, 1]);
  const usual = await stylizer.stylize(whole(photograph), { style, size: 300 });
  seen.runs.length = 0;
  const tiled = await painted(stylizer.tiles(photograph, { style, size: 300, memory: 3 * mebibyte }));
  assert.ok(seen.runs.length > 2);
  assert.deepEqual([tiled.width, tiled.height], [usual.width, usual.height]);
  // The photographs that the tiles were painted from are parts of the one that is resized as a whole.
  const means = (a, b) => a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]), 0) / a.data.length;
  assert.ok(means(tiled, usual) < 25, `${means(tiled, usual)}`);
  seen.runs.length = 0;
  const own = await stylizer.stylize(whole(photograph), { style, size: 300 });
  assert.deepEqual([own.data, seen.runs.length], [usual.data, 1], 'the next painting looks for statistics of its own again');
  stylizer.dispose();
});

test('tiles as they come, and a PNG file that is written meanwhile', async () => {
  const stylizer = await Stylizer.create('pincel:painter', { threads: 1 });
  const options = { style: 'great-wave', memory: 4 * mebibyte }, photograph = synthetic(333, 290), stages = [];
  const painting = await stylizer.stylize(photograph, { ...options, size: 'full', onProgress: (progress) => stages.push(progress) });
  const shares = stages.filter(({ stage }) => stage === 'run').map(({ loaded, total }) => loaded / total);
  assert.ok(shares.length > 3 && shares.every((share, i) => i === 0 || share >= shares[i - 1] || shares[i - 1] <= 0.5) && shares.at(-1) === 1);
  let covered = 0;
  for await (const { x, y, width, height, data, of } of stylizer.tiles(photograph, options)) {
    assert.deepEqual(of, { width: 333, height: 290 });
    covered += width * height;
    const at = ((y + 1) * of.width + x + 2) * 4;
    assert.deepEqual(data.slice((width + 2) * 4, (width + 3) * 4), painting.data.slice(at, at + 4));
  }
  assert.equal(covered, 333 * 290);
  const pieces = [];
  for await (const piece of stylizer.stylizeToPNG(photograph, options)) pieces.push(piece);
  const file = new Uint8Array(Buffer.concat(pieces));
  assert.deepEqual(await readPicture(file), { ...painting });
  stylizer.dispose();
});

test('cancelled between tiles and by leaving; refusals', async () => {
  const stylizer = await Stylizer.create('pincel:painter', { threads: 1 });
  const options = { style: 'ink', size: 'full', memory: 3 * mebibyte }, photograph = synthetic(400, 300);
  const controller = new AbortController();
  let count = 0;
  await rejects((async () => {
    for await (const tile of stylizer.tiles(photograph, { ...options, signal: controller.signal })) {
      assert.ok(tile);
      if (++count === 2) controller.abort();
    }
  })(), 'abort');
  assert.equal(count, 2);
  for await (const tile of stylizer.tiles(photograph, options)) {
    assert.equal(tile.x, 0);
    break;
  }
  for await (const piece of stylizer.stylizeToPNG(photograph, options)) {
    assert.equal(piece[1], 80);
    break;
  }
  await rejects(stylizer.stylize(photograph, { ...options, memory: 1.2 * mebibyte }), 'limit', { message: /too little/, expected: /MiB/ });
  await rejects(stylizer.stylize(photograph, { ...options, memory: 5 }), 'argument', { message: /memory/ });
  await rejects(stylizer.stylize(whole(photograph), { ...options, size: 'large' }), 'argument', { expected: /full/ });
  await rejects(stylizer.stylize('/nowhere.png', options), 'fetch');
  const { width } = await stylizer.stylize(whole(photograph), { ...options, size: 64 });
  assert.equal(width, 64, 'usable after all that');
  stylizer.dispose();
  await rejects(stylizer.stylize(photograph, options), 'disposed');
});

test('a network that looks at the whole picture is not painted in tiles', async () => {
  const float = (name, shape) => ({ name, dtype: 'float32', shape }), side = 64;
  const bytes = buildModel({
    tensors: [float('x', [1, side, side, 3]), float('mean', [1, 1, 1, 3]), float('y', [1, side, side, 3]), { name: 'axes', dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) }],
    inputs: ['x'], outputs: ['y'],
    nodes: [{ op: 'MEAN', inputs: ['x', 'axes'], outputs: ['mean'], options: { keepDims: true } }, { op: 'ADD', inputs: ['x', 'mean'], outputs: ['y'] }],
  });
  const stylizer = await Stylizer.create(bytes, { threads: 1 });
  await rejects(stylizer.stylize(synthetic(640, 480), { size: 'full', memory: 8 * mebibyte }), 'unsupported', { message: /MEAN/, hint: /memory/ });
  const { width } = await stylizer.stylize(synthetic(640, 480), { size: 'full' });
  assert.equal(width, 640);
  stylizer.dispose();
  await rejects(Stylizer.create(absolute(), { threads: 1 }), 'shape');
});

test('6 megapixels: the engine\'s memory stays within the budget', async () => {
  const before = memories.size, memory = 24 * mebibyte;
  const stylizer = await Stylizer.create('pincel:painter', { threads: 1, simd: 'auto' });
  const photograph = synthetic(3000, 2000), chunks = [];
  for await (const chunk of stylizer.stylizeToPNG(photograph, { style: 'ink', memory })) chunks.push(chunk);
  const grown = [...memories].slice(before).reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  assert.ok(grown > mebibyte && grown <= memory, `${(grown / mebibyte).toFixed(1)} MiB`);
  assert.ok(photograph.largest <= 1024 * 3000, `${photograph.largest} pixels read at once`);
  const file = Buffer.concat(chunks);
  assert.equal(file.readUInt32BE(16), 3000);
  assert.equal(pixelRows(file).length, 2000 * (3 * 3000 + 1));
  stylizer.dispose();
});

/** What the IDAT chunks of a PNG file hold. */
function pixelRows(file) {
  const parts = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  return inflateSync(Buffer.concat(parts));
}

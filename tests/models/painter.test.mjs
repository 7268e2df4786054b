// The painter that ships: its size, its styles, and int8 against the float
// network it was made from, on the sample pictures.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Stylizer, readPicture } from '../../dist/pincel.mjs';

const file = (path) => readFileSync(new URL(`../../${path}`, import.meta.url));
const styles = JSON.parse(file('models/painter/styles.json')).map(({ id }) => id);
const samples = ['astronaut', 'cat', 'coffee', 'rocket', 'raccoon', 'galaxies'];
const sample = (name) => readPicture(new Blob([file(`web/samples/${name}.jpg`)]));
const painter = (options) => Stylizer.create(file('models/pincel-painter.tflite'), { threads: 1, styles, ...options });

/** Peak signal-to-noise ratio of red, green and blue, in decibels. */
function psnr(a, b) {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) if (i % 4 !== 3) sum += (a.data[i] - b.data[i]) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / (a.width * a.height * 3)));
}

const digest = ({ data }) => createHash('sha256').update(data).digest('hex');

test('the painter is small and knows its styles', async () => {
  const { length } = file('models/pincel-painter.tflite');
  assert.ok(length <= 500_000, `${length} bytes`);
  const stylizer = await painter();
  const { info } = stylizer;
  assert.ok(info.macs <= 0.8e9, `${info.macs} multiplications at 256x256`);
  assert.ok(styles.length >= 8);
  await assert.rejects(stylizer.stylize(await sample('cat'), { style: styles.length, size: 64 }), { code: 'argument' });
  stylizer.dispose();
});

test('int8 paints what float paints: at least 30 dB in every style', async (context) => {
  const quantised = await painter();
  const float = await Stylizer.create(file('models/pincel-painter-float.tflite'), { threads: 1, styles });
  const all = [];
  for (const name of samples) {
    const picture = await sample(name);
    for (const style of styles) {
      const [a, b] = await Promise.all([float, quantised].map((stylizer) => stylizer.stylize(picture, { style, size: 256 })));
      const decibels = psnr(a, b);
      assert.ok(decibels >= 30, `${name} in ${style}: ${decibels.toFixed(1)} dB`);
      all.push(decibels);
    }
  }
  all.sort((a, b) => a - b);
  context.diagnostic(`${all.length} paintings: least ${all[0].toFixed(1)} dB, median ${all[all.length >> 1].toFixed(1)} dB`);
  quantised.dispose();
  float.dispose();
});

test('scalar and simd128 paint the same bytes, relaxed what cannot be told from it', async () => {
  const picture = await sample('rocket');
  const [scalar, simd128, relaxed] = await Promise.all(['scalar', 'simd128', 'relaxed'].map(async (simd) => {
    const stylizer = await painter({ simd });
    const painted = await stylizer.stylize(picture, { style: styles[0], size: 128 });
    stylizer.dispose();
    return painted;
  }));
  assert.equal(digest(simd128), digest(scalar));
  assert.ok(psnr(relaxed, scalar) > 40, `${psnr(relaxed, scalar)} dB: the first two layers are float: relaxed may fuse multiplications and additions`);
});

test('styles mix: half of each lies between the two', async () => {
  const stylizer = await painter(), picture = await sample('coffee');
  const paint = (style) => stylizer.stylize(picture, { style, size: 128 });
  const [first, second] = styles;
  const [a, b, mixed] = [await paint(first), await paint(second), await paint({ [first]: 1, [second]: 1 })];
  assert.ok(psnr(a, mixed) > psnr(a, b) && psnr(b, mixed) > psnr(a, b));
  stylizer.dispose();
});

test('any size, also odd ones and slim ones', async () => {
  const stylizer = await painter(), data = new Uint8ClampedArray(4 * 301 * 37).fill(140);
  for (const size of [16, 100, 300]) {
    const { width, height } = await stylizer.stylize({ data, width: 301, height: 37 }, { style: 1, size });
    assert.equal(Math.max(width, height), size);
  }
  const original = await stylizer.stylize({ data, width: 301, height: 37 }, { style: 1, size: 300, output: 'original' });
  assert.deepEqual([original.width, original.height], [301, 37]);
  stylizer.dispose();
});

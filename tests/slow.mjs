// npm run test:slow: a photograph of 48 megapixels, painted into a PNG file
// within the memory that is stated. What it measures is printed.
import assert from 'node:assert/strict';
import { createInflate } from 'node:zlib';
import { test } from 'node:test';
import { memories } from './js/engine-memory.mjs';
import { synthetic } from './js/synthetic.mjs';
import { Stylizer } from '../dist/pincel.mjs';

const mebibyte = 2 ** 20, width = 8000, height = 6000;

/** Checks the file as it comes, without keeping it. */
function checker() {
  const inflate = createInflate();
  let rows = 0, bytes = 0;
  inflate.on('data', (part) => { rows += part.length; });
  const finished = new Promise((resolve, reject) => inflate.on('end', resolve).on('error', reject));
  return {
    take: async (chunk) => {
      bytes += chunk.length;
      if (Buffer.from(chunk.subarray(4, 8)).toString() !== 'IDAT') return;
      if (!inflate.write(chunk.subarray(8, -4))) await new Promise((resolve) => { inflate.once('drain', resolve); });
    },
    end: async () => {
      inflate.end();
      await finished;
      return { rows, bytes };
    },
  };
}

test('48 megapixels within 256 MiB', async () => {
  const stylizer = await Stylizer.create('pincel:painter'), photograph = synthetic(width, height), file = checker();
  const start = performance.now();
  for await (const chunk of stylizer.stylizeToPNG(photograph, { style: 'starry-night' })) await file.take(chunk);
  const seconds = (performance.now() - start) / 1000, { rows, bytes } = await file.end();
  const engine = [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0), peak = process.resourceUsage().maxRSS * 1024;
  console.log(`engine ${(engine / mebibyte).toFixed(0)} MiB, process at most ${(peak / mebibyte).toFixed(0)} MiB, ${seconds.toFixed(0)} s, `
    + `PNG of ${(bytes / 1e6).toFixed(0)} MB, ${stylizer.info.threads} threads`);
  assert.equal(rows, height * (3 * width + 1));
  assert.ok(engine > 0 && engine <= 256 * mebibyte, `${engine}`);
  assert.ok(peak <= 640 * mebibyte, `${peak}`);
  assert.ok(photograph.largest * 4 <= 32 * mebibyte, 'parts of the photograph');
  stylizer.dispose();
});

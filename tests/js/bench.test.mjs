// What the benchmark makes of its measurements; the measuring itself is npm run bench.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import '../../js/cli/relaxed.mjs';
import { peakModules, peakOf } from '../../bench/peaks.mjs';
import { chart, machineText, median, summary, table } from '../../bench/report.mjs';
import { rows } from '../../bench/rows.mjs';
import { serve } from '../../bench/serve.mjs';
import { root } from '../../js/build/setup.mjs';

const row = { ...rows[0], macs: 300e6, target: { ratio: 0.75 } };
const result = { row, threads: 2, times: [[11, 10, 30], [20, 19, 22]], peak: { rate: 30 } };
const machine = { cpu: 'A <processor>', cores: 2, browsers: { chromium: 'Chrome 1' }, peaks: { chromium: { dot_i16x8: 30 } } };

test('medians are of the middle, or of the middle two', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

test('ratio, rate and share are of medians', () => {
  const { ratio, rate, share, isMet } = summary(result);
  assert.equal(ratio, 0.55);
  assert.ok(Math.abs(rate - 300e6 / 11 / 1e6) < 1e-9);
  assert.ok(Math.abs(share - rate / 60) < 1e-9, 'of two cores');
  assert.equal(isMet, true);
  assert.equal(summary({ ...result, times: [[16], [20]] }).isMet, false);
  assert.equal(summary({ ...result, row: { ...row, target: { rate: 45 } }, times: [[7]] }).isMet, false);
});

test('the table says what was measured, and the chart holds no markup of strangers', () => {
  const [, , line] = table([result]).split('\n');
  assert.match(line, /\| LiteRT\.js \| 2 \| 11\.0 \(10\.0–30\.0\) \| 20\.0 \(19\.0–22\.0\) \| 0\.55 \| ≤ 0\.75 ✓ \| 27\.3 \| 45 % \|/);
  assert.match(machineText(machine, [result]), /was not quiet/);
  assert.doesNotMatch(machineText(machine, [{ ...result, times: [[10, 11], [20, 21]] }]), /not quiet/);
  const svg = chart([{ ...result, threads: 1 }], machine);
  assert.match(svg, /0\.55 of its time/);
  assert.ok(!svg.includes('<processor>'));
});

test('peaks are measured with modules that validate, and rows are held to what they may use', async () => {
  for (const { name, bytes } of peakModules()) {
    const { exports } = (await WebAssembly.instantiate(new Uint8Array(bytes))).instance;
    assert.equal(typeof exports.run(3), 'number', name);
  }
  const peaks = { dot_i16x8: 30, relaxed_dot: 100, relaxed_madd: 20, mul_add: 12 };
  assert.equal(peakOf({ arithmetic: 'int8', simd: 'auto' }, peaks).rate, 100);
  assert.equal(peakOf({ arithmetic: 'int8', simd: 'simd128' }, peaks).rate, 30);
  assert.equal(peakOf({ arithmetic: 'f32', simd: 'auto' }, peaks).rate, 20);
});

test('the benchmark of kernels builds and runs', () => {
  const script = join(root, 'bench/kernels.mjs');
  const text = execFileSync(process.execPath, [script, 'affine_f32', '--tables', 'scalar,simd128'], { encoding: 'utf8' });
  assert.match(text, /affine_f32 +scalar [\d.]+ ns +simd128 [\d.]+ ns \([\d.]+x\)/);
});

test('the server compresses what hosts compress, and leaves its folders for nobody', async () => {
  const server = await serve({ '/bench/': `${root}/bench` });
  try {
    const page = await fetch(`${server.origin}/bench/page.html`);
    assert.equal(page.headers.get('content-encoding'), 'gzip');
    assert.equal(page.headers.get('cross-origin-embedder-policy'), 'require-corp');
    assert.match(await page.text(), /page\.mjs/);
    for (const path of ['/README.md', '/bench/..%2fREADME.md', '/bench/%2e%2e/README.md', '/bench/absent', '/bench/%ff']) {
      assert.equal((await fetch(server.origin + path)).status, 404, path);
    }
  } finally {
    server.close();
  }
});

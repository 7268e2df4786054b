// The report on a quantised model: everything that was measured, nothing that
// runs or is fetched.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorChart, reportPage } from '../../js/cli/report.mjs';

const pixel = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const data = {
  title: 'model.onnx in int8', made: 'by pincel 0.1.0',
  facts: [{ name: 'size', before: '2.48 MB', after: '1.30 MB', change: '0.52 times', good: true }],
  quality: [{ name: 'PSNR', value: '31.2 dB', good: true }, { name: 'same best class', value: '97.0 %', good: false }],
  settings: [{ name: 'calibrated on', value: '100 pictures' }],
  layers: [{ name: 'conv1', op: 'CONV_2D', error: 0.012, kept: '' }, { name: 'conv2', op: 'CONV_2D', error: 0.034, kept: 'float' }],
  samples: [{ name: 'cat.jpg', pictures: [{ caption: 'float', source: pixel }, { caption: 'int8', source: pixel }] }],
};

test('everything is there', () => {
  const page = reportPage(data);
  for (const piece of ['model.onnx in int8', 'by pincel 0.1.0', '2.48 MB', '0.52 times', '31.2 dB', '97.0 %', '100 pictures', 'conv1', '1.2 %', '3.4 % float', 'cat.jpg', pixel]) assert.ok(page.includes(piece), piece);
  assert.equal(page.match(/<img /g).length, 2);
  for (const heading of ['Before and after', 'Quality', 'Error of each layer', 'Pictures', 'How it was made']) assert.ok(page.includes(`<h2>${heading}</h2>`), heading);
});

test('what was not measured has no heading', () => {
  const page = reportPage({ title: 'x', made: '' });
  assert.doesNotMatch(page, /<h2>|<svg|<table/);
});

test('nothing runs, nothing is fetched, whatever the names are', () => {
  const hostile = '</title><script>alert(1)</script>"\'';
  const page = reportPage({
    title: hostile, made: hostile, facts: [{ name: hostile, before: hostile, after: hostile, change: hostile }], quality: [{ name: hostile, value: hostile }],
    settings: [{ name: hostile, value: hostile }], layers: [{ name: hostile, op: hostile, error: 0.5, kept: hostile }],
    samples: [{ name: hostile, pictures: [{ caption: hostile, source: 'https://elsewhere.example/x.png' }, { caption: hostile, source: `data:image/png;base64,"onerror=x` }] }],
  });
  assert.doesNotMatch(page, /<script|onerror|https?:|<img|url\(|@import/);
});

test('bars: in proportion, on a round scale', () => {
  const widths = (layers) => [...errorChart(layers).matchAll(/<rect class="(\w+)" [^>]*width="([\d.]+)"/g)].map(([, kind, width]) => [kind, Number(width)]);
  assert.deepEqual(widths(data.layers), [['bar', 120], ['kept', 340]], 'of 500, which are 5 %');
  assert.deepEqual(widths([{ name: 'a', op: 'b', error: 0 }]), [['bar', 0]]);
  assert.match(errorChart(data.layers), />3\.75 %<.*>5 %</);
});

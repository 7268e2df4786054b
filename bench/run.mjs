// npm run bench: Pincel and its peers side by side, on the same files, in one
// headless Chromium, taking turns. Prints a table, writes bench/results.json.
//
//   node bench/run.mjs [--rounds 7] [--burst 400] [--only text] [--threads 1,2]

import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { serve } from '../js/build/serve.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const work = [
  { name: 'MobileNetV2 1.0 224, int8 per channel', model: 'mobilenet_v2_ptq', macs: 300.78e6 },
  { name: 'MobileNetV2 1.0 224, uint8 per tensor', model: 'mobilenet_v2_uint8', macs: 300.78e6 },
  { name: 'MobileNetV1 0.5 160, uint8 per tensor', model: 'mobilenet_v1_050_160_uint8', macs: 76.53e6 },
  { name: 'Magenta style prediction 256, int8', model: 'magenta_predict_int8', macs: 391.3e6 },
  { name: 'Magenta style transfer 384, int8', model: 'magenta_transfer_int8', macs: 1847.4e6 },
  { name: 'Magenta style transfer 384, fp16', model: 'magenta_transfer_fp16', macs: 1847.4e6 },
];

const contenders = [
  { label: 'Pincel', module: 'pincel', options: {} },
  { label: 'LiteRT.js', module: 'litert', options: {} },
];

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    burst: { type: 'string', default: '400' },
    only: { type: 'string', default: '' },
    threads: { type: 'string', default: '1,2' },
    simd: { type: 'string', default: 'auto' },
  },
});

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const spread = (values) => `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)})`;

function installPeers() {
  if (existsSync(here('node_modules/@litertjs/core'))) return;
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: here('.'), stdio: 'inherit' });
}

async function compare(browser, origin, task) {
  // A page of its own for each comparison: no leftovers of the one before.
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  await page.goto(`${origin}/bench/page.html`);
  await page.waitForFunction(() => window.bench);
  const result = await page.evaluate((task) => window.bench.compare(task), task);
  await page.close();
  return result;
}

if (!existsSync(here('../../shared/zoo'))) {
  console.error('The models to compare are not here (../shared/zoo); nothing to do.');
  process.exit(0);
}
installPeers();
const server = await serve({
  port: 0,
  mounts: {
    '/bench/': here('.'), '/dist/': here('../dist'), '/peers/': here('node_modules'),
    '/zoo/': here('../../shared/zoo'), '/goldens/': here('../../shared/goldens'),
  },
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const results = [];
console.log(`${cpus()[0].model}, ${cpus().length} cores, Chromium ${browser.version()}\n`);
console.log('| work | threads | Pincel ms | LiteRT.js ms | ratio | G MAC/s |\n|---|---|---|---|---|---|');
for (const { name, model, macs } of work.filter(({ model }) => model.includes(options.only))) {
  for (const threads of options.threads.split(',').map(Number)) {
    const { times } = await compare(browser, server.origin, {
      model: `${model}.tflite`, golden: model, threads,
      contenders: contenders.map((contender) => (contender.module === 'pincel'
        ? { ...contender, options: { simd: options.simd } } : contender)),
      rounds: Number(options.rounds), burst: Number(options.burst),
    });
    const [ours, theirs] = times;
    const ratio = median(ours) / median(theirs);
    console.log(`| ${name} | ${threads} | ${spread(ours)} | ${spread(theirs)} | ${ratio.toFixed(2)} | ${(macs / median(ours) / 1e6).toFixed(1)} |`);
    results.push({ name, model, threads, macs, pincel: ours, litert: theirs, ratio });
  }
}
writeFileSync(here('results.json'), `${JSON.stringify({ date: new Date().toISOString(), cpu: cpus()[0].model, chromium: browser.version(), results }, null, 1)}\n`);
await browser.close();
await server.close();

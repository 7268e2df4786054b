// Makes imagenet500-litert.json: what LiteRT.js, in headless Chromium, answers
// to the 500 pictures. Needs the benchmark's peers (npm run bench installs them).
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBrowser, startServer } from '../browser/browser.mjs';
import { best, inputs } from './imagenet.mjs';

const folder = mkdtempSync(join(tmpdir(), 'imagenet-'));
const fed = createHash('sha256');
const files = [];
for await (const { file, input } of inputs()) {
  fed.update(input);
  writeFileSync(join(folder, String(files.length)), input);
  files.push(file);
}
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const server = await startServer({ mounts: { '/inputs/': folder, '/bench/': path('../../bench'), '/peers/': path('../../bench/node_modules') } });
const browser = await startBrowser();
const page = await browser.newPage();
await page.goto(`${server.origin}/bench/page.html`);
const outputs = await page.evaluate(async (count) => {
  const { load } = await import('/bench/contenders/litert.mjs');
  const input = new Uint8Array(224 * 224 * 3), results = [];
  const contender = await load('/zoo/mobilenet_v2_ptq.tflite', { threads: 1, inputs: [input] });
  for (let i = 0; i < count; i++) {
    input.set(new Uint8Array(await (await fetch(`/inputs/${i}`)).arrayBuffer()));
    await contender.run();
    results.push([...contender.outputs()[0]]);
  }
  return results;
}, files.length);
await browser.close();
await server.close();
rmSync(folder, { recursive: true });
const top1 = Object.fromEntries(files.map((file, i) => [file, best(outputs[i])]));
writeFileSync(path('imagenet500-litert.json'), `${JSON.stringify({ made: '@litertjs/core 2.5.3, 1 thread', inputsSha256: fed.digest('hex'), top1 }, null, 0)}\n`);

// Writes into registry.json what can be computed from a model's file: for
// models that ship bytes and sha256, and for all the golden, what the file
// makes of the probe's noise. A public model's file has to be the published
// one.
//
//   node models/register.mjs [FOLDER …]     folders to look for files in, besides this one
import '../js/cli/relaxed.mjs'; // the best kernels, in Node 20 too
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHash } from 'node:crypto';
import { Model } from '../dist/pincel.mjs';
import { goldenDistance, goldenOf, probeInputs } from '../js/probe.mjs';

const here = fileURLToPath(new URL('.', import.meta.url)), book = join(here, 'registry.json');
const folders = [here, ...process.argv.slice(2)];

async function run(bytes, simd) {
  const model = await Model.load(bytes, { threads: 1, simd });
  try {
    return { infos: model.outputs, outputs: await model.run(probeInputs(model.inputs)) };
  } finally {
    model.dispose();
  }
}

/** The scalar kernels' outputs: their bytes, when the best kernels here give the same. */
async function golden(bytes) {
  const { infos, outputs } = await run(bytes, 'scalar'), best = await run(bytes, 'auto');
  const entries = infos.map(async (info) => {
    const strict = await goldenOf(outputs[info.name], info), isExact = await goldenDistance(strict, best.outputs[info.name], info) === 0;
    return [info.name, isExact ? strict : await goldenOf(outputs[info.name], info, false)];
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function complete(name, file) {
  const path = folders.map((folder) => join(folder, file.name)).find(existsSync);
  if (!path) {
    console.log(`${name}: ${file.name} is not here, left as it is`);
    return;
  }
  const bytes = readFileSync(path), sha256 = createHash('sha256').update(bytes).digest('hex');
  if (file.addresses && sha256 !== file.sha256) throw new Error(`${path} is not the published file.`);
  Object.assign(file, { bytes: bytes.length, sha256, golden: await golden(bytes) });
  console.log(`${name}: ${file.name}, ${bytes.length} bytes`);
}

const contents = JSON.parse(readFileSync(book, 'utf8'));
for (const [name, { files }] of Object.entries(contents.models)) {
  for (const file of Object.values(files)) await complete(name, file);
}
writeFileSync(book, `${JSON.stringify(contents, null, 2)}\n`);

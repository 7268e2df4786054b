// Runs every case in LiteRT.js and stores what it computes:
//
//   npm install --prefix /tmp/litert --no-save @litertjs/core@2.5.3
//   node tests/conformance/record.mjs /tmp/litert/node_modules
//
// Writes expected.bin.gz (the outputs, one after the other) and expected.json
// (where each case's outputs begin, or why LiteRT refused it). Not part of
// npm test, which only reads those two files.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { cases } from './cases.mjs';
import { fingerprint, realise } from './describe.mjs';


const modules = process.argv[2];
const only = process.argv[3];
if (!modules) {
  console.error('Where is @litertjs/core? node tests/conformance/record.mjs path/to/node_modules');
  process.exit(2);
}

const origin = 'http://localhost:1'; // nothing listens: every request is answered below
const page = `<!doctype html><script type="importmap">
{ "imports": { "@litertjs/wasm-utils": "/@litertjs/wasm-utils/dist/index.js" } }</script>`;

/** LiteRT.js itself runs tensors of these types; only its table of typed arrays lacks them. */
const moreTypes = `class BoolArray extends Uint8Array {}
globalThis.BoolArray = BoolArray;
var DATATYPES = Object.freeze([
  { dtype: 'bool', typedArrayConstructor: BoolArray, elementType: ElementType.BOOL },
  { dtype: 'int8', typedArrayConstructor: Int8Array, elementType: ElementType.INT8 },
  { dtype: 'int16', typedArrayConstructor: Int16Array, elementType: ElementType.INT16 },
  { dtype: 'int64', typedArrayConstructor: BigInt64Array, elementType: ElementType.INT64 },`;

function answer(route) {
  const { pathname } = new URL(route.request().url());
  if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: page });
  const contentType = pathname.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
  let body = readFileSync(join(modules, pathname));
  if (pathname.endsWith('core/dist/index.js')) body = String(body).replace('var DATATYPES = Object.freeze([', moreTypes);
  return route.fulfill({ contentType, body });
}

/** In the page: runs one model; resolves to the bytes of its outputs, in base64. */
async function runInPage({ model, inputs }) {
  const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const constructors = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array, int16: Int16Array, int32: Int32Array,
    int64: BigInt64Array, bool: globalThis.BoolArray };
  const compiled = await window.litert.loadAndCompile(bytesOf(model), { accelerator: 'wasm' });
  const tensors = inputs.map(({ dtype, shape, data }) => new window.litert.Tensor(new constructors[dtype](bytesOf(data).buffer), shape));
  const outputs = await compiled.run(tensors);
  return outputs.map((tensor) => {
    const array = tensor.toTypedArray();
    return btoa(String.fromCharCode(...new Uint8Array(array.buffer, array.byteOffset, array.byteLength)));
  });
}

async function openPage(browser) {
  const tab = await browser.newPage();
  await tab.route('**/*', answer);
  const told = [];
  tab.on('console', (message) => told.push(message.text()));
  await tab.goto(origin);
  await tab.evaluate(async () => {
    window.litert = await import('/@litertjs/core/dist/index.js');
    await window.litert.loadLiteRt('/@litertjs/core/wasm/', { threads: false });
  });
  return { tab, told };
}

const encode = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const index = {}, chunks = [];
let at = 0, current = await openPage(browser);
for (const description of cases) {
  if (only && !description.name.includes(only)) continue;
  const { bytes, inputs } = realise(description);
  const specs = description.inputs.map((name) => {
    const { dtype, shape } = description.tensors.find((tensor) => tensor.name === name);
    return { dtype, shape, data: encode(inputs[name]) };
  });
  current.told.length = 0;
  try {
    const outputs = (await current.tab.evaluate(runInPage, { model: encode(bytes), inputs: specs })).map((text) => Buffer.from(text, 'base64'));
    if (current.told.some((line) => line.startsWith('ERROR'))) throw new Error('failed'); // LiteRT.js returns unwritten tensors then
    index[description.name] = { is: fingerprint(bytes, inputs), at, sizes: outputs.map((output) => output.length) };
    for (const output of outputs) { chunks.push(output); at += output.length; }
  } catch (error) {
    const refused = (current.told.find((line) => line.startsWith('ERROR')) ?? error.message.split('\n')[0]).slice(0, 160);
    index[description.name] = { is: fingerprint(bytes, inputs), refused };
    console.log(`refused: ${description.name}: ${refused}`);
    await current.tab.close(); // what refused may have left the module in disorder
    current = await openPage(browser);
  }
}
await browser.close();
if (!only) {
  const { version } = JSON.parse(readFileSync(join(modules, '@litertjs/core/package.json')));
  const lines = Object.entries(index).map(([name, entry]) => `    ${JSON.stringify(name)}: ${JSON.stringify(entry)}`);
  writeFileSync(new URL('expected.json', import.meta.url),
    `{\n  "producer": "@litertjs/core ${version} in Chromium, one thread",\n  "cases": {\n${lines.join(',\n')}\n  }\n}\n`);
  writeFileSync(new URL('expected.bin.gz', import.meta.url), gzipSync(Buffer.concat(chunks), { level: 9 }));
}
console.log(`${Object.keys(index).length} cases, ${Object.values(index).filter(({ refused }) => refused).length} refused, ${at} bytes of outputs`);

// malloc of the WebAssembly modules, against a list of what is allocated.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Core } from '../../js/core.mjs';
import { drawn, network } from './networks.mjs';

const module = new WebAssembly.Module(readFileSync(new URL('../../dist/pincel-simd128.wasm', import.meta.url)));
const start = () => new WebAssembly.Instance(module).exports;

/** The same numbers in every run. */
function randomNumbers(seed) {
  let state = seed;
  return (below) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor(state / 2 ** 32 * below); };
}

test('allocations are aligned, never overlap and keep their bytes', () => {
  const { malloc, free, memory } = start(), random = randomNumbers(1), live = new Map();
  for (let step = 0; step < 20000; step++) {
    if (live.size > 60 || (live.size && random(2))) {
      const [address, { size, mark }] = [...live][random(live.size)];
      const bytes = new Uint8Array(memory.buffer, address, size);
      assert.ok(bytes.every((byte) => byte === mark), `an allocation of ${size} bytes was overwritten`);
      free(address);
      live.delete(address);
      continue;
    }
    const size = random(8) ? random(3000) : random(300000), address = malloc(size), mark = random(256);
    assert.equal(address % 16, 0);
    assert.ok(address > 0 && address + size <= memory.buffer.byteLength);
    new Uint8Array(memory.buffer, address, size).fill(mark);
    live.set(address, { size, mark });
  }
});

test('freed memory is used again, neighbours together', () => {
  const { malloc, free, memory } = start();
  const parts = Array.from({ length: 64 }, () => malloc(100000)), grown = memory.buffer.byteLength;
  for (const i of [...parts.keys()].sort((a, b) => (a * 37 % 64) - (b * 37 % 64))) free(parts[i]);
  for (let i = 0; i < 100; i++) free(malloc(6_000_000));
  assert.equal(memory.buffer.byteLength, grown);
});

test('what cannot be had is refused, and the rest still works', () => {
  const { malloc, free } = start();
  for (const size of [0xffffffff, 0xfffffff0, 0x80000000, 0x7fffffff]) assert.equal(malloc(size | 0), 0);
  const address = malloc(1000);
  assert.ok(address > 0);
  free(address);
  free(0);
});

/** What a network says in an engine in which `use` has allocated and written before. */
async function answerAfter(use) {
  const core = await Core.start({ simd: 'simd128', threads: 1 }, module);
  use(core.exports);
  core.open(network());
  core.prepare();
  const answer = await core.run({ x: drawn('photo', [1, 12, 12, 3]) });
  core.dispose();
  return answer;
}

test('a model finds zeros where others have written', async () => {
  const expected = await answerAfter(() => {});
  for (const sizes of [[40, 3_000_000, 900], [70_000, 70_000, 200_000, 5_000_000, 1_000_000]]) {
    assert.deepEqual(await answerAfter(({ malloc, free, memory }) => {
      const blocks = sizes.map((size) => {
        const address = malloc(size);
        new Uint8Array(memory.buffer, address, size).fill(0xa5);
        return address;
      });
      for (const address of blocks.reverse()) free(address);
    }), expected);
  }
});

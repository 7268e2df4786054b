// The native program as a contender: the same C kernels, compiled for the processor itself at the same width.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { root } from '../js/build/setup.mjs';
import { compiler, machineFlag, nativeBuild } from '../tests/instructions/native.mjs';

/** Builds the program; undefined where there is no x86-64 or no compiler. */
export function buildNative() {
  if (process.arch !== 'x64' || !compiler()) return undefined;
  const folder = nativeBuild(), program = join(folder, 'bench-native');
  execFileSync(compiler(), ['-std=gnu11', '-O2', machineFlag, `-I${join(root, 'src')}`, fileURLToPath(new URL('native.c', import.meta.url)),
    join(folder, 'libpincel.a'), '-lm', '-lpthread', '-o', program], { stdio: 'inherit' });
  return program;
}

/**
 * Starts the program on a model with the inputs that WebAssembly had.
 * @param {ArrayBufferView[]} inputs
 * @returns {Promise<{output: Buffer, burst(milliseconds: number): Promise<number>, close(): void}>}
 */
export async function startNative(program, model, inputs) {
  const folder = mkdtempSync(join(tmpdir(), 'pincel-'));
  const output = join(folder, 'output'), files = inputs.map((_, i) => join(folder, `input${i}`));
  inputs.forEach(({ buffer, byteOffset, byteLength }, i) => writeFileSync(files[i], new Uint8Array(buffer, byteOffset, byteLength)));
  const child = spawn(program, [model, output, ...files], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((_, reject) => { child.once('error', reject); });
  failed.catch(() => {});
  const line = async () => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done) throw new Error('The native program ended.');
    return value;
  };
  const close = () => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await line(); // ready
  } catch (error) {
    close();
    throw error;
  }
  return {
    output: readFileSync(output),
    burst: async (milliseconds) => {
      child.stdin.write(`${milliseconds}\n`);
      const median = Number(await line());
      if (!(median > 0)) throw new Error('The native run failed.');
      return median;
    },
    close,
  };
}

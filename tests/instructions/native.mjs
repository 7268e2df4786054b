// The native build that stands for WebAssembly: its compiler, its 128-bit kernels, no wider instructions.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cmakeBuild } from '../../js/build/build.mjs';
import { root } from '../../js/build/setup.mjs';

/** SSE4.2, as the 128-bit kernels expect of any processor of today. */
export const machineFlag = '-march=x86-64-v2';

/** The clang that compiles the WebAssembly modules, which have to be built; undefined when they are not. Another
 *  compiler may leave loops rolled that this one unrolls, and then tells nothing of WebAssembly. */
export function compiler() {
  const cache = join(root, 'build/wasm-simd128/CMakeCache.txt');
  const folder = existsSync(cache) && readFileSync(cache, 'utf8').match(/^PCL_WASM_LLVM:\w+=(.+)$/m)?.[1];
  return folder ? join(folder, 'clang') : undefined;
}

/** Which compiler, for which system. */
export function compilerVersion() {
  const ask = (parameter) => execFileSync(compiler(), [parameter], { encoding: 'utf8' }).trim();
  return `clang ${ask('-dumpversion')} for ${ask('-dumpmachine')}`;
}

/** Builds the libraries and the program that count.mjs runs; returns the folder. */
export const nativeBuild = () => cmakeBuild('native-128', {
  CMAKE_BUILD_TYPE: 'Release', CMAKE_C_COMPILER: compiler(), CMAKE_C_FLAGS: machineFlag,
}, ['pincel', 'run_count']);

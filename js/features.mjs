// What this browser's WebAssembly can do, found by validating the smallest
// modules that use it.
import { isNode } from './environment.mjs';

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** One type () -> v128, one function of it with this body. */
const withBody = (...body) => new Uint8Array([
  ...header, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b,
]);
const splat = [0x41, 0, 0xfd, 0x0f]; // i32.const 0, i8x16.splat

const simd128Probe = withBody(...splat);
// i32x4.relaxed_dot_i8x16_i7x16_add_s (0x113) of three vectors
const relaxedProbe = withBody(...splat, ...splat, ...splat, 0xfd, 0x93, 0x02);
// a shared memory of 1 to 1 pages
const threadsProbe = new Uint8Array([...header, 5, 4, 1, 3, 1, 1]);

/** False where there is no WebAssembly at all. */
const validates = (bytes) => Boolean(globalThis.WebAssembly?.validate(bytes));

/** @returns {{simd128: boolean, relaxed: boolean, threads: boolean, why?: string}} `why`: what stands in the way of threads */
export function features() {
  const simd128 = validates(simd128Probe);
  const relaxed = simd128 && validates(relaxedProbe);
  const why = whyNoThreads();
  return { simd128, relaxed, threads: !why, ...(why ? { why } : {}) };
}

function whyNoThreads() {
  if (!isNode && !globalThis.crossOriginIsolated) {
    return 'The page is not cross-origin isolated: it needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.';
  }
  if (typeof SharedArrayBuffer !== 'function' || !validates(threadsProbe)) return 'This browser has no shared memory.';
  if (!isNode && typeof Worker !== 'function') return 'This browser has no workers inside workers.';
  return undefined;
}

// Fetches, compiles and starts one of the engine's modules, with helper
// threads when asked for. Compiled modules are shared between models;
// instances never are.
import { Memory } from './abi.mjs';
import { isNode, resolveAssets } from './environment.mjs';
import { PincelError, aborted } from './errors.mjs';
import { features } from './features.mjs';
import { startThread } from './threads.mjs';

const stackBytes = 256 * 1024;
const initialPages = 32; // the modules' own
const maximumPages = [32768, 16384, 8192, 4096]; // 2 GiB, or what the system will reserve

const compiled = new Map(); // address → Promise<WebAssembly.Module>

async function readModule(address) {
  const { readFile } = await import('node:fs/promises');
  return WebAssembly.compile(await readFile(new URL(address)));
}

async function fetchModule(address) {
  const response = await fetch(address, { credentials: 'same-origin' });
  if (!response.ok) {
    throw new PincelError('environment', `The engine ${address} could not be fetched: HTTP ${response.status}.`, {
      hint: 'Copy the .wasm files of dist/ beside the library, or pass `assetBase`.',
    });
  }
  if (WebAssembly.compileStreaming && /application\/wasm/.test(response.headers.get('Content-Type') ?? '')) {
    return WebAssembly.compileStreaming(response);
  }
  const bytes = await response.arrayBuffer(); // served with another type; works all the same
  if (new DataView(bytes).byteLength < 8 || new DataView(bytes).getUint32(0) !== 0x0061736d) {
    throw new PincelError('environment', `${address} is not a WebAssembly module.`, {
      hint: 'The server answers with a page in its place; copy the .wasm files of dist/ beside the library, or pass `assetBase`.',
    });
  }
  return WebAssembly.compile(bytes);
}

/** The compiled module of a file in the asset folder. */
export function loadModule(file, assetBase) {
  const address = new URL(file, resolveAssets(assetBase)).href;
  if (!compiled.has(address)) {
    const loading = isNode && address.startsWith('file:') ? readModule(address) : fetchModule(address);
    compiled.set(address, loading.catch((error) => {
      compiled.delete(address); // so that a later try can succeed
      if (error instanceof PincelError) throw error;
      throw new PincelError('environment', `The engine ${address} could not be loaded: ${error.message}`, {
        cause: error, hint: 'Serve the .wasm files beside the library; a Content-Security-Policy must allow \'wasm-unsafe-eval\'.',
      });
    }));
  }
  return compiled.get(address);
}

function chooseSimd(wanted = 'auto') {
  const { simd128, relaxed } = features();
  if (!simd128) {
    throw new PincelError('environment', 'This browser has no WebAssembly SIMD.', {
      hint: 'Chrome and Edge 91, Firefox 89, Safari 16.4 and later have it.',
    });
  }
  if (!['auto', 'scalar', 'simd128', 'relaxed'].includes(wanted)) {
    throw new PincelError('argument', `simd is '${wanted}'.`, { expected: "'auto', 'relaxed', 'simd128' or 'scalar'" });
  }
  if (wanted === 'relaxed' && !relaxed) throw new PincelError('environment', 'Relaxed SIMD is not available here.');
  return wanted === 'auto' ? (relaxed ? 'relaxed' : 'simd128') : wanted;
}

/** How many threads to run, and why not more. */
export function chooseThreads(wanted = 'auto') {
  const { why } = features();
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  if (wanted !== 'auto' && !(Number.isInteger(wanted) && wanted >= 1 && wanted <= 64)) {
    throw new PincelError('argument', `threads is ${wanted}.`, { expected: "'auto' or a number from 1 to 64" });
  }
  if (wanted === 1) return { threads: 1 };
  if (why) return { threads: 1, why };
  return { threads: wanted === 'auto' ? Math.min(cores, 8) : wanted };
}

function sharedMemory() {
  let failure;
  for (const maximum of maximumPages) {
    try {
      return new WebAssembly.Memory({ initial: initialPages, maximum, shared: true });
    } catch (error) {
      failure = error;
    }
  }
  throw new PincelError('memory', 'No shared memory could be reserved.', { cause: failure });
}

async function startThreads(module, memory, exports, count) {
  const started = [];
  try {
    for (let i = 1; i < count; i++) {
      const stack = exports.malloc(stackBytes) >>> 0, storage = exports.malloc(exports.__tls_size.value || 1) >>> 0;
      started.push(startThread({ module, memory, stackTop: stack + stackBytes & ~15, storage }));
    }
    return await Promise.all(started);
  } catch (error) {
    for (const thread of await Promise.allSettled(started)) thread.value?.terminate();
    throw error;
  }
}

/**
 * An instance of the engine: { exports, memory: Memory, threads: [thread], simd, why }.
 * Falls back to one thread when threads cannot be started.
 */
export async function startEngine({ simd, threads: wanted, assetBase, signal }) {
  const isa = chooseSimd(simd);
  const build = isa === 'relaxed' ? 'pincel-relaxed' : 'pincel-simd128';
  const { threads, why } = chooseThreads(wanted);
  if (threads > 1) {
    try {
      const module = await loadModule(`${build}-threads.wasm`, assetBase);
      const memory = sharedMemory();
      const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
      const helpers = await startThreads(module, memory, exports, threads);
      return { exports, memory: new Memory(exports, memory), helpers, simd: isa };
    } catch (error) {
      const engine = await startEngine({ simd, threads: 1, assetBase, signal });
      return { ...engine, why: `Threads could not be started: ${error.message}` };
    }
  }
  const module = await loadModule(`${build}.wasm`, assetBase);
  if (signal?.aborted) throw aborted(signal);
  const { exports } = await WebAssembly.instantiate(module, {});
  return { exports, memory: new Memory(exports, exports.memory), helpers: [], simd: isa, why };
}


// Fetches, compiles and starts one of the engine's modules, with helper
// threads when asked for. Compiled modules are shared between models;
// instances never are.
import { Memory } from './abi.mjs';
import { importNode, isNode, locate } from './environment.mjs';
import { PincelError } from './errors.mjs';
import { features } from './features.mjs';
import { ask } from './source.mjs';
import { enlist, startWorkers } from './threads.mjs';

const initialPages = 32; // the modules' own
const maximumPages = [32768, 16384, 8192, 4096]; // 2 GiB, or what the system will reserve
const maxAutoThreads = 8;

const compiled = new Map(); // address or bytes → Promise<WebAssembly.Module>

async function readModule(address) {
  const { readFile } = await importNode('node:fs/promises');
  return WebAssembly.compile(await readFile(new URL(address)));
}

async function fetchModule(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const isTyped = /application\/wasm/.test(response.headers.get('Content-Type') ?? '');
  if (isTyped && WebAssembly.compileStreaming) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer()); // served with another type; works all the same
}

/** The compiled module at an address, or of its bytes. rescue.mjs tries again, or says what stands in the way. */
export function loadModule(place, assetBase) {
  if (!compiled.has(place)) {
    const isBytes = typeof place !== 'string';
    const loading = isBytes ? WebAssembly.compile(place) : isNode && place.startsWith('file:') ? readModule(place) : fetchModule(place);
    const rescued = loading.catch((cause) => {
      const failure = new PincelError('environment', `The engine ${isBytes ? '' : place} could not be loaded: ${cause.message}`, { cause, hint: 'environment-files' });
      if (isBytes) throw failure;
      return ask('rescue', 'engine', [place, failure], { assetBase }, failure);
    });
    compiled.set(place, rescued);
    rescued.catch(() => compiled.delete(place)); // so that a later try can succeed
  }
  return compiled.get(place);
}

function chooseSimd(wanted = 'auto') {
  const { simd128, relaxed } = features();
  if (!['auto', 'scalar', 'simd128', 'relaxed'].includes(wanted)) {
    throw new PincelError('argument', `simd is '${wanted}'.`, { expected: "'auto', 'relaxed', 'simd128' or 'scalar'" });
  }
  if (!simd128) {
    throw new PincelError('environment', 'This browser has no WebAssembly SIMD.', { hint: 'environment-simd' });
  }
  if (wanted === 'relaxed' && !relaxed) throw new PincelError('environment', 'Relaxed SIMD is not available here.', { hint: 'environment-relaxed' });
  return wanted === 'auto' ? (relaxed ? 'relaxed' : 'simd128') : wanted;
}

async function coreCount() {
  return isNode ? (await importNode('node:os')).availableParallelism() : globalThis.navigator.hardwareConcurrency;
}

/** How many threads to run, and why not more. */
async function chooseThreads(wanted = 'auto') {
  if (wanted !== 'auto' && !(Number.isInteger(wanted) && wanted >= 1 && wanted <= 64)) {
    throw new PincelError('argument', `threads is ${wanted}.`, { expected: "'auto' or a number from 1 to 64" });
  }
  const { why } = features();
  if (wanted === 1) return { threads: 1 };
  if (why) return { threads: 1, why };
  return { threads: wanted === 'auto' ? Math.min(await coreCount(), maxAutoThreads) : wanted };
}

/** What will run and where its files lie; plain data that a worker can be given. */
export async function planEngine(options) {
  const simd = chooseSimd(options.simd), { assets, folder, worker } = await locate(options);
  const name = `pincel-${options.tools ? 'tools-' : ''}${simd === 'relaxed' ? simd : 'simd128'}`; // the tools hold the engine too
  const modules = [assets(`${name}.wasm`), assets(`${name}-threads.wasm`)];
  return { simd, ...await chooseThreads(options.threads), limits: options.limits, modules, folder, worker };
}

/** The compiled module of a plan. */
export const moduleFor = ({ modules, threads, folder }) => loadModule(modules[threads > 1 ? 1 : 0], folder);

function sharedMemory() {
  let failure;
  for (const maximum of maximumPages) {
    try {
      return new WebAssembly.Memory({ initial: initialPages, maximum, shared: true });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function startThreaded(plan, loading, lent) {
  const starting = lent?.length ? lent : startWorkers(plan.worker, plan.threads - 1);
  try {
    const module = await loading, memory = sharedMemory();
    const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
    const engine = { exports, memory: new Memory(exports, memory), simd: plan.simd };
    const stackBytes = exports.__stack_pointer.value; // of the module's own, which lies first in memory and is unused yet
    engine.helpers = await Promise.all((await starting).map((port) => {
      const stack = engine.memory.allocate(stackBytes), storage = engine.memory.allocate(exports.__tls_size.value);
      return enlist(port, { module, memory, storage, stackTop: stack + stackBytes & ~15 });
    }));
    return engine;
  } catch (error) {
    Promise.resolve(starting).then((ports) => ports.forEach((port) => port.terminate()), () => {});
    throw error;
  }
}

/**
 * An instance of the engine: {exports, memory: Memory, helpers: [thread], simd, why}.
 * Falls back to one thread when others cannot be started.
 * @param lent  ports of workers that can be threads, when they have been started elsewhere
 */
export async function startEngine(plan, module, lent) {
  if (plan.threads > 1) {
    try {
      return await startThreaded(plan, module ?? moduleFor(plan), lent);
    } catch (error) {
      return startEngine({ ...plan, threads: 1, why: `Threads could not be started: ${error.message}` });
    }
  }
  const { exports } = await WebAssembly.instantiate(module ?? await moduleFor(plan), {});
  return { exports, memory: new Memory(exports, exports.memory), helpers: [], simd: plan.simd, why: plan.why };
}

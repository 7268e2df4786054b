// Workers: one kind runs a whole model away from the page, the other lends a
// thread to the engine. Both load this library's own file again, so that
// `worker-src 'self'` is all a Content-Security-Policy has to allow.
import { importNode, isNode, isWorker } from './environment.mjs';
import { PincelError } from './errors.mjs';

/** How a worker knows that it is one of the library's own. */
const workerName = 'pincel-worker';
const startMilliseconds = 20000;

/** A script of another origin cannot be a worker's own; one of the page's that only loads it can. */
function startable(url, isModule) {
  if (!url.startsWith('http') || new URL(url).origin === globalThis.location.origin) return url;
  return URL.createObjectURL(new Blob([isModule ? `import"${url}"` : `importScripts("${url}")`], { type: 'text/javascript' }));
}

function webWorker({ url, isModule }) {
  const worker = new Worker(startable(url, isModule), { name: workerName, type: isModule ? 'module' : 'classic' });
  const port = {
    post: (message, transfer) => worker.postMessage(message, transfer),
    terminate: () => worker.terminate(),
    hold() {},
  };
  worker.onmessage = ({ data }) => port.onMessage(data);
  worker.onerror = (event) => {
    event.preventDefault?.();
    port.onFailure(new Error(event.message || 'the script could not be loaded'));
  };
  return port;
}

async function nodeWorker({ url }) {
  const { Worker } = await importNode('node:worker_threads');
  const worker = new Worker(new URL(url), { argv: [workerName], execArgv: [] });
  const port = {
    post: (message, transfer) => worker.postMessage(message, transfer),
    terminate: () => worker.terminate(),
    /** Keeps the process alive, or lets it end, while the worker waits. */
    hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
  };
  worker.on('message', (message) => port.onMessage(message));
  worker.on('error', (error) => port.onFailure(error));
  worker.on('exit', () => port.onFailure(new Error('the script ended')));
  return port;
}

/**
 * A worker that has answered, behind one interface in browsers and Node:
 * {post, terminate, hold, onMessage, onFailure}, the last two for the caller to set.
 */
export async function startWorker(script) {
  let port, timer;
  try {
    port = await (isNode ? nodeWorker : webWorker)(script);
    await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('the script does not answer')), startMilliseconds);
      Object.assign(port, { onMessage: resolve, onFailure: reject });
    });
    port.onFailure = () => {};
    return port;
  } catch (error) {
    port?.terminate();
    throw new PincelError('environment', `The worker ${script.url} could not be started: ${error.message}`, {
      cause: error, hint: 'environment-worker',
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Several of them; when one cannot be started the others are ended. */
export async function startWorkers(script, count) {
  const starting = Array.from({ length: count }, () => startWorker(script));
  try {
    return await Promise.all(starting);
  } catch (error) {
    for (const { value } of await Promise.allSettled(starting)) value?.terminate();
    throw error;
  }
}

/** A started worker's port as its owner's other worker has it, which speaks to the owner alone. */
export const relayed = (port, helper) => ({ post: (message) => port.post({ helper, message }), terminate() {}, hold() {} });

/** Makes a started worker a thread in shared memory; resolves when it stands ready to help a model. */
export async function enlist(port, place) {
  await new Promise((resolve, reject) => {
    port.onMessage = ({ failure }) => (failure ? reject(new Error(failure)) : resolve());
    port.onFailure = reject;
    port.post({ kind: 'thread', ...place });
  });
  port.onFailure = () => {};
  port.hold(false);
  /** The thread stays in the engine until the model is closed. */
  return { help: (model, index) => port.post({ model, index }), terminate: () => port.terminate() };
}

/** The thread's side. */
function serveThread(port, { module, memory, stackTop, storage }) {
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    exports.__stack_pointer.value = stackTop;
    if (exports.__tls_size.value) exports.__wasm_init_tls(storage);
    port.onMessage = ({ model, index }) => exports.pcl_model_help(model, index);
    port.post({});
  } catch (error) {
    port.post({ failure: error.message });
  }
}

/** This worker's own port, when the library started it; undefined anywhere else. */
async function ownPort() {
  if (isNode) {
    if (globalThis.process.argv.at(-1) !== workerName) return undefined;
    const { parentPort } = await importNode('node:worker_threads');
    if (!parentPort) return undefined;
    const port = { post: (message, transfer) => parentPort.postMessage(message, transfer) };
    parentPort.on('message', (message) => port.onMessage(message));
    return port;
  }
  if (!isWorker || globalThis.name !== workerName) return undefined;
  const port = { post: (message, transfer) => globalThis.postMessage(message, transfer) };
  globalThis.onmessage = ({ data }) => port.onMessage(data);
  return port;
}

/** In a worker of the library: becomes a thread or, by serveModel(port), a model's worker. Does nothing anywhere else. */
export async function serveIfWorker(serveModel) {
  const port = await ownPort();
  if (!port) return;
  port.onMessage = (message) => {
    if (message.kind === 'thread') serveThread(port, message);
    else {
      serveModel(port);
      port.onMessage(message);
    }
  };
  port.post({});
}

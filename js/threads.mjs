// Workers: one kind runs a whole model away from the page, the other lends a
// thread to the engine. Both load this library's own file again, so that
// `worker-src 'self'` is all a Content-Security-Policy has to allow.
import { isModule, isNode, libraryURL } from './environment.mjs';
import { PincelError } from './errors.mjs';

export const workerName = 'pincel';
const startMilliseconds = 20000;

/** A worker that answers to this library, behind one interface in browsers and Node. */
export async function startWorker() {
  if (isNode) {
    const { Worker } = await import('node:worker_threads');
    const source = `const { parentPort, workerData } = require('node:worker_threads');
      import(workerData).then(({ serveWorker }) => serveWorker(parentPort));`;
    const worker = new Worker(source, { eval: true, workerData: libraryURL });
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      listen: (onMessage, onFailure) => worker.on('message', onMessage).on('error', onFailure),
      terminate: () => worker.terminate(),
      /** Lets the process end while the worker waits. */
      rest: () => worker.unref(),
      wake: () => worker.ref(),
    };
  }
  const worker = new Worker(libraryURL, { name: workerName, type: isModule ? 'module' : 'classic' });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen: (onMessage, onFailure) => {
      worker.onmessage = ({ data }) => onMessage(data);
      worker.onerror = (event) => onFailure(new Error(event.message || 'the worker script could not be loaded'));
    },
    terminate: () => worker.terminate(),
    rest: () => {},
    wake: () => {},
  };
}

/** Starts a helper thread in shared memory; resolves when it stands ready to help a model. */
export async function startThread({ module, memory, stackTop, storage }) {
  const worker = await startWorker();
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('a helper thread did not start in time')), startMilliseconds);
    worker.listen((message) => {
      clearTimeout(timer);
      if (message.ready) resolve();
      else reject(new Error(message.failure));
    }, (error) => {
      clearTimeout(timer);
      reject(error);
    });
    worker.post({ kind: 'thread', module, memory, stackTop, storage });
  }).catch((error) => {
    worker.terminate();
    throw new PincelError('environment', error.message, { cause: error });
  });
  worker.rest();
  return {
    /** The thread blocks in the engine until the model is closed. */
    help: (model, index) => worker.post({ model, index }),
    terminate: () => worker.terminate(),
  };
}

/** The thread's side. */
export function serveThread(port, { module, memory, stackTop, storage }) {
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    exports.__stack_pointer.value = stackTop;
    if (exports.__tls_size.value) exports.__wasm_init_tls(storage);
    port.listen(({ model, index }) => exports.pcl_model_help(model, index));
    port.post({ ready: true });
  } catch (error) {
    port.post({ failure: error.message });
  }
}

// A model in a worker: the page's side, which looks like a Core, and the
// worker's side, which has one.
import { Core } from './core.mjs';
import { isWorker } from './environment.mjs';
import { PincelError, aborted, packError, unpackError } from './errors.mjs';
import { serveThread, startWorker, workerName } from './threads.mjs';

export class RemoteCore {
  static async open(bytes, options) {
    const core = new RemoteCore(await startWorker());
    try {
      await core.call('open', [bytes, options]);
    } catch (error) {
      core.worker.terminate();
      throw error;
    }
    return core;
  }

  constructor(worker) {
    this.worker = worker;
    this.calls = new Map(); // number → {resolve, reject, onProgress}
    this.next = 0;
    worker.listen((message) => this.receive(message), (error) => this.fail(error));
  }

  receive({ call, result, error, progress }) {
    const waiting = this.calls.get(call);
    if (!waiting) return;
    if (progress) {
      waiting.onProgress?.(progress);
      return;
    }
    this.calls.delete(call);
    if (!this.calls.size) this.worker.rest();
    if (error) waiting.reject(unpackError(error));
    else waiting.resolve(result);
  }

  fail(error) {
    this.dead = new PincelError('environment', `The worker failed: ${error.message}`, { cause: error });
    for (const { reject } of this.calls.values()) reject(this.dead);
    this.calls.clear();
  }

  async call(method, args, { signal, onProgress } = {}) {
    if (this.dead) throw this.dead;
    if (signal?.aborted) throw aborted(signal);
    const call = this.next++;
    const abort = () => this.worker.post({ abort: call });
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.worker.wake();
      return await new Promise((resolve, reject) => {
        this.calls.set(call, { resolve, reject, onProgress });
        this.worker.post({ kind: 'call', call, method, args, abortable: Boolean(signal), progress: Boolean(onProgress) });
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  prepare(shapes) { return this.call('prepare', [shapes]); }
  nodes() { return this.call('nodes', []); }
  profile(inputs, options) { return this.call('profile', [inputs, options]); }
  run(inputs, { signal, picture, onProgress } = {}) { return this.call('run', [inputs, { picture }], { signal, onProgress }); }

  dispose() {
    if (!this.dead) this.worker.post({ kind: 'dispose' });
    this.fail(new Error('disposed'));
    this.dead = new PincelError('disposed', 'The model was disposed of.');
  }
}

const buffersOf = (result) => {
  if (result?.data?.buffer) return [result.data.buffer];
  return Object.values(result ?? {}).filter(ArrayBuffer.isView).map(({ buffer }) => buffer);
};

/** The worker's side: one model, calls in the order they come. */
function serveModel(port) {
  let core;
  const aborts = new Map(); // number of a running call → AbortController
  const methods = {
    open: async (bytes, options) => { core = await Core.open(bytes, options); },
    prepare: (shapes) => core.prepare(shapes),
    nodes: () => core.nodes(),
    profile: (inputs, options) => core.profile(inputs, options),
    run: (inputs, options) => core.run(inputs, options),
  };
  const answer = async ({ call, method, args, abortable, progress }) => {
    try {
      const options = args.at(-1);
      if (abortable) options.signal = aborts.get(call).signal;
      if (progress) options.onProgress = (value) => port.post({ call, progress: value });
      const result = await methods[method](...args);
      port.post({ call, result }, method === 'run' ? buffersOf(result) : []);
    } catch (error) {
      port.post({ call, error: packError(error) });
    } finally {
      aborts.delete(call);
    }
  };
  return (message) => {
    if (message.abort !== undefined) aborts.get(message.abort)?.abort();
    else if (message.kind === 'dispose') {
      core?.dispose();
      port.close();
    } else {
      if (message.abortable) aborts.set(message.call, new AbortController());
      answer(message);
    }
  };
}

/** Answers the first message by becoming a thread or a model's worker. */
function serve(port) {
  let receive;
  port.listen((message) => {
    if (receive) receive(message);
    else if (message.kind === 'thread') serveThread(port, message);
    else {
      receive = serveModel(port);
      receive(message);
    }
  });
}

/** For Node's workers, which import the library and hand over their port. */
export function serveWorker(parentPort) {
  serve({
    post: (message, transfer) => parentPort.postMessage(message, transfer),
    listen: (onMessage) => { parentPort.removeAllListeners('message'); parentPort.on('message', onMessage); },
    close: () => parentPort.close(),
  });
}

/** When this file was loaded as a worker by the library itself. */
export function serveIfWorker() {
  if (!isWorker || globalThis.name !== workerName) return;
  serve({
    post: (message, transfer) => globalThis.postMessage(message, transfer),
    listen: (onMessage) => { globalThis.onmessage = ({ data }) => onMessage(data); },
    close: () => globalThis.close(),
  });
}

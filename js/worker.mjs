// A model in a worker: the page's side, which looks like a Core, and the
// worker's side, which has one.
import { Core, copyArrays } from './core.mjs';
import { moduleFor } from './engine.mjs';
import { isNode } from './environment.mjs';
import { PincelError, packError, unpackError } from './errors.mjs';
import { relayed, startWorker, startWorkers } from './threads.mjs';

/** Inputs whose arrays are copies, and the buffers to transfer: the caller's own are never detached. */
function copied(inputs) {
  const copies = copyArrays(inputs);
  return [copies, Object.entries(copies).filter(([name, value]) => value !== inputs[name]).map(([, { buffer }]) => buffer)];
}

export class RemoteCore {
  /**
   * The module is compiled here, once for all models, while the workers start. Pages start the engine's helpers as
   * well, and lend them: in Firefox a worker that starts another sometimes stops for ever.
   */
  static async start(plan) {
    const starting = startWorker(plan.worker), helping = isNode ? Promise.resolve([]) : startWorkers(plan.worker, plan.threads - 1);
    try {
      moduleFor(plan).catch(() => {}); // begins to come
      const port = await starting;
      const helpers = await helping.catch(({ message }) => {
        plan = { ...plan, threads: 1, why: `Threads could not be started: ${message}` };
        return [];
      });
      const core = new RemoteCore(port, helpers);
      await core.call('start', [plan, await moduleFor(plan), helpers.length]);
      return core;
    } catch (error) {
      starting.then((port) => port.terminate(), () => {});
      helping.then((helpers) => helpers.forEach((helper) => helper.terminate()), () => {});
      throw error;
    }
  }

  #calls = new Map(); // number → {resolve, reject, signal, onProgress}
  #next = 0;
  #port;
  #helpers;
  #dead;

  constructor(port, helpers) {
    this.#port = port;
    this.#helpers = helpers;
    helpers.forEach((helper, i) => { helper.onMessage = (message) => port.post({ helper: i, message }); });
    port.onMessage = (message) => this.#receive(message);
    port.onFailure = (error) => this.#end(new PincelError('environment', `The worker failed: ${error.message}`, { cause: error }));
  }

  #receive({ call, result, error, progress, helper, message }) {
    if (message) this.#helpers[helper].post(message);
    const waiting = this.#calls.get(call);
    if (!waiting) return;
    if (progress) {
      if (!waiting.signal?.aborted) waiting.onProgress(progress); // the caller has been answered already
      return;
    }
    this.#calls.delete(call);
    if (!this.#calls.size) this.#port.hold(false);
    if (error?.code === 'internal') this.#endHelpers(); // they may wait for the engine that is lost
    if (error) waiting.reject(unpackError(error));
    else waiting.resolve(result);
  }

  #endHelpers() {
    for (const helper of this.#helpers) helper.terminate();
  }

  #end(why) {
    this.#dead ??= why;
    for (const { reject } of this.#calls.values()) reject(this.#dead);
    this.#calls.clear();
  }

  async call(method, args, { signal, onProgress } = {}, transfer = []) {
    if (this.#dead) throw this.#dead;
    const call = this.#next++, port = this.#port;
    const abort = () => port.post({ abort: call });
    signal?.addEventListener('abort', abort);
    try {
      return await new Promise((resolve, reject) => {
        port.post({ call, method, args, abortable: Boolean(signal), progress: Boolean(onProgress) }, transfer);
        this.#calls.set(call, { resolve, reject, signal, onProgress });
        port.hold(true);
      });
    } catch (error) {
      if (error instanceof PincelError) throw error;
      throw new PincelError('type', `The inputs cannot be sent to the worker: ${error.message}`, { cause: error });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  open(bytes, isOwned) {
    const own = isOwned ? bytes : bytes.slice();
    return this.call('open', [own], {}, [own.buffer]);
  }

  prepare(shapes) { return this.call('prepare', [shapes]); }
  nodes() { return this.call('nodes', []); }

  profile(inputs, options) {
    const [copies, transfer] = copied(inputs);
    return this.call('profile', [copies, options], {}, transfer);
  }

  run(inputs, { signal, picture, onProgress } = {}) {
    const [copies, transfer] = copied(inputs);
    return this.call('run', [copies, { picture }], { signal, onProgress }, transfer);
  }

  /** Ends the worker and with it its helper threads and all memory. */
  dispose() {
    this.#end(new PincelError('disposed', 'The model was disposed of.'));
    this.#port.terminate();
    this.#endHelpers();
  }
}

const buffersOf = (result) => Object.values(result).filter(ArrayBuffer.isView).map(({ buffer }) => buffer);

/** The worker's side: one model, calls in the order they come. */
export function serveModel(port) {
  let core, lent;
  const aborts = new Map(); // number of a running call → AbortController
  const methods = {
    start: async (plan, module, helpers) => {
      lent = Array.from({ length: helpers }, (_, i) => relayed(port, i));
      core = await Core.start(plan, module, lent);
    },
    open: (bytes) => core.open(bytes),
    prepare: (shapes) => core.prepare(shapes),
    nodes: () => core.nodes(),
    profile: (inputs, options) => core.profile(inputs, options),
    run: (inputs, options) => core.run(inputs, options),
  };
  const answer = async ({ call, method, args, abortable, progress }) => {
    const options = args.at(-1);
    if (abortable) {
      aborts.set(call, new AbortController());
      options.signal = aborts.get(call).signal;
    }
    if (progress) options.onProgress = (value) => port.post({ call, progress: value });
    try {
      const result = await methods[method](...args);
      port.post({ call, result }, method === 'run' ? buffersOf(result) : []);
    } catch (error) {
      port.post({ call, error: packError(error) });
    } finally {
      aborts.delete(call);
    }
  };
  port.onMessage = (message) => {
    if (message.helper !== undefined) lent[message.helper].onMessage(message.message);
    else if (message.abort === undefined) answer(message);
    else aborts.get(message.abort)?.abort();
  };
}

// The public Model: options in words, calls in order, and a core that runs
// here or in a worker.
import { Core } from './core.mjs';
import { isPage } from './environment.mjs';
import { PincelError, throwIfAborted } from './errors.mjs';
import { loadBytes } from './source.mjs';
import { RemoteCore } from './worker.mjs';

const engineOptions = ({ threads, simd, assetBase, limits }) => ({ threads, simd, assetBase, limits });

async function openCore(bytes, options) {
  const { worker = isPage } = options;
  if (!worker) return Core.open(bytes, { ...engineOptions(options), signal: options.signal });
  try {
    return await RemoteCore.open(bytes, engineOptions(options));
  } catch (error) {
    // A library from another origin, or a policy, may forbid the worker; the model then runs here.
    if (error.code !== 'environment') throw error;
    const core = await Core.open(bytes, { ...engineOptions(options), signal: options.signal });
    core.why = `Runs on the page's own thread, since the worker could not be started: ${error.message}`;
    return core;
  }
}

export class Model {
  #core;
  #queue = Promise.resolve();

  /** Loads a model and makes it ready to run. See pincel.d.ts for the options. */
  static async load(source, options = {}) {
    const { signal, onProgress, shapes } = options;
    const bytes = await loadBytes(source, options);
    throwIfAborted(signal);
    onProgress?.({ stage: 'prepare', loaded: 0, total: 1 });
    const core = await openCore(bytes, options);
    try {
      const model = new Model(core, await core.prepare(shapes));
      throwIfAborted(signal);
      onProgress?.({ stage: 'prepare', loaded: 1, total: 1 });
      return model;
    } catch (error) {
      core.dispose();
      throw error;
    }
  }

  /** What a file holds, without running it. */
  static async inspect(source, options = {}) {
    const bytes = await loadBytes(source, options);
    const core = await Core.open(bytes, { ...engineOptions(options), threads: 1 });
    try {
      return describeFile(core, bytes.byteLength, options.shapes);
    } finally {
      core.dispose();
    }
  }

  /** @private */
  constructor(core, description) {
    this.#core = core;
    this.#describe(description);
  }

  #describe({ inputs, outputs, info }) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.info = info;
  }

  #enqueue(action) {
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => {});
    return result;
  }

  #named(inputs) {
    if (!ArrayBuffer.isView(inputs)) return inputs ?? {};
    if (this.inputs.length !== 1) {
      throw new PincelError('argument', 'One array was given for a model with several inputs.', { expected: `{${this.inputs.map(({ name }) => name).join(', ')}}` });
    }
    return { [this.inputs[0].name]: inputs };
  }

  /** Runs once; calls queue in order. Resolves to fresh arrays by output name. */
  async run(inputs, { signal, onProgress, picture } = {}) {
    const named = this.#named(inputs);
    return this.#enqueue(() => this.#core.run(named, { signal, onProgress, picture }));
  }

  /** Binds other input shapes: plans and packs anew. */
  async reshape(shapes) {
    return this.#enqueue(async () => this.#describe(await this.#core.prepare(shapes)));
  }

  /** Time and multiply-accumulates of each step. */
  async profile(inputs, options) {
    const named = this.#named(inputs);
    return this.#enqueue(() => this.#core.profile(named, options));
  }

  /** Gives all memory back. Calls still waiting are rejected. */
  dispose() { this.#core.dispose(); }
}

if (Symbol.dispose) Model.prototype[Symbol.dispose] = Model.prototype.dispose;

function describeFile(core, bytes, shapes) {
  const nodes = core.nodes();
  const ops = new Map();
  for (const { op, supported } of nodes) {
    const entry = ops.get(op) ?? { op, count: 0, supported: true };
    entry.count++;
    entry.supported &&= supported;
    ops.set(op, entry);
  }
  const { inputs, outputs } = core.describe();
  const result = {
    bytes, inputs, outputs, nodes: nodes.map(({ op, name, shape, supported }) => ({ op, name, shape, supported })),
    ops: [...ops.values()].sort((a, b) => b.count - a.count), supported: nodes.every((node) => node.supported),
  };
  if (!result.supported) return result;
  try {
    const { inputs: bound, outputs: computed, info } = core.prepare(shapes);
    return { ...result, inputs: bound, outputs: computed, macs: info.macs, arenaBytes: info.arenaBytes, weightBytes: info.weightBytes, peakBytes: bytes + info.arenaBytes + info.weightBytes };
  } catch (error) {
    return { ...result, supported: false, error };
  }
}

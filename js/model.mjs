// The public Model: options in words, calls in order, and a core that runs
// here or in a worker.
import { Core, copyArrays } from './core.mjs';
import { planEngine } from './engine.mjs';
import { absolute, importNode, isPage, locate } from './environment.mjs';
import { PincelError, throwIfAborted, unlessAborted } from './errors.mjs';
import { isOwned, loadBytes } from './source.mjs';
import { RemoteCore } from './worker.mjs';

async function startCore(options) {
  const plan = await planEngine(options);
  const { worker = isPage } = options;
  if (!worker) return Core.start(plan);
  try {
    return await RemoteCore.start(plan);
  } catch (error) {
    if (error.code !== 'environment') throw error;
    // A library from another origin, or a policy, may forbid workers; the model then runs here.
    return Core.start({ ...plan, threads: 1, why: `Runs in the calling thread: ${error.message}` });
  }
}

/** Saves fetching the smaller engine first; the bytes decide. */
const isNamedONNX = (source) => /\.onnx([?#]|$)/i.test(source?.name ?? source?.url ?? (ArrayBuffer.isView(source) ? '' : source));

/** ModelProto begins with its field 1, ir_version; a .tflite file has its name at byte 4. */
const isONNX = (bytes) => bytes[0] === 8 && String.fromCharCode(...bytes.subarray(4, 8)) !== 'TFL3';

/** The bytes with the other files that hold weights, if there are such. */
async function completeONNX(bytes, source, options) {
  const { withExternalData } = await importNode(`${(await locate(options)).assets}pincel-onnx.mjs`);
  return withExternalData(bytes, source, options, { PincelError, absolute, loadBytes });
}

const metadataName = new TextEncoder().encode('TFLITE_METADATA');

/** Byte by byte, since the file as text would take 60 ms for 4 MB. */
function namesMetadata(bytes) {
  const [first] = metadataName;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (metadataName.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}

/** What the file says of its pictures and labels; read by a module of its own, for files that do. */
async function metadataIn(bytes, options) {
  if (!namesMetadata(bytes.subarray(0, 2 ** 26))) return undefined;
  const { readMetadata } = await importNode(`${(await locate(options)).assets}pincel-metadata.mjs`);
  return readMetadata(bytes);
}

const discard = (starting) => starting.then((core) => core.dispose(), () => {});

/**
 * Opens a model's file in an engine that starts while the file comes, the
 * larger one for ONNX. use(core, opened, bytes) ends the work.
 */
async function withFile(source, options, use) {
  const { signal } = options;
  throwIfAborted(signal);
  let tools = options.tools || isNamedONNX(source);
  let starting = startCore({ ...options, tools });
  try {
    const loading = loadBytes(source, options);
    await unlessAborted(Promise.race([loading, Promise.all([loading, starting])]), signal); // the first failure of either
    let bytes = await loading, owned = isOwned(source);
    if (isONNX(bytes)) {
      if (!tools) {
        discard(starting);
        starting = startCore({ ...options, tools: tools = true });
      }
      const own = bytes;
      bytes = await unlessAborted(completeONNX(bytes, source, options), signal);
      owned ||= bytes !== own;
    }
    const [core, metadata] = await unlessAborted(Promise.all([starting, metadataIn(bytes, options)]), signal);
    const { byteLength } = bytes;
    return await unlessAborted((async () => use(core, await core.open(bytes, owned), byteLength, metadata))(), signal);
  } catch (error) {
    discard(starting);
    throw error;
  }
}

export class Model {
  #core;
  #last = Promise.resolve(); // of the calls in the queue
  #waiting = 0;

  /** Loads a model and makes it ready to run. See pincel.d.ts for the options. */
  static load(source, options = {}) {
    const { onProgress, shapes } = options;
    return withFile(source, options, async (core, opened, size, metadata) => {
      onProgress?.({ stage: 'prepare', loaded: 0, total: 1 });
      const model = new Model(core, await core.prepare(shapes), metadata);
      onProgress?.({ stage: 'prepare', loaded: 1, total: 1 });
      return model;
    });
  }

  /** What a file holds, without running it. */
  static inspect(source, options = {}) {
    return withFile(source, { ...options, threads: 1 }, async (core, opened, bytes) => {
      try {
        return await describeFile(core, opened, bytes, options.shapes);
      } finally {
        core.dispose();
      }
    });
  }

  /** @private */
  constructor(core, description, metadata = {}) {
    this.#core = core;
    this.metadata = metadata;
    this.#describe(description);
  }

  #describe({ inputs, outputs, info }) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.info = info;
  }

  /** Begins at once when nothing is going on, so that inputs are read during the call. */
  #enqueue(action, signal) {
    const result = this.#waiting++ ? this.#last.then(action) : action();
    this.#last = result.catch(() => {}).then(() => { this.#waiting--; });
    return unlessAborted(result, signal);
  }

  /** Inputs by name; copies, when they have to wait. */
  #named(inputs) {
    let named = inputs ?? {};
    if (ArrayBuffer.isView(inputs)) {
      if (this.inputs.length !== 1) {
        throw new PincelError('argument', 'One array was given for a model with several inputs.', { expected: `{${this.inputs.map(({ name }) => name).join(', ')}}` });
      }
      named = { [this.inputs[0].name]: inputs };
    }
    return this.#waiting ? copyArrays(named) : named;
  }

  /** Runs once; calls queue in order. Resolves to fresh arrays by output name. */
  async run(inputs, { signal, onProgress, picture } = {}) {
    throwIfAborted(signal);
    const named = this.#named(inputs);
    return this.#enqueue(async () => this.#core.run(named, { signal, onProgress, picture }), signal);
  }

  /** Binds other input shapes: plans and packs anew. */
  async reshape(shapes) {
    return this.#enqueue(async () => this.#describe(await this.#core.prepare(shapes)));
  }

  /** Time and multiply-accumulates of each step. */
  async profile(inputs, options) {
    const named = this.#named(inputs);
    return this.#enqueue(async () => this.#core.profile(named, options));
  }

  /** Gives all memory back. Calls still waiting are rejected. */
  dispose() { this.#core.dispose(); }
}

if (Symbol.dispose) Model.prototype[Symbol.dispose] = Model.prototype.dispose;

async function describeFile(core, { inputs, outputs }, bytes, shapes) {
  const nodes = await core.nodes();
  const ops = new Map();
  for (const { op, supported } of nodes) {
    const entry = ops.get(op) ?? { op, count: 0, supported: true };
    entry.count++;
    entry.supported &&= supported;
    ops.set(op, entry);
  }
  const file = {
    bytes, inputs, outputs, ops: [...ops.values()].sort((a, b) => b.count - a.count),
    nodes: nodes.map(({ op, name, shape, supported }) => ({ op, name, shape, supported })), supported: false,
  };
  if (!nodes.every(({ supported }) => supported)) return file;
  try {
    const { info: { macs, arenaBytes, weightBytes }, ...bound } = await core.prepare(shapes);
    return { ...file, ...bound, supported: true, macs, arenaBytes, weightBytes, peakMemory: bytes + arenaBytes + weightBytes };
  } catch (error) {
    return { ...file, error };
  }
}

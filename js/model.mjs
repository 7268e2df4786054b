// The public Model: options in words, calls in order, and a core that runs
// here or in a worker.
import { Core, copyArrays } from './core.mjs';
import { planEngine } from './engine.mjs';
import { isPage } from './environment.mjs';
import { PincelError, throwIfAborted, unlessAborted } from './errors.mjs';
import { ask, complete, isOwned, loadBytes, named } from './source.mjs';
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

/** What every model tells its own listeners, for one place that collects it all. Nothing leaves the page by it. */
export const events = new EventTarget();

/** @param model  undefined where loading failed */
function dispatch(model, type, detail) {
  for (const target of [model, events]) target?.dispatchEvent(new CustomEvent(type, { detail }));
}

/** An event about what began at `start`, 'load' or 'run', and a User Timing entry of which only the last of its name stays. */
function tell(model, what, start, facts) {
  const { error } = facts, name = `pincel:${what} ${facts.name}`, detail = { ...facts, ms: performance.now() - start };
  try {
    performance.clearMeasures(name);
    performance.measure(name, { start, detail: { ...detail, error: error?.code } });
  } catch {
    // Firefox before 101 measures between marks only.
  }
  dispatch(model, error ? 'error' : what, { ...detail, what });
}

/** A file's name or address without its query; '' for buffers. */
const nameOf = (source) => String(source?.name ?? source?.url ?? (ArrayBuffer.isView(source) ? '' : source)).replace(/[?#].*/s, '');

/** Saves fetching the smaller engine first; the bytes decide. */
const isNamedONNX = (source) => /\.onnx$/i.test(nameOf(source));

/** ModelProto begins with its field 1, ir_version; a .tflite file has its name at byte 4. */
const isONNX = (bytes) => bytes[0] === 8 && String.fromCharCode(...bytes.subarray(4, 8)) !== 'TFL3';

/** The bytes with the other files that hold weights, if there are such. */
const completeONNX = (bytes, source, options) => ask('onnx', 'withExternalData', [bytes, source], options);

const metadataName = new TextEncoder().encode('TFLITE_METADATA');

/** Byte by byte, since the file as text would take 60 ms for 4 MB. */
function namesMetadata(bytes) {
  const [first] = metadataName;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (metadataName.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}

/** A promise that is waited for later, if at all. */
function optional(promise) {
  promise?.catch(() => {});
  return promise;
}

/** What reads what a file says of its pictures and labels: a promise of a module of its own; undefined for files that say nothing. */
const readerFor = (bytes, options) => optional(namesMetadata(bytes.subarray(0, 2 ** 26)) ? ask('metadata', 'reader', [], options) : undefined);

const discard = (starting) => starting.then((core) => core.dispose(), () => {});

/**
 * Opens a model's file in an engine that starts while the file comes, the
 * larger one for ONNX. use(core, opened, bytes, metadata, options) ends the work.
 */
async function withFile(where, wishes, use) {
  const { signal } = wishes;
  throwIfAborted(signal);
  const { source, options } = await unlessAborted(named(where, undefined, wishes), signal);
  let tools = options.tools || isNamedONNX(source), reader;
  let starting = startCore({ ...options, tools });
  try {
    const loading = loadBytes(source, { ...options, onStart: (piece) => { reader = readerFor(piece, options); } }); // comes meanwhile
    await unlessAborted(Promise.race([loading, Promise.all([loading, starting])]), signal); // the first failure of either
    let bytes = await loading, owned = isOwned(source, options);
    if (isONNX(bytes)) {
      if (!tools) {
        discard(starting);
        starting = startCore({ ...options, tools: tools = true });
      }
      const own = bytes;
      bytes = await unlessAborted(completeONNX(bytes, source, options), signal);
      owned ||= bytes !== own;
    }
    reader ??= readerFor(bytes, options);
    const metadata = optional(reader?.then((read) => read(bytes))), { byteLength } = bytes; // before the engine keeps this thread busy
    const core = await unlessAborted(starting, signal);
    return await unlessAborted((async () => use(core, await core.open(bytes, owned && !metadata), byteLength, metadata, options))(), signal);
  } catch (error) {
    discard(starting);
    await options.onFailed?.(error);
    throw error;
  }
}

export class Model extends EventTarget {
  #core;
  #last = Promise.resolve(); // of the calls in the queue
  #waiting = 0;

  /** Loads a model and makes it ready to run. See pincel.d.ts for the options. */
  static async load(where, wishes = {}) {
    const start = performance.now();
    try {
      return await withFile(where, wishes, async (core, opened, bytes, metadata, options) => {
        const { onProgress, shapes, name = nameOf(where).split('/').pop(), version, assetBase } = options;
        onProgress?.({ stage: 'prepare', loaded: 0, total: 1 });
        const model = new Model(core, await core.prepare(shapes), await metadata, { name, version, assetBase });
        onProgress?.({ stage: 'prepare', loaded: 1, total: 1 });
        model.#tell('load', start, { bytes });
        options.onLoaded?.(model, Model, dispatch);
        return model;
      });
    } catch (error) {
      tell(undefined, 'load', start, { name: nameOf(where), error });
      throw error;
    }
  }

  /** Looks for a newer version of 'manifest:ADDRESS', as otherwise happens after the first result. */
  static update(where, options = {}) {
    return ask('fleet', 'update', [where, Model], options);
  }

  /** What a file holds, without running it. */
  static inspect(source, options = {}) {
    return withFile(source, { ...options, threads: 1 }, async (core, opened, bytes) => {
      try {
        return await ask('inspect', 'describeFile', [core, opened, bytes], options);
      } finally {
        core.dispose();
      }
    });
  }

  /** @private */
  constructor(core, description, metadata = {}, label) {
    super();
    Object.assign(this, label);
    this.#core = core;
    this.metadata = metadata;
    this.#describe(description);
  }

  #tell(what, start, facts) {
    const { name, version, info: { threads, simd, macs } } = this;
    tell(this, what, start, { name, version, threads, simd, macs, ...facts });
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
    let values = inputs ?? {};
    if (ArrayBuffer.isView(inputs)) {
      if (this.inputs.length !== 1) {
        throw new PincelError('argument', 'One array was given for a model with several inputs.', { expected: `{${this.inputs.map(({ name }) => name).join(', ')}}` });
      }
      values = { [this.inputs[0].name]: inputs };
    }
    return this.#waiting ? copyArrays(values) : values;
  }

  /** Runs once; calls queue in order. Resolves to fresh arrays by output name. */
  async run(inputs, { signal, onProgress, picture } = {}) {
    throwIfAborted(signal);
    const values = this.#named(inputs), asked = performance.now();
    return this.#enqueue(async () => {
      const start = performance.now(), queueMs = start - asked;
      try {
        const outputs = await this.#core.run(values, { signal, onProgress, picture });
        this.#tell('run', start, { queueMs });
        return outputs;
      } catch (error) {
        this.#tell('run', start, { queueMs, error });
        throw error;
      }
    }, signal);
  }

  /** Binds other input shapes: plans and packs anew. */
  async reshape(shapes) {
    return this.#enqueue(async () => this.#describe(await this.#core.prepare(shapes)));
  }

  /** Time and multiply-accumulates of each step. */
  async profile(inputs, options) {
    const values = this.#named(inputs);
    return this.#enqueue(async () => this.#core.profile(values, options));
  }

  /** Gives all memory back. Calls still waiting are rejected. */
  dispose() { this.#core.dispose(); }
}

complete(Model, { runMany: 'batch' });

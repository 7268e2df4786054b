// One model in one engine instance, in the calling thread. model.mjs puts it
// behind the public class, worker.mjs in a worker; both speak to it alike.
import { typedArrays } from './abi.mjs';
import { startEngine } from './engine.mjs';
import { PincelError, kindOf, throwIfAborted } from './errors.mjs';
import { ask } from './source.mjs';

const sliceMilliseconds = 8; // between looks at whether the caller has cancelled

/** Lets messages in: a task, not a microtask. */
const yieldToEvents = typeof setImmediate === 'function'
  ? () => new Promise((resolve) => setImmediate(resolve))
  : () => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { port1.close(); resolve(); };
    port2.postMessage(0);
  });

const elements = (shape) => shape.reduce((product, dim) => product * dim, 1);

/** Inputs as they are now, for later: only the elements seen, in memory of their own. */
export const copyArrays = (inputs) => Object.fromEntries(Object.entries(inputs).map(([name, value]) => {
  const isArray = ArrayBuffer.isView(value) && 'BYTES_PER_ELEMENT' in value;
  return [name, isArray ? new globalThis[value[Symbol.toStringTag]](value) : value];
}));

export class Core {
  static async start(plan, module, lent) {
    return new Core(await startEngine(plan, module, lent), plan);
  }

  constructor(engine, plan) {
    Object.assign(this, engine);
    this.plan = plan;
    this.place = this.memory.allocate(4); // of the model's pointer
    this.model = 0;
    this.known = {}; // inputs and outputs
  }

  /** Calls into the engine; a trap ends this model, and only this one. */
  guard(action) {
    if (this.dead) throw this.dead;
    try {
      return action();
    } catch (error) {
      if (!(error instanceof PincelError)) {
        this.end(new PincelError('internal', `The engine failed: ${error.message}`, { cause: error }));
        throw this.dead;
      }
      throw error;
    }
  }

  /** @param {Uint8Array} bytes of a .tflite file; copied */
  open(bytes) {
    return this.guard(() => {
      const { exports, memory, helpers, place } = this;
      const file = memory.put(bytes);
      const options = memory.options({ simd: this.simd, threads: helpers.length + 1, limits: this.plan.limits });
      const status = exports.pcl_model_open(place, file, bytes.byteLength, options, memory.error);
      memory.free(options);
      memory.check(status);
      this.model = memory.view.getUint32(place, true);
      helpers.forEach((helper, i) => helper.help(this.model, i + 1));
      return this.describe();
    });
  }

  /** Binds shapes and makes the model ready. On failure, what it was ready for before still holds. */
  prepare(shapes = {}) {
    return this.guard(() => {
      const { exports, memory, model } = this;
      try {
        this.bind(shapes);
        memory.check(exports.pcl_model_prepare(model, memory.error));
      } catch (error) {
        if (this.bound) {
          this.bind(this.bound);
          memory.check(exports.pcl_model_prepare(model, memory.error));
        }
        throw error;
      } finally {
        this.known = {};
      }
      const description = this.describe();
      this.bound = Object.fromEntries(description.inputs.map(({ name, shape }) => [name, shape]));
      return description;
    });
  }

  bind(shapes) {
    const { exports, memory, model } = this;
    const names = this.names('input');
    for (const [name, shape] of Object.entries(shapes)) {
      const index = names.indexOf(name);
      if (index < 0) throw new PincelError('argument', `There is no input '${name}'.`, { expected: names.join(', '), got: name });
      if (!Array.isArray(shape) || !shape.every((dim) => Number.isInteger(dim) && dim > 0 && dim < 2 ** 31)) {
        throw new PincelError('argument', `The shape of '${name}' is ${JSON.stringify(shape)}.`, { expected: 'an array of positive integers' });
      }
      const dims = memory.put(Int32Array.from(shape));
      const status = exports.pcl_model_set_input_shape(model, index, dims, shape.length, memory.error);
      memory.free(dims);
      memory.check(status);
    }
  }

  readTensors(kind) {
    const { exports, memory, model } = this;
    const count = exports[`pcl_model_${kind}_count`](model);
    return Array.from({ length: count }, (_, i) => memory.tensorInfo(exports[`pcl_model_${kind}`](model, i)));
  }

  /** Read once for each shape: a small network's run takes no longer than reading them does. */
  tensors(kind) { return this.known[kind] ??= this.readTensors(kind); }

  names(kind) { return this.tensors(kind).map(({ info }) => info.name); }

  describe() {
    const { exports, memory, model, why } = this;
    const info = memory.modelInfo(exports.pcl_model_get_info(model));
    return {
      inputs: this.readTensors('input').map((tensor) => tensor.info), // the caller's to change
      outputs: this.readTensors('output').map((tensor) => tensor.info),
      info: {
        simd: info.simd, threads: info.threads, ...(why ? { why } : {}), arenaBytes: info.arenaBytes,
        weightBytes: info.weightBytes, macs: info.macs, ops: info.nodes, steps: info.steps,
      },
    };
  }

  /** @param {'node' | 'step'} kind of the file, or of the prepared model */
  list(kind) {
    const { exports, memory, model } = this;
    const length = memory.modelInfo(exports.pcl_model_get_info(model))[`${kind}s`];
    return Array.from({ length }, (_, i) => memory.stepInfo(exports[`pcl_model_${kind}`](model, i)));
  }

  nodes() { return this.guard(() => this.list('node')); }

  /** Checks and copies in the inputs: typed arrays, or pictures to be prepared; and `norms` that are to be kept. */
  fill(inputs, norms = [0]) { // not frozen
    this.memory.bytes.set(norms, this.exports.pcl_model_norms(this.model));
    const tensors = this.tensors('input');
    for (const [index, { info, data, bytes }] of tensors.entries()) {
      const value = inputs[info.name];
      if (value === undefined || value === null) {
        throw new PincelError('argument', `Input '${info.name}' is missing.`, { tensor: info.name, expected: this.names('input').join(', '), got: Object.keys(inputs).join(', ') });
      }
      if (value.picture) this.fillPicture(value, index, info.shape);
      else this.fillArray(value, info, data, bytes);
    }
    for (const name of Object.keys(inputs)) {
      if (!tensors.some(({ info }) => info.name === name)) throw new PincelError('argument', `There is no input '${name}'.`, { expected: this.names('input').join(', '), got: name });
    }
  }

  fillArray(value, info, data, bytes) {
    const type = typedArrays[info.dtype], count = elements(info.shape);
    const kind = ArrayBuffer.isView(value) ? value[Symbol.toStringTag] : kindOf(value); // a Buffer is a Uint8Array
    const alsoFits = { uint8: 'Uint8ClampedArray', float16: 'Float16Array' }[info.dtype];
    const fits = ArrayBuffer.isView(value) && (kind === type.name || kind === alsoFits);
    const fail = (code, what, got) => {
      throw new PincelError(code, `Input '${info.name}' has the wrong ${what}.`, {
        tensor: info.name, expected: `${type.name} of ${count} elements (${info.dtype} ${info.shape.join('x')})`, got,
      });
    };
    if (!fits) fail('type', 'type', kind);
    if (value.length !== count) fail('shape', 'length', `${value.length} elements`);
    this.memory.bytes.set(new Uint8Array(value.buffer, value.byteOffset, bytes), data);
  }

  /** What `use` makes of a picture, or of its part `crop`, resampled to width by height. */
  withResized(picture, crop, width, height, filter, use) {
    const { exports, memory } = this;
    const original = memory.picture(picture), resized = memory.emptyPicture();
    const area = memory.rect(crop ?? { x: 0, y: 0, width: picture.width, height: picture.height });
    try {
      memory.check(exports.pcl_picture_resize(resized, original, area, width, height, filter, memory.error));
      return use(resized);
    } finally {
      memory.freePicture(original);
      memory.freePicture(resized);
      memory.free(area);
    }
  }

  /** value: {picture: {data, width, height}, crop, format, filter}; resampled to the tensor's size. */
  fillPicture({ picture, crop, format, filter = 0 }, index, shape) {
    const { exports, memory, model } = this;
    const tensor = exports.pcl_model_input(model, index);
    const [height, width] = format.planar ? shape.slice(2) : shape.slice(1, 3);
    const pixels = memory.pixelFormat(format);
    try {
      this.withResized(picture, crop, width, height, filter, (resized) => (
        memory.check(exports.pcl_picture_to_tensor(resized, pixels, tensor, memory.error))));
    } finally {
      memory.free(pixels);
    }
  }

  /** An output tensor as a picture of the size asked for; `under` shows through where strength is under 1. */
  readPicture(asked, { picture: under, crop } = {}, strength) {
    const painted = this.outputPicture(asked);
    if (asked.isReported) {
      const { memory } = this, norms = this.exports.pcl_model_norms(this.model);
      Object.assign(painted, { norms: memory.copy(norms, memory.view.getUint32(norms + 4, true)), steps: this.list('step') });
    }
    if (!under) return painted;
    const { data } = this.withResized(under, crop, painted.width, painted.height, 0, (resized) => this.memory.readPicture(resized));
    for (let i = 0; i < data.length; i++) painted.data[i] = data[i] + (painted.data[i] - data[i]) * strength; // rounds: it is clamped
    return painted;
  }

  outputPicture({ name, format, width, height }) {
    const { exports, memory, model } = this;
    const names = this.names('output');
    const tensor = exports.pcl_model_output(model, names.indexOf(name));
    const pixels = memory.pixelFormat(format), raw = memory.emptyPicture(), resized = memory.emptyPicture();
    let area;
    try {
      memory.check(exports.pcl_picture_from_tensor(raw, pixels, tensor, memory.error));
      const own = memory.view, ownWidth = own.getUint32(raw + 4, true), ownHeight = own.getUint32(raw + 8, true);
      if (!width || (ownWidth === width && ownHeight === height)) return memory.readPicture(raw);
      area = memory.rect({ x: 0, y: 0, width: ownWidth, height: ownHeight });
      memory.check(exports.pcl_picture_resize(resized, raw, area, width, height, 1, memory.error));
      return memory.readPicture(resized);
    } finally {
      memory.freePicture(raw);
      memory.freePicture(resized);
      memory.free(pixels);
      if (area) memory.free(area);
    }
  }

  readOutputs() {
    return Object.fromEntries(this.tensors('output').map(({ info, data, bytes }) => [
      info.name, new typedArrays[info.dtype](this.memory.copy(data, bytes).buffer),
    ]));
  }

  /**
   * @param inputs  {name: TypedArray or {picture, …}}
   * @param picture  optional: give this output as a picture instead of all as arrays
   */
  async run(inputs, { signal, picture, onProgress } = {}) {
    throwIfAborted(signal);
    this.guard(() => this.fill(inputs, picture?.norms));
    if (signal || onProgress) await this.runInSlices(signal, onProgress);
    else this.guard(() => this.memory.check(this.exports.pcl_model_run(this.model, this.memory.error)));
    const { input, strength } = picture?.over ?? {};
    return this.guard(() => (picture ? this.readPicture(picture, inputs[input], strength) : this.readOutputs()));
  }

  async runInSlices(signal, onProgress) {
    const { exports, memory, model } = this;
    const { steps } = this.guard(() => memory.modelInfo(exports.pcl_model_get_info(model)));
    let sliceEnd = performance.now() + sliceMilliseconds;
    for (let step = 0; step < steps; step++) {
      this.guard(() => memory.check(exports.pcl_model_run_step(model, step, memory.error)));
      if (performance.now() < sliceEnd) continue;
      onProgress?.({ stage: 'run', loaded: step + 1, total: steps });
      await yieldToEvents();
      throwIfAborted(signal);
      sliceEnd = performance.now() + sliceMilliseconds;
    }
    onProgress?.({ stage: 'run', loaded: steps, total: steps });
  }

  /** Mean time of each step; by a module of its own, since visitors do not ask. */
  async profile(inputs, options) {
    this.guard(() => this.fill(inputs));
    return ask('inspect', 'profileSteps', [this], { ...options, assetBase: this.plan.folder });
  }

  dispose() {
    if (this.model && !this.dead) this.exports.pcl_model_close(this.place);
    this.end(new PincelError('disposed', 'The model was disposed of.'));
  }

  /** The instance, and with it all its memory, goes with these references. */
  end(why) {
    for (const helper of this.helpers) helper.terminate();
    this.helpers = [];
    this.exports = this.memory = undefined;
    this.dead = why;
  }
}

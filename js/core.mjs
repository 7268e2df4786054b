// One model in one engine instance, in the calling thread. model.mjs puts it
// behind the public class, worker.mjs in a worker; both speak to it alike.
import { typedArrays } from './abi.mjs';
import { startEngine } from './engine.mjs';
import { PincelError, aborted, throwIfAborted } from './errors.mjs';

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

export class Core {
  /** @param {Uint8Array} bytes of a .tflite file; copied */
  static async open(bytes, options) {
    const engine = await startEngine(options);
    const core = new Core(engine, options);
    try {
      core.openFile(bytes);
    } catch (error) {
      core.dispose();
      throw error;
    }
    return core;
  }

  constructor(engine, options) {
    Object.assign(this, engine);
    this.options = options;
    this.model = 0;
  }

  /** Calls into the engine; a trap ends this model, and only this one. */
  guard(action) {
    if (this.dead) throw this.dead;
    try {
      return action();
    } catch (error) {
      if (error instanceof PincelError) throw error;
      this.dead = new PincelError('internal', `The engine failed: ${error.message}`, { cause: error });
      throw this.dead;
    }
  }

  openFile(bytes) {
    this.guard(() => {
      const { exports, memory, helpers } = this;
      this.file = memory.put(bytes);
      const place = memory.allocate(4);
      const options = memory.options({ ...this.options, simd: this.options.simd === 'scalar' ? 'scalar' : this.simd, threads: helpers.length + 1 });
      const status = exports.pcl_model_open(place, this.file, bytes.byteLength, options, memory.error);
      this.model = memory.view.getUint32(place, true);
      memory.free(options);
      memory.free(place);
      memory.check(status);
      helpers.forEach((helper, i) => helper.help(this.model, i + 1));
    });
  }

  /** Binds shapes and makes the model ready. */
  prepare(shapes = {}) {
    return this.guard(() => {
      const { exports, memory, model } = this;
      const names = this.tensors('input').map(({ info }) => info.name);
      for (const [name, shape] of Object.entries(shapes)) {
        const index = names.indexOf(name);
        if (index < 0) throw new PincelError('argument', `There is no input '${name}'.`, { expected: names.join(', '), got: name });
        const dims = memory.put(Int32Array.from(shape));
        const status = exports.pcl_model_set_input_shape(model, index, dims, shape.length, memory.error);
        memory.free(dims);
        memory.check(status);
      }
      memory.check(exports.pcl_model_prepare(model, memory.error));
      return this.describe();
    });
  }

  tensors(kind) {
    const { exports, memory, model } = this;
    const count = exports[`pcl_model_${kind}_count`](model);
    return Array.from({ length: count }, (_, i) => memory.tensorInfo(exports[`pcl_model_${kind}`](model, i)));
  }

  describe() {
    const { exports, memory, model, why } = this;
    const info = memory.modelInfo(exports.pcl_model_get_info(model));
    return {
      inputs: this.tensors('input').map((tensor) => tensor.info),
      outputs: this.tensors('output').map((tensor) => tensor.info),
      info: {
        simd: info.simd, threads: info.threads, ...(why ? { why } : {}), arenaBytes: info.arenaBytes,
        weightBytes: info.weightBytes, macs: info.macs, ops: info.nodes, steps: info.steps,
      },
    };
  }

  nodes() {
    const { exports, memory, model } = this;
    const { nodes } = memory.modelInfo(exports.pcl_model_get_info(model));
    return Array.from({ length: nodes }, (_, i) => memory.stepInfo(exports.pcl_model_node(model, i)));
  }

  steps() {
    const { exports, memory, model } = this;
    const { steps } = memory.modelInfo(exports.pcl_model_get_info(model));
    return Array.from({ length: steps }, (_, i) => memory.stepInfo(exports.pcl_model_step(model, i)));
  }

  /** Checks and copies in the inputs: typed arrays, or pictures to be prepared. */
  fill(inputs) {
    const tensors = this.tensors('input');
    for (const { info, data, bytes } of tensors) {
      const value = inputs[info.name];
      if (value === undefined) {
        throw new PincelError('argument', `Input '${info.name}' is missing.`, { tensor: info.name, expected: tensors.map((t) => t.info.name).join(', '), got: Object.keys(inputs).join(', ') });
      }
      if (value.picture) this.fillPicture(value, info.name);
      else this.fillArray(value, info, data, bytes);
    }
    for (const name of Object.keys(inputs)) {
      if (!tensors.some(({ info }) => info.name === name)) throw new PincelError('argument', `There is no input '${name}'.`, { got: name });
    }
  }

  fillArray(value, info, data, bytes) {
    const type = typedArrays[info.dtype], count = elements(info.shape);
    const fits = value instanceof type || (type === Uint8Array && value instanceof Uint8ClampedArray);
    const expected = `${type.name} of ${count} elements (${info.dtype} ${info.shape.join('x')})`;
    if (!fits) throw new PincelError('type', `Input '${info.name}' has the wrong type.`, { tensor: info.name, expected, got: value?.constructor?.name ?? typeof value });
    if (value.length !== count) throw new PincelError('shape', `Input '${info.name}' has the wrong length.`, { tensor: info.name, expected, got: `${value.length} elements` });
    this.memory.bytes.set(new Uint8Array(value.buffer, value.byteOffset, bytes), data);
  }

  /** value: {picture: {data, width, height}, crop, format, filter}; resampled to the tensor's size. */
  fillPicture({ picture, crop, format, filter = 0 }, name) {
    const { exports, memory, model } = this;
    const names = this.tensors('input').map(({ info }) => info.name);
    const tensor = exports.pcl_model_input(model, names.indexOf(name));
    const { shape } = memory.tensorInfo(tensor).info;
    const [height, width] = format.planar ? shape.slice(2) : shape.slice(1, 3);
    const original = memory.picture(picture), resized = memory.emptyPicture();
    const area = memory.rect(crop ?? { x: 0, y: 0, width: picture.width, height: picture.height });
    const pixels = memory.pixelFormat(format);
    try {
      memory.check(exports.pcl_picture_resize(resized, original, area, width, height, filter, memory.error));
      memory.check(exports.pcl_picture_to_tensor(resized, pixels, tensor, memory.error));
    } finally {
      memory.freePicture(original);
      memory.freePicture(resized);
      memory.free(area);
      memory.free(pixels);
    }
  }

  /** An output tensor as a picture of the size asked for. */
  readPicture({ name, format, width, height }) {
    const { exports, memory, model } = this;
    const names = this.tensors('output').map(({ info }) => info.name);
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
    this.guard(() => this.fill(inputs));
    if (signal || onProgress) await this.runInSlices(signal, onProgress);
    else this.guard(() => this.memory.check(this.exports.pcl_model_run(this.model, this.memory.error)));
    return this.guard(() => (picture ? this.readPicture(picture) : this.readOutputs()));
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
      if (signal?.aborted) throw aborted(signal);
      sliceEnd = performance.now() + sliceMilliseconds;
    }
    onProgress?.({ stage: 'run', loaded: steps, total: steps });
  }

  /** Mean time of each step over `runs` runs after one to warm up. */
  profile(inputs, { runs = 20 } = {}) {
    return this.guard(() => {
      const { exports, memory, model } = this;
      this.fill(inputs);
      const steps = this.steps(), sums = new Float64Array(steps.length);
      for (let run = 0; run <= runs; run++) {
        for (let step = 0; step < steps.length; step++) {
          const start = performance.now();
          memory.check(exports.pcl_model_run_step(model, step, memory.error));
          if (run) sums[step] += performance.now() - start;
        }
      }
      return steps.map(({ op, name, shape, macs }, step) => {
        const ms = sums[step] / runs;
        return { step, op, name, shape, macs, ms, gmacs: ms > 0 ? macs / ms / 1e6 : 0 };
      });
    });
  }

  dispose() {
    if (!this.exports) return;
    const { exports, memory, helpers, model } = this;
    if (model && !this.dead) {
      const place = memory.allocate(4);
      memory.view.setUint32(place, model, true);
      exports.pcl_model_close(place);
    }
    for (const helper of helpers) helper.terminate();
    // The instance, and with it all its memory, goes with these references.
    this.exports = this.memory = this.model = undefined;
    this.dead = new PincelError('disposed', 'The model was disposed of.');
  }
}

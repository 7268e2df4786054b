// The structs of src/pincel.h in the memory of a wasm32 instance. Offsets are
// asserted in src/api.c.
import { PincelError } from './errors.mjs';

export const dtypes = ['float32', 'float16', 'float64', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'bool'];

/** What run takes and gives for each dtype. float16 travels as its bits. */
export const typedArrays = {
  float32: Float32Array, float16: Uint16Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array,
  int16: Int16Array, uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array,
  int64: BigInt64Array, uint64: BigUint64Array, bool: Uint8Array,
};

const isas = ['auto', 'scalar', 'simd128', 'relaxed'];
const statusCodes = ['ok', 'argument', 'format', 'unsupported', 'shape', 'type', 'limit', 'memory', 'picture', 'value'];
export const errorBytes = 1472;
const pictureBytes = 12, rectBytes = 16, formatBytes = 36, optionsBytes = 16;

/** Typed access to one instance's memory; views are made anew, since memory grows. */
export class Memory {
  constructor(exports, memory) {
    this.exports = exports;
    this.memory = memory;
    this.error = this.allocate(errorBytes);
  }

  get bytes() { return new Uint8Array(this.memory.buffer); }
  get view() { return new DataView(this.memory.buffer); }

  allocate(size) {
    const pointer = this.exports.malloc(Math.max(size, 1)) >>> 0;
    if (!pointer) throw new PincelError('memory', `No memory for ${size} bytes.`);
    return pointer;
  }

  free(pointer) { this.exports.free(pointer); }

  /** Copies bytes in; the caller frees. */
  put(data) {
    const pointer = this.allocate(data.byteLength);
    this.bytes.set(new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength), pointer);
    return pointer;
  }

  /** A copy of memory, never shared. */
  copy(pointer, size) { return this.bytes.slice(pointer, pointer + size); }

  string(pointer, capacity = 4096) {
    const bytes = this.bytes.subarray(pointer, pointer + capacity);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(bytes.slice(0, end < 0 ? capacity : end));
  }

  /** Throws what the C side reported. */
  check(status) {
    if (status === 0) return;
    const at = this.error;
    throw new PincelError(statusCodes[status] ?? 'internal', this.string(at + 4, 1020) || 'Unknown failure', {
      op: this.string(at + 1024, 64),
      tensor: this.string(at + 1088, 128),
      expected: this.string(at + 1216, 128),
      got: this.string(at + 1344, 128),
    });
  }

  options({ simd = 'auto', threads = 1, limits = {} }) {
    const pointer = this.allocate(optionsBytes);
    const view = this.view;
    view.setUint32(pointer, Math.max(isas.indexOf(simd), 0), true);
    view.setUint32(pointer + 4, threads, true);
    view.setUint32(pointer + 8, limits.memory ? Math.max(1, Math.floor(limits.memory / 2 ** 20)) : 0, true);
    view.setUint32(pointer + 12, limits.macs ? Math.max(1, Math.ceil(limits.macs / 1e9)) : 0, true);
    return pointer;
  }

  tensorInfo(pointer) {
    const view = this.view, word = (offset) => view.getUint32(pointer + offset, true);
    const shape = Array.from({ length: word(8) }, (_, i) => view.getInt32(pointer + 12 + 4 * i, true));
    const info = { name: this.string(word(0)), shape, dtype: dtypes[word(4)] };
    if (word(44)) {
      info.scale = view.getFloat32(pointer + 48, true);
      info.zeroPoint = view.getInt32(pointer + 52, true);
    }
    return { info, data: word(56), bytes: word(60) };
  }

  stepInfo(pointer) {
    const view = this.view, word = (offset) => view.getUint32(pointer + offset, true);
    return {
      op: this.string(word(0)),
      name: this.string(word(4)),
      supported: word(8) === 1,
      shape: Array.from({ length: word(12) }, (_, i) => view.getInt32(pointer + 16 + 4 * i, true)),
      macs: view.getFloat64(pointer + 48, true),
      reach: view.getInt32(pointer + 56, true),
    };
  }

  modelInfo(pointer) {
    const view = this.view;
    return {
      macs: view.getFloat64(pointer, true),
      arenaBytes: view.getFloat64(pointer + 8, true),
      weightBytes: view.getFloat64(pointer + 16, true),
      simd: isas[view.getUint32(pointer + 24, true)],
      threads: view.getUint32(pointer + 28, true),
      nodes: view.getUint32(pointer + 32, true),
      steps: view.getUint32(pointer + 36, true),
    };
  }

  /** An empty pcl_picture; its pixels are the C side's to allocate. */
  emptyPicture() {
    const pointer = this.allocate(pictureBytes);
    this.bytes.fill(0, pointer, pointer + pictureBytes);
    return pointer;
  }

  picture({ data, width, height }) {
    if (data.byteLength !== width * height * 4) {
      throw new PincelError('argument', `A picture of ${width}x${height} needs ${width * height * 4} bytes, not ${data.byteLength}.`);
    }
    const pixels = this.put(data), pointer = this.allocate(pictureBytes), view = this.view;
    view.setUint32(pointer, pixels, true);
    view.setUint32(pointer + 4, width, true);
    view.setUint32(pointer + 8, height, true);
    return pointer;
  }

  /** A picture's pixels, copied out. */
  readPicture(pointer) {
    const view = this.view, pixels = view.getUint32(pointer, true);
    const width = view.getUint32(pointer + 4, true), height = view.getUint32(pointer + 8, true);
    return { data: new Uint8ClampedArray(this.copy(pixels, width * height * 4).buffer), width, height };
  }

  freePicture(pointer) {
    this.exports.pcl_picture_free(pointer);
    this.free(pointer);
  }

  rect({ x, y, width, height }) {
    const pointer = this.allocate(rectBytes), view = this.view;
    [x, y, width, height].forEach((value, i) => view.setFloat32(pointer + 4 * i, value, true));
    return pointer;
  }

  pixelFormat({ mean, std, bgr = false, planar = false, channels = 3 }) {
    const pointer = this.allocate(formatBytes), view = this.view;
    for (let i = 0; i < 3; i++) {
      view.setFloat32(pointer + 4 * i, mean[i], true);
      view.setFloat32(pointer + 12 + 4 * i, std[i], true);
    }
    [Number(bgr), Number(planar), channels].forEach((value, i) => view.setUint32(pointer + 24 + 4 * i, value, true));
    return pointer;
  }
}

// What a .tflite file says of itself: TFLite's metadata (metadata_schema.fbs
// of tflite-support) and the label file in the archive behind the model. A
// file of its own in dist/, fetched only for models that have metadata; what is
// malformed counts as absent, as the model runs without.

const mostBytes = 2 ** 24; // of a file of labels

/** Reading flatbuffers; out of bounds throws a RangeError. Slots are the fields' places in the schema. */
class Table {
  constructor(view, at) {
    this.view = view;
    this.at = at;
    this.vtable = at - view.getInt32(at, true);
  }

  place(slot) {
    const offset = 4 + 2 * slot < this.view.getUint16(this.vtable, true) ? this.view.getUint16(this.vtable + 4 + 2 * slot, true) : 0;
    return offset && this.at + offset;
  }

  target(slot) {
    const at = this.place(slot);
    return at && at + this.view.getUint32(at, true);
  }

  byte(slot) { return this.place(slot) && this.view.getUint8(this.place(slot)); }
  word(slot) { return this.place(slot) && this.view.getUint32(this.place(slot), true); }

  table(slot) { return this.target(slot) ? new Table(this.view, this.target(slot)) : undefined; }

  /** Elements of 4 bytes, or less, by their addresses. */
  vector(slot, size = 4) {
    const at = this.target(slot), count = at ? this.view.getUint32(at, true) : 0;
    if (count * size > this.view.byteLength) throw new RangeError('A vector is longer than the file.');
    return Array.from({ length: count }, (_, i) => at + 4 + size * i);
  }

  tables(slot) { return this.vector(slot).map((at) => new Table(this.view, at + this.view.getUint32(at, true))); }
  floats(slot) { return this.vector(slot).map((at) => this.view.getFloat32(at, true)); }
  bytes(slot) { const at = this.vector(slot, 1); return new Uint8Array(this.view.buffer, this.view.byteOffset + (at[0] ?? 0), at.length); }
  text(slot) { return this.target(slot) ? new TextDecoder().decode(this.bytes(slot)) : undefined; }
}

const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const rootOf = (bytes) => { const view = viewOf(bytes); return new Table(view, view.getUint32(0, true)); };

/** The flatbuffer in the buffer named TFLITE_METADATA. */
function findMetadata(bytes) {
  const model = rootOf(bytes), entry = model.tables(6).find((one) => one.text(0) === 'TFLITE_METADATA');
  return entry && model.tables(4)[entry.word(1)]?.bytes(0);
}

/** Contents of a file in the archive at the end of the model, in pieces; inflated where the browser can. */
async function fileInArchive(bytes, name) {
  const view = viewOf(bytes), endBytes = 22;
  for (let end = bytes.length - endBytes; end >= Math.max(0, bytes.length - 65536); end--) {
    if (view.getUint32(end, true) !== 0x06054B50) continue;
    let at = view.getUint32(end + 16, true);
    for (let left = view.getUint16(end + 10, true); left > 0; left--) {
      const [nameLength, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
      const found = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
      if (found === name) return unpack(bytes, view, at);
      at += 46 + nameLength + extra + comment;
    }
    return undefined;
  }
  return undefined;
}

async function unpack(bytes, view, entry) {
  const method = view.getUint16(entry + 10, true), packed = view.getUint32(entry + 20, true), local = view.getUint32(entry + 42, true);
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  const contents = bytes.slice(start, start + packed);
  if (method === 0) return [contents];
  if (method !== 8 || typeof DecompressionStream === 'undefined') return undefined;
  return inflate(contents);
}

/** Piece by piece: a Response or Blob would wait for the page's other tasks, and would take whatever comes. */
async function inflate(contents) {
  const { writable, readable } = new DecompressionStream('deflate-raw'), writer = writable.getWriter(), pieces = [];
  Promise.all([writer.write(contents), writer.close()]).catch(() => {}); // what fails there, fails here
  let length = 0;
  for (const reader = readable.getReader(); ;) {
    const { done, value } = await reader.read().catch(({ message }) => { throw new RangeError(message); }); // Node's are of other classes
    if (done) return pieces;
    pieces.push(value);
    if ((length += value.length) > mostBytes) throw new RangeError('A file in the archive is too large.');
  }
}

const normalizationOptions = 1, axisLabels = 2, valueLabels = 3;

function normalisationOf(input) {
  const unit = input?.tables(4).find((one) => one.byte(0) === normalizationOptions)?.table(1);
  if (!unit) return {};
  const [mean, std] = [0, 1].map((slot) => unit.floats(slot));
  if (!mean.length || !std.length || !std.every((value) => value > 0)) return {};
  const three = (values) => (values.length === 3 ? values : [values[0], values[0], values[0]]);
  return { mean: three(mean), std: three(std), ...(/\bBGR\b/.test(input.text(1) ?? '') ? { bgr: true } : {}) };
}

async function labelsOf(output, bytes) {
  const file = output?.tables(6).find((one) => [axisLabels, valueLabels].includes(one.byte(2)))?.text(0);
  const pieces = file && await fileInArchive(bytes, file), decoder = new TextDecoder();
  if (!pieces) return undefined;
  const text = pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode();
  return { labels: text.replace(/\r/g, '').replace(/\n+$/, '').split('\n') };
}

/** @returns {Promise<{name?, description?, mean?, std?, bgr?, labels?: string[]} | undefined>} */
export async function readMetadata(bytes) {
  try {
    const buffer = findMetadata(bytes);
    if (!buffer) return undefined;
    const model = rootOf(buffer), subgraph = model.tables(3)[0];
    const [name, description] = [0, 1].map((slot) => model.text(slot));
    return {
      ...(name ? { name } : {}), ...(description ? { description } : {}),
      ...normalisationOf(subgraph?.tables(2)[0]), ...await labelsOf(subgraph?.tables(3)[0], bytes),
    };
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** It reads at once, once it is here. */
export const reader = () => readMetadata;

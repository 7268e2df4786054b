// TFLite's metadata: a flatbuffer (metadata_schema.fbs of tflite-support) in
// the model's buffer TFLITE_METADATA, and the label file in a ZIP archive that
// is appended to the model. Numbers are the fields' places in the schema.

const kinds = { normalization: 1, imageProperties: 2, featureProperties: 1, rgb: 1, grayscale: 2, axisLabels: 2 };
export const labelFile = 'labels.txt';

// --- Flatbuffer, front to back: parents first, children linked when written ------------

class Writer {
  bytes = [];

  align(to) { while (this.bytes.length % to) this.bytes.push(0); }

  word(value, size) {
    for (let i = 0; i < size; i++) this.bytes.push(value >>> (8 * i) & 255);
  }

  link(at, target) {
    for (let i = 0; i < 4; i++) this.bytes[at + i] = target - at >>> (8 * i) & 255;
  }

  /** A string, an array of values, {floats}, or {fields: [...]}; returns its position. */
  write(value) {
    if (typeof value === 'string') return this.vector([...new TextEncoder().encode(value), 0], 1, 1);
    if (value.floats) return this.vector([...new Uint8Array(Float32Array.from(value.floats).buffer)], 4);
    return Array.isArray(value) ? this.vectorOf(value) : this.table(value.fields);
  }

  /** `unseen` bytes at the end are not counted: the zero after a string. */
  vector(bytes, size, unseen = 0) {
    this.align(4);
    const at = this.bytes.length;
    this.word((bytes.length - unseen) / size, 4);
    this.bytes.push(...bytes);
    return at;
  }

  vectorOf(values) {
    const at = this.vector(new Array(4 * values.length).fill(0), 4);
    values.forEach((value, i) => this.link(at + 4 + 4 * i, this.write(value)));
    return at;
  }

  /** A field is undefined, a byte (number), or a child. */
  table(fields) {
    this.align(4);
    const vtable = this.bytes.length, offsets = fields.map((field, i) => (field === undefined ? 0 : 4 + 4 * i));
    for (const word of [4 + 2 * fields.length, 4 + 4 * fields.length, ...offsets]) this.word(word, 2);
    this.align(4);
    const at = this.bytes.length;
    this.word(at - vtable, 4);
    fields.forEach((field) => this.word(typeof field === 'number' ? field : 0, 4));
    fields.forEach((field, i) => { if (typeof field === 'object' || typeof field === 'string') this.link(at + 4 + 4 * i, this.write(field)); });
    return at;
  }
}

const table = (...fields) => ({ fields });

const inputMetadata = ({ mean, std, bgr, channels }) => table(
  'image', bgr ? 'A picture; its channels are in the order BGR.' : undefined, undefined,
  table(kinds.imageProperties, table(channels === 1 ? kinds.grayscale : kinds.rgb)),
  [table(kinds.normalization, table({ floats: mean.slice(0, channels) }, { floats: std.slice(0, channels) }))],
);

const outputMetadata = () => table(
  'scores', undefined, undefined, table(kinds.featureProperties, table()), undefined, undefined,
  [table(labelFile, 'One label a line, in the order of the classes.', kinds.axisLabels)],
);

function metadataBuffer({ name, description, labels, format }) {
  const subgraph = table(undefined, undefined, format && [inputMetadata(format)], labels && [outputMetadata()]);
  const writer = new Writer();
  writer.bytes.push(0, 0, 0, 0, ...new TextEncoder().encode('M001'));
  writer.link(0, writer.write(table(name, description, undefined, [subgraph], undefined, undefined, undefined, '1.0.0')));
  return Uint8Array.from(writer.bytes);
}

// --- ZIP with one stored file ------------------------------------------------------------

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

/** Local header, contents, directory and its end; offsets count from the start of the model. */
function archive(name, contents, start) {
  const writer = new Writer(), label = new TextEncoder().encode(name), crc = crc32(contents), day1980 = 33;
  const common = () => {
    for (const [value, size] of [[20, 2], [0, 2], [0, 2], [0, 2], [day1980, 2], [crc, 4], [contents.length, 4], [contents.length, 4], [label.length, 2], [0, 2]]) writer.word(value, size);
  };
  writer.word(0x04034B50, 4);
  common();
  writer.bytes.push(...label, ...contents);
  const directory = writer.bytes.length;
  writer.word(0x02014B50, 4);
  writer.word(20, 2);
  common();
  for (const [value, size] of [[0, 2], [0, 2], [0, 2], [0, 4], [start, 4]]) writer.word(value, size);
  writer.bytes.push(...label);
  const length = writer.bytes.length - directory;
  for (const [value, size] of [[0x06054B50, 4], [0, 2], [0, 2], [1, 2], [1, 2], [length, 4], [start + directory, 4], [0, 2]]) writer.word(value, size);
  return Uint8Array.from(writer.bytes);
}

/**
 * @param {{name?, description?, labels?: string[], format?: {mean, std, bgr, channels}}} what
 * @returns {{buffer: Uint8Array, append: (model: Uint8Array) => Uint8Array}} the flatbuffer, and what to do with the written model
 */
export function packMetadata(what) {
  const contents = what.labels && new TextEncoder().encode(`${what.labels.join('\n')}\n`);
  return {
    buffer: metadataBuffer(what),
    append: (model) => {
      if (!contents) return model;
      const zip = archive(labelFile, contents, model.length), result = new Uint8Array(model.length + zip.length);
      result.set(model);
      result.set(zip, model.length);
      return result;
    },
  };
}

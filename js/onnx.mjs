// Brings the other files that hold weights of an .onnx file along. What is in
// the file is read in C (src/tools/onnx). This module is a file of its own in
// dist/, fetched for ONNX files only; what it needs of the library is given to
// it, so that there is one PincelError.

/** Numbers of fields in onnx.proto; `attachment` is one that it leaves free. */
const model = { graph: 7, attachment: 1000 }, graph = { initializer: 5 }, tensor = { externalData: 13 };
const bytesWire = 2, fixedBytes = { 1: 8, 5: 4 };

/** The fields of a protocol buffer's message; throws where it is none. */
function* fieldsOf(bytes) {
  let at = 0;
  const varint = () => {
    for (let value = 0, factor = 1; at < bytes.length && factor < 2 ** 70; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError('No message.');
  };
  while (at < bytes.length) {
    const tag = varint(), wire = tag % 8, value = wire === 0 || wire === bytesWire ? varint() : 0;
    const length = wire === bytesWire ? value : wire === 0 ? 0 : fixedBytes[wire];
    if (!(tag >= 8 && at + length <= bytes.length)) throw new RangeError('No message.');
    yield { number: Math.floor(tag / 8), bytes: wire === bytesWire && bytes.subarray(at, at + length) };
    at += length;
  }
}

const messages = (bytes, number) => [...fieldsOf(bytes)].filter((field) => field.number === number && field.bytes).map((field) => field.bytes);

/** The names of the files that initialisers point to. */
function externalFiles(bytes) {
  const names = new Set(), text = (part) => new TextDecoder().decode(part);
  for (const body of messages(bytes, model.graph)) {
    for (const initializer of messages(body, graph.initializer)) {
      for (const entry of messages(initializer, tensor.externalData)) {
        const [key, value] = [1, 2].map((number) => text(messages(entry, number)[0]));
        if (key === 'location') names.add(value);
      }
    }
  }
  return [...names];
}

/** The source of an external file: as given, or beside the model. */
async function placeOf(name, source, { externalData = {} }, { PincelError, absolute }) {
  if (externalData[name] !== undefined) return externalData[name];
  const where = typeof source === 'string' || source instanceof URL ? source : source?.url;
  if (!where || /(^|[\\/])\.\.([\\/]|$)|^[\\/]|:/.test(name)) {
    throw new PincelError('argument', `The weights are in another file, '${name}', which was not given.`, {
      expected: name, hint: 'Pass it: externalData: { name: URL, bytes or Blob }.',
    });
  }
  return new URL(name.split('/').map(encodeURIComponent).join('/'), await absolute(where));
}

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return [...bytes, value];
}

/** A field of bytes: what goes before them. */
const head = (number, length) => Uint8Array.from([...varint(number * 8 + bytesWire), ...varint(length)]);

/** The external files of a model, each with what goes before it when it is appended. */
async function readExternals(names, source, options, library) {
  const parts = [];
  for (const name of names) {
    const place = await placeOf(name, source, options, library);
    const contents = await library.loadBytes(place, { ...options, integrity: undefined });
    const label = new TextEncoder().encode(name);
    const inner = [head(1, label.length), label, head(2, contents.length), contents];
    parts.push(head(model.attachment, inner.reduce((sum, { length }) => sum + length, 0)), ...inner);
  }
  return parts;
}

/**
 * The file with its external files appended, each as a field that onnx.proto
 * does not use; the same bytes where it has none, or is malformed.
 * @param {{PincelError, absolute, loadBytes}} library
 */
export async function withExternalData(bytes, source, options, library) {
  let names = [];
  try {
    names = externalFiles(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // else the engine says what is wrong
  }
  if (!names.length) return bytes;
  const parts = [bytes, ...await readExternals(names, source, options, library)];
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

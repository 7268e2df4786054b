// Writes .onnx files for tests: what a description says, right or wrong.

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

const join = (parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const utf8 = (text) => new TextEncoder().encode(text);

const integer = (number, value) => [...varint(number * 8), ...varint(value)];
const bytes = (number, data) => [...varint(number * 8 + 2), ...varint(data.length), ...data];
const text = (number, value) => bytes(number, utf8(value));
const float = (number, value) => [...varint(number * 8 + 5), ...new Uint8Array(Float32Array.of(value).buffer)];

export const dataTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11 };

/** {name, dtype, shape, data}, or {…, external: {location, offset, length}} in place of data. */
export function tensor({ name = '', dtype = 'float32', shape = [], data, external }) {
  const place = external && Object.entries(external).map(([key, value]) => bytes(13, join([text(1, key), text(2, String(value))])));
  return join([
    ...shape.map((dim) => integer(1, dim)), integer(2, dataTypes[dtype]), text(8, name),
    ...(place ? [...place, integer(14, 1)] : [bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))]),
  ]);
}

/** Integers, {float}, strings, lists of integers, {floats}, {tensor}, {graph}. */
function attribute([name, value]) {
  const body = () => {
    if (typeof value === 'string') return text(4, value);
    if (Array.isArray(value)) return value.flatMap((item) => integer(8, item));
    if (value.floats) return value.floats.flatMap((item) => float(7, item));
    if (value.tensor) return bytes(5, tensor(value.tensor));
    if (value.graph) return bytes(6, graph(value.graph));
    return value.float === undefined ? integer(3, value) : float(2, value.float);
  };
  return join([text(1, name), body()]);
}

const node = ({ op, inputs, outputs, attributes = {}, domain = '' }) => join([
  ...inputs.map((name) => text(1, name)), ...outputs.map((name) => text(2, name)), text(4, op), text(7, domain),
  ...Object.entries(attributes).map((entry) => bytes(5, attribute(entry))),
]);

/** Dimensions that are strings are left open. */
function port({ name, dtype = 'float32', shape }) {
  const dims = shape.map((dim) => bytes(1, typeof dim === 'string' ? text(2, dim) : integer(1, dim)));
  return join([text(1, name), bytes(2, bytes(1, join([integer(1, dataTypes[dtype]), bytes(2, join(dims))])))]);
}

function graph({ nodes, initializers = [], inputs = [], outputs }) {
  return join([
    ...nodes.map((item) => bytes(1, node(item))), ...initializers.map((item) => bytes(5, tensor(item))),
    ...inputs.map((item) => bytes(11, port(item))), ...outputs.map((item) => bytes(12, port(item))),
  ]);
}

/** {opset, nodes, initializers, inputs, outputs} → the file's bytes. */
export function buildONNX({ opset = 17, ...description }) {
  return join([integer(1, 8), bytes(8, integer(2, opset)), bytes(7, graph(description))]);
}

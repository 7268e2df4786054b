// ONNX's own test cases: a model, and inputs and outputs as TensorProto.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The fields of a protocol buffer's message: {number, wire, value, bytes}. */
export function* fieldsOf(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint()), wire = tag & 7, number = tag >> 3;
    const value = wire === 0 ? varint() : 0n;
    const length = wire === 2 ? Number(varint()) : { 0: 0, 1: 8, 5: 4 }[wire];
    yield { number, wire, value, bytes: bytes.subarray(at, at + length) };
    at += length;
  }
}

function varints(field) {
  if (field.wire === 0) return [field.value];
  const values = [];
  for (let at = 0; at < field.bytes.length;) {
    let value = 0n, shift = 0n, byte;
    do {
      byte = field.bytes[at++];
      value |= BigInt(byte & 127) << shift;
      shift += 7n;
    } while (byte > 127);
    values.push(value);
  }
  return values;
}

/** TensorProto.DataType → what the library calls it, and the array that holds it. */
const types = {
  1: ['float32', Float32Array, 4], 2: ['uint8', Uint8Array, 5], 3: ['int8', Int8Array, 5], 4: ['uint16', Uint16Array, 5],
  5: ['int16', Int16Array, 5], 6: ['int32', Int32Array, 5], 7: ['int64', BigInt64Array, 7], 9: ['bool', Uint8Array, 5],
  10: ['float16', Uint16Array, 5], 11: ['float64', Float64Array, 10], 12: ['uint32', Uint32Array, 11], 13: ['uint64', BigUint64Array, 11],
};

/** @returns {{name: string, dtype: string, shape: number[], data: TypedArray}} */
export function readTensor(body) {
  const fields = [...fieldsOf(body)], of = (number) => fields.filter((field) => field.number === number);
  const [dtype, Type, typed] = types[Number(of(2)[0].value)];
  const shape = of(1).flatMap(varints).map(Number), [raw] = of(9);
  const name = new TextDecoder().decode(of(8)[0]?.bytes);
  if (raw) return { name, dtype, shape, data: new Type(new Uint8Array(raw.bytes).buffer) };
  if (Type === Float32Array || Type === Float64Array) {
    const parts = of(typed).map(({ bytes }) => bytes), all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
    return { name, dtype, shape, data: new Type(all.buffer) };
  }
  const isWide = Type === BigInt64Array || Type === BigUint64Array;
  return { name, dtype, shape, data: Type.from(of(typed).flatMap(varints), (value) => (isWide ? value : Number(BigInt.asIntN(32, value)))) };
}

/** Cases in a folder of folders: {name, model, inputs, outputs}; none when it is absent. */
export function readCases(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).sort().map((name) => {
    const data = join(folder, name, 'test_data_set_0');
    const tensors = (kind) => readdirSync(data).filter((file) => file.startsWith(kind))
      .sort((a, b) => parseInt(a.split('_')[1], 10) - parseInt(b.split('_')[1], 10))
      .map((file) => readFileSync(join(data, file)));
    return { name, model: readFileSync(join(folder, name, 'model.onnx')), inputs: tensors('input'), outputs: tensors('output').map(readTensor) };
  });
}

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return [...bytes, value];
}

const field = (number, bytes) => Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);

/** The model with an input made an initialiser: parts of one message may follow each other. */
export function withConstant(model, name, body) {
  const kept = [...fieldsOf(body)].filter(({ number }) => number !== 8);
  const plain = Buffer.concat(kept.map(({ number, wire, value, bytes }) => (wire === 2 ? field(number, bytes)
    : Buffer.concat([Buffer.from([...varint(number * 8 + wire), ...(wire === 0 ? varint(Number(value)) : [])]), bytes]))));
  const tensor = Buffer.concat([plain, field(8, Buffer.from(name))]);
  return Buffer.concat([model, field(7, field(5, tensor))]);
}

/** The real values of float16's bits; other arrays as they are. */
export function realsOf({ dtype, data }) {
  if (dtype !== 'float16') return data;
  return Float32Array.from(data, (bits) => {
    const exponent = bits >> 10 & 31, fraction = bits & 1023, sign = bits >> 15 ? -1 : 1;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
  });
}

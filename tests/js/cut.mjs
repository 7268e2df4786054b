// Cuts a quantised .tflite file into its steps: from 8-bit values to 8-bit
// values, with nothing 8-bit between. Each is a file of its own: the same
// bytes, but for what its subgraph lists.
import { ByteBuffer } from 'flatbuffers';

// Fields' places in TensorFlow's schema.fbs (tensorflow/compiler/mlir/lite/schema).
const model = { subgraphs: 2, signatures: 7 }, subgraph = { tensors: 0, inputs: 1, outputs: 2, operators: 3 };
const operator = { inputs: 1, outputs: 2 }, tensor = { shape: 0, type: 1, name: 3 };
const eightBits = new Map([[3, 'uint8'], [9, 'int8']]);

/** The address of a table's field, 0 when it has none. */
function fieldAt(buffer, table, slot) {
  const offset = buffer.__offset(table, 4 + 2 * slot);
  return offset && table + offset;
}

/** The addresses of a vector's elements. */
function elements(buffer, table, slot) {
  const field = fieldAt(buffer, table, slot), start = field && buffer.__vector(field);
  return Array.from({ length: field && buffer.__vector_len(field) }, (_, i) => start + 4 * i);
}

const numbers = (buffer, table, slot) => elements(buffer, table, slot).map((at) => buffer.readInt32(at));
const tables = (buffer, table, slot) => elements(buffer, table, slot).map((at) => buffer.__indirect(at));

function open(bytes) {
  const buffer = new ByteBuffer(bytes), root = buffer.__indirect(0);
  return { buffer, root, graph: tables(buffer, root, model.subgraphs)[0] };
}

/** { tensors: [{ name, dtype (of 8 bits), shape }], inputs, outputs: numbers of tensors, operators: [{ inputs, outputs }] } */
function describe({ buffer, graph }) {
  const dtypeOf = (table) => eightBits.get(fieldAt(buffer, table, tensor.type) && buffer.readInt8(fieldAt(buffer, table, tensor.type)));
  return {
    tensors: tables(buffer, graph, subgraph.tensors).map((table) => ({ name: buffer.__string(fieldAt(buffer, table, tensor.name)), dtype: dtypeOf(table), shape: numbers(buffer, table, tensor.shape) })),
    inputs: numbers(buffer, graph, subgraph.inputs),
    outputs: numbers(buffer, graph, subgraph.outputs),
    operators: tables(buffer, graph, subgraph.operators).map((table) => ({ inputs: numbers(buffer, table, operator.inputs), outputs: numbers(buffer, table, operator.outputs) })),
  };
}

/** A copy of the file that has only these inputs, outputs and operators (all by number). */
function keep(bytes, inputs, outputs, operators) {
  const lists = [inputs, outputs], length = Math.ceil(bytes.length / 4) * 4;
  const copy = new Uint8Array(length + 4 * lists.reduce((sum, list) => sum + 1 + list.length, 0));
  copy.set(bytes);
  const { buffer, root, graph } = open(copy), entries = elements(buffer, graph, subgraph.operators);
  const targets = entries.map((at) => buffer.__indirect(at)), field = fieldAt(buffer, graph, subgraph.operators);
  operators.forEach((from, to) => buffer.writeInt32(entries[to], targets[from] - entries[to])); // never nearer than before: offsets stay positive
  buffer.writeInt32(buffer.__vector(field) - 4, operators.length);
  let at = length;
  for (const [i, list] of lists.entries()) {
    const place = fieldAt(buffer, graph, i === 0 ? subgraph.inputs : subgraph.outputs);
    buffer.writeInt32(place, at - place);
    for (const value of [list.length, ...list]) buffer.writeInt32(at, value), at += 4;
  }
  const vtable = root - buffer.readInt32(root); // signatures would name the former ends
  if (4 + 2 * model.signatures < buffer.readInt16(vtable)) buffer.writeInt16(vtable + 4 + 2 * model.signatures, 0);
  return copy;
}

/** [{ bytes, inputs, output, isEnd }], in their order; tensors are { number, name, dtype, shape }; isEnd: an output of the model. */
export function steps(bytes) {
  const { tensors, inputs, outputs, operators } = describe(open(bytes));
  const maker = new Map(operators.flatMap((one, i) => one.outputs.map((number) => [number, i])));
  const isValue = (number) => maker.has(number) || inputs.includes(number);
  const named = (number) => ({ number, ...tensors[number] });
  const cut = (output) => {
    const found = new Set(), ends = new Set();
    const follow = (number) => {
      if (found.has(maker.get(number))) return;
      found.add(maker.get(number));
      for (const from of operators[maker.get(number)].inputs) {
        if (from < 0 || !isValue(from)) continue;
        if (tensors[from].dtype || inputs.includes(from)) ends.add(from);
        else follow(from);
      }
    };
    follow(output);
    const list = [...ends];
    return { bytes: keep(bytes, list, [output], [...found].sort((a, b) => a - b)), inputs: list.map(named), output: named(output), isEnd: outputs.includes(output) };
  };
  return operators.flatMap((one) => one.outputs).filter((number) => tensors[number].dtype || outputs.includes(number)).map(cut);
}

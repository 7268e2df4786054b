// Writes .tflite files from a description, for tests:
//
//   buildModel({
//     tensors: [{ name: 'x', dtype: 'float32', shape: [1, 4] },
//               { name: 'y', dtype: 'float32', shape: [1, 4] }],
//     inputs: ['x'], outputs: ['y'],
//     nodes: [{ op: 'SOFTMAX', inputs: ['x'], outputs: ['y'], options: { beta: 1 } }],
//   })
//
// A tensor with `data` (a typed array) is a constant; `quantization` is
// {scale: [], zeroPoint: [], axis}. Tensors are named by name or number, an
// input left out is null. Whatever is malformed is written as it is: a dtype
// or an operator may be a number, a tensor may name a `buffer` of its own.
//
// Numbers of fields, types and operators: TensorFlow's schema.fbs
// (tensorflow/compiler/mlir/lite/schema).
import { Builder } from 'flatbuffers';

export const SAME = 0, VALID = 1;
export const activations = { NONE: 0, RELU: 1, RELU_N1_TO_1: 2, RELU6: 3, TANH: 4 };

const tensorTypes = {
  float32: 0, float16: 1, int32: 2, uint8: 3, int64: 4, string: 5, bool: 6, int16: 7, complex64: 8, int8: 9,
  float64: 10, uint64: 12, uint32: 15, uint16: 16, int4: 17,
};

/** Tables of options: number in the union BuiltinOptions, then the fields in the schema's order. */
const optionTables = {
  conv: [1, 'padding:byte strideW:int strideH:int activation:byte dilationW:int=1 dilationH:int=1'],
  depthwise: [2, 'padding:byte strideW:int strideH:int depthMultiplier:int activation:byte dilationW:int=1 dilationH:int=1'],
  pool: [5, 'padding:byte strideW:int strideH:int filterW:int filterH:int activation:byte'],
  fullyConnected: [8, 'activation:byte weightsFormat:byte keepNumDims:byte asymmetricQuantizeInputs:byte'],
  softmax: [9, 'beta:float'],
  concatenation: [10, 'axis:int activation:byte'],
  add: [11, 'activation:byte'],
  l2Norm: [12, 'activation:byte'],
  localResponseNorm: [13, 'radius:int bias:float alpha:float beta:float'],
  resizeBilinear: [15, 'newHeight:int newWidth:int alignCorners:byte halfPixelCenters:byte'],
  reshape: [17, 'newShape:ints'],
  spaceToDepth: [19, 'blockSize:int'],
  mul: [21, 'activation:byte'],
  pad: [22, ''],
  gather: [23, 'axis:int batchDims:int'],
  reducer: [27, 'keepDims:byte'],
  sub: [28, 'activation:byte'],
  div: [29, 'activation:byte'],
  squeeze: [30, 'squeezeDims:ints'],
  stridedSlice: [32, 'beginMask:int endMask:int ellipsisMask:int newAxisMask:int shrinkAxisMask:int offset:byte'],
  split: [35, 'numSplits:int'],
  cast: [37, 'inDataType:byte outDataType:byte'],
  argMax: [40, 'outputType:byte'],
  transposeConv: [49, 'padding:byte strideW:int strideH:int activation:byte'],
  shape: [55, 'outType:byte'],
  argMin: [57, 'outputType:byte'],
  pack: [59, 'valuesCount:int axis:int'],
  unpack: [64, 'num:int axis:int'],
  resizeNearest: [74, 'alignCorners:byte halfPixelCenters:byte'],
  leakyRelu: [75, 'alpha:float'],
  mirrorPad: [77, 'mode:byte'],
  splitV: [79, 'numSplits:int'],
  depthToSpace: [94, 'blockSize:int'],
  batchMatmul: [101, 'adjX:byte adjY:byte asymmetricQuantizeInputs:byte'],
  gelu: [116, 'approximate:byte'],
};

/** Operators: builtin code and, where they have options, the table. */
const operators = {
  ADD: [0, 'add'], AVERAGE_POOL_2D: [1, 'pool'], CONCATENATION: [2, 'concatenation'], CONV_2D: [3, 'conv'],
  DEPTHWISE_CONV_2D: [4, 'depthwise'], DEPTH_TO_SPACE: [5, 'depthToSpace'], DEQUANTIZE: [6],
  EMBEDDING_LOOKUP: [7], FLOOR: [8], FULLY_CONNECTED: [9, 'fullyConnected'], L2_NORMALIZATION: [11, 'l2Norm'],
  L2_POOL_2D: [12, 'pool'], LOCAL_RESPONSE_NORMALIZATION: [13, 'localResponseNorm'], LOGISTIC: [14], LSTM: [16],
  MAX_POOL_2D: [17, 'pool'], MUL: [18, 'mul'], RELU: [19], RELU_N1_TO_1: [20], RELU6: [21],
  RESHAPE: [22, 'reshape'], RESIZE_BILINEAR: [23, 'resizeBilinear'], SOFTMAX: [25, 'softmax'],
  SPACE_TO_DEPTH: [26, 'spaceToDepth'], TANH: [28], CUSTOM: [32], PAD: [34, 'pad'], GATHER: [36, 'gather'],
  BATCH_TO_SPACE_ND: [37], SPACE_TO_BATCH_ND: [38], TRANSPOSE: [39], MEAN: [40, 'reducer'], SUB: [41, 'sub'],
  DIV: [42, 'div'], SQUEEZE: [43, 'squeeze'], STRIDED_SLICE: [45, 'stridedSlice'], EXP: [47], TOPK_V2: [48],
  SPLIT: [49, 'split'], LOG_SOFTMAX: [50], CAST: [53, 'cast'], PRELU: [54], MAXIMUM: [55],
  ARG_MAX: [56, 'argMax'], MINIMUM: [57], LESS: [58], NEG: [59], PADV2: [60], GREATER: [61], GREATER_EQUAL: [62],
  LESS_EQUAL: [63], SELECT: [64], SLICE: [65], SIN: [66], TRANSPOSE_CONV: [67, 'transposeConv'], TILE: [69],
  EXPAND_DIMS: [70], EQUAL: [71], NOT_EQUAL: [72], LOG: [73], SUM: [74, 'reducer'], SQRT: [75], RSQRT: [76],
  SHAPE: [77, 'shape'], POW: [78], ARG_MIN: [79, 'argMin'], REDUCE_PROD: [81, 'reducer'],
  REDUCE_MAX: [82, 'reducer'], PACK: [83, 'pack'], LOGICAL_OR: [84], ONE_HOT: [85], LOGICAL_AND: [86],
  LOGICAL_NOT: [87], UNPACK: [88, 'unpack'], REDUCE_MIN: [89, 'reducer'], FLOOR_DIV: [90],
  REDUCE_ANY: [91, 'reducer'], SQUARE: [92], FILL: [94], FLOOR_MOD: [95], RANGE: [96],
  RESIZE_NEAREST_NEIGHBOR: [97, 'resizeNearest'], LEAKY_RELU: [98, 'leakyRelu'], SQUARED_DIFFERENCE: [99],
  MIRROR_PAD: [100, 'mirrorPad'], ABS: [101], SPLIT_V: [102, 'splitV'], CEIL: [104], ADD_N: [106],
  GATHER_ND: [107], COS: [108], WHERE: [109], ELU: [111], QUANTIZE: [114], ROUND: [116], HARD_SWISH: [117],
  SELECT_V2: [123], BATCH_MATMUL: [126, 'batchMatmul'], CUMSUM: [128], BROADCAST_TO: [130],
  REDUCE_ALL: [140, 'reducer'], GELU: [150, 'gelu'], SIGN: [158],
};

/** Every operator that buildModel knows by name. */
export const operatorNames = Object.keys(operators);

/** The names of an operator's options. */
export const optionNames = (op) => [...(optionTables[operators[op][1]]?.[1] ?? '').matchAll(/(\w+):/g)].map(([, name]) => name);

export const tensorType = (dtype) => (typeof dtype === 'number' ? dtype : tensorTypes[dtype]);

// --- Parts of a flatbuffer. Each takes the builder first and returns an offset.

/** A table: `fields` are [kind, value, default] or null, in the schema's order. */
function table(builder, fields) {
  const add = {
    byte: 'addFieldInt8', int: 'addFieldInt32', long: 'addFieldInt64', float: 'addFieldFloat32', offset: 'addFieldOffset',
  };
  builder.startObject(fields.length);
  fields.forEach((field, slot) => {
    if (!field || field[1] === undefined || field[1] === null) return;
    const [kind, value, fallback = kind === 'long' ? 0n : 0] = field;
    builder[add[kind]](slot, value, fallback);
  });
  return builder.endObject();
}

function vector(builder, values, bytes, write) {
  builder.startVector(bytes, values.length, bytes);
  for (let i = values.length - 1; i >= 0; i--) builder[write](values[i]);
  return builder.endVector();
}

const ints = (builder, values) => vector(builder, values, 4, 'addInt32');
const offsets = (builder, values) => vector(builder, values, 4, 'addOffset');
const floats = (builder, values) => vector(builder, values, 4, 'addFloat32');
const longs = (builder, values) => vector(builder, values.map(BigInt), 8, 'addInt64');

/** Constant data, aligned to 16 bytes as the schema demands. */
function bufferTable(builder, data) {
  if (!data) return table(builder, []);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  builder.startVector(1, bytes.length, 16);
  for (let i = bytes.length - 1; i >= 0; i--) builder.addInt8(bytes[i]);
  const content = builder.endVector();
  return table(builder, [['offset', content]]);
}

function quantizationTable(builder, { scale, zeroPoint = scale.map(() => 0), axis = 0 }) {
  const scales = floats(builder, scale), zeroPoints = longs(builder, zeroPoint);
  return table(builder, [null, null, ['offset', scales], ['offset', zeroPoints], null, null, ['int', axis]]);
}

function tensorTable(builder, tensor, buffer) {
  const shape = ints(builder, tensor.shape ?? []), name = builder.createString(tensor.name ?? '');
  const quantization = tensor.quantization && quantizationTable(builder, tensor.quantization);
  const signature = tensor.shapeSignature && ints(builder, tensor.shapeSignature);
  return table(builder, [['offset', shape], ['byte', tensorType(tensor.dtype)], ['int', buffer], ['offset', name],
    ['offset', quantization], ['byte', tensor.isVariable ? 1 : 0], null, ['offset', signature]]);
}

function optionsTable(builder, fieldList, options) {
  const fields = fieldList.split(' ').filter(Boolean).map((field) => {
    const [, name, kind, fallback] = field.match(/^(\w+):(\w+)(?:=(\d+))?$/);
    if (kind === 'ints') return options[name] ? ['offset', ints(builder, options[name])] : null;
    return [kind, Number(options[name] ?? fallback ?? 0), Number(fallback ?? 0)];
  });
  return table(builder, fields);
}

function nodeTable(builder, node, opcode, numberOf) {
  const inputs = ints(builder, node.inputs.map(numberOf)), outputs = ints(builder, node.outputs.map(numberOf));
  const [unionNumber, fieldList] = optionTables[operators[node.op]?.[1]] ?? [0, null];
  const options = fieldList === null ? null : optionsTable(builder, fieldList, node.options ?? {});
  return table(builder, [['int', opcode], ['offset', inputs], ['offset', outputs], ['byte', unionNumber],
    ['offset', options]]);
}

function opCodeTable(builder, { op, version = 1, customCode }) {
  const code = typeof op === 'number' ? op : operators[op][0];
  const custom = customCode && builder.createString(customCode);
  return table(builder, [['byte', Math.min(code, 127)], ['offset', custom], ['int', version, 1], ['int', code]]);
}

/** The bytes of a .tflite file. */
export function buildModel({ tensors, inputs, outputs, nodes, schemaVersion = 3, identifier = 'TFL3', buffers }) {
  const builder = new Builder(1024);
  const numberOf = (name) => (name === null ? -1 : typeof name === 'number' ? name : tensors.findIndex((t) => t.name === name));
  const contents = [null, ...(buffers ?? tensors.map(({ data }) => data).filter(Boolean))];
  const bufferTables = contents.map((data) => bufferTable(builder, data));
  let next = 1;
  const tensorTables = tensors.map((tensor) => tensorTable(builder, tensor, tensor.buffer ?? (tensor.data ? next++ : 0)));
  const opCodes = nodes.map((node) => opCodeTable(builder, node));
  const nodeTables = nodes.map((node, i) => nodeTable(builder, node, node.opcode ?? i, numberOf));
  const parts = {
    tensors: offsets(builder, tensorTables),
    inputs: ints(builder, inputs.map(numberOf)),
    outputs: ints(builder, outputs.map(numberOf)),
    nodes: offsets(builder, nodeTables),
  };
  const subgraph = table(builder, [parts.tensors, parts.inputs, parts.outputs, parts.nodes].map((part) => ['offset', part]));
  const subgraphs = offsets(builder, [subgraph]);
  const codes = offsets(builder, opCodes);
  const data = offsets(builder, bufferTables);
  const model = table(builder, [['int', schemaVersion], ['offset', codes], ['offset', subgraphs], null, ['offset', data]]);
  builder.finish(model, identifier);
  return builder.asUint8Array().slice();
}

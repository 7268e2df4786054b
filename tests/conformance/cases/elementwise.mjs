// Operators that work on one element, or on one pair of elements with
// broadcasting; conversions between types.
import { activations, tensorType } from '../../js/tflite.mjs';
import { caseOf, constant, realTypes, reals, tensor } from '../describe.mjs';

const broadcast = (a, b) => {
  const rank = Math.max(a.length, b.length);
  const at = (shape, i) => shape[i - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, i) => (at(a, i) === 1 ? at(b, i) : at(a, i)));
};

const anyType = (type, shape, more = {}) => (realTypes.includes(type) ? reals(type, shape, more) : tensor(type, shape, more));

// --- Arithmetic -----------------------------------------------------------

/** Scales of a, b and the result, so that most results are in range. */
const arithmeticScales = {
  ADD: [0.041, 0.029, 0.0571], SUB: [0.041, 0.029, 0.0571], MUL: [0.041, 0.029, 0.0913], DIV: [0.041, 0.029, 0.0613],
  MAXIMUM: [0.05, 0.05, 0.05], MINIMUM: [0.05, 0.05, 0.05], SQUARED_DIFFERENCE: [0.041, 0.029, 0.2],
};

function binary(op, type, a, b, { activation, constantB = false, rangeB, rangeA, scales = arithmeticScales[op], note = '' } = {}) {
  const same = op === 'MAXIMUM' || op === 'MINIMUM';
  const [scaleA, scaleB, scaleOut] = scales ?? [];
  const inputs = [anyType(type, a, { scale: scaleA, zeroPoint: same ? 124 : 117, range: rangeA }),
    anyType(type, b, { scale: scaleB, zeroPoint: same ? 124 : 133, constant: constantB, range: rangeB })];
  const output = anyType(type, broadcast(a, b), { scale: scaleOut, zeroPoint: op === 'SQUARED_DIFFERENCE' ? 3 : 124 });
  const options = activation === undefined ? {} : { activation: activations[activation] };
  return caseOf(`${type} ${a.join('x') || 'scalar'} and ${b.join('x') || 'scalar'}${constantB ? ' constant' : ''}${activation ? ` ${activation}` : ''}${note}`,
    op, inputs, [output], { options, version: realTypes.indexOf(type) > 0 ? 2 : 1 });
}

const shapePairs = [
  [[2, 5, 3, 7], [2, 5, 3, 7]], [[1, 4, 5, 19], [19]], [[1, 4, 5, 6], []], [[6], [2, 3, 6]], [[3, 1, 4], [1, 5, 4]], [[2, 1], [1, 3]],
];

function arithmetic(op, type, ranges = {}) {
  return shapePairs.map(([a, b]) => binary(op, type, a, b, ranges));
}

const positiveOrNegative = { rangeB: [1, 9] };

const arithmetics = [
  ...['ADD', 'SUB', 'MUL'].flatMap((op) => [...realTypes, 'int32', 'int64'].flatMap((type) => arithmetic(op, type))),
  ...['MAXIMUM', 'MINIMUM'].flatMap((op) => [...realTypes, 'int32', 'int64'].flatMap((type) => arithmetic(op, type).slice(0, 5))),
  ...arithmetic('DIV', 'float32', { rangeB: [0.5, 3] }), ...arithmetic('DIV', 'int32', positiveOrNegative),
  ...['float32', 'int8', 'int32'].flatMap((type) => arithmetic('SQUARED_DIFFERENCE', type)),
  ...['ADD', 'SUB', 'MUL'].flatMap((op) => realTypes.flatMap((type) => [
    ...['RELU', 'RELU6', 'RELU_N1_TO_1'].map((activation) => binary(op, type, [1, 3, 5, 9], [1, 3, 5, 9], { activation })),
    binary(op, type, [1, 3, 5, 9], [9], { constantB: true }),
    binary(op, type, [1, 3, 5, 9], [1], { constantB: true, activation: 'RELU' }),
  ])),
  ...['int8', 'uint8'].flatMap((type) => [
    binary('ADD', type, [1, 8, 8, 16], [1, 8, 8, 16], { scales: [0.011, 0.9, 0.83], note: ', scales far apart' }),
    binary('ADD', type, [1, 8, 8, 16], [1, 8, 8, 16], { scales: [0.0235294122248888, 0.0235294122248888, 0.0235294122248888], note: ', equal scales' }),
    binary('SUB', type, [1, 8, 8, 16], [1, 8, 8, 16], { scales: [0.9, 0.013, 0.77], note: ', scales far apart' }),
    binary('MUL', type, [1, 8, 8, 16], [1, 8, 8, 16], { scales: [0.0077, 0.031, 0.0121], note: ', saturating' }),
    binary('MUL', type, [1, 8, 8, 16], [16], { scales: [0.02, 0.005, 0.013], constantB: true }),
    binary('SUB', type, [16], [1, 8, 8, 16], { note: ', constant left of it' }),
  ]),
  binary('DIV', 'float32', [1, 3, 5, 9], [9], { rangeB: [0.5, 3], activation: 'RELU6' }),
  binary('DIV', 'uint8', [1, 3, 5, 9], [1, 3, 5, 9], { rangeB: [160, 255] }),
  ...['FLOOR_DIV', 'FLOOR_MOD'].flatMap((op) => [
    ...arithmetic(op, 'int32', { rangeA: [-50, 50], rangeB: [1, 9] }), ...arithmetic(op, 'int32', { rangeA: [-50, 50], rangeB: [-9, -1], note: ', negative' }),
    ...arithmetic(op, 'float32', { rangeA: [-9, 9], rangeB: [0.3, 2] }), ...arithmetic(op, 'float32', { rangeA: [-9, 9], rangeB: [-2, -0.3], note: ', negative' }),
  ]),
  ...arithmetic('FLOOR_MOD', 'int64', { rangeA: [-50, 50], rangeB: [-9, -1] }),
  ...arithmetic('POW', 'float32', { rangeA: [0.1, 3], rangeB: [-2, 3] }), ...arithmetic('POW', 'int32', { rangeA: [-4, 4], rangeB: [0, 5] }),
  caseOf('float32 of three', 'ADD_N', [1, 2, 3].map(() => tensor('float32', [2, 3, 5])), [tensor('float32', [2, 3, 5])]),
  caseOf('int32 of two', 'ADD_N', [1, 2].map(() => tensor('int32', [7])), [tensor('int32', [7])]),
];

// --- Comparisons and logic ------------------------------------------------

function comparison(op, type, a, b) {
  const range = realTypes.indexOf(type) > 0 ? [0, 6] : [-3, 3];
  const narrow = type === 'float32' ? {} : { range: type === 'bool' ? [0, 1] : range };
  return caseOf(`${type} ${a.join('x')} and ${b.join('x') || 'scalar'}`, op,
    [anyType(type, a, { ...narrow, scale: 0.05 }), anyType(type, b, { ...narrow, scale: 0.05 })], [tensor('bool', broadcast(a, b))], { version: 1 });
}

const comparisons = ['EQUAL', 'NOT_EQUAL', 'LESS', 'LESS_EQUAL', 'GREATER', 'GREATER_EQUAL'].flatMap((op) =>
  ['float32', 'int8', 'uint8', 'int32', 'int64', ...(op.includes('EQUAL') && op.length < 10 ? ['bool'] : [])].flatMap((type) => [
    comparison(op, type, [2, 3, 5, 7], [2, 3, 5, 7]), comparison(op, type, [3, 1, 4], [5, 4]), comparison(op, type, [11], []),
  ]));

const rescaledComparison = caseOf('int8 with two scales', 'LESS',
  [reals('int8', [200], { scale: 0.05 }), reals('int8', [200], { scale: 0.031, zeroPoint: 130 })], [tensor('bool', [200])]);

const logic = [
  ...['LOGICAL_AND', 'LOGICAL_OR'].flatMap((op) => [[[2, 9], [2, 9]], [[3, 1, 4], [5, 4]], [[6], [1]]].map(([a, b]) =>
    caseOf(`${a.join('x')} and ${b.join('x')}`, op, [tensor('bool', a), tensor('bool', b)], [tensor('bool', broadcast(a, b))]))),
  caseOf('2x9', 'LOGICAL_NOT', [tensor('bool', [2, 9])], [tensor('bool', [2, 9])]),
];

const selections = ['float32', 'int8', 'uint8', 'int32', 'int64', 'bool'].flatMap((type) => [
  caseOf(`${type} 2x3x5`, 'SELECT', [tensor('bool', [2, 3, 5]), anyType(type, [2, 3, 5]), anyType(type, [2, 3, 5])], [anyType(type, [2, 3, 5])]),
  caseOf(`${type} by rows`, 'SELECT', [tensor('bool', [4]), anyType(type, [4, 3]), anyType(type, [4, 3])], [anyType(type, [4, 3])]),
  caseOf(`${type} broadcasting`, 'SELECT_V2', [tensor('bool', [3, 1, 1]), anyType(type, [1, 4, 1]), anyType(type, [5])], [anyType(type, [3, 4, 5])]),
  caseOf(`${type} of scalars`, 'SELECT_V2', [tensor('bool', [2, 3, 5]), anyType(type, []), anyType(type, [])], [anyType(type, [2, 3, 5])]),
]);

// --- One element ----------------------------------------------------------

/** Output quantisation that TFLite prescribes, as for uint8. */
const prescribed = { LOGISTIC: { scale: 1 / 256, zeroPoint: 0 }, TANH: { scale: 1 / 128, zeroPoint: 128 } };

function unary(op, type, shape = [2, 5, 7, 3], { options, range, inScale = 0.05, inZeroPoint = 124, out = {}, note = '' } = {}) {
  const same = ['RELU', 'RELU6', 'RELU_N1_TO_1', 'ABS', 'NEG'].includes(op);
  const outputScale = prescribed[op] ?? (same ? { scale: inScale, zeroPoint: inZeroPoint } : { scale: 0.043, zeroPoint: 101, ...out });
  return caseOf(`${type}${note}`, op, [anyType(type, shape, { range, scale: inScale, zeroPoint: inZeroPoint })], [anyType(type, shape, outputScale)],
    { options, version: realTypes.indexOf(type) > 0 && !['RELU_N1_TO_1', 'HARD_SWISH', 'ELU'].includes(op) ? 2 : 1 });
}

const wide = { range: [-8, 8] }, positive = { range: [0.01, 9] };
const long = [1, 1, 1, 256]; // every value of eight bits, likely

const unaries = [
  ...['RELU', 'RELU6', 'RELU_N1_TO_1', 'LOGISTIC', 'TANH', 'ELU', 'HARD_SWISH', 'EXP', 'ABS', 'NEG', 'SQUARE', 'SIN', 'COS'].map((op) => unary(op, 'float32', undefined, wide)),
  ...['LOG', 'SQRT', 'RSQRT'].map((op) => unary(op, 'float32', undefined, positive)),
  ...['FLOOR', 'CEIL', 'ROUND'].map((op) => unary(op, 'float32', undefined, wide)),
  caseOf('float32 halves', 'ROUND', [tensor('float32', [8], { values: [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 7.5] })], [tensor('float32', [8])]),
  caseOf('float32 far out', 'EXP', [tensor('float32', [6], { values: [-104, -87.5, -20, 20, 80, 88] })], [tensor('float32', [6])]),
  caseOf('float32 far out', 'TANH', [tensor('float32', [8], { values: [-1000, -30, -9.5, -1e-4, 1e-4, 9.5, 30, 1000] })], [tensor('float32', [8])]),
  caseOf('float32 far out', 'LOGISTIC', [tensor('float32', [8], { values: [-1000, -90, -30, -17, 17, 30, 90, 1000] })], [tensor('float32', [8])]),
  ...['int32'].flatMap((type) => ['ABS', 'NEG'].map((op) => unary(op, type))), unary('NEG', 'int64'),
  ...['int8', 'uint8'].flatMap((type) => [
    ...['RELU', 'RELU6', 'RELU_N1_TO_1'].map((op) => unary(op, type, long, {})),
    ...['LOGISTIC', 'TANH', 'HARD_SWISH'].map((op) => unary(op, type, long)),
    unary('LEAKY_RELU', type, long, { options: { alpha: 0.13 } }), unary('LEAKY_RELU', type, long, { options: { alpha: -0.4 }, note: ' negative slope' }),
    ...[true, false].map((approximate) => unary('GELU', type, long, { options: { approximate }, note: approximate ? ' approximate' : '' })),
    unary('RELU', type, long, { note: ' narrow', inScale: 0.004, inZeroPoint: 60 }),
    unary('HARD_SWISH', type, long, { note: ' wide', inScale: 0.11, inZeroPoint: 90, out: { scale: 0.09, zeroPoint: 7 } }),
  ]),
  unary('ELU', 'int8', long), unary('ABS', 'int8', long),
  unary('EXP', 'int8', long, { inScale: 0.02, out: { scale: 0.05, zeroPoint: 0 } }),
  unary('LOG', 'int8', long, { inZeroPoint: 0, range: [-127, 127] }),
  unary('RSQRT', 'int8', long, { inZeroPoint: 0, range: [-127, 127], out: { scale: 0.02, zeroPoint: 0 } }),
  unary('LEAKY_RELU', 'float32', undefined, { options: { alpha: 0.2 } }), unary('LEAKY_RELU', 'float32', undefined, { options: { alpha: 1.7 }, note: ' steep' }),
  ...[true, false].map((approximate) => unary('GELU', 'float32', undefined, { ...wide, options: { approximate }, note: approximate ? ' approximate' : '' })),
  ...realTypes.flatMap((type) => [[7], [1, 1, 7], [5, 3, 7]].map((slopes) => caseOf(`${type} slopes ${slopes.join('x')}`, 'PRELU',
    [reals(type, [2, 5, 3, 7]), reals(type, slopes, { scale: 0.006, zeroPoint: 60, constant: true, range: type === 'float32' ? [-0.3, 1.2] : undefined })],
    [reals(type, [2, 5, 3, 7], { scale: 0.062, zeroPoint: 118 })]))),
];

// --- Conversions ----------------------------------------------------------

const castRange = { float32: [-90, 90], uint8: [0, 200], bool: [0, 1] };
const casts = [];
for (const from of ['float32', 'int32', 'int64', 'uint8', 'int8', 'bool']) {
  for (const to of ['float32', 'int32', 'int64', 'uint8', 'int8', 'bool']) {
    if (from === to) continue;
    // What a real outside the target's range becomes is left open by C.
    const range = (to === 'uint8' && from === 'float32') || to === 'int8' ? [0, from === 'bool' ? 1 : 90] : castRange[from];
    casts.push(caseOf(`${from} to ${to}`, 'CAST', [tensor(from, [3, 17], { range })], [tensor(to, [3, 17])],
      { options: { inDataType: tensorType(from), outDataType: tensorType(to) }, version: 1 }));
  }
}

/** A constant made real, times an input of ones: nothing runs a model without one. */
function dequantizeConstant(note, stored, version) {
  const { shape } = stored;
  return {
    name: `DEQUANTIZE constant ${note}`, op: 'DEQUANTIZE', inputs: ['ones'], outputs: ['product'],
    tensors: [{ name: 'stored', ...stored }, { name: 'ones', ...tensor('float32', shape, { range: [1, 1] }) },
      { name: 'real', ...tensor('float32', shape) }, { name: 'product', ...tensor('float32', shape) }],
    nodes: [{ op: 'DEQUANTIZE', version, inputs: ['stored'], outputs: ['real'] }, { op: 'MUL', inputs: ['real', 'ones'], outputs: ['product'] }],
  };
}

const quantised = (type, scale, zeroPoint) => reals(type, [2, 5, 7, 4], { scale, zeroPoint });
const conversions = [
  ...['int8', 'uint8'].flatMap((type) => [
    caseOf(`float32 to ${type}`, 'QUANTIZE', [tensor('float32', [2, 5, 7, 4], { range: [-8, 8] })], [quantised(type, 0.0491, 120)]),
    caseOf(`${type} to float32`, 'DEQUANTIZE', [quantised(type, 0.0491, 120)], [tensor('float32', [2, 5, 7, 4])], { version: 2 }),
    ...['int8', 'uint8'].flatMap((to) => [
      caseOf(`${type} to ${to}`, 'QUANTIZE', [quantised(type, 0.05, 124)], [quantised(to, 0.05, 124)], { version: 2 }),
      caseOf(`${type} to ${to}, finer`, 'QUANTIZE', [quantised(type, 0.0491, 120)], [quantised(to, 0.0217, 133)], { version: 2 }),
      caseOf(`${type} to ${to}, coarser`, 'QUANTIZE', [quantised(type, 0.0491, 120)], [quantised(to, 0.1133, 98)], { version: 2 }),
    ]),
  ]),
  dequantizeConstant('float16', constant('float16', [9], { values: [0, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x3555] }), 3),
  dequantizeConstant('int8 per channel', constant('int8', [3, 4], { quantization: { scale: [0.1, 0.02, 0.5], zeroPoint: [0, 0, 0], axis: 0 } }), 5),
];

export default [...arithmetics, ...comparisons, rescaledComparison, ...logic, ...selections, ...unaries, ...casts, ...conversions];

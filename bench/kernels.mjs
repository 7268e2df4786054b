// Times every kernel in WebAssembly, in Node, the instruction sets in turns, on layers of the networks we care for:
//   node bench/kernels.mjs [part of a kernel's name] [--tables scalar,simd128,relaxed]
// Prints G MAC/s for the matrix kernels, ns per element for the others, and how many times faster than scalar.
import '../js/cli/relaxed.mjs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cmakeBuild } from '../js/build/build.mjs';

const { positionals: [wanted = ''], values } = parseArgs({
  allowPositionals: true, options: { tables: { type: 'string', default: 'scalar,simd128,relaxed' } },
});
const tables = { scalar: 1, simd128: 2, relaxed: 3 }, chosen = values.tables.split(',');
const module = new WebAssembly.Module(readFileSync(join(cmakeBuild('wasm-kernels', { PCL_WASM: 'relaxed', PCL_BENCH: 'ON' }), 'pincel-kernels.wasm')));
// What libc asks for; nothing of it is called.
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => 0;

// [rows, columns, depth, how often in the network]
const pointwise = [
  [12544, 32, 27, 1], [12544, 16, 32, 1], [12544, 96, 16, 1], [3136, 24, 96, 1], [3136, 144, 24, 2], [3136, 24, 144, 1],
  [784, 32, 144, 1], [784, 192, 32, 3], [784, 32, 192, 2], [196, 64, 192, 1], [196, 384, 64, 4], [196, 64, 384, 3],
  [196, 96, 384, 1], [196, 576, 96, 3], [196, 96, 576, 2], [49, 160, 576, 1], [49, 960, 160, 3], [49, 160, 960, 2],
  [49, 320, 960, 1], [49, 1280, 320, 1], [1, 1001, 1280, 1],
];
// [size, channels, filter, stride, how often]
const depthwise = [
  [112, 32, 3, 1, 1], [112, 96, 3, 2, 1], [56, 144, 3, 1, 1], [56, 144, 3, 2, 1], [28, 192, 3, 1, 2], [28, 192, 3, 2, 1],
  [14, 384, 3, 1, 4], [14, 576, 3, 1, 2], [14, 576, 3, 2, 1], [7, 960, 3, 1, 3],
];
// Style transfer's, as matrices: 9x9 to 3 channels, the residual blocks, 3x3 in between.
const style = [[36864, 3, 648, 4], [9216, 32, 288, 10], [36864, 16, 72, 1], [36864, 8, 144, 4], [36864, 8, 243, 4]];
// One of the 36 products of a quantised 3x3 convolution, of as many tiles as are done at a time.
const tiles = [[70, 16, 16, 1], [60, 40, 40, 1], [30, 64, 64, 1], [15, 128, 128, 1]];
const simple = ['add_u8', 'lookup_u8', 'quantize_u8', 'dequantize_u8', 'moments_f32', 'affine_f32', 'moments_u8', 'affine_u8',
  'winograd_input_f32', 'winograd_output_f32', 'winograd_segments_input_f32', 'winograd_segments_output_f32', 'winograd_input_u8', 'winograd_output_u8', 'logistic_f32', 'signed_i8'];
const simpleCount = 36 * 64 * 16; // elements: whole Winograd tiles of 64 channels, and pixels of 32

// Least milliseconds of one call, the tables in turns.
function time(make, run) {
  const runs = chosen.map((name) => {
    const { exports } = new WebAssembly.Instance(module, imports);
    exports._initialize?.();
    if (!exports.bench_select(tables[name])) return null;
    make(exports);
    return { call: (times) => exports[`bench_${run}`](times), times: 1, least: Infinity };
  });
  for (let round = 0; round < 24; round++) {
    for (const one of runs.filter(Boolean)) {
      const start = performance.now();
      one.call(one.times);
      const took = performance.now() - start;
      one.least = Math.min(one.least, took / one.times);
      if (round < 8 && took < 3) one.times = Math.ceil(one.times * Math.min(8, 4 / Math.max(took, 0.01)));
    }
  }
  return runs.map((one) => (one ? one.least : NaN));
}

function print(name, times, format) {
  const scalar = times[chosen.indexOf('scalar')];
  const cells = times.map((ms, i) => `${chosen[i]} ${format(ms)}${scalar && ms !== scalar ? ` (${(scalar / ms).toFixed(1)}x)` : ''}`.padStart(26));
  console.log(name.padEnd(40), cells.join(' '));
}

function network(title, kernel, layers, make, macs, text) {
  if (!kernel.includes(wanted)) return;
  const totals = chosen.map(() => 0);
  for (const layer of layers) {
    const times = time((exports) => make(exports, layer), kernel);
    times.forEach((ms, i) => (totals[i] += ms * layer.at(-1)));
    print(`${kernel} ${text(layer)}`, times, (ms) => (macs(layer) / ms / 1e6).toFixed(1));
  }
  print(`${kernel}: ${title}, ms`, totals, (ms) => ms.toFixed(3));
}

const gemmMacs = ([rows, columns, depth]) => rows * columns * depth;
const gemmText = ([rows, columns, depth]) => `${rows} x ${columns} x ${depth}`;
const dwMacs = ([size, channels, filter, stride]) => (Math.ceil(size / stride) >> 1) * 2 * Math.ceil(size / stride) * channels * filter ** 2;
const dwText = ([size, channels, filter, stride]) => `${size}² x ${channels}, ${filter}x${filter} / ${stride}`;
const gemm = (e, [m, n, k]) => e.bench_gemm_make(m, n, k, 0);
const dw = (e, [size, channels, filter, stride]) => e.bench_dwconv_make(size, channels, filter, stride, 0);
console.log('G MAC/s of layers, then ns per element');
network('MobileNetV2', 'gemm_u8', pointwise, gemm, gemmMacs, gemmText);
network('MobileNetV2', 'gemm_pairs', pointwise.filter(([, columns]) => columns % 4 === 0), (e, [m, n, k]) => e.bench_gemm_pairs_make(m, n, k), gemmMacs, gemmText);
network('style transfer', 'gemm_u8', style, gemm, gemmMacs, gemmText);
network('Winograd\'s products', 'gemm_i16', tiles, (e, [m, n, k]) => e.bench_gemm_i16_make(m, n, k), gemmMacs, gemmText);
network('MobileNetV2', 'gemm_f32', pointwise.slice(1, 14), gemm, gemmMacs, gemmText);
network('style transfer', 'gemm_f32', style, gemm, gemmMacs, gemmText);
network('MobileNetV2', 'dwconv_u8', depthwise, dw, dwMacs, dwText);
network('MobileNetV2', 'dwconv_f32', depthwise, dw, dwMacs, dwText);
for (const kernel of simple.filter((name) => name.includes(wanted))) {
  print(kernel, time((e) => e.bench_simple_make(simpleCount), kernel), (ms) => `${((ms * 1e6) / simpleCount).toFixed(3)} ns`);
}

// Times every kernel in WebAssembly on the layer shapes of MobileNetV2, one module per instruction set:
//   node bench/kernels.mjs module.wasm [part of a name]
// Prints, per layer, G MAC/s (ns per element for the simple kernels) for scalar, simd128 and relaxed.
import { readFileSync } from 'node:fs';

const [path, wanted = ''] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(path));
// What libc asks for; nothing of it is called, memory is large enough from the start.
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => 0;
const tables = { scalar: 1, simd128: 2, relaxed: 3 };
const chosen = (process.env.TABLES ?? 'simd128,relaxed').split(',');

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
const simple = ['add_u8', 'lookup_u8', 'quantize_u8', 'dequantize_u8', 'moments_f32', 'affine_f32', 'logistic_f32'];

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
  console.log(name.padEnd(40), times.map((ms, i) => `${chosen[i]} ${format(ms)}`.padStart(20)).join(' '));
}

function network(kernel, layers, make, macs, text) {
  if (!kernel.includes(wanted)) return;
  const totals = chosen.map(() => 0);
  for (const layer of layers) {
    const times = time((exports) => make(exports, layer), kernel);
    times.forEach((ms, i) => (totals[i] += ms * layer.at(-1)));
    print(`${kernel} ${text(layer)}`, times, (ms) => (macs(layer) / ms / 1e6).toFixed(1));
  }
  print(`${kernel}: the network's layers, ms`, totals, (ms) => ms.toFixed(3));
}

const gemmMacs = ([rows, columns, depth]) => rows * columns * depth;
const gemmText = ([rows, columns, depth]) => `${rows} x ${columns} x ${depth}`;
const dwMacs = ([size, channels, filter, stride]) => (Math.ceil(size / stride) >> 1) * 2 * Math.ceil(size / stride) * channels * filter ** 2;
const dwText = ([size, channels, filter, stride]) => `${size}² x ${channels}, ${filter}x${filter} / ${stride}`;
network('gemm_u8', pointwise, (e, [m, n, k]) => e.bench_gemm_make(m, n, k, 0), gemmMacs, gemmText);
network('gemm_f32', pointwise.slice(1, 14), (e, [m, n, k]) => e.bench_gemm_make(m, n, k, 0), gemmMacs, gemmText);
network('dwconv_u8', depthwise, (e, [s, c, f, d]) => e.bench_dwconv_make(s, c, f, d, 0), dwMacs, dwText);
network('dwconv_f32', depthwise, (e, [s, c, f, d]) => e.bench_dwconv_make(s, c, f, d, 0), dwMacs, dwText);
if (process.env.STYLE) {
  network('gemm_u8', [[36864, 3, 648, 4], [9216, 32, 288, 10], [36864, 16, 72, 1], [36864, 8, 144, 4], [36864, 8, 243, 4]],
    (e, [m, n, k]) => e.bench_gemm_make(m, n, k, 0), gemmMacs, gemmText);
}
for (const kernel of simple.filter((name) => name.includes(wanted))) {
  print(kernel, time((e) => e.bench_simple_make(32768), kernel), (ms) => `${((ms * 1e6) / 32768).toFixed(3)} ns`);
}

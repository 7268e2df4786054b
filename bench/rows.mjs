// What is measured: one entry per row of the table. A row is skipped, saying so, where its model or browser is absent.
//
//   kind        'run': a model on the same input, contenders in turns in one page; 'first': from navigation to the
//               first answer; 'painter': picture to picture; 'native': the same C kernels outside of the browser
//   target      ratio: Pincel's median over the peer's, at most; rate: G MAC/s, at least
//   tolerance   greatest difference of outputs between contenders, of the greatest value (of paintings: root mean
//               square); classifiers also have to name the same class
//   arithmetic  of most multiplications: which peak the row is compared with
const run = (row) => ({ kind: 'run', peer: 'litert', browser: 'chromium', simd: 'auto', threads: [1, 2], arithmetic: 'int8', ...row });

const mobileNet = { model: 'mobilenet_v2_ptq.tflite', classifier: true, tolerance: 0.02, macs: 300.78e6 };

export const rows = [
  run({ ...mobileNet, id: 'mobilenet_v2_ptq', title: 'MobileNetV2 1.0 224, int8 per channel', target: { ratio: 0.75 } }),
  run({ id: 'mobilenet_v2_uint8', title: 'MobileNetV2 1.0 224, uint8 per tensor', model: 'mobilenet_v2_uint8.tflite', classifier: true, tolerance: 0.02, macs: 300.78e6, target: { ratio: 0.40 } }),
  run({ id: 'mobilenet_v1_050_160_uint8', title: 'MobileNetV1 0.5 160, uint8 per tensor', model: 'mobilenet_v1_050_160_uint8.tflite', classifier: true, tolerance: 0.02, macs: 76.53e6, target: { ratio: 0.45 } }),
  run({ id: 'magenta_predict_int8', title: 'Magenta style prediction 256, int8', model: 'magenta_predict_int8.tflite', tolerance: 0.02, macs: 391.3e6, target: { ratio: 0.75 } }),
  run({ id: 'magenta_transfer_int8', title: 'Magenta style transfer 384, int8', model: 'magenta_transfer_int8.tflite', tolerance: 0.02, macs: 1847.4e6, target: { ratio: 0.30 } }),
  run({ id: 'magenta_transfer_fp16', title: 'Magenta style transfer 384, fp16', model: 'magenta_transfer_fp16.tflite', tolerance: 0.002, macs: 1847.4e6, arithmetic: 'f32', target: { ratio: 0.55 } }),
  run({ ...mobileNet, kind: 'first', id: 'first-result', title: 'First MobileNetV2 result from a fresh page', target: { ratio: 0.25 } }),
  run({ id: 'fns_candy', title: 'Fast neural style 720, ONNX fp32', model: 'fns_candy.onnx', peer: 'onnxruntime', tolerance: 0.002, macs: 20353e6, arithmetic: 'f32', target: { ratio: 0.35 } }),
  run({ id: 'squeezenet_fp16', title: 'SqueezeNet 224, ONNX fp16', model: 'squeezenet_fp16.onnx', peer: 'onnxruntime', classifier: true, tolerance: 0.02, macs: 349.2e6, arithmetic: 'f32', target: { ratio: 0.50 } }),
  run({ id: 'mosaic_nc8_256', title: 'Small neural style 256, ONNX fp32', model: 'mosaic_nc8_256.onnx', peer: 'onnxruntime', tolerance: 0.002, macs: 821e6, arithmetic: 'f32', target: { ratio: 0.40 } }),
  run({ ...mobileNet, id: 'simd128', title: 'MobileNetV2, plain SIMD on both sides', simd: 'simd128', peer: 'tfjs-tflite', tolerance: 0.05, target: { ratio: 0.60 } }),
  run({ ...mobileNet, id: 'firefox', title: 'MobileNetV2 in Firefox', browser: 'firefox', target: { ratio: 0.75 } }),
  run({ kind: 'painter', id: 'painter_256', title: 'Painter 256x256, picture to picture', peer: undefined, size: 256, tolerance: 0.01, target: { rate: 45 } }),
  run({ kind: 'painter', id: 'painter_512', title: 'Painter 512x512, picture to picture', peer: undefined, size: 512, tolerance: 0.01, target: { rate: 45 } }),
  run({ ...mobileNet, kind: 'native', id: 'native_mobilenet', title: 'MobileNetV2, wasm against native 128-bit', simd: 'simd128', peer: 'native', threads: [1], tolerance: 0, target: { ratio: 1.15 } }),
  run({ kind: 'native', id: 'native_painter', title: 'Painter 256, wasm against native 128-bit', model: 'pincel-painter.tflite', simd: 'simd128', peer: 'native', threads: [1], tolerance: 1e-4, macs: 686.56e6, target: { ratio: 1.15 } }),
];

export const peerNames = {
  litert: 'LiteRT.js', onnxruntime: 'onnxruntime-web', 'tfjs-tflite': 'tfjs-tflite', native: 'native x86-64',
};

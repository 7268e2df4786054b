// Straightforward references for the few cases in which the other runtime
// computes something else on purpose, or refuses. Written from the definition,
// without a thought for speed.
import { SAME } from '../js/tflite.mjs';

const clamps = [(x) => x, (x) => Math.max(x, 0), (x) => Math.min(Math.max(x, -1), 1), (x) => Math.min(Math.max(x, 0), 6)];

const scaleOf = (quantization, channel) => quantization.scale[quantization.scale.length === 1 ? 0 : channel];

const before = (size, out, filter, stride, dilation, padding) =>
  (padding === SAME ? Math.floor(Math.max((out - 1) * stride + (filter - 1) * dilation + 1 - size, 0) / 2) : 0);

/** Visits each tap of each output of a window: visit(outIndex, batch, channel, y, x, tapY, tapX). */
function slide({ input, filter, outShape, strideH, strideW, dilationH, dilationW, padding }, visit) {
  const [batches, outH, outW, channels] = outShape, [, height, width] = input, [, tapsH, tapsW] = filter;
  const top = before(height, outH, tapsH, strideH, dilationH, padding);
  const left = before(width, outW, tapsW, strideW, dilationW, padding);
  for (let out = 0; out < batches * outH * outW * channels; out++) {
    const channel = out % channels, outX = Math.floor(out / channels) % outW;
    const outY = Math.floor(out / channels / outW) % outH, batch = Math.floor(out / channels / outW / outH);
    for (let tapY = 0; tapY < tapsH; tapY++) {
      for (let tapX = 0; tapX < tapsW; tapX++) {
        const y = outY * strideH - top + tapY * dilationH, x = outX * strideW - left + tapX * dilationW;
        if (y >= 0 && y < height && x >= 0 && x < width) visit(out, batch, channel, y, x, tapY, tapX);
      }
    }
  }
}

function finish(sums, bias, channels, activation, scale) {
  return [Float32Array.from(sums, (sum, i) => clamps[activation](sum * scale(i % channels) + (bias?.[i % channels] ?? 0)))];
}

/** Float activations, int8 weights [O, H, W, I]. */
export function convolveHybrid({ in0, in1, in2 }, quantization, options) {
  const { input, filter, outShape, activation } = options;
  const sums = new Float64Array(outShape.reduce((a, b) => a * b));
  slide(options, (out, batch, channel, y, x, tapY, tapX) => {
    for (let c = 0; c < filter[3]; c++) {
      sums[out] += in0[((batch * input[1] + y) * input[2] + x) * input[3] + c]
        * in1[((channel * filter[1] + tapY) * filter[2] + tapX) * filter[3] + c];
    }
  });
  return finish(sums, in2, outShape[3], activation, (channel) => scaleOf(quantization, channel));
}

/** Float activations, int8 weights [1, H, W, C * multiplier]. */
export function depthwiseHybrid({ in0, in1, in2 }, quantization, options) {
  const { input, filter, outShape, activation, depthMultiplier } = options;
  const sums = new Float64Array(outShape.reduce((a, b) => a * b));
  slide(options, (out, batch, channel, y, x, tapY, tapX) => {
    sums[out] += in0[((batch * input[1] + y) * input[2] + x) * input[3] + Math.floor(channel / depthMultiplier)]
      * in1[(tapY * filter[2] + tapX) * filter[3] + channel];
  });
  return finish(sums, in2, outShape[3], activation, (channel) => scaleOf(quantization, channel));
}

/** Float activations, int8 weights [O, I]. */
export function fullyConnectedHybrid({ in0, in1, in2 }, quantization, [units, depth], activation) {
  const sums = new Float64Array(in0.length / depth * units);
  for (let out = 0; out < sums.length; out++) {
    const row = Math.floor(out / units), unit = out % units;
    for (let k = 0; k < depth; k++) sums[out] += in0[row * depth + k] * in1[unit * depth + k];
  }
  return finish(sums, in2, units, activation, (unit) => scaleOf(quantization, unit));
}

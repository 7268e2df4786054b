// How far two arrays of numbers are apart.
import { fromHalf } from '../probe.mjs';

/** Elements as reals: (element - zeroPoint) * scale where quantised. */
export function realValues(array, { dtype, scale = 1, zeroPoint = 0 } = {}) {
  return Float64Array.from(array, dtype === 'float16' ? fromHalf : (value) => (Number(value) - zeroPoint) * scale);
}

/**
 * Sums that stand for a comparison; those of several arrays can be added up.
 * `peak` is the span from the reference's least to its greatest value.
 */
export function compare(got, expected) {
  let greatest = 0, squares = 0, dot = 0, gotSquares = 0, expectedSquares = 0, least = Infinity, most = -Infinity;
  for (let i = 0; i < expected.length; i++) {
    const a = got[i], b = expected[i], error = Math.abs(a - b);
    greatest = error > greatest || Number.isNaN(error) ? error : greatest;
    squares += error * error;
    dot += a * b;
    gotSquares += a * a;
    expectedSquares += b * b;
    least = Math.min(least, b);
    most = Math.max(most, b);
  }
  return { greatest, squares, dot, gotSquares, expectedSquares, least, most, count: expected.length };
}

export function combine(sums) {
  const add = (name) => sums.reduce((total, one) => total + one[name], 0);
  const greatest = sums.some((one) => Number.isNaN(one.greatest)) ? NaN : Math.max(...sums.map((one) => one.greatest));
  return {
    greatest, least: Math.min(...sums.map((one) => one.least)), most: Math.max(...sums.map((one) => one.most)),
    ...Object.fromEntries(['squares', 'dot', 'gotSquares', 'expectedSquares', 'count'].map((name) => [name, add(name)])),
  };
}

/** {maxError, psnr (dB, of the reference's span; Infinity when equal), cosine} */
export function distances({ greatest, squares, dot, gotSquares, expectedSquares, least, most, count }, peak = most - least) {
  const meanSquare = squares / count, norms = Math.sqrt(gotSquares * expectedSquares);
  return {
    maxError: greatest,
    psnr: meanSquare === 0 ? Infinity : 10 * Math.log10(peak * peak / meanSquare),
    cosine: norms ? dot / norms : Number(gotSquares === expectedSquares),
  };
}

/** The index of the greatest element, the first of equals. */
export function argMax(array) {
  let best = 0;
  for (let i = 1; i < array.length; i++) if (array[i] > array[best]) best = i;
  return best;
}

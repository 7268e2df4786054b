// Timing a model on noise, in rounds, so that what is said is a median.

/** Noise for every input: bytes of all values, reals from 0 to 1. The same seed gives the same noise. */
export function noiseFor(inputs) {
  let state = 20261;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const kinds = { int8: [Int8Array, (x) => Math.floor(x * 256) - 128], uint8: [Uint8Array, (x) => Math.floor(x * 256)], int32: [Int32Array, () => 0], int64: [BigInt64Array, () => 0n] };
  return Object.fromEntries(inputs.map(({ name, shape, dtype }) => {
    const [Kind, value] = kinds[dtype] ?? [Float32Array, (x) => x];
    return [name, Kind.from({ length: shape.reduce((product, dim) => product * dim, 1) }, () => value(next()))];
  }));
}

/**
 * Milliseconds of a run, once warm, for about `seconds` and at least 5 times.
 * report(fraction) is called after each. Resolves to {median, least, greatest, runs}.
 */
export async function measure(model, { seconds = 2, signal, report = () => {} } = {}) {
  const inputs = noiseFor(model.inputs), times = [];
  const begin = performance.now(), end = begin + seconds * 1000;
  await model.run(inputs, { signal });
  while (times.length < 5 || performance.now() < end) {
    const started = performance.now();
    await model.run(inputs, { signal });
    times.push(performance.now() - started);
    report(Math.min(1, (performance.now() - begin) / (end - begin)));
  }
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1], least: times[0], greatest: times.at(-1), runs: times.length };
}

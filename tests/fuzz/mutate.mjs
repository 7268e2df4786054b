// Mutations of model files, reproducible from a seed.

/** xorshift32 (Marsaglia 2003). */
export function randomFrom(seed) {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

const interesting = [0, 1, 2, 3, 4, 8, 16, 127, 128, 255, 256, 4096, 32767, 65535, 1 << 20, 1 << 24, 0x7fffffff, 0x80000000, 0xffffffff];

/** A copy of `bytes` with up to eight changes, one time in twenty cut short. */
export function mutate(bytes, seed) {
  const random = randomFrom(seed);
  const result = bytes.slice();
  const view = new DataView(result.buffer);
  // Most of a model is weights; its structure lies at either end.
  const end = Math.min(bytes.length, 40000);
  const place = () => [random(bytes.length), random(bytes.length), random(end), bytes.length - 1 - random(end)][random(4)];
  for (let i = 1 + random(8); i > 0; i--) {
    const at = place(), word = Math.min(at & ~3, bytes.length - 4 & ~3);
    switch (random(4)) {
      case 0: result[at] ^= 1 << random(8); break;
      case 1: result[at] = random(256); break;
      case 2: view.setUint32(word, interesting[random(interesting.length)], true); break;
      default: view.setUint32(word, view.getUint32(word, true) + random(9) - 4, true);
    }
  }
  return random(20) === 0 ? result.slice(0, random(result.length + 1)) : result;
}

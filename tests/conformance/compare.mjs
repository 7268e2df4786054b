// What it means to agree.

/**
 * Quantised outputs agree within one quantum; other integers exactly; reals
 * within `tolerance` times 1 or their own size, whichever is larger.
 * Returns {differing, elements, sentence}: the sentence is null when all agree.
 */
export function compare(spec, actual, expected, tolerance = 1e-3) {
  const elements = expected.length;
  if (actual?.length !== elements) return { differing: elements, elements, sentence: `${actual?.length} elements, expected ${elements}` };
  let differing = 0, over = 0, worst = -1, at = 0;
  for (let i = 0; i < elements; i++) {
    const a = Number(actual[i]), e = Number(expected[i]);
    if (Object.is(a, e) || a === e) continue;
    differing++;
    const allowed = spec.dtype === 'float32' ? tolerance * Math.max(1, Math.abs(e)) : spec.quantization ? 1 : 0;
    const difference = Math.abs(a - e);
    if (difference <= allowed) continue;
    over++;
    if (!(difference <= worst)) { worst = difference; at = i; }
  }
  const sentence = over ? `${over} of ${elements} elements are off; worst at ${at}: ${actual[at]}, expected ${expected[at]}` : null;
  return { differing, elements, sentence };
}

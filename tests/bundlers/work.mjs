// What every fixture does with the installed package, and what the runner asks of it.
import { Classifier, PincelError, Stylizer, pullModel } from 'pincel';

/** A picture without randomness. */
export function photo(width = 96, height = 64) {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) data.set([i % width * 2, i / width * 3, (i * i) % 251, 255], 4 * i);
  return { data, width, height };
}

/** FNV-1a of the bytes: int8 paintings are the same everywhere. */
const digest = (bytes) => bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 16777619), 0x811c9dc5) >>> 0;

/** Both models that ship, by their names, and the tools. */
export async function work() {
  const stylizer = await Stylizer.create('pincel:painter');
  const painting = await stylizer.stylize(photo(), { style: { ink: 1, 'great-wave': 2 }, size: 64 });
  const classifier = await Classifier.create('pincel:classifier');
  const [best] = await classifier.classify(photo());
  const { convert } = await import('pincel/tools');
  const [painter] = await pullModel('painter');
  const refusal = await convert(painter.bytes, { weights: 'float16' }).catch((error) => error); // quantised already: the tools' engine says so
  const { info } = stylizer;
  stylizer.dispose();
  classifier.dispose();
  return { painting: digest(painting.data), width: painting.width, best: best.label, score: best.score, refusal: refusal instanceof PincelError && refusal.code, threads: info.threads, why: info.why };
}

/** Leaves the outcome where the runner looks for it. */
export async function show() {
  const outcome = await work().catch((error) => ({ error: `${error.message} ${error.hint}` }));
  document.documentElement.dataset.outcome = JSON.stringify(outcome);
}

// Pincel as a contender: load(modelURL, options) → { run(), outputs(), dispose() }.
import { Model } from '/dist/pincel.mjs';

export async function load(url, { threads, inputs, simd = 'auto' }) {
  const model = await Model.load(url, { threads, simd, worker: false, cache: false });
  const named = Object.fromEntries(model.inputs.map(({ name }, i) => [name, inputs[i]]));
  let latest;
  return {
    info: model.info,
    run: async () => { latest = await model.run(named); },
    outputs: () => Object.values(latest),
    dispose: () => model.dispose(),
  };
}

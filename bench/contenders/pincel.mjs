// Pincel as a contender: load(model's address, options) → { info, run(), outputs(), dispose() }.
import { Model } from '/dist/pincel.mjs';

/** outputs as numbers, in the order of the model; without `inputs` the model runs on noise. */
export async function load(url, { threads, inputs, probeInputs, simd = 'auto', shapes }) {
  const model = await Model.load(url, { threads, simd, shapes, worker: false, cache: false });
  const named = inputs ? Object.fromEntries(model.inputs.map(({ name }, i) => [name, inputs[i].data])) : probeInputs(model.inputs);
  let latest;
  return {
    info: { ...model.info, inputs: model.inputs, outputs: model.outputs },
    run: async () => { latest = await model.run(named); },
    outputs: () => model.outputs.map(({ name, dtype }) => (dtype === 'float16' ? new Float16Array(latest[name].buffer) : latest[name])),
    dispose: () => model.dispose(),
  };
}

// LiteRT.js as a contender, on its CPU path (XNNPACK in WebAssembly).
import { loadLiteRt, loadAndCompile, Tensor } from '/peers/@litertjs/core/dist/index.js';

export async function load(url, { threads, inputs }) {
  await loadLiteRt('/peers/@litertjs/core/wasm/', { threads: threads > 1 });
  const model = await loadAndCompile(url, { accelerator: 'wasm', cpuOptions: { numThreads: threads } });
  const details = model.getInputDetails();
  let latest = [];
  return {
    info: {},
    run: async () => {
      for (const tensor of latest) tensor.delete();
      // New tensors each time, as for Pincel, which copies its inputs too.
      const tensors = details.map((detail, i) => new Tensor(inputs[i].data, Array.from(detail.shape)));
      latest = await model.run(tensors);
      for (const tensor of tensors) tensor.delete();
    },
    outputs: () => latest.map((tensor) => tensor.toTypedArray()),
    dispose: () => model.delete(),
  };
}

// onnxruntime-web as a contender, its WebAssembly provider.
import * as ort from '/peers/onnxruntime-web/dist/ort.wasm.min.mjs';

const tensorOf = ({ dtype, data, shape }) => {
  const isHalf = dtype === 'float16' && typeof Float16Array === 'function';
  return new ort.Tensor(dtype, isHalf ? new Float16Array(data.buffer) : data, shape);
};

export async function load(url, { threads, inputs }) {
  Object.assign(ort.env.wasm, { wasmPaths: '/peers/onnxruntime-web/dist/', numThreads: threads, proxy: false });
  const session = await ort.InferenceSession.create(url, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
  const named = Object.fromEntries(session.inputNames.map((name, i) => [name, tensorOf(inputs[i])]));
  let latest;
  return {
    info: {},
    run: async () => { latest = await session.run(named); },
    outputs: () => session.outputNames.map((name) => latest[name].data),
    dispose: () => session.release(),
  };
}

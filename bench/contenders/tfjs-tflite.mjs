// tfjs-tflite as a contender: XNNPACK with plain SIMD. Its model runner is called
// directly, without the tensors of TensorFlow.js around it, which would take longer.
const classic = (source) => new Promise((resolve, reject) => {
  document.head.append(Object.assign(document.createElement('script'), { src: source, onload: resolve, onerror: reject }));
});

export async function load(url, { threads, inputs }) {
  for (const part of ['core/dist/tf-core', 'backend-cpu/dist/tf-backend-cpu', 'tflite/dist/tf-tflite']) {
    await classic(`/peers/@tensorflow/tfjs-${part}.min.js`);
  }
  const { tflite } = globalThis;
  tflite.setWasmPath('/peers/@tensorflow/tfjs-tflite/wasm/');
  const { modelRunner } = await tflite.loadTFLiteModel(url, { numThreads: threads });
  let latest;
  return {
    info: {},
    run: async () => {
      modelRunner.getInputs().forEach((input, i) => input.data().set(inputs[i].data));
      if (!modelRunner.infer()) throw new Error('tfjs-tflite could not run the model.');
      latest = modelRunner.getOutputs().map((output) => output.data().slice());
    },
    outputs: () => latest,
    dispose: () => modelRunner.cleanUp(),
  };
}

// A page's own classic worker that uses the library.
importScripts('/dist/pincel.js');

onmessage = async ({ data }) => {
  const model = await pincel.Model.load(data.bytes, data.options);
  const { z } = await model.run({ x: Float32Array.of(1, 2, 3, 4), y: new Float32Array(4) });
  postMessage({ z, info: model.info });
};

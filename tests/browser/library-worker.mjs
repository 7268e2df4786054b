// A page's own module worker that uses the library.
import { Model } from '/dist/pincel.mjs';

onmessage = async ({ data }) => {
  const model = await Model.load(data.bytes, data.options);
  const { z } = await model.run({ x: Float32Array.of(1, 2, 3, 4), y: new Float32Array(4) });
  postMessage({ z, info: model.info });
};

// The painter that ships, from ImageData to ImageData.
import { Stylizer } from '/dist/pincel.mjs';

/** Waves of colour with a little noise. */
function picture(size) {
  const image = new ImageData(size, size);
  for (let i = 0, state = 1; i < image.data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const pixel = i >> 2, x = pixel % size, y = Math.floor(pixel / size), channel = i & 3;
    image.data[i] = channel === 3 ? 255 : 128 + 90 * Math.sin((x * (channel + 1) + y * (3 - channel)) * 9 / size) + state / 2 ** 28;
  }
  return image;
}

export async function load(source, { threads, simd = 'auto', size }) {
  const stylizer = await Stylizer.create(source, { threads, simd, worker: false });
  const photograph = picture(size);
  let latest;
  const run = async () => { latest = await stylizer.stylize(photograph, { style: 'starry-night', size }); };
  await run(); // plans for the size
  if (latest.width !== size || latest.height !== size) throw new Error(`The painting is ${latest.width} x ${latest.height}.`);
  return { info: stylizer.info, run, outputs: () => [latest.data], dispose: () => stylizer.dispose() };
}

// A picture that is read part by part, so that the pixels of the whole need
// not be in memory at once: what the browser holds decoded is drawn onto a
// small canvas, part by part; pixels are copied from.

const isPixels = (picture) => ArrayBuffer.isView(picture?.data) && picture.width > 0 && picture.height > 0;
const maxPixels = 100e6;
const stripBytes = 2 ** 22;

/** The pixels of a part of a picture. */
export function cropped({ data, width }, { x, y, width: columns, height: rows }) {
  const out = new Uint8ClampedArray(columns * rows * 4);
  for (let row = 0; row < rows; row++) {
    const from = ((y + row) * width + x) * 4;
    out.set(data.subarray(from, from + columns * 4), row * columns * 4);
  }
  return out;
}

/** Columns and rows beyond the picture repeat its last ones. */
function extended({ data, width, height }, wide, high) {
  if (width === wide && height === high) return { data, width, height };
  const out = new Uint8ClampedArray(wide * high * 4);
  for (let y = 0; y < high; y++) {
    const row = Math.min(y, height - 1) * width * 4, last = data.subarray(row + (width - 1) * 4, row + width * 4);
    out.set(data.subarray(row, row + width * 4), y * wide * 4);
    for (let x = width; x < wide; x++) out.set(last, (y * wide + x) * 4);
  }
  return { data: out, width: wide, height: high };
}

/** From a function that gives what lies within the picture. */
const clipped = ({ width, height, region, close = () => {} }) => ({
  width, height, close,
  read: async (x, y, wide, high) => extended(await region(x, y, Math.min(wide, width - x), Math.min(high, height - y)), wide, high),
});

const ofPixels = ({ data, width, height }, { readPicture }) => clipped({
  width, height,
  region: (x, y, wide, high) => ( // what is transparent is seen on white
    readPicture({ data: cropped({ data, width }, { x, y, width: wide, height: high }), width: wide, height: high })),
});

/** What only the browser can read: an image, a bitmap, a canvas, a frame. */
function ofDrawable(source, { PincelError }, close) {
  const width = source.naturalWidth || source.videoWidth || source.displayWidth || source.codedWidth || source.width;
  const height = source.naturalHeight || source.videoHeight || source.displayHeight || source.codedHeight || source.height;
  if (!(width * height <= maxPixels)) throw new PincelError('limit', `The picture has ${width}x${height} pixels.`, { expected: `at most ${maxPixels}` });
  let canvas;
  return clipped({
    width, height, close,
    region: (x, y, wide, high) => {
      if (canvas?.width !== wide || canvas?.height !== high) {
        canvas = typeof OffscreenCanvas === 'function' ? new OffscreenCanvas(wide, high) : Object.assign(document.createElement('canvas'), { width: wide, height: high });
      }
      try {
        const context = canvas.getContext('2d', { willReadFrequently: true });
        context.fillStyle = '#fff';
        context.fillRect(0, 0, wide, high);
        context.drawImage(source, x, y, wide, high, 0, 0, wide, high);
        return context.getImageData(0, 0, wide, high);
      } catch (error) {
        throw new PincelError('picture', `The picture cannot be read: ${error.message}`, {
          cause: error, hint: 'A picture from another origin needs crossorigin="anonymous" and that server\'s permission.',
        });
      }
    },
  });
}

/** @returns {Promise<{width, height, read(x, y, width, height): Promise<Pixels>, close()}>} */
export async function openRegions(picture, options, library) {
  const { PincelError, isNode, readPicture, loadBytes } = library;
  if (typeof picture?.region === 'function') return clipped({ ...picture, region: (...part) => picture.region(...part) });
  if (isPixels(picture)) return ofPixels(picture, library);
  if (isNode) return ofPixels(await readPicture(picture, options), library);
  let blob = picture;
  if (typeof picture === 'string' || picture instanceof URL || picture instanceof ArrayBuffer || ArrayBuffer.isView(picture)) {
    blob = new Blob([await loadBytes(picture, { signal: options.signal, cache: false })]);
  }
  if (blob instanceof Blob) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image', premultiplyAlpha: 'none' });
    } catch (error) {
      throw new PincelError('picture', 'The picture cannot be decoded.', { cause: error });
    }
    return ofDrawable(bitmap, library, () => bitmap.close());
  }
  if (!picture || typeof picture !== 'object') return ofPixels(await readPicture(picture, options), library); // says what is wrong
  if (picture.complete === false) await picture.decode().catch(() => {});
  return ofDrawable(picture, library);
}

/** The picture made smaller by a whole factor, read in strips; its longer side is at least `side`, if the picture's own is. */
export async function reduced({ width, height, read }, side, signal) {
  const factor = Math.max(1, Math.floor(Math.max(width, height) / side));
  const wide = Math.max(1, Math.floor(width / factor)), high = Math.max(1, Math.floor(height / factor));
  const data = new Uint8ClampedArray(wide * high * 4).fill(255);
  const rows = Math.max(1, Math.floor(stripBytes / (4 * width * factor)));
  const sums = new Uint32Array(wide * 3), across = Math.min(factor, width), down = Math.min(factor, height);
  for (let first = 0; first < high; first += rows) {
    if (signal?.aborted) break; // the run that it is for says so
    const count = Math.min(rows, high - first), strip = (await read(0, first * factor, wide * across, count * down)).data;
    for (let row = 0; row < count; row++) {
      sums.fill(0);
      for (let y = 0; y < down; y++) {
        let at = (row * down + y) * wide * across * 4;
        for (let x = 0; x < wide; x++) {
          for (let i = 0; i < across; i++, at += 4) {
            sums[3 * x] += strip[at];
            sums[3 * x + 1] += strip[at + 1];
            sums[3 * x + 2] += strip[at + 2];
          }
        }
      }
      const out = (first + row) * wide * 4, area = across * down;
      for (let x = 0; x < wide; x++) for (let c = 0; c < 3; c++) data[out + 4 * x + c] = sums[3 * x + c] / area;
    }
  }
  return { data, width: wide, height: high };
}

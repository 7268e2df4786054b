// Any picture a page or Node has, as RGBA bytes. Browsers decode with their
// own decoder; Node decodes in the C core (stb_image). What happens to the
// pixels afterwards happens in C everywhere.
import { Memory } from './abi.mjs';
import { loadModule } from './engine.mjs';
import { isNode } from './environment.mjs';
import { PincelError } from './errors.mjs';
import { loadBytes } from './source.mjs';

const maxPixels = 100e6;

/** An instance of the small module that decodes and encodes, for one call. */
async function withCodec(assetBase, action) {
  const { exports } = await WebAssembly.instantiate(await loadModule('pincel-pictures.wasm', assetBase), {});
  return action(exports, new Memory(exports, exports.memory));
}

/** PNG, JPEG, BMP or GIF bytes → {data, width, height}. */
export async function decodePicture(bytes, { assetBase } = {}) {
  return withCodec(assetBase, (exports, memory) => {
    const file = memory.put(bytes), picture = memory.emptyPicture();
    memory.check(exports.pcl_picture_decode(picture, file, bytes.byteLength, maxPixels, memory.error));
    return memory.readPicture(picture);
  });
}

/** {data, width, height} → PNG bytes. */
export async function encodePNG(picture, { assetBase } = {}) {
  return withCodec(assetBase, (exports, memory) => {
    const pixels = memory.picture(picture), place = memory.allocate(8);
    memory.check(exports.pcl_picture_encode_png(place, place + 4, pixels, memory.error));
    const view = memory.view;
    return memory.copy(view.getUint32(place, true), view.getUint32(place + 4, true));
  });
}

const isPixels = (picture) => ArrayBuffer.isView(picture?.data) && picture.width > 0 && picture.height > 0;

function canvasFor(width, height) {
  if (typeof OffscreenCanvas === 'function') return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement('canvas'), { width, height });
}

function sizeOf(source) {
  const width = source.naturalWidth || source.videoWidth || source.displayWidth || source.codedWidth || source.width;
  const height = source.naturalHeight || source.videoHeight || source.displayHeight || source.codedHeight || source.height;
  if (!width || !height) {
    throw new PincelError('picture', 'The picture has no size yet.', { hint: 'Wait until the image or video is loaded.' });
  }
  return { width, height };
}

/** Draws what only the browser can read. */
function drawn(source) {
  const { width, height } = sizeOf(source);
  if (width * height > maxPixels) throw new PincelError('limit', `The picture has ${width}x${height} pixels.`, { expected: `at most ${maxPixels}` });
  const context = canvasFor(width, height).getContext('2d', { willReadFrequently: true });
  try {
    context.drawImage(source, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return { data, width, height };
  } catch (error) {
    throw new PincelError('picture', `The picture cannot be read: ${error.message}`, {
      cause: error, hint: 'A picture from another origin needs crossorigin="anonymous" and that server\'s permission.',
    });
  }
}

async function decodeInBrowser(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image', premultiplyAlpha: 'none' });
  } catch (error) {
    throw new PincelError('picture', 'The picture cannot be decoded.', { cause: error });
  }
  try {
    return drawn(bitmap);
  } finally {
    bitmap.close();
  }
}

/** @returns {Promise<{data, width, height}>} */
export async function readPicture(source, options = {}) {
  if (isPixels(source)) return source;
  if (typeof source === 'string' || source instanceof URL || source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    const bytes = await loadBytes(source, { ...options, cache: false, integrity: undefined, onProgress: undefined });
    return isNode ? decodePicture(bytes, options) : decodeInBrowser(new Blob([bytes]));
  }
  if (typeof Blob === 'function' && source instanceof Blob) {
    return isNode ? decodePicture(new Uint8Array(await source.arrayBuffer()), options) : decodeInBrowser(source);
  }
  if (!isNode && source && typeof source === 'object') {
    try {
      return drawn(source);
    } catch (error) {
      if (error instanceof PincelError) throw error;
    }
  }
  throw new PincelError('argument', 'The picture is of a kind that cannot be read.', {
    expected: isNode ? 'a path, encoded bytes, or {data, width, height}' : 'an image, canvas, ImageBitmap, ImageData, video, VideoFrame, Blob or URL',
    got: source === null ? 'null' : source?.constructor?.name ?? typeof source,
  });
}

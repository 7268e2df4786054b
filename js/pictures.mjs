// Any picture a page or Node has, as RGBA bytes. Browsers decode with their
// own decoder; Node decodes in the C core (stb_image). What happens to the
// pixels afterwards happens in C everywhere.
import { Memory } from './abi.mjs';
import { loadModule } from './engine.mjs';
import { isNode, locate } from './environment.mjs';
import { PincelError, kindOf } from './errors.mjs';
import { loadBytes } from './source.mjs';

const maxPixels = 100e6;

/** An instance of the small module that decodes and encodes, for one call. */
async function withCodec(options, action) {
  const { assets, folder } = await locate(options);
  const { exports } = await WebAssembly.instantiate(await loadModule(assets('pincel-pictures.wasm'), folder), {});
  return action(exports, new Memory(exports, exports.memory));
}

/** PNG, JPEG, BMP or GIF bytes → {data, width, height}. */
const decode = (bytes, options) => withCodec(options, (exports, memory) => {
  const file = memory.put(bytes), picture = memory.emptyPicture();
  memory.check(exports.pcl_picture_decode(picture, file, bytes.byteLength, maxPixels, memory.error));
  return memory.readPicture(picture);
});

/** {data, width, height} → PNG bytes. */
export async function encodePNG(picture, options = {}) {
  if (!isPixels(picture)) throw new PincelError('argument', 'Only pixels can be encoded.', { expected: '{data, width, height}', got: kindOf(picture) });
  return withCodec(options, (exports, memory) => {
    const pixels = memory.picture(picture), place = memory.allocate(8);
    memory.check(exports.pcl_picture_encode_png(place, place + 4, pixels, memory.error));
    const view = memory.view;
    return memory.copy(view.getUint32(place, true), view.getUint32(place + 4, true));
  });
}

const isPixels = (picture) => ArrayBuffer.isView(picture?.data) && picture.width > 0 && picture.height > 0;

/** Looks at whole pixels: four times as fast, and a painter waits for it. */
function isOpaque({ buffer, byteOffset, length, BYTES_PER_ELEMENT }) {
  if (byteOffset % 4 || BYTES_PER_ELEMENT !== 1) return false; // not known
  let all = -1;
  const pixels = new Int32Array(buffer, byteOffset, length >> 2);
  for (let i = 0; i < pixels.length; i++) all &= pixels[i];
  return all >>> 24 === 255;
}

/** What is transparent is seen on white. */
function opaque({ data, width, height }) {
  if (isOpaque(data)) return { data, width, height };
  let result = data;
  for (let i = 3; i < data.length; i += 4) {
    const alpha = data[i];
    if (alpha === 255) continue;
    if (result === data) result = Uint8ClampedArray.from(data);
    for (let channel = i - 3; channel < i; channel++) result[channel] = (data[channel] * alpha + 255 * (255 - alpha)) / 255;
    result[i] = 255;
  }
  return { data: result, width, height };
}

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

/** Draws, on white, what only the browser can read. */
function drawn(source) {
  const { width, height } = sizeOf(source);
  if (width * height > maxPixels) throw new PincelError('limit', `The picture has ${width}x${height} pixels.`, { expected: `at most ${maxPixels}` });
  try {
    const context = canvasFor(width, height).getContext('2d', { willReadFrequently: true });
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
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

/** @returns {Promise<{data, width, height}>} opaque RGBA */
export async function readPicture(source, options = {}) {
  if (isPixels(source)) return opaque(source);
  let blob = source;
  if (typeof source === 'string' || source instanceof URL || source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    const bytes = await loadBytes(source, { signal: options.signal, cache: false });
    if (isNode) return opaque(await decode(bytes, options));
    blob = new Blob([bytes]);
  }
  if (typeof Blob === 'function' && blob instanceof Blob) {
    return isNode ? opaque(await decode(await loadBytes(blob), options)) : decodeInBrowser(blob);
  }
  if (isNode || !source || typeof source !== 'object') {
    throw new PincelError('argument', 'The picture is of a kind that cannot be read.', {
      expected: isNode ? 'a path, encoded bytes, or {data, width, height}' : 'an image, canvas, ImageBitmap, ImageData, video, VideoFrame, Blob or URL',
      got: kindOf(source),
    });
  }
  if (source.complete === false) await source.decode().catch(() => {}); // an image on its way
  return drawn(source);
}

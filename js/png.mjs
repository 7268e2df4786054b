// A PNG file, 8-bit RGB, written as its rows come: never more than a band of
// rows in memory, whatever the size of the picture.

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function crc(bytes) {
  let value = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) value = table[(value ^ bytes[i]) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}

function chunk(type, data) {
  const bytes = new Uint8Array(12 + data.length), view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function header(width, height) {
  const data = new Uint8Array(13), view = new DataView(data.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  data[8] = 8; // bits a channel
  data[9] = 2; // red, green, blue
  return chunk('IHDR', data);
}

const paeth = (a, b, c) => {
  const pa = Math.abs(b - c), pb = Math.abs(a - c), pc = Math.abs(a + b - 2 * c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};

/** Rows as PNG filters them, by Paeth's predictor; above: the RGBA row before them, which is replaced by the last. */
function filtered({ data, width }, first, count, above) {
  const out = new Uint8Array(count * (3 * width + 1));
  let at = 0;
  for (let y = first; y < first + count; y++) {
    const row = data.subarray(y * width * 4, (y + 1) * width * 4);
    out[at++] = 4;
    for (let x = 0; x < row.length; x += 4) {
      for (let i = x; i < x + 3; i++) out[at++] = row[i] - paeth(x ? row[i - 4] : 0, above[i], x ? above[i - 4] : 0);
    }
    above.set(row);
  }
  return out;
}

const rowsAtOnce = 64;

/** Rows into the compressor; what fails here, its reader meets. */
async function compress(first, bands, writer) {
  try {
    const above = new Uint8ClampedArray(first.width * 4);
    for (let band = first; band; band = (await bands.next()).value) {
      for (let y = 0; y < band.height; y += rowsAtOnce) await writer.write(filtered(band, y, Math.min(rowsAtOnce, band.height - y), above));
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
  }
}

/**
 * The bytes of the file, piece by piece.
 * @param bands  async iterator of {data: RGBA, width, height, of: {width, height}}, from top to bottom
 */
export async function* encodeRows(bands) {
  const { value: first } = await bands.next();
  try {
    yield Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
    yield header(first.of.width, first.of.height);
    const { readable, writable } = new CompressionStream('deflate'), reader = readable.getReader();
    compress(first, bands, writable.getWriter());
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield chunk('IDAT', value);
    }
    yield chunk('IEND', new Uint8Array(0));
  } finally {
    await bands.return();
  }
}

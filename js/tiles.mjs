// Paintings larger than one run of the engine should hold: painted in tiles,
// each with a border of the photograph wide enough that no pixel kept misses
// anything it depends on, all with the instance normalisations' statistics of
// one small rendering of the whole (thumbnail instance normalisation, Chen et
// al. 2022). What comes out is, pixel for pixel, what one run with these
// statistics would give. A module of its own, fetched when it is first needed.
import { fitted } from './fitted.mjs';
import { encodeRows } from './png.mjs';
import { cropped, openRegions, reduced } from './regions.mjs';

const usualMemory = 256 * 2 ** 20;
const largestSide = 2048; // of a tile: beyond that borders cost little
const winograd = 4; // convolutions may work in squares of so many pixels; tiles start where squares do
const carried = 24; // bytes a pixel: copies of a tile on its way into the engine and out of it

/** See one pixel at a time, or move them together; instance normalisations do when their statistics are given. */
const local = new Set(`ABS ADD ADD_N CAST CEIL CONCATENATION COS DEQUANTIZE DIV ELU EXP FLOOR FULLY_CONNECTED GELU HARD_SWISH
  INSTANCE_NORM INSTANCE_NORM_QUANTIZED LEAKY_RELU LOG LOGISTIC MAXIMUM MINIMUM MIRROR_PAD MUL NEG PAD PADV2 POW PRELU QUANTIZE
  RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 ROUND RSQRT SIGN SIN SLICE SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE STRIDED_SLICE SUB
  TANH TRANSPOSE`.split(/\s+/));

const convolutions = new Set(['CONV_2D', 'DEPTHWISE_CONV_2D', 'TRANSPOSE_CONV']);
const resizing = new Set(['RESIZE_BILINEAR', 'RESIZE_NEAREST_NEIGHBOR']);

/**
 * How much of a photograph `width` wide a pixel of the painting depends on, at most: what each step adds to the sides.
 * @returns {{halo: number, grid: number, unknown: string[]}} in pixels; grid: the coarsest that the network works on;
 * unknown: operators of which it cannot be said
 */
export function reachOf(steps, width) {
  let halo = 0, grid = 1;
  const unknown = new Set();
  for (const { op, reach, shape } of steps) {
    const unit = 2 ** Math.max(0, Math.ceil(Math.log2(width / shape[2]))); // pixels that one of the step's stands for
    if (resizing.has(op)) halo += grid; // at most one of the input's
    else if (convolutions.has(op) && (reach === 0 || shape[2] > 1)) {
      halo += unit * reach;
      if (shape[2] > 1) grid = Math.max(grid, unit);
    } else if (!local.has(op)) unknown.add(op);
  }
  return { halo, grid, unknown: [...unknown] };
}

const upTo = (value, multiple) => Math.ceil(value / multiple) * multiple;

/**
 * Tiles along one side: `origin`, where a tile's photograph starts, and the
 * part from `start` to `end` that is kept of it. All have one `length`, and
 * origins are multiples of `step`, as the border is.
 */
export function spans(size, longest, border, step) {
  if (size <= longest) return { length: size, spans: [{ origin: 0, start: 0, end: size }] };
  const rest = size % step, length = Math.floor((longest - rest) / step) * step + rest;
  if (length < 2 * border + step) return undefined;
  const list = [];
  for (let start = 0; start < size;) {
    const origin = Math.max(0, Math.min(start - border, size - length));
    const end = origin + length === size ? size : (origin + length - border) - (origin + length - border) % step;
    list.push({ origin, start, end });
    start = end;
  }
  return { length, spans: list };
}

/** The side of the square tile that fits the memory, with all rows of a painting `width` wide that it touches. */
function sideFor(memory, width, perPixel) {
  const row = 4 * width;
  return Math.min(largestSide, Math.floor((Math.sqrt(row * row + 4 * perPixel * memory) - row) / (2 * perPixel)));
}

/** Puts a tile's pixels into a picture, its first ones at (x, y). */
function paste({ data, width, height }, x, y, whole) {
  for (let row = 0; row < height; row++) whole.data.set(data.subarray(row * width * 4, (row + 1) * width * 4), ((y + row) * whole.width + x) * 4);
}

/** One painting under way. */
class Painting {
  constructor(stylizer, regions, options, library) {
    Object.assign(this, { stylizer, regions, options, library });
    const { size } = options;
    this.isFull = size === 'full';
    Object.assign(this, this.isFull ? { width: regions.width, height: regions.height } : fitted(regions, size));
    this.memory = options.memory ?? usualMemory;
    this.name = stylizer.transfer.inputs[stylizer.contentIndex].name;
  }

  fail(code, message, details) { return new this.library.PincelError(code, message, details); }

  /** Bytes that a pixel of a tile takes, when planned as now. */
  get perPixel() {
    const { transfer: { info, inputs }, contentIndex, inputFormat: { channels } } = this.stylizer;
    const pixels = inputs[contentIndex].shape.reduce((product, dim) => product * dim) / channels;
    const { width, height, regions } = this;
    return info.arenaBytes / pixels + carried + 12 * Math.max(1, (regions.width / width) * (regions.height / height));
  }

  async begin() {
    const { stylizer, regions, options: { style, strength = 1, signal } } = this;
    const whole = { width: upTo(this.width, 4), height: upTo(this.height, 4) };
    const side = sideFor(this.memory, this.width, this.perPixel);
    this.inputs = {};
    if (side * side >= whole.width * whole.height) {
      if (stylizer.styleInput) await this.addStyle(await reduced(regions, 512, signal), style, strength, signal);
      this.layout = { ...whole, tiles: [{ ...whole, x: 0, y: 0, from: { x: 0, y: 0 } }] };
      this.runs = 1;
      return;
    }
    const shrink = Math.min(1, Math.sqrt(side * side / (whole.width * whole.height)));
    const small = fitted(whole, Math.floor(Math.max(whole.width, whole.height) * shrink) - 4);
    const picture = await reduced(regions, Math.max(small.width, small.height), signal);
    if (stylizer.styleInput) await this.addStyle(picture, style, strength, signal);
    this.runs = 2;
    const { norms, steps } = await this.run(small, { picture }, { isReported: true }, 0);
    const { halo, grid, unknown } = reachOf(steps, small.width);
    if (unknown.length) {
      throw this.fail('unsupported', `The network cannot paint in tiles: how much of the picture ${unknown.join(', ')} sees is not known.`, {
        op: unknown[0], hint: `Paint it in one piece: a \`size\` of ${side} or less, or more \`memory\`.`,
      });
    }
    this.norms = norms;
    norms[0] = 1; // frozen
    this.arrange(whole, upTo(halo, winograd * grid), winograd * grid);
  }

  async addStyle(picture, style, strength, signal) {
    this.options.onProgress?.({ stage: 'style', loaded: 0, total: 1 });
    this.inputs[this.stylizer.styleInput.name] = await this.stylizer.vector(style, strength, picture, picture, signal);
  }

  arrange(whole, border, step) {
    const longest = sideFor(this.memory, this.width, this.perPixel);
    const across = spans(whole.width, longest, border, step), down = spans(whole.height, longest, border, step);
    if (!across || !down) {
      const least = (2 * border + 2 * step) * ((2 * border + 2 * step) * this.perPixel + 4 * this.width);
      throw this.fail('limit', `\`memory\` of ${this.memory} bytes is too little for a tile.`, {
        expected: `at least ${Math.ceil(least / 2 ** 20)} MiB`, got: `${this.memory} bytes`, hint: 'Give more `memory`, or a smaller `size`.',
      });
    }
    const tiles = down.spans.flatMap((vertical) => across.spans.map((horizontal) => ({
      x: horizontal.start, y: vertical.start, width: horizontal.end - horizontal.start, height: vertical.end - vertical.start,
      from: { x: horizontal.origin, y: vertical.origin },
    })));
    this.layout = { width: across.length, height: down.length, tiles };
    this.runs = tiles.length + 1;
  }

  /** A rendering of `size`; `number` of the runs, for progress. */
  run(size, value, more, number) {
    const { stylizer, inputs, options: { strength = 1, signal, onProgress } } = this;
    const picture = { name: stylizer.transfer.outputs[0].name, format: stylizer.outputFormat, ...more };
    if (strength < 1 && !stylizer.predict) picture.over = { input: this.name, strength };
    const report = onProgress && (({ loaded, total }) => onProgress({ stage: 'run', loaded: number * total + loaded, total: this.runs * total }));
    return stylizer.enqueue(async () => {
      await stylizer.fit(size, Math.max(size.width, size.height));
      return stylizer.transfer.run({ ...inputs, [this.name]: { ...value, format: stylizer.inputFormat } }, { signal, onProgress: report, picture });
    });
  }

  /** The part of the photograph that a tile is painted from: pixels, and which of them when it is resized. */
  async photograph({ from: { x, y } }) {
    const { regions, layout: { width, height } } = this;
    if (this.isFull) return { picture: await regions.read(x, y, width, height) };
    const place = (at, length, out, own) => {
      const scale = own / out, margin = Math.ceil(Math.max(scale, 1)) + 1;
      const first = Math.max(0, Math.floor(at * scale) - margin), last = Math.min(own, Math.ceil((at + length) * scale) + margin);
      return { first, count: last - first, start: at * scale - first, length: length * scale };
    };
    const across = place(x, width, this.width, regions.width), down = place(y, height, this.height, regions.height);
    return {
      picture: await regions.read(across.first, down.first, across.count, down.count),
      crop: { x: across.start, y: down.start, width: across.length, height: down.length },
    };
  }

  async* tiles() {
    const { norms, layout } = this;
    for (const [i, tile] of layout.tiles.entries()) {
      const painted = await this.run(layout, await this.photograph(tile), { norms }, norms ? i + 1 : i);
      const { x, y, from } = tile, width = Math.min(tile.width, this.width - x), height = Math.min(tile.height, this.height - y);
      if (width > 0 && height > 0) yield { x, y, width, height, data: cropped(painted, { x: x - from.x, y: y - from.y, width, height }) };
    }
  }
}

async function prepared(stylizer, photograph, options, library) {
  const { size, strength = 1, memory = usualMemory } = options;
  if (!(strength >= 0 && strength <= 1)) throw new library.PincelError('argument', `strength is ${strength}.`, { expected: '0 to 1' });
  if (size !== 'full' && !(size >= 16 && size <= 32768)) {
    throw new library.PincelError('argument', `size is ${size}.`, { expected: "16 to 32768 pixels, or 'full'" });
  }
  if (stylizer.isRigid) throw new library.PincelError('shape', 'The network paints in one size only.', { hint: 'Leave `size` out.' });
  if (!stylizer.scales.every((scale) => scale === 1)) {
    throw new library.PincelError('unsupported', 'A network that enlarges or shrinks cannot paint in tiles.', { hint: 'Leave `size` out.' });
  }
  if (!(memory >= 2 ** 20)) throw new library.PincelError('argument', `memory is ${memory}.`, { expected: 'bytes, 1 MiB or more' });
  const regions = await openRegions(photograph, { ...stylizer.options, ...options }, library);
  return new Painting(stylizer, regions, options, library);
}

/** Opens, begins, and gives what was opened back whatever happens. */
async function* paint(onSize, stylizer, photograph, options, settings, library) {
  const painting = await prepared(stylizer, photograph, { size: 'full', ...options }, { ...library, readPicture: stylizer.readPicture });
  try {
    await painting.begin();
    onSize(painting);
    yield* painting.tiles();
  } finally {
    painting.regions.close();
  }
}

/** The tiles of a painting as they are painted, row by row: {x, y, width, height, data, of: {width, height}}. */
export async function* tiles(...given) {
  let of;
  const onTile = given[2]?.onTile;
  for await (const part of paint(({ width, height }) => { of = { width, height }; }, ...given)) {
    const tile = { ...part, of };
    onTile?.(tile);
    yield tile;
  }
}

/** The whole painting. */
export async function stylize(...given) {
  let whole;
  const begin = ({ width, height }) => { whole = { data: new Uint8ClampedArray(width * height * 4), width, height }; };
  for await (const tile of paint(begin, ...given)) paste(tile, tile.x, tile.y, whole);
  return typeof ImageData === 'function' ? new ImageData(whole.data, whole.width, whole.height) : whole;
}

/** Whole rows, from tiles that come row by row. */
async function* bands(tilesOfRow) {
  let band;
  for await (const tile of tilesOfRow) {
    const { x, width, height, of } = tile;
    if (x === 0) band = { data: new Uint8ClampedArray(of.width * height * 4), width: of.width, height, of };
    paste(tile, x, 0, band);
    if (x + width === of.width) yield band;
  }
}

/** A PNG file as it is painted: its bytes, piece by piece. */
export const stylizeToPNG = (...given) => encodeRows(bands(tiles(...given)));

// Style transfer: a picture in, a painting out. A network has its style built
// in, or paints in a mixture of styles that it knows by number or name, or is
// half of Magenta's pair: one network sums a style picture up in a vector, the
// other paints a photograph with it.
import { completed, formatFor } from './classifier.mjs';
import { PincelError, throwIfAborted } from './errors.mjs';
import { fitted } from './fitted.mjs';
import { Model } from './model.mjs';
import { readPicture } from './pictures.mjs';
import { ask, complete, named } from './source.mjs';

const usualSize = 384; // the one Magenta's networks were published for

const isPair = (source) => Boolean(source?.predict && source?.transfer);
const isVector = (style) => style instanceof Float32Array || Array.isArray(style);
const elements = (shape) => shape.reduce((product, dim) => product * dim, 1);

const isMixture = (style) => style?.constructor === Object;

/** Loads both; neither stays behind when the other fails. */
async function loadPair({ predict, transfer }, options) {
  const load = (source, role, more) => Model.load(source, { ...options, integrity: options.integrity?.[role], ...more });
  const loading = [load(predict, 'predict', { shapes: undefined }), load(transfer, 'transfer')];
  try {
    return await Promise.all(loading);
  } catch (error) {
    for (const model of loading) model.then((loaded) => loaded.dispose(), () => {});
    throw error;
  }
}

export class Stylizer {
  #vectors = new WeakMap(); // Blob or ImageBitmap → its vector
  #last = Promise.resolve(); // of the calls in the queue

  static async create(where, wishes = {}) {
    const { source, options } = await named(where, 'style transfer', wishes);
    const [predict, transfer] = isPair(source) ? await loadPair(source, options) : [undefined, await Model.load(source, options)];
    try {
      return new Stylizer(predict, transfer, options);
    } catch (error) {
      predict?.dispose();
      transfer.dispose();
      throw error;
    }
  }

  /** @private */
  constructor(predict, transfer, options) {
    const { range, mean, std, bgr } = completed(options, transfer);
    const normalisation = { range: range ?? '0..1', mean, std, bgr };
    this.readPicture = readPicture; // for tiles.mjs
    this.predict = predict;
    this.transfer = transfer;
    this.options = options;
    this.contentIndex = transfer.inputs.findIndex(({ shape }) => shape.length === 4 && elements(shape) > 3 * 32 * 32);
    if (this.contentIndex < 0) throw new PincelError('shape', 'The network takes no picture.');
    this.inputFormat = formatFor(this.#content, normalisation);
    this.outputFormat = formatFor(transfer.outputs[0], normalisation);
    this.scales = this.#scales;
    this.styleFormat = predict && formatFor(predict.inputs[0], normalisation);
    this.styleInput = transfer.inputs.find((input) => input !== this.#content);
    if (predict && !this.styleInput) throw new PincelError('argument', 'The network takes no style.');
    /** Names of the styles that the network knows, where it was told. */
    this.styles = options.styles?.map((style) => style.id ?? style) ?? [];
  }

  get info() { return this.transfer.info; }

  /** How many pixels of the painting stand for one of the photograph, down and across, as bound now. */
  get #scales() {
    const sides = ({ shape }, { planar }) => shape.slice(planar ? 2 : 1).slice(0, 2);
    const taken = sides(this.#content, this.inputFormat);
    return sides(this.transfer.outputs[0], this.outputFormat).map((side, i) => side / taken[i]);
  }

  /** The input that takes the photograph, as bound now. */
  get #content() { return this.transfer.inputs[this.contentIndex]; }

  /** The vector that stands for a style picture. */
  async styleVector(picture, options = {}) {
    if (!this.predict) throw new PincelError('argument', 'This stylizer has its style built in.');
    return this.#vectorOf(picture, undefined, options);
  }

  /** Remembered for pictures that cannot change. `pixels`: the picture's, where they are known. */
  async #vectorOf(picture, pixels, { signal }) {
    const known = this.#vectors.get(picture);
    if (known) return known.slice();
    const { inputs: [input], outputs: [output] } = this.predict;
    const read = pixels ?? await readPicture(picture, { ...this.options, signal });
    const result = await this.predict.run({ [input.name]: { picture: read, format: this.styleFormat } }, { signal });
    const vector = result[output.name];
    if (/Blob|File|ImageBitmap/.test(Object.prototype.toString.call(picture))) this.#vectors.set(picture, vector.slice());
    return vector;
  }

  /** Weights over the styles that the network knows, of one of them or {style: weight, …}; they sum to 1. */
  #mixture(style) {
    const length = elements(this.styleInput.shape), weights = new Float32Array(length);
    const entries = isMixture(style) ? Object.entries(style) : [[style, 1]];
    const sum = entries.reduce((total, [, weight]) => total + Number(weight), 0);
    for (const [key, weight] of entries) {
      const named = this.styles.indexOf(key), index = named < 0 ? Number(key) : named;
      if (!(index in weights)) throw new PincelError('argument', `There is no style '${key}'.`, { expected: this.styles.join(', ') || `0 to ${length - 1}`, got: String(key) });
      if (!(weight >= 0 && sum > 0)) throw new PincelError('argument', `The weight of style '${key}' is ${weight}.`, { expected: 'weights from 0 up, not all 0' });
      weights[index] += weight / sum;
    }
    return weights;
  }

  #isKnown(style) { return !this.predict && (isMixture(style) || typeof style === 'string' || typeof style === 'number'); }

  /** @private  What the network takes as a style. In pairs strength mixes it with the photograph's own: 0 keeps its look. */
  async vector(style, strength, photograph, pixels, signal) {
    if (style === undefined || style === null) throw new PincelError('argument', 'stylize needs a style.', { expected: this.predict ? 'a picture or vector' : 'a name, mixture or vector' });
    if (this.#isKnown(style)) return this.#mixture(style);
    const vector = isVector(style) ? Float32Array.from(style) : await this.styleVector(style, { signal });
    const length = elements(this.styleInput.shape);
    if (vector.length !== length) throw new PincelError('shape', 'The style vector has the wrong length.', { expected: String(length), got: String(vector.length) });
    if (strength === 1 || !this.predict) return vector;
    const own = await this.#vectorOf(photograph, pixels, { signal });
    return vector.map((value, i) => strength * value + (1 - strength) * own[i]);
  }

  /** @private  Plans for a size, if the network is for another one now. A network for one size only keeps its own. */
  async fit(pixels, size) {
    const { name, shape } = this.#content, { planar, channels } = this.inputFormat;
    const { width, height } = fitted(pixels, size ?? usualSize);
    const wanted = planar ? [1, channels, height, width] : [1, height, width, channels];
    if (this.isRigid || wanted.every((dim, i) => dim === shape[i])) return;
    try {
      await this.transfer.reshape({ [name]: wanted });
      if (!this.#scales.every((scale, i) => scale === this.scales[i])) { // crops to its own size, or pads to it
        await this.transfer.reshape({ [name]: shape });
        throw new PincelError('shape', 'The network paints in one size only.', { expected: shape.join(' x '), got: wanted.join(' x ') });
      }
    } catch (error) {
      if (error.code !== 'shape' || size !== undefined) throw error;
      this.isRigid = true;
    }
  }

  /** @private  After the calls before it, whether they fail or not. */
  enqueue(action) {
    const result = this.#last.then(action);
    this.#last = result.catch(() => {});
    return result;
  }

  /** @returns {Promise<ImageData | {data, width, height}>} */
  stylize(picture, options = {}) {
    const { size, output } = options; // what one run may not be able to hold is done by a module of its own
    if (size === 'full' || (size > 1024 && output !== 'original')) return ask('tiles', 'stylize', [this, picture, options], this.options);
    return this.enqueue(() => this.#paint(picture, options));
  }

  async #paint(picture, { style, strength = 1, size, output = 'network', signal, onProgress }) {
    throwIfAborted(signal);
    if (!(strength >= 0 && strength <= 1)) throw new PincelError('argument', `strength is ${strength}.`, { expected: '0 to 1' });
    if (size !== undefined && !(size >= 16 && size <= 8192)) throw new PincelError('argument', `size is ${size}.`, { expected: "16 to 8192, 'full'" });
    const pixels = await readPicture(picture, { ...this.options, signal });
    const inputs = {};
    if (this.styleInput) {
      onProgress?.({ stage: 'style', loaded: 0, total: 1 });
      inputs[this.styleInput.name] = await this.vector(style, strength, picture, pixels, signal);
    }
    await this.fit(pixels, size);
    inputs[this.#content.name] = { picture: pixels, format: this.inputFormat };
    const asked = { name: this.transfer.outputs[0].name, format: this.outputFormat };
    if (strength < 1 && !this.predict) asked.over = { input: this.#content.name, strength };
    if (output === 'original') Object.assign(asked, { width: pixels.width, height: pixels.height });
    const result = await this.transfer.run(inputs, { signal, onProgress, picture: asked });
    return typeof ImageData === 'function' ? new ImageData(result.data, result.width, result.height) : result;
  }

  dispose() {
    this.predict?.dispose();
    this.transfer.dispose();
  }
}

complete(Stylizer, { tiles: 'tiles', stylizeToPNG: 'tiles', stylizeMany: 'batch' });

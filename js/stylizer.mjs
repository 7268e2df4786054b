// Style transfer: a picture in, a painting out. Either one network that has
// its style built in, or Magenta's pair: one network sums a style picture up
// in a vector, the other paints a photograph with it.
import { formatFor } from './classifier.mjs';
import { PincelError } from './errors.mjs';
import { Model } from './model.mjs';
import { readPicture } from './pictures.mjs';

const unitRange = { mean: 0, std: 255 }; // Magenta's networks take and give 0..1
const multiple = 4; // the networks halve the picture twice

const isPair = (source) => Boolean(source?.predict && source?.transfer);

/** The picture's size with its longer side at `size`, in multiples of 4. */
function fitted({ width, height }, size) {
  const scale = size / Math.max(width, height);
  const round = (side) => Math.max(multiple, Math.round(side * scale / multiple) * multiple);
  return { width: round(width), height: round(height) };
}

const elements = (shape) => shape.reduce((product, dim) => product * dim, 1);

export class Stylizer {
  #vectors = new WeakMap(); // style picture → vector

  static async create(source, options = {}) {
    if (!isPair(source)) return new Stylizer(undefined, await Model.load(source, options), options);
    const models = await Promise.allSettled([
      Model.load(source.predict, options), Model.load(source.transfer, options),
    ]);
    const failed = models.find(({ status }) => status === 'rejected');
    if (failed) {
      for (const { value } of models) value?.dispose();
      throw failed.reason;
    }
    return new Stylizer(models[0].value, models[1].value, options);
  }

  /** @private */
  constructor(predict, transfer, options) {
    this.predict = predict;
    this.transfer = transfer;
    this.options = options;
    this.pictureInput = transfer.inputs.find(({ shape }) => shape.length === 4 && elements(shape) > 3000) ?? transfer.inputs[0];
    this.styleInput = transfer.inputs.find((input) => input !== this.pictureInput);
    this.inputFormat = formatFor(this.pictureInput, this.#range());
    this.outputFormat = formatFor({ ...transfer.outputs[0] }, this.#range());
    if (predict && !this.styleInput) throw new PincelError('argument', 'The transfer network takes no style.');
  }

  get info() { return this.transfer.info; }

  #range() {
    const { mean, std } = this.options;
    return { mean: mean ?? unitRange.mean, std: std ?? unitRange.std, bgr: this.options.bgr };
  }

  /** The vector that stands for a style picture; remembered per object. */
  async styleVector(picture, { signal } = {}) {
    if (!this.predict) throw new PincelError('argument', 'This stylizer has its style built in.');
    const isObject = typeof picture === 'object';
    if (isObject && this.#vectors.has(picture)) return this.#vectors.get(picture);
    const input = this.predict.inputs[0];
    const pixels = await readPicture(picture, this.options);
    const result = await this.predict.run({ [input.name]: { picture: pixels, format: formatFor(input, unitRange) } }, { signal });
    const vector = result[this.predict.outputs[0].name];
    const isLive = typeof picture?.currentTime === 'number' || typeof picture?.getContext === 'function';
    if (isObject && !isLive) this.#vectors.set(picture, vector);
    return vector;
  }

  /** Style and photograph's own style mixed: strength 0 keeps the photograph's look. */
  async #blend(style, photograph, strength, signal) {
    if (style === undefined) throw new PincelError('argument', 'stylize needs a style.', { expected: 'a picture, or a vector from styleVector' });
    const isVector = style instanceof Float32Array;
    const vector = isVector ? style : await this.styleVector(style, { signal });
    if (vector.length !== elements(this.styleInput.shape)) {
      throw new PincelError('shape', 'The style vector has the wrong length.', { expected: String(elements(this.styleInput.shape)), got: String(vector.length) });
    }
    if (strength === 1) return vector;
    const own = await this.styleVector(photograph, { signal });
    return vector.map((value, i) => strength * value + (1 - strength) * own[i]);
  }

  /** Plans for a size, if the network is for another one now. */
  async #fit({ width, height }) {
    const [, boundHeight, boundWidth] = this.#input().shape;
    if (boundWidth === width && boundHeight === height) return;
    await this.transfer.reshape({ [this.pictureInput.name]: [1, height, width, this.inputFormat.channels] });
  }

  #input() { return this.transfer.inputs.find(({ name }) => name === this.pictureInput.name); }

  /** @returns {Promise<ImageData | {data, width, height}>} */
  async stylize(picture, { style, strength = 1, size = 384, output = 'network', signal, onProgress } = {}) {
    if (!(strength >= 0 && strength <= 1)) throw new PincelError('argument', `strength is ${strength}.`, { expected: '0 to 1' });
    if (!(size >= 16 && size <= 8192)) throw new PincelError('argument', `size is ${size}.`, { expected: '16 to 8192 pixels' });
    const photograph = await readPicture(picture, this.options);
    const inputs = {};
    if (this.styleInput) inputs[this.styleInput.name] = await this.#blend(style, photograph, strength, signal);
    if (!this.inputFormat.planar) await this.#fit(fitted(photograph, size));
    inputs[this.pictureInput.name] = { picture: photograph, format: this.inputFormat };
    const wanted = output === 'original' ? { width: photograph.width, height: photograph.height } : {};
    const result = await this.transfer.run(inputs, {
      signal, onProgress, picture: { name: this.transfer.outputs[0].name, format: this.outputFormat, ...wanted },
    });
    return typeof ImageData === 'function' ? new ImageData(result.data, result.width, result.height) : result;
  }

  dispose() {
    this.predict?.dispose();
    this.transfer.dispose();
  }
}

if (Symbol.dispose) Stylizer.prototype[Symbol.dispose] = Stylizer.prototype.dispose;

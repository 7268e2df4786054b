// Image classification: a picture in, labels with scores out.
import { PincelError } from './errors.mjs';
import { Model } from './model.mjs';
import { readPicture } from './pictures.mjs';
import { loadBytes } from './source.mjs';

/**
 * How bytes become input values. Quantised inputs take the bytes as they are,
 * whatever reals they stand for: that is how their models were published.
 */
export function formatFor(input, { mean, std, bgr = false }) {
  const planar = input.shape.length === 4 && (input.shape[1] === 3 || input.shape[1] === 1) && input.shape[3] > 4;
  const channels = input.shape[planar ? 1 : 3];
  if (input.shape.length !== 4 || (channels !== 3 && channels !== 1)) {
    throw new PincelError('shape', `Input '${input.name}' does not take a picture.`, { expected: '[1, height, width, 3]', got: `[${input.shape.join(', ')}]` });
  }
  const three = (value) => (Array.isArray(value) ? value : [value, value, value]);
  if (mean === undefined && std === undefined && input.scale) {
    // real = (byte - offset) * scale reproduces the byte exactly
    const offset = input.zeroPoint + (input.dtype === 'int8' ? 128 : 0);
    return { mean: three(offset), std: three(1 / input.scale), bgr, planar, channels };
  }
  return { mean: three(mean ?? 127.5), std: three(std ?? 127.5), bgr, planar, channels };
}

/** The central part that has the input's aspect ratio, `fraction` of the largest such. */
export function centralCrop({ width, height }, aspect, fraction) {
  const cropWidth = Math.min(width, height * aspect) * fraction, cropHeight = cropWidth / aspect;
  return { x: (width - cropWidth) / 2, y: (height - cropHeight) / 2, width: cropWidth, height: cropHeight };
}

async function readLabels(labels) {
  if (!labels) return [];
  if (Array.isArray(labels)) return labels;
  const isText = typeof labels === 'string' && labels.includes('\n');
  const text = isText ? labels : new TextDecoder().decode(await loadBytes(labels, { cache: false }));
  return text.replace(/\r/g, '').replace(/\n+$/, '').split('\n');
}

export class Classifier {
  static async create(source, options = {}) {
    const [model, labels] = await Promise.all([Model.load(source, options), readLabels(options.labels)]);
    try {
      return new Classifier(model, labels, options);
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** @private */
  constructor(model, labels, options) {
    this.model = model;
    this.labels = labels;
    this.options = options;
    this.format = formatFor(model.inputs[0], options);
  }

  get info() { return this.model.info; }

  /** What the model is fed for a picture, for those who run it themselves. */
  async prepare(picture) {
    const pixels = await readPicture(picture, this.options);
    const [, height, width] = this.format.planar ? this.model.inputs[0].shape.slice(1) : this.model.inputs[0].shape;
    return { picture: pixels, crop: centralCrop(pixels, width / height, this.options.crop ?? 0.875), format: this.format };
  }

  /** @returns {Promise<Array<{label: string, index: number, score: number}>>} best first */
  async classify(picture, { topK = 5, signal } = {}) {
    const { inputs, outputs } = this.model;
    const result = await this.model.run({ [inputs[0].name]: await this.prepare(picture) }, { signal });
    const { name, scale = 1, zeroPoint = 0 } = outputs[0];
    const scores = Array.from(result[name], (value, index) => ({ index, score: (Number(value) - zeroPoint) * scale }));
    scores.sort((a, b) => b.score - a.score || a.index - b.index);
    return scores.slice(0, topK).map(({ index, score }) => ({ label: this.labels[index] ?? `class ${index}`, index, score }));
  }

  dispose() { this.model.dispose(); }
}

if (Symbol.dispose) Classifier.prototype[Symbol.dispose] = Classifier.prototype.dispose;

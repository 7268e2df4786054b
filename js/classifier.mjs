// Image classification: a picture in, labels with scores out.
import { PincelError } from './errors.mjs';
import { Model } from './model.mjs';
import { readPicture } from './pictures.mjs';
import { complete, loadBytes, named } from './source.mjs';

/** real = (byte - mean) / std */
const ranges = { '-1..1': [127.5, 127.5], '0..1': [0, 255], '0..255': [0, 1] };

const isPixel = (channels) => channels === 3 || channels === 1;

/**
 * How bytes become a tensor's values and back. Quantised tensors take the
 * bytes as they are, whatever reals they stand for, unless something is asked
 * for: that is how their models were published.
 */
export function formatFor({ name, shape, dtype, scale, zeroPoint }, { range, mean, std, bgr = false }) {
  const planar = shape.length === 4 && isPixel(shape[1]) && !isPixel(shape[3]);
  const channels = shape[planar ? 1 : 3];
  if (shape.length !== 4 || !isPixel(channels)) {
    throw new PincelError('shape', `'${name}' is no picture.`, { tensor: name, expected: '[1, height, width, 3]', got: `[${shape.join(', ')}]` });
  }
  if (range !== undefined && !ranges[range]) throw new PincelError('argument', `range is '${range}'.`, { expected: Object.keys(ranges).join(', ') });
  const three = (value) => (Array.isArray(value) ? value : [value, value, value]);
  if (scale && range === undefined && mean === undefined && std === undefined) {
    // (byte - offset) * scale gives the byte again when it is quantised
    return { mean: three(zeroPoint + (dtype === 'int8' ? 128 : 0)), std: three(1 / scale), bgr, planar, channels };
  }
  const [usualMean, usualStd] = ranges[range ?? '-1..1'];
  return { mean: three(mean ?? usualMean), std: three(std ?? usualStd), bgr, planar, channels };
}

/** The central part that has the input's aspect ratio, `fraction` of the largest such. */
export function centralCrop({ width, height }, aspect, fraction) {
  const cropWidth = Math.min(width, height * aspect) * fraction, cropHeight = cropWidth / aspect;
  return { x: (width - cropWidth) / 2, y: (height - cropHeight) / 2, width: cropWidth, height: cropHeight };
}

/** The real value of float16's bits. */
function fromHalf(bits) {
  const exponent = bits >> 10 & 31, fraction = bits & 1023;
  const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
  return bits >> 15 ? -size : size;
}

/** Options, and where they are silent what the model's file says. */
export function completed(options, { metadata }) {
  const { range = options.mean ?? options.std, labels = metadata.labels } = options;
  return { ...(range === undefined ? metadata : {}), ...options, labels };
}

async function readLabels(labels, signal) {
  if (!labels) return [];
  if (Array.isArray(labels)) return labels;
  const isText = typeof labels === 'string' && labels.includes('\n');
  const text = isText ? labels : new TextDecoder().decode(await loadBytes(labels, { signal, cache: false }));
  return text.replace(/\r/g, '').replace(/\n+$/, '').split('\n');
}

function checkLabels({ length }, { shape }) {
  const classes = shape.reduce((product, dim) => product * dim, 1); // [1, classes], or [1, classes, 1, 1]
  if (!length || length === classes) return;
  throw new PincelError('argument', `${length} labels do not fit ${classes} classes.`, {
    expected: `${classes} labels`, got: `${length}`,
  });
}

export class Classifier {
  static async create(where, wishes = {}) {
    const { source, options } = await named(where, 'classification', wishes);
    const loading = Model.load(source, options);
    try {
      const [model, given] = await Promise.all([loading, readLabels(options.labels, options.signal)]);
      const known = completed(options, model), labels = options.labels ? given : known.labels ?? [];
      checkLabels(labels, model.outputs[0]);
      return new Classifier(model, labels, known);
    } catch (error) {
      loading.then((model) => model.dispose(), () => {});
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

  /** @returns {Promise<Array<{label: string, index: number, score: number}> & {unsure: boolean}>} best first */
  async classify(picture, { topK = this.options.topK ?? 5, threshold = this.options.threshold ?? -Infinity, signal, onProgress } = {}) {
    const { inputs: [input], outputs: [output] } = this.model;
    const { format } = this;
    const pixels = await readPicture(picture, { ...this.options, signal });
    const [height, width] = input.shape.slice(format.planar ? 2 : 1);
    const crop = centralCrop(pixels, width / height, this.options.crop ?? 0.875);
    const result = await this.model.run({ [input.name]: { picture: pixels, crop, format } }, { signal, onProgress });
    const { name, dtype, scale = 1, zeroPoint = 0 } = output, number = dtype === 'float16' ? fromHalf : Number;
    const scores = Array.from(result[name], (value, index) => ({ index, score: (number(value) - zeroPoint) * scale }));
    scores.sort((a, b) => b.score - a.score || a.index - b.index);
    const guesses = scores.slice(0, topK).map(({ index, score }) => ({ label: this.labels[index] ?? `class ${index}`, index, score }));
    return Object.assign(guesses, { unsure: scores[0].score < threshold });
  }

  dispose() { this.model.dispose(); }
}

complete(Classifier, { classifyMany: 'batch' });

// Models converted and quantised, in a page or in Node: the C core of
// pincel-tools.wasm does the work (src/tools/tools.h), this module feeds it
// pictures and measures what comes out. A file of its own in dist/, loaded by
// those who want it; see pincel.d.ts.
import { Memory } from './abi.mjs';
import { centralCrop, formatFor } from './classifier.mjs';
import { moduleFor, planEngine } from './engine.mjs';
import { absolute } from './environment.mjs';
import { PincelError, kindOf, throwIfAborted } from './errors.mjs';
import { packMetadata } from './metadata-write.mjs';
import { readMetadata } from './metadata.mjs';
import { Model } from './model.mjs';
import { withExternalData } from './onnx.mjs';
import { readPicture } from './pictures.mjs';
import { loadBytes } from './source.mjs';

const forms = { int8: 0, float: 1, widened: 2 };
const modes = { float32: 0, fp16: 1, dynamic: 2, int8: 3 };
const rangeRules = ['auto', 'minmax', 'percentile', 'mse'];
const equalisingPictures = 16, pictureMargin = 0.5, worstBelow = 1, comfort = 3; // dB
const shownShare = 0.9; // of a painting's values within the range that is shown
const roundingWindows = 8192, mostWindows = 2048; // places in the pictures, and in one of them, by which weights are rounded

/** Lets a page draw between two pieces of work. */
const breathe = () => new Promise((resolve) => { setTimeout(resolve); });

const modeNumber = (mode) => {
  if (modes[mode] !== undefined) return modes[mode];
  throw new PincelError('argument', `mode is '${mode}'.`, { expected: Object.keys(modes).join(', ') });
};

// --- The converter of one model ---------------------------------------------------

/** A pcl_converter in an instance of its own. */
class Converter {
  static async open(source, options) {
    const plan = await planEngine({ ...options, tools: true, threads: 1 });
    const [module, file] = await Promise.all([moduleFor(plan), loadBytes(source, options)]);
    const isTflite = String.fromCharCode(...file.subarray(4, 8)) === 'TFL3';
    const bytes = isTflite ? file : await withExternalData(file, source, options, { PincelError, absolute, loadBytes });
    const { exports } = await WebAssembly.instantiate(module, {});
    return new Converter(exports, bytes, options, isTflite);
  }

  constructor(exports, bytes, options, isTflite) {
    this.exports = exports;
    this.memory = new Memory(exports, exports.memory);
    this.isTflite = isTflite;
    this.file = isTflite ? bytes : undefined;
    this.originalBytes = bytes.byteLength;
    const place = this.memory.allocate(4), file = this.memory.put(bytes);
    const wishes = this.memory.options({ simd: 'auto', threads: 1, limits: options.limits });
    this.memory.check(exports.pcl_converter_open(place, file, bytes.byteLength, wishes, this.memory.error));
    this.converter = this.memory.view.getUint32(place, true);
  }

  prepare(shapes = {}) {
    const { exports, memory, converter } = this;
    const names = Object.keys(shapes);
    names.forEach((name) => this.bindShape(name, shapes[name], names.length));
    memory.check(exports.pcl_converter_prepare(converter, memory.error));
  }

  /** Names of unprepared inputs are the file's; one input needs none. */
  bindShape(name, shape, count) {
    const { exports, memory, converter } = this;
    if (count > 1 || exports.pcl_converter_input_count(converter) > 1) {
      throw new PincelError('unsupported', 'Shapes of models with several inputs cannot be overridden while converting.');
    }
    const dims = memory.put(Int32Array.from(shape));
    memory.check(exports.pcl_converter_set_input_shape(converter, 0, dims, shape.length, memory.error));
    memory.free(dims);
  }

  inputs() {
    const { exports, memory, converter } = this;
    const count = exports.pcl_converter_input_count(converter);
    return Array.from({ length: count }, (_, i) => memory.tensorInfo(exports.pcl_converter_input(converter, i)));
  }

  /** What the first output is like. */
  output() {
    const { exports, memory, converter } = this;
    return memory.tensorInfo(exports.pcl_converter_output(converter, 0)).info;
  }

  /** Copies in one sample: {name: Float32Array or {picture, crop, format}}, and observes it. */
  observe(sample) {
    const { exports, memory, converter } = this;
    for (const [i, { info, data, bytes }] of this.inputs().entries()) {
      const value = sample[info.name];
      if (value?.picture) this.fillPicture(i, info, value);
      else if (value instanceof Float32Array && value.byteLength === bytes) memory.bytes.set(new Uint8Array(value.buffer, value.byteOffset, bytes), data);
      else throw new PincelError('argument', `A sample has no fitting values for '${info.name}'.`, { tensor: info.name, expected: `Float32Array of ${bytes / 4} elements`, got: kindOf(value) });
    }
    memory.check(exports.pcl_converter_observe(converter, memory.error));
  }

  fillPicture(index, { shape: [, height, width] }, { picture, crop, format }) {
    const { exports, memory, converter } = this;
    const original = memory.picture(picture), resized = memory.emptyPicture(), area = memory.rect(crop), pixels = memory.pixelFormat(format);
    try {
      memory.check(exports.pcl_picture_resize(resized, original, area, width, height, 0, memory.error));
      memory.check(exports.pcl_picture_to_tensor(resized, pixels, exports.pcl_converter_input(converter, index), memory.error));
    } finally {
      memory.freePicture(original);
      memory.freePicture(resized);
      memory.free(area);
      memory.free(pixels);
    }
  }

  /** What the bytes of a picture become. */
  setInputRange(index, { mean, std, channels }) {
    const ends = [0, 255].flatMap((byte) => mean.slice(0, channels).map((value, c) => (byte - value) / std[c]));
    this.memory.check(this.exports.pcl_converter_set_input_range(this.converter, index, Math.min(...ends), Math.max(...ends), this.memory.error));
  }

  setOutputRange(index, low, high) {
    this.memory.check(this.exports.pcl_converter_set_output_range(this.converter, index, low, high, this.memory.error));
  }

  setWindows(count) { this.exports.pcl_converter_set_windows(this.converter, count); }

  equalise() {
    const { exports, memory, converter } = this, count = memory.allocate(4);
    memory.check(exports.pcl_converter_equalise(converter, count, memory.error));
    return memory.view.getUint32(count, true);
  }

  layers() {
    const { exports, memory, converter } = this;
    return Array.from({ length: exports.pcl_converter_layer_count(converter) }, (_, i) => {
      const at = exports.pcl_converter_layer(converter, i), view = memory.view;
      const [op, name] = [0, 4].map((offset) => memory.string(view.getUint32(at + offset, true)));
      const [weights, form, mayWiden] = [16, 20, 24].map((offset) => view.getUint32(at + offset, true));
      return { op, name, macs: view.getFloat64(at + 8, true), weights, float: form === forms.float, widened: form === forms.widened, mayWiden: mayWiden === 1 };
    });
  }

  setForm(layer, form) {
    this.memory.check(this.exports.pcl_converter_set_form(this.converter, layer, forms[form], this.memory.error));
  }

  activations(rule) {
    const { exports, memory, converter } = this;
    return Array.from({ length: exports.pcl_converter_activation_count(converter) }, (_, i) => {
      const at = exports.pcl_converter_activation(converter, i, rule), view = memory.view;
      const [low, high, chosenLow, chosenHigh] = [4, 8, 12, 16].map((offset) => view.getFloat32(at + offset, true));
      return { name: memory.string(view.getUint32(at, true)), seen: [low, high], chosen: [chosenLow, chosenHigh], rule: rangeRules[view.getUint32(at + 20, true)] };
    });
  }

  /** The bytes of a .tflite file. */
  write({ mode = 'float32', range = 0, floatInputs = false, floatOutputs = false, metadata }) {
    const { exports, memory, converter } = this;
    const extra = metadata ? memory.put(metadata.buffer) : 0, options = memory.allocate(24), place = memory.allocate(8);
    [modeNumber(mode), range, Number(floatInputs), Number(floatOutputs), extra, metadata?.buffer.byteLength ?? 0]
      .forEach((value, i) => memory.view.setUint32(options + 4 * i, value, true));
    try {
      memory.check(exports.pcl_converter_write(converter, options, place, place + 4, memory.error));
      const file = memory.view.getUint32(place, true), size = memory.view.getUint32(place + 4, true);
      const bytes = memory.copy(file, size);
      memory.free(file);
      return metadata ? metadata.append(bytes) : bytes;
    } finally {
      if (extra) memory.free(extra);
      memory.free(options);
      memory.free(place);
    }
  }
}

// --- Converting ---------------------------------------------------------------------

/** The metadata that options describe, or undefined. */
function metadataOf({ labels, name, description }, format) {
  return labels || name || description || format ? packMetadata({ name, description, labels, format }) : undefined;
}

/** How pictures become the first input, when it is a picture. */
function pictureFormat(input, options) {
  const [, , , channels] = input.shape;
  const isPicture = input.shape.length === 4 && (channels === 1 || channels === 3);
  return isPicture ? formatFor({ ...input, scale: undefined }, options) : undefined;
}

const wantsPictures = ({ range, mean, std, bgr }) => [range, mean, std, bgr].some((value) => value !== undefined);

/** The first input of a model that runs as it is. */
async function firstInput(bytes, options) {
  const model = await Model.load(bytes, { threads: 1, worker: false, limits: options.limits, signal: options.signal });
  try {
    return model.inputs[0];
  } finally {
    model.dispose();
  }
}

/** What is to be said of the new file: options, and what a .tflite file says of itself where they do not. */
async function described({ file }, options) {
  const { mean, std, bgr, ...said } = (file && await readMetadata(file)) ?? {};
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...said, ...(wantsPictures(options) ? {} : { mean, std, bgr }), ...given };
}

export async function convert(source, options = {}) {
  const { weights = 'float32', shapes } = options;
  const mode = { float32: 'float32', float16: 'fp16', int8: 'dynamic' }[weights];
  if (!mode) throw new PincelError('argument', `weights is '${weights}'.`, { expected: 'float32, float16 or int8' });
  const converter = await Converter.open(source, options), wishes = await described(converter, options);
  const asIs = converter.isTflite && weights === 'float32' && !shapes; // node by node, whatever its arithmetic
  if (!asIs) converter.prepare(shapes);
  const input = wantsPictures(wishes) ? asIs ? await firstInput(converter.file, options) : converter.inputs()[0].info : undefined;
  const bytes = converter.write({ mode, metadata: metadataOf(wishes, input && pictureFormat(input, wishes)) });
  return { bytes, report: { mode, originalBytes: converter.originalBytes, bytes: bytes.byteLength } };
}

// --- Quantising -----------------------------------------------------------------------

/** Pictures, or inputs by name, as samples of the model. */
async function readSample(item, { info }, format, options) {
  const isInputs = item && typeof item === 'object' && !ArrayBuffer.isView(item.data) && item[info.name] !== undefined;
  if (isInputs) return item;
  if (!format) {
    throw new PincelError('argument', `'${info.name}' is no picture.`, { tensor: info.name, hint: 'Pass samples as { inputName: Float32Array }.' });
  }
  const picture = await readPicture(item, options);
  const [, height, width] = info.shape;
  return { [info.name]: { picture, crop: centralCrop(picture, width / height, options.crop ?? 1), format } };
}

/** Values of an output as reals. */
function reals(values, { scale = 1, zeroPoint = 0 }) {
  return Float32Array.from(values, (value) => (value - zeroPoint) * scale);
}

const best = (values) => values.reduce((winner, value, i) => (value > values[winner] ? i : winner), 0);

/** Mean squared error, and what 255 or 1 makes of it; outputs of pictures are clamped as they are when shown. */
function compare(expected, actual, peak) {
  const shown = (value) => (peak ? Math.min(Math.max(value, 0), peak) : value);
  let error = 0, power = 0;
  for (let i = 0; i < expected.length; i++) {
    error += (shown(expected[i]) - shown(actual[i])) ** 2;
    power += expected[i] ** 2;
  }
  const decibels = (of) => 10 * Math.log10(of / Math.max(error / expected.length, 1e-12 * of));
  return { psnr: peak ? decibels(peak ** 2) : undefined, sqnr: decibels(power / expected.length || 1) };
}

/** Runs a written model on samples: outputs as reals, and mean milliseconds. */
async function runAll(bytes, samples, options, onSample = () => {}) {
  const model = await Model.load(bytes, { ...options, threads: 1, worker: options.worker ?? false, shapes: undefined, integrity: undefined, onProgress: undefined });
  try {
    const results = [];
    let milliseconds = 0;
    for (const [i, sample] of samples.entries()) {
      const start = performance.now();
      const outputs = await model.run(forModel(sample, model.inputs), { signal: options.signal });
      milliseconds += i ? performance.now() - start : 0; // the first warms up
      results.push(reals(outputs[model.outputs[0].name], model.outputs[0]));
      await onSample(i);
    }
    return { results, milliseconds: milliseconds / Math.max(samples.length - 1, 1) };
  } finally {
    model.dispose();
  }
}

/** Arrays are given in the type of the model's input. */
const forModel = (sample, inputs) => Object.fromEntries(inputs.map(({ name, dtype, scale, zeroPoint }) => {
  const value = sample[name];
  if (value.picture || dtype === 'float32') return [name, value];
  return [name, Uint8Array.from(value, (real) => Math.min(Math.max(Math.round(real / scale) + zeroPoint, 0), 255))];
}));

const isPainter = (converter) => { const { shape } = converter.output(); return shape.length === 4 && shape[1] > 1 && shape[2] > 1; };

/** 255 or 1 for outputs that are pictures, else undefined. */
function peakOf(converter, results) {
  if (!isPainter(converter)) return undefined;
  return results.some((values) => values.some((value) => value > 4)) ? 255 : 1;
}

/** Is the output a picture? Then values beyond 0..peak, of which there are few, are shown as those ends. */
function isShown(converter, results, peak) {
  if (!peak || converter.output().shape[3] !== 3) return false;
  return results.every((values) => values.filter((value) => value >= 0 && value <= peak).length >= shownShare * values.length);
}

/** Scores in which errors are alike wherever they occur: shares of one by their logarithms. */
function logits(scores) {
  const sum = scores.reduce((total, score) => total + score, 0);
  return Math.abs(sum - 1) < 0.02 && scores.every((score) => score >= 0) ? scores.map((score) => Math.log(Math.max(score, 1e-6))) : scores;
}

/** By how much a picture's best class leads, and how much of that lead was lost. */
function lead(expected, actual) {
  const [one, other] = [logits(expected), logits(actual)], first = best(one);
  const second = best(one.map((score, i) => (i === first ? -Infinity : score)));
  return { gap: one[first] - one[second], lost: one[first] - one[second] - other[first] + other[second] };
}

/** The normal distribution's tail above x (Abramowitz and Stegun 26.2.17). */
function tail(x) {
  const t = 1 / (1 + 0.2316419 * x);
  return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
}

/** The agreement to be expected of pictures like these: few disagree, but many come close. */
function expectedAgreement(float, quantised) {
  const leads = float.map((expected, i) => lead(expected, quantised[i])).sort((a, b) => a.gap - b.gap);
  const close = leads.slice(0, Math.ceil(leads.length / 2)); // sure pictures' scores are larger, and so are their errors
  const spread = Math.sqrt(close.reduce((sum, { lost }) => sum + lost * lost, 0) / close.length) || 1e-9;
  return 1 - leads.reduce((sum, { gap }) => sum + tail(gap / spread), 0) / leads.length;
}

/** Agreement of the best class, or mean PSNR, with the float model. */
function judge(float, quantised, peak) {
  const each = float.map((expected, i) => ({ ...compare(expected, quantised[i], peak), agrees: best(expected) === best(quantised[i]) }));
  const mean = (field) => each.reduce((sum, one) => sum + one[field], 0) / each.length;
  if (peak) return { psnr: mean('psnr'), worstPsnr: Math.min(...each.map(({ psnr }) => psnr)), sqnr: mean('sqnr') };
  return { agreement: each.filter(({ agrees }) => agrees).length / each.length, expectedAgreement: expectedAgreement(float, quantised), sqnr: mean('sqnr') };
}

const meets = (score, { agreement = 0.985, psnr = 30 } = {}) => (score.psnr === undefined ? score.agreement >= agreement : score.psnr >= psnr);

/** With room for pictures that were not seen. */
function meetsClearly(score, { agreement = 0.985, psnr = 30 } = {}) {
  if (score.psnr === undefined) return Math.min(score.agreement, score.expectedAgreement) >= agreement;
  return score.psnr >= psnr + pictureMargin && score.worstPsnr >= psnr - worstBelow;
}

/** Paintings that nobody has seen yet come out worse than those that were judged: as far as it is cheap, there is some room. */
const isComfortable = (score, { psnr = 30 } = {}) => score.psnr === undefined || score.psnr >= psnr + comfort;

/** One model on its way to int8. */
class Quantiser {
  constructor(converter, options) {
    this.converter = converter;
    this.options = options;
    this.range = rangeRules.indexOf(options.calibration ?? 'auto');
    if (this.range < 0) throw new PincelError('argument', `calibration is '${options.calibration}'.`, { expected: rangeRules.join(', ') });
  }

  async progress(stage, loaded, total) {
    this.options.onProgress?.({ stage, loaded, total });
    throwIfAborted(this.options.signal);
    await breathe();
  }

  write(more = {}) {
    const { floatInputs, floatOutputs } = this.options;
    return this.converter.write({ mode: 'int8', range: this.range, floatInputs, floatOutputs, ...more });
  }

  async observe(samples, stage) {
    for (const [i, sample] of samples.entries()) {
      this.converter.observe(sample);
      await this.progress(stage, i + 1, samples.length);
    }
  }

  async calibrate(samples) {
    let equalised = 0;
    if (this.options.equalise ?? true) {
      await this.observe(samples.slice(0, equalisingPictures), 'equalise');
      equalised = this.converter.equalise();
    }
    if (Object.values(samples[0])[0].picture) this.converter.setInputRange(0, this.format);
    this.converter.setWindows(Math.min(Math.max(Math.ceil(roundingWindows / samples.length), 16), mostWindows));
    await this.observe(samples, 'calibrate');
    return equalised;
  }

  /** Signal-to-noise of the output, in dB, with one layer quantised at a time; and the noise that each form of it brings. */
  async sensitivity(samples, float) {
    const layers = this.converter.layers(), ratio = async (i, form) => {
      layers.forEach((_, other) => this.converter.setForm(other, other === i ? form : 'float'));
      const { results } = await runAll(this.write({ floatInputs: true, floatOutputs: true }), samples, this.options);
      return judge(float, results, this.peak).sqnr;
    };
    for (const [i, layer] of layers.entries()) {
      layer.sqnr = await ratio(i, 'int8');
      layer.noise = { int8: 10 ** (-layer.sqnr / 10), float: 0 };
      if (layer.mayWiden) layer.noise.widened = 10 ** (-await ratio(i, 'widened') / 10);
      await this.progress('sensitivity', i + 1, layers.length);
    }
    layers.forEach((_, i) => this.converter.setForm(i, 'int8'));
    return layers;
  }

  /**
   * Layers get better forms until the budget holds, those first that spare most noise for what they cost. Norms enlarge
   * what their input was rounded by: the layers before them may give reals, which costs little, so they do until there
   * is some room. Any may become float.
   */
  async fallBack(layers, samples, float, start) {
    const total = (field) => layers.reduce((sum, layer) => sum + layer[field], 0), work = total('macs'), weights = total('weights');
    const cost = (layer, form) => (layer.macs / work + layer.weights / weights) * (form === 'float' ? 1 : 0.1);
    const most = this.options.mostFloat ?? 0.25, isFloat = ({ float: kept }) => kept;
    const fits = (layer) => ['macs', 'weights'].every((field) => layers.filter(isFloat).reduce((sum, one) => sum + one[field], layer[field]) <= most * total(field));
    const formOf = (layer) => layer.float ? 'float' : layer.widened ? 'widened' : 'int8';
    const setForm = (index, form) => {
      this.converter.setForm(index, form);
      Object.assign(layers[index], { float: form === 'float', widened: form === 'widened' });
    };
    const tryWith = async (index, form) => {
      setForm(index, form);
      return judge(float, (await runAll(this.write(), samples, this.options)).results, this.peak);
    };
    const steps = () => layers.flatMap((layer, index) => {
      const better = isFloat(layer) ? [] : layer.mayWiden && !layer.widened ? ['widened', 'float'] : ['float'];
      return better.filter((form) => form === 'widened' || fits(layer))
        .map((form) => ({ index, form, worth: (layer.noise[formOf(layer)] - layer.noise[form]) / cost(layer, form) }));
    });
    const { budget } = this.options;
    let score = start;
    for (let tried = 1; !meetsClearly(score, budget) || !isComfortable(score, budget); tried++) {
      const holds = meetsClearly(score, budget);
      const [best] = steps().filter(({ form }) => !holds || form === 'widened').sort((a, b) => b.worth - a.worth);
      if (!best) break;
      score = await tryWith(best.index, best.form);
      await this.progress('fall back', tried, Math.max(tried, layers.length));
    }
    return meetsClearly(score, budget) ? this.takeBack(layers, setForm, tryWith, score) : score;
  }

  /** Of the layers that became float, those that need not be for the budget after all, the dearest first. */
  async takeBack(layers, setForm, tryWith, start) {
    let score = start;
    const kept = [...layers.keys()].filter((index) => layers[index].float).sort((a, b) => layers[b].macs - layers[a].macs);
    for (const index of kept.length > 1 ? kept : []) {
      for (const form of layers[index].mayWiden ? ['int8', 'widened'] : ['int8']) {
        const without = await tryWith(index, form);
        if (meetsClearly(without, this.options.budget)) {
          score = without;
          break;
        }
        setForm(index, 'float');
      }
    }
    return score;
  }
}

async function quantiseToInt8(converter, options) {
  const quantiser = new Quantiser(converter, options), { pictures } = options;
  const [input] = converter.inputs();
  quantiser.format = pictureFormat(input.info, options);
  if (!pictures?.length) throw new PincelError('argument', 'int8 needs pictures to calibrate with.', { expected: 'pictures: [picture, …], some dozens like those the model will see' });
  const samples = [];
  for (const [i, picture] of pictures.entries()) {
    samples.push(await readSample(picture, input, quantiser.format, options));
    await quantiser.progress('read', i + 1, pictures.length);
  }
  const equalised = await quantiser.calibrate(samples);
  const judged = samples.slice(0, options.judge ?? (isPainter(converter) ? 8 : 256));
  const float = await runAll(converter.write({ mode: 'float32' }), judged, options, (i) => quantiser.progress('float', i + 1, judged.length));
  quantiser.peak = peakOf(converter, float.results);
  if (isShown(converter, float.results, quantiser.peak)) converter.setOutputRange(0, 0, quantiser.peak);
  const first = await runAll(quantiser.write(), judged, options, (i) => quantiser.progress('int8', i + 1, judged.length));
  const before = judge(float.results, first.results, quantiser.peak);
  const few = options.sensitivity ?? (meetsClearly(before, options.budget) && isComfortable(before, options.budget) ? 0 : quantiser.peak ? 2 : 16);
  const layers = few ? await quantiser.sensitivity(judged.slice(0, few), float.results.slice(0, few)) : converter.layers();
  const score = few ? await quantiser.fallBack(layers, judged, float.results, before) : before;
  const metadata = metadataOf(options, wantsPictures(options) ? quantiser.format : undefined);
  const bytes = quantiser.write({ metadata });
  const last = await runAll(bytes, judged.slice(0, 4), options);
  return {
    bytes,
    report: {
      mode: 'int8', originalBytes: converter.originalBytes, bytes: bytes.byteLength, pictures: samples.length, judged: judged.length, equalised,
      before, ...score, budgetHolds: meets(score, options.budget), milliseconds: { float: float.milliseconds, int8: last.milliseconds },
      layers: layers.map(({ mayWiden, noise, ...layer }) => layer), activations: converter.activations(quantiser.range),
    },
  };
}

export async function quantize(source, options = {}) {
  const { mode = 'int8' } = options;
  modeNumber(mode);
  const converter = await Converter.open(source, options);
  converter.prepare(options.shapes);
  if (mode === 'int8') return quantiseToInt8(converter, options);
  const format = wantsPictures(options) ? pictureFormat(converter.inputs()[0].info, options) : undefined;
  const bytes = converter.write({ mode, metadata: metadataOf(options, format) });
  return { bytes, report: { mode, originalBytes: converter.originalBytes, bytes: bytes.byteLength } };
}

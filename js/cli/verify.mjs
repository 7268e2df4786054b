// pincel verify: whether a model computes what it should.
import { goldenDistance, noise, probeInputs } from '../probe.mjs';
import { UsageError, engineOptions, loadOptions, numberOf, pictureOptions } from './arguments.mjs';
import { argMax, combine, compare, distances, realValues } from './compare.mjs';
import { readGolden } from './golden-file.mjs';
import { pincel } from './library.mjs';
import { taskOf } from './run.mjs';
import { modelSource, picturesOf, registered, withBar } from './sources.mjs';
import { Progress, colours, print, printJSON, table } from './terminal.mjs';

const probeTolerance = 2e-3; // of floats, relative to their deviation

const load = (name, values) => modelSource(name).then((source) => withBar(name, loadOptions(values), (options) => pincel.Model.load(source, options)));

async function using(tools, action) {
  try {
    return await action();
  } finally {
    for (const tool of tools) tool.dispose();
  }
}

/** Against the registry's golden: [{name, maxError, isSame}] */
async function againstRegistry(name, values) {
  const source = await modelSource(name), entry = await registered(source);
  if (!entry) throw new UsageError('Against what?', 'Name a golden file or another model; models by name have a golden in the registry.');
  const part = source.split('/')[1], results = [];
  for (const [key, { golden }] of Object.entries(entry.files).filter(([one]) => part === undefined || one === part)) {
    const path = `${source.slice(7).split('/')[0]}/${key}`, model = await load(path, values);
    await using([model], async () => {
      const outputs = await model.run(probeInputs(model.inputs));
      for (const [output, expected] of Object.entries(golden)) {
        const distance = await goldenDistance(expected, outputs[output], model.outputs.find((info) => info.name === output));
        results.push({ name: `${path}: ${output}`, kind: expected.sha256 ? 'digest' : 'summary', passed: distance <= probeTolerance, ...(expected.sha256 ? {} : { distance }) });
      }
    });
  }
  return { reference: 'registry', results, passed: results.every(({ passed }) => passed) };
}

const isInteger = (dtype) => !/^float/.test(dtype);

/** Against recorded tensors: integers have to be equal unless a tolerance is given, floats within 1e-3. */
async function againstGolden(name, path, values) {
  const cases = readGolden(path), model = await load(name, values), tolerance = numberOf(values, 'tolerance', { least: 0 });
  return using([model], async () => {
    const results = [];
    for (const { name: label, inputs, outputs, dtypes } of cases) {
      const got = await model.run(inputs);
      for (const [output, expected] of Object.entries(outputs)) {
        if (got[output]?.length !== expected.length) throw new Error(`${label}: output '${output}' has ${got[output]?.length ?? 'no'} elements, recorded are ${expected.length}.`);
        const dtype = dtypes[output], found = distances(compare(realValues(got[output], { dtype }), realValues(expected, { dtype })));
        results.push({ name: `${label}: ${output}`, ...found, passed: found.maxError <= (tolerance ?? (isInteger(dtype) ? 0 : 1e-3)) });
      }
    }
    return { reference: path, results, passed: results.every(({ passed }) => passed) };
  });
}

/** The same real values for two models' inputs, each in its own type. */
function commonInputs(models) {
  const [one, other] = models.map(({ inputs }) => inputs);
  if (one.length !== other.length) throw new Error(`The models have ${one.length} and ${other.length} inputs.`);
  const both = one.map((input, i) => [input, other[i]]);
  for (const [a, b] of both) if (`${a.shape}` !== `${b.shape}`) throw Object.assign(new Error(`Inputs '${a.name}' and '${b.name}' have the shapes ${a.shape} and ${b.shape}.`), { hint: 'With --pictures the models may differ.' });
  return models.map((_, which) => Object.fromEntries(both.map((pair, i) => {
    const quantised = pair.find(({ scale }) => scale), { name, dtype, scale, zeroPoint, shape } = pair[which];
    const bytes = noise(shape.reduce((product, dim) => product * dim, 1), i + 1);
    const real = quantised ? (byte) => (byte + (quantised.dtype === 'int8' ? -128 : 0) - quantised.zeroPoint) * quantised.scale : (byte) => byte / 255;
    const [least, most] = dtype === 'int8' ? [-128, 127] : [0, 255];
    if (scale) return [name, (dtype === 'int8' ? Int8Array : Uint8Array).from(bytes, (byte) => Math.max(least, Math.min(most, Math.round(real(byte) / scale) + zeroPoint)))];
    if (dtype !== 'float32') throw new Error(`Input '${name}' is ${dtype}; noise is for float32, int8 and uint8.`);
    return [name, Float32Array.from(bytes, real)];
  })));
}

async function onNoise(name, reference, values) {
  const model = await load(name, values), other = await load(reference, values);
  return using([model, other], async () => {
    const [inputs, otherInputs] = commonInputs([model, other]);
    const got = await model.run(inputs), expected = await other.run(otherInputs);
    if (model.outputs.length !== other.outputs.length) throw new Error(`The models have ${model.outputs.length} and ${other.outputs.length} outputs.`);
    const sums = model.outputs.map((output, i) => {
      const a = realValues(got[output.name], output), b = realValues(expected[other.outputs[i].name], other.outputs[i]);
      if (a.length !== b.length) throw new Error(`Outputs '${output.name}' and '${other.outputs[i].name}' differ in length.`);
      return { name: output.name, sum: compare(a, b) };
    });
    return { results: sums.map(({ name: output, sum }) => ({ name: output, ...distances(sum) })), all: distances(combine(sums.map(({ sum }) => sum))) };
  });
}

/** One picture through a classifier: its scores in the order of the classes. */
async function scoresOf(classifier, picture) {
  const found = await classifier.classify(picture, { topK: Infinity });
  const scores = new Float64Array(found.length);
  for (const { index, score } of found) scores[index] = score;
  return scores;
}

/** Networks that take a style get the first one for both. */
const styleFor = (stylizer) => (stylizer.styleInput && !stylizer.predict ? 0 : undefined);

async function openPair(names, values, task) {
  const tools = [], create = task === 'style transfer' ? pincel.Stylizer : pincel.Classifier;
  for (const name of names) {
    const source = await modelSource(name);
    tools.push(await withBar(name, loadOptions(values), (options) => create.create(source, options)));
  }
  return tools;
}

async function onPictures(name, reference, values) {
  const task = await taskOf(await modelSource(name), values), pictures = picturesOf(values.pictures);
  const tools = await openPair([name, reference], values, task), bar = new Progress('verify');
  return using(tools, async () => {
    const results = [], sums = [];
    let agreeing = 0;
    for (const [i, picture] of pictures.entries()) {
      bar.update(i, pictures.length, picture);
      const pixels = await pincel.readPicture(picture);
      const [got, expected] = task === 'classification'
        ? await Promise.all(tools.map((tool) => scoresOf(tool, pixels)))
        : (await Promise.all(tools.map((tool) => tool.stylize(pixels, { style: styleFor(tool) ?? (tool.predict ? pixels : undefined) })))).map(({ data }) => data.filter((_, at) => at % 4 !== 3));
      if (got.length !== expected.length) throw new Error(`The models give ${got.length} and ${expected.length} values.`);
      const agrees = task === 'classification' ? argMax(got) === argMax(expected) : undefined;
      agreeing += Number(agrees ?? 0);
      sums.push(compare(got, expected));
      results.push({ name: picture, ...distances(sums.at(-1), task === 'classification' ? undefined : 255), ...(agrees !== undefined && { agrees }) });
    }
    bar.end();
    const all = distances(combine(sums), task === 'classification' ? undefined : 255);
    return { results, all: { ...all, ...(task === 'classification' && { agreement: 100 * agreeing / pictures.length }) } };
  }).finally(() => bar.end());
}

/** True or false against the limits that were given; undefined without any. */
function judge({ all }, values) {
  const limits = { tolerance: numberOf(values, 'tolerance', { least: 0 }), psnr: numberOf(values, 'psnr'), agreement: numberOf(values, 'agreement', { least: 0, most: 100 }) };
  if (limits.agreement !== undefined && all.agreement === undefined) throw new UsageError('--agreement is for classifiers and --pictures.');
  if (Object.values(limits).every((limit) => limit === undefined) && !Number.isNaN(all.maxError)) return undefined;
  return !(all.maxError > limits.tolerance || all.psnr < limits.psnr || all.agreement < limits.agreement) && !Number.isNaN(all.maxError);
}


function resultTable(results, all) {
  const { bold } = colours(), hasAgreement = all?.agreement !== undefined;
  const row = (label, { maxError, psnr, cosine }, agrees) => [label, `${Number(maxError.toPrecision(4))}`, psnr === Infinity ? 'same' : `${psnr.toFixed(1)} dB`, cosine.toFixed(6), agrees ?? ''];
  const rows = results.map((one) => row(one.name, one, hasAgreement ? (one.agrees ? 'yes' : 'no') : ''));
  if (all) rows.push(row('all', all, hasAgreement ? `${all.agreement.toFixed(1)} %` : ''));
  const lines = table([['', 'MAX ERROR', 'PSNR', 'COSINE', hasAgreement ? 'TOP-1 AGREES' : ''], ...rows], { right: [1, 2, 3, 4] }).split('\n');
  return all ? [...lines.slice(0, -1), bold(lines.at(-1))].join('\n') : lines.join('\n');
}

const registryTable = (results) => table(results.map(({ name, kind, distance, passed }) => [passed ? 'same' : 'DIFFERS', name, kind === 'digest' ? 'every byte' : `within ${Number(distance.toPrecision(2))} of the deviation`]));

export const verify = {
  name: 'verify',
  summary: 'compare a model with a golden file, the registry or another model',
  parameters: 'MODEL [GOLDEN.json | MODEL]',
  count: [1, 2],
  about: `Says how far a model's outputs are from what they should be:
  a model by name alone          the registry's golden: bytes for integers, a summary for floats
  with a golden file             recorded inputs and outputs; integers must be equal, floats
                                 within 1e-3, or --tolerance
  with another model             both on noise, or on --pictures: greatest error, PSNR, cosine and
                                 for classifiers the share of pictures with the same best class
A golden file is JSON beside raw little-endian tensors:
  {"cases": [{"name", "inputs": [{"name", "file", "dtype"}], "outputs": [the same]}]}
Exit code 1 when it differs, or is beyond a limit that was given.`,
  options: {
    pictures: { type: 'string', multiple: true, value: 'FOLDER', help: 'pictures to compare two models on' },
    tolerance: { type: 'string', value: 'X', help: 'greatest error allowed' },
    psnr: { type: 'string', value: 'DB', help: 'least PSNR allowed' },
    agreement: { type: 'string', value: 'PERCENT', help: 'least share of pictures with the same best class' },
    ...pictureOptions, ...engineOptions,
  },
  examples: ['pincel verify mobilenet-v2', 'pincel verify model.tflite golden/index.json', 'pincel verify int8.tflite float.tflite --pictures photos/ --agreement 98.5'],

  async run([model, reference], values) {
    if (values.pictures && (!reference || /\.json$/i.test(reference))) throw new UsageError('--pictures compares two models.', 'pincel verify MODEL MODEL --pictures FOLDER');
    let outcome;
    if (reference === undefined) outcome = await againstRegistry(model, values);
    else if (/\.json$/i.test(reference)) outcome = await againstGolden(model, reference, values);
    else {
      outcome = { reference, ...await (values.pictures ? onPictures : onNoise)(model, reference, values) };
      outcome.passed = judge(outcome, values);
    }
    const { green, red } = colours(), shown = reference === undefined ? registryTable(outcome.results) : resultTable(outcome.results, outcome.all);
    if (values.json) printJSON({ model, ...outcome });
    else print([shown, ...(outcome.passed === undefined ? [] : [outcome.passed ? green('passed') : red('FAILED')])].join('\n'));
    return outcome.passed === false ? 1 : 0;
  },
};

// A manifest of versions of a model, somebody's JSON: checked here, and only
// here, before anything else looks at it. Its format is in pincel.d.ts.
import { fleetHints } from './errors.mjs';

const mostBytes = 2 ** 31 - 1, mostVersions = 1000, mostLabels = 1e6, mostText = 1000;

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === 'string' && value.length > 0 && value.length <= mostText;
const isName = (value) => typeof value === 'string' && /^[\w.+-]{1,64}$/.test(value) && value !== '__proto__';
const isNumber = (value) => Number.isFinite(value);
const isWhole = (value, most) => Number.isInteger(value) && value > 0 && value <= most;
const isNumbers = (value, length) => Array.isArray(value) && value.length === length && value.every(isNumber);
const isChannels = (value) => isNumber(value) || isNumbers(value, 3);
const isStyle = (value) => isText(value) || (isObject(value) && isText(value.id));
const isVersion = (value) => typeof value === 'string' && /^\d+(\.\d+){0,2}$/.test(value);
const isGolden = (value) => isObject(value) && (/^[0-9a-f]{64}$/.test(value.sha256)
  || (isNumber(value.mean) && isNumber(value.deviation) && [value.samples, value.parts].some((list) => isNumbers(list, 8))));
const isShape = (value) => Array.isArray(value) && value.length <= 8 && value.every((dim) => isWhole(dim, 2 ** 31 - 1));
const everyOf = (value, holds) => isObject(value) && Object.keys(value).length <= 100 && Object.entries(value).every(([key, one]) => key.length <= mostText && holds(one));

/** How pictures are wanted and what classes and styles are called: [holds, expected] */
const settings = {
  range: [(value) => ['-1..1', '0..1', '0..255'].includes(value), "'-1..1', '0..1' or '0..255'"],
  mean: [isChannels, 'a number or three'],
  std: [(value) => isChannels(value) && [value].flat().every((one) => one !== 0), 'a number or three, not 0'],
  bgr: [(value) => typeof value === 'boolean', 'true or false'],
  crop: [(value) => isNumber(value) && value > 0 && value <= 1, 'a number over 0, at most 1'],
  threshold: [isNumber, 'a number'],
  labels: [(value) => Array.isArray(value) && value.length <= mostLabels && value.every((label) => typeof label === 'string' && label.length <= mostText), 'an array of texts'],
  styles: [(value) => Array.isArray(value) && value.length <= 1000 && value.every(isStyle), 'an array of names or {id, …}'],
};

const tests = ['noise'];
const parts = ['model', 'predict', 'transfer'];

function show(value) {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** check(holds, where, expected, got), which throws what the reader of an error needs. */
const checker = (what, { PincelError }) => (holds, where, expected, got) => {
  if (!holds) throw new PincelError('format', `${what}: ${where} is wrong.`, { expected, got: show(got), hint: fleetHints['format-manifest'] });
};

function readGolden(golden, where, check) {
  if (golden === undefined) return undefined;
  check(isObject(golden), where, 'an object', golden);
  const { input, shapes = {}, outputs, tolerance = 0 } = golden;
  check(tests.includes(input), `${where}.input`, tests.join(', '), input);
  check(everyOf(shapes, isShape), `${where}.shapes`, 'shapes by input name', shapes);
  check(everyOf(outputs, isGolden) && Object.keys(outputs).length > 0, `${where}.outputs`, '{name: {sha256}, or {mean, deviation, samples or parts}}', outputs);
  check(isNumber(tolerance) && tolerance >= 0, `${where}.tolerance`, 'a number from 0 up', tolerance);
  return { input, shapes, outputs, tolerance };
}

/** An address in a manifest: over the network, or from where the manifest itself lies. */
function readAddress(url, base, where, check) {
  let address;
  try {
    address = isText(url) ? new URL(url, base) : undefined;
  } catch {
    // checked below
  }
  check(address && (/^https?:$/.test(address.protocol) || address.protocol === new URL(base).protocol), where, 'an address, http or https', url);
  return address.href;
}

function readFiles(files, base, where, check) {
  check(isObject(files), where, 'an object', files);
  const names = Object.keys(files).sort().join();
  check(names === 'model' || names === 'predict,transfer', where, '{model}, or {predict, transfer}', Object.keys(files));
  return Object.fromEntries(parts.filter((part) => Object.hasOwn(files, part)).map((part) => {
    const file = files[part], at = `${where}.${part}`;
    check(isObject(file), at, 'an object', file);
    check(isWhole(file.bytes, mostBytes), `${at}.bytes`, 'the size of the file', file.bytes);
    check(/^[0-9a-f]{64}$/.test(file.sha256), `${at}.sha256`, '64 hexadecimal digits', file.sha256);
    return [part, {
      url: readAddress(file.url, base, `${at}.url`, check), bytes: file.bytes, sha256: file.sha256, golden: readGolden(file.golden, `${at}.golden`, check),
    }];
  }));
}

function readSettings(entry, where, check) {
  const given = Object.entries(settings).filter(([key]) => Object.hasOwn(entry, key));
  return Object.fromEntries(given.map(([key, [holds, expected]]) => {
    check(holds(entry[key]), `${where}.${key}`, expected, entry[key]);
    return [key, entry[key]];
  }));
}

function readVersion(entry, base, where, check) {
  check(isObject(entry), where, 'an object', entry);
  const { share = 1, engine = '0' } = entry;
  check(isNumber(share) && share >= 0 && share <= 1, `${where}.share`, '0 to 1', share);
  check(isVersion(engine), `${where}.engine`, 'a version of the library, 1.2.3', engine);
  return { files: readFiles(entry.files, base, `${where}.files`, check), share, engine, settings: readSettings(entry, where, check) };
}

/**
 * What a manifest says, and nothing else that is in it.
 * @param value  of JSON.parse  @param base  its address, which relative ones in it start from
 * @returns {{name, task, channels: {name: [version]}, versions: {version: {files, share, engine, settings}}}}
 */
export function readManifest(value, base, library) {
  const check = checker(`The manifest ${base}`, library);
  check(isObject(value), 'the whole', 'an object', value);
  const { pincel, name, task, channels, versions } = value;
  check(pincel === 1, 'pincel', 'the number of the format, 1', pincel);
  check(isName(name), 'name', 'letters, digits and .+-_, at most 64', name);
  check(task === undefined || ['classification', 'style transfer', 'detection'].includes(task), 'task', "'classification', 'style transfer' or 'detection'", task);
  check(isObject(versions) && Object.keys(versions).length <= mostVersions && Object.keys(versions).every(isName), 'versions', 'an object by version', versions);
  const isList = (list) => Array.isArray(list) && list.length <= mostVersions && list.every((one) => typeof one === 'string' && Object.hasOwn(versions, one));
  check(everyOf(channels, isList) && Object.keys(channels).every(isName), 'channels', '{name: [versions, the newest first]}, all of `versions`', channels);
  return {
    name, task, channels: Object.fromEntries(Object.entries(channels)),
    versions: Object.fromEntries(Object.entries(versions).map(([version, entry]) => [version, readVersion(entry, base, `versions.${version}`, check)])),
  };
}

/** The JSON of a manifest's bytes. */
export function parseManifest(bytes, base, library) {
  let value;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    checker(`The manifest ${base}`, library)(false, 'the text', 'JSON', error.message);
  }
  return readManifest(value, base, library);
}

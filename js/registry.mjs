// Models by name, 'pincel:painter': those that ship with the library and
// well-known public ones on their publishers' sites. registry.json says what
// is known of each. A module of its own, dist/pincel-registry.mjs, which is
// fetched when a model is first named; what it needs of the library it is
// given as `library`, so that there is one class of errors and one way to
// fetch: {assets(file), loadBytes, PincelError, isNode, importModule}.
import { registryHints } from './errors.mjs';
import { keepFile, keptFile } from './model-cache.mjs';

const books = new Map(); // registry.json's address or bytes → Promise<its contents>
const remembered = new Map(); // sha256 → bytes, where a page has no Cache Storage

/** '5d31…' as 'sha256-…' in base64. */
const integrityOf = (hex) => `sha256-${btoa(String.fromCharCode(...hex.match(/../g).map((pair) => parseInt(pair, 16))))}`;

async function openBook({ cache }, { assets, loadBytes }) {
  const place = assets('models/registry.json');
  if (!books.has(place)) {
    const loading = loadBytes(place, { cache }).then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
    books.set(place, loading.catch((error) => {
      books.delete(place); // so that a later try can succeed
      throw error;
    }));
  }
  return books.get(place);
}

async function findModel(name, options, library) {
  const { models, lists } = await openBook(options, library);
  const [base, part] = name.split('/');
  if (!Object.hasOwn(models, base)) {
    throw new library.PincelError('argument', `There is no model '${name}' in the registry.`, { expected: Object.keys(models).join(', '), got: name });
  }
  const entry = models[base];
  if (part !== undefined && !Object.hasOwn(entry.files, part)) {
    throw new library.PincelError('argument', `'${base}' has no part '${part}'.`, { expected: Object.keys(entry.files).join(', '), got: part });
  }
  return { base, part, entry, lists };
}

/** Where a file may be had: the mirror, when there is one, else its publishers, else beside the library. */
function addressesOf(file, { mirror }, { assets }) {
  if (mirror) return [`${String(mirror).replace(/\/?$/, '/')}${file.name}`];
  return file.addresses ?? [assets(`models/${file.name}`)];
}

/** Fetched from the first address that has what was promised. */
async function fetchFile(file, options, library) {
  const integrity = integrityOf(file.sha256), size = file.bytes, limits = { memory: size };
  let failure;
  for (const address of addressesOf(file, options, library)) {
    try {
      return await library.loadBytes(address, { ...options, integrity, size, limits });
    } catch (error) {
      if (error.code === 'abort') throw error;
      failure = error;
    }
  }
  if (failure.code === 'fetch') failure.hint = registryHints[file.addresses ? 'fetch-mirror' : 'fetch-models'];
  throw failure;
}

const isLocal = (file, { mirror }, { isNode, assets }) => isNode && !mirror && !file.addresses && String(assets(`models/${file.name}`)).startsWith('file:');

/** A file's bytes and where they were kept: {bytes, path, wasKept}. Pages keep them in Cache Storage, or in memory. */
async function openFile(file, options, library) {
  const { cache = true } = options;
  if (!cache || isLocal(file, options, library)) return { bytes: await fetchFile(file, options, library), wasKept: false };
  if (library.isNode) {
    const kept = await keptFile(file, integrityOf(file.sha256), library);
    if (kept) return { ...kept, wasKept: true };
    const bytes = await fetchFile(file, options, library);
    return { bytes, path: await keepFile(file, bytes, library), wasKept: false };
  }
  if (typeof caches !== 'undefined') return { bytes: await fetchFile(file, options, library), wasKept: false };
  if (!remembered.has(file.sha256)) remembered.set(file.sha256, await fetchFile(file, options, library));
  return { bytes: remembered.get(file.sha256).slice(), wasKept: true };
}

/** What is known of every model: {name: entry}. */
export async function list(options, library) {
  return (await openBook(options, library)).models;
}

/** The bytes of 'name', or of one part of a pair, 'name/part'. */
export async function bytesOf(name, options, library) {
  const { base, part, entry: { files } } = await findModel(name, options, library);
  const only = part ?? (Object.keys(files).length === 1 ? Object.keys(files)[0] : undefined);
  if (only === undefined) {
    throw new library.PincelError('argument', `'${base}' is made of several networks.`, {
      expected: Object.keys(files).map((key) => `pincel:${base}/${key}`).join(' or '), got: `pincel:${base}`,
      hint: registryHints['argument-part'],
    });
  }
  return (await openFile(files[only], options, library)).bytes;
}

async function labelsOf({ labels }, lists, options, library) {
  if (labels === undefined || Array.isArray(labels)) return labels;
  const { bytes } = await openFile(lists[labels.list], { ...options, onProgress: undefined }, library);
  return new TextDecoder().decode(bytes).trimEnd().split(/\r?\n/).slice(labels.skip ?? 0);
}

/**
 * A source and options for Classifier, Stylizer or, without a task, Model: what
 * the registry knows of the model, under what the caller says.
 * @returns {Promise<{source, options}>}
 */
export async function settingsOf(name, task, options, library) {
  const { base, part, entry, lists } = await findModel(name, options, library);
  if (task && entry.task !== task) {
    throw new library.PincelError('argument', `'${base}' is for ${entry.task}.`, { expected: `a model for ${task}`, got: entry.task });
  }
  const { normalisation, crop, threshold, styles, version } = entry;
  const known = { ...normalisation, crop, threshold, styles, name, version };
  if (task === 'classification' && options.labels === undefined) known.labels = await labelsOf(entry, lists, options, library);
  const isPair = task && part === undefined && 'predict' in entry.files;
  return {
    source: isPair ? { predict: `pincel:${base}/predict`, transfer: `pincel:${base}/transfer` } : `pincel:${name}`,
    options: { ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)), ...options },
  };
}

/**
 * Fetches all files of a model, so that it can be had offline afterwards.
 * @returns {Promise<Array<{name, bytes: Uint8Array, path?, wasKept}>>} `path` where Node keeps it
 */
export async function pull(name, options, library) {
  const { part, entry, lists } = await findModel(name, options, library);
  const files = part === undefined ? Object.values(entry.files) : [entry.files[part]];
  if (entry.labels?.list) files.push(lists[entry.labels.list]);
  const pulled = [];
  for (const file of files) pulled.push({ name: file.name, ...await openFile(file, options, library) });
  return pulled;
}

// From whatever names a model to its bytes: fetched with true progress,
// checked against a promised digest, kept for offline use.
import { absolute, importNode, isNode, locate } from './environment.mjs';
import { PincelError, kindOf, throwIfAborted } from './errors.mjs';

const cacheName = 'pincel-models-1';
const defaultMemory = 2 ** 30; // that of the engine's limits

/** 'sha256-<base64>' of bytes. */
export async function digestOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `sha256-${btoa(String.fromCharCode(...digest))}`;
}

async function checkIntegrity(bytes, integrity, what) {
  if (!integrity) return;
  if (!/^sha256-[A-Za-z0-9+/]{43}=$/.test(integrity)) {
    throw new PincelError('argument', `integrity is '${integrity}'.`, { expected: "'sha256-' and 44 characters of base64" });
  }
  if (!globalThis.crypto?.subtle) {
    throw new PincelError('environment', 'Without HTTPS, browsers compute no digest to check `integrity` with.', { hint: 'Serve the page over HTTPS, or from localhost.' });
  }
  const got = await digestOf(bytes);
  if (got !== integrity) {
    throw new PincelError('integrity', `${what} does not match its integrity.`, { expected: integrity, got });
  }
}

/** Content-Length counts compressed bytes, which progress does not. */
function totalOf(headers) {
  const length = Number(headers.get('Content-Length'));
  return headers.get('Content-Encoding') || !length ? undefined : length;
}

async function readBody(response, { signal, onProgress, limits }) {
  const total = totalOf(response.headers), chunks = [], most = limits?.memory ?? defaultMemory;
  const reader = response.body?.getReader();
  let loaded = 0;
  for (;;) {
    throwIfAborted(signal);
    const { done, value } = await reader?.read() ?? { done: true };
    if (done) break;
    chunks.push(value);
    loaded += value.length;
    if (loaded > most) {
      reader.cancel().catch(() => {});
      throw new PincelError('limit', `${response.url} is too large.`, { expected: `at most ${most} bytes` });
    }
    onProgress?.({ stage: 'download', loaded, total });
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

async function readResponse(response, options) {
  const what = response.url || 'The response';
  if (!response.ok) throw new PincelError('fetch', `${what} could not be fetched: HTTP ${response.status}.`);
  let bytes;
  try {
    bytes = await readBody(response, options);
  } catch (error) {
    throwIfAborted(options.signal);
    if (error instanceof PincelError) throw error;
    throw new PincelError('fetch', `${what} broke off: ${error.message}`, { cause: error, hint: 'Check the connection and try again.' });
  }
  refusePage(bytes, response, what);
  return bytes;
}

/** Servers like to answer for a missing file with a page and status 200. */
function refusePage(bytes, response, what) {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().toLowerCase();
  const isTyped = /text\/html/.test(response.headers.get('Content-Type') ?? '');
  if (/^<(!doctype html|html)/.test(start) || (isTyped && start.startsWith('<'))) {
    throw new PincelError('fetch', `${what} is a web page, not the file that was asked for.`, { got: 'text/html' });
  }
}

async function openCache(enabled) {
  if (!enabled || typeof caches === 'undefined') return undefined;
  try {
    return await caches.open(cacheName);
  } catch {
    return undefined; // private browsing, or storage turned off
  }
}

/** What is kept under the address and still is what was put there. */
async function readCache(cache, address, integrity) {
  const kept = await cache?.match(address);
  if (!kept) return undefined;
  const bytes = new Uint8Array(await kept.arrayBuffer());
  const digest = kept.headers.get('X-Pincel-Digest');
  if (await digestOf(bytes) === digest && (!integrity || integrity === digest)) return bytes;
  await cache.delete(address);
  return undefined;
}

async function writeCache(cache, address, bytes) {
  try {
    const body = new Blob([bytes]); // a copy: the bytes themselves move on
    await cache?.put(address, new Response(body, { headers: { 'X-Pincel-Digest': await digestOf(bytes) } }));
  } catch {
    // The quota is spent; the model works all the same.
  }
}

/**
 * With a promised digest the kept copy serves at once. Without one the network
 * is asked first (the browser's own cache helps), and the copy serves offline.
 */
async function fetchBytes(address, options) {
  const { signal, integrity } = options;
  const cache = await openCache(options.cache ?? true);
  if (integrity) {
    const kept = await readCache(cache, address, integrity);
    if (kept) return kept;
  }
  let response;
  try {
    response = await fetch(address, { signal });
  } catch (error) {
    throwIfAborted(signal);
    const kept = await readCache(cache, address, integrity);
    if (kept) return kept;
    throw new PincelError('fetch', `${address} could not be fetched: ${error.message}`, {
      cause: error, hint: 'Check the connection and, for another origin, that it sends Access-Control-Allow-Origin.',
    });
  }
  const bytes = await readResponse(response, options);
  await checkIntegrity(bytes, integrity, address);
  writeCache(cache, address, bytes); // not waited for
  return bytes;
}

async function readPath(path) {
  const { readFile } = await importNode('node:fs/promises');
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new PincelError('fetch', `${path} could not be read: ${error.message}`, { cause: error, hint: 'Check the path.' });
  }
}

async function readBlob(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw new PincelError('fetch', `The file could not be read: ${error.message}`, { cause: error, hint: 'It may have been moved or changed; choose it again.' });
  }
}

const isAddress = (text) => /^(https?|data|blob):/i.test(text);
const isBuffer = (source) => ArrayBuffer.isView(source) || /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(source));

const isNamed = (source) => typeof source === 'string' && source.startsWith('pincel:');

/** One of the functions of registry.mjs, which is fetched when first asked. */
async function askRegistry(action, parameters, options) {
  const { assets } = await locate(options);
  let registry;
  try {
    registry = await importNode(`${assets}pincel-registry.mjs`);
  } catch (error) {
    throw new PincelError('environment', `The registry of models could not be loaded: ${error.message}`, {
      cause: error, hint: 'Copy pincel-registry.mjs and the folder models of dist/ beside the library.',
    });
  }
  return registry[action](...parameters, options, { assets, loadBytes, PincelError, isNode, importModule: importNode });
}

/** What the registry knows of each model that can be named 'pincel:NAME'. */
export const listModels = (options = {}) => askRegistry('list', [], options);

/** Fetches a model's files by its name, for later. */
export const pullModel = (name, options = {}) => askRegistry('pull', [name.replace(/^pincel:/, '')], options);

/** @returns {Promise<{source, options}>} completed by what the registry knows, when the source is 'pincel:NAME' */
export async function named(source, task, options) {
  return isNamed(source) ? askRegistry('settingsOf', [source.slice(7), task], options) : { source, options };
}

/** False when the bytes of a source are the caller's own. */
export const isOwned = (source) => !isBuffer(source);

/** @returns {Promise<Uint8Array>} the bytes of a URL, path (Node), buffer, Blob or Response */
export async function loadBytes(source, options = {}) {
  const { integrity, signal } = options;
  throwIfAborted(signal);
  let bytes;
  if (isNamed(source)) bytes = await askRegistry('bytesOf', [source.slice(7)], options);
  else if (typeof source === 'string' || source instanceof URL) {
    const text = String(source);
    if (!isNode || isAddress(text)) return fetchBytes(await absolute(text), options);
    bytes = await readPath(text.startsWith('file:') ? new URL(text) : text);
  } else if (isBuffer(source)) {
    bytes = ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source);
  } else if (typeof Blob === 'function' && source instanceof Blob) bytes = await readBlob(source);
  else if (typeof Response === 'function' && source instanceof Response) bytes = await readResponse(source, options);
  else {
    throw new PincelError('argument', 'The source is of a kind that cannot be read.', {
      expected: 'a name, URL, path (Node), ArrayBuffer, Uint8Array, Blob or Response', got: kindOf(source),
    });
  }
  await checkIntegrity(bytes, integrity, 'The file');
  return bytes;
}

// From whatever names a model to its bytes: fetched with true progress,
// checked against a promised digest, kept for offline use.
import { isNode } from './environment.mjs';
import { PincelError, aborted, throwIfAborted } from './errors.mjs';

const cacheName = 'pincel-models-1';

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

async function readResponse(response, { signal, onProgress }) {
  const what = response.url || 'The response';
  if (!response.ok) throw new PincelError('fetch', `${what} could not be fetched: HTTP ${response.status}.`);
  const total = totalOf(response.headers);
  const chunks = [];
  let loaded = 0;
  for (const reader = response.body.getReader(); ;) {
    throwIfAborted(signal);
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    loaded += value.length;
    onProgress?.({ stage: 'download', loaded, total });
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  refusePage(bytes, response, what);
  return bytes;
}

/** Servers like to answer for a missing file with a page and status 200. */
function refusePage(bytes, response, what) {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().toLowerCase();
  const isPage = start.startsWith('<!doctype html') || start.startsWith('<html');
  if (isPage || /text\/html/.test(response.headers.get('Content-Type') ?? '')) {
    throw new PincelError('fetch', `${what} is a web page, not a model.`, { got: 'text/html' });
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
    await cache?.put(address, new Response(bytes, { headers: { 'X-Pincel-Digest': await digestOf(bytes) } }));
  } catch {
    // The quota is spent; the model works all the same.
  }
}

/**
 * With a promised digest the kept copy serves at once. Without one the network
 * is asked first (the browser's own cache helps), and the copy serves offline.
 */
async function fetchBytes(address, options) {
  const { signal, onProgress, integrity } = options;
  const cache = await openCache(options.cache ?? true);
  if (integrity) {
    const kept = await readCache(cache, address, integrity);
    if (kept) return kept;
  }
  let response;
  try {
    response = await fetch(address, { signal });
  } catch (error) {
    if (signal?.aborted) throw aborted(signal);
    const kept = await readCache(cache, address, integrity);
    if (kept) return kept;
    throw new PincelError('fetch', `${address} could not be fetched: ${error.message}`, {
      cause: error, hint: 'Check the connection and, for another origin, that it sends Access-Control-Allow-Origin.',
    });
  }
  const bytes = await readResponse(response, { signal, onProgress }).catch((error) => {
    throw signal?.aborted ? aborted(signal) : error;
  });
  await checkIntegrity(bytes, integrity, address);
  await writeCache(cache, address, bytes);
  return bytes;
}

async function readPath(path) {
  const { readFile } = await import('node:fs/promises');
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new PincelError('fetch', `${path} could not be read: ${error.message}`, { cause: error, hint: 'Check the path.' });
  }
}

const isAddress = (text) => /^(https?|data|blob):/i.test(text);

/** @returns {Promise<Uint8Array>} the bytes of a URL, path (Node), buffer, Blob or Response */
export async function loadBytes(source, options = {}) {
  const { integrity, signal } = options;
  throwIfAborted(signal);
  if (typeof source === 'string' || source instanceof URL) {
    const text = String(source);
    if (!isNode || isAddress(text)) return fetchBytes(isNode ? text : new URL(text, globalThis.location.href).href, options);
    const bytes = await readPath(text.startsWith('file:') ? new URL(text) : text);
    await checkIntegrity(bytes, integrity, text);
    return bytes;
  }
  let bytes;
  if (source instanceof ArrayBuffer) bytes = new Uint8Array(source);
  else if (ArrayBuffer.isView(source)) bytes = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  else if (typeof Blob === 'function' && source instanceof Blob) bytes = new Uint8Array(await source.arrayBuffer());
  else if (typeof Response === 'function' && source instanceof Response) bytes = await readResponse(source, options);
  else {
    throw new PincelError('argument', 'The model source is of a kind that cannot be read.', {
      expected: 'a URL, path (Node), ArrayBuffer, Uint8Array, Blob or Response', got: source === null ? 'null' : source?.constructor?.name ?? typeof source,
    });
  }
  await checkIntegrity(bytes, integrity, 'The model');
  return bytes;
}

// From whatever names a model to its bytes: fetched with true progress,
// checked against a promised digest, kept for offline use.
import { absolute, importNode, isNode, locate, version } from './environment.mjs';
import { PincelError, kindOf, throwIfAborted } from './errors.mjs';

const cacheName = 'pincel-models-1';
const defaultMemory = 2 ** 30; // that of the engine's limits
const silenceMilliseconds = 30000;
const keepMilliseconds = 1000; // until the first result is likely to be there
const pieceBytes = 2 ** 18;
const mostBelieved = 2 ** 26; // of a server's word for the length; beyond, room doubles

/**
 * One of the functions of a module that is fetched when it is first needed, pincel-<file>.mjs; it is given what it
 * needs of the library, so that there is one class of errors and one way to fetch.
 * @param failure  thrown when the module cannot be had; without one, an error about that
 */
export async function ask(file, action, parameters, options, failure) {
  const { assets } = await locate(options);
  let module;
  try {
    const place = assets(`pincel-${file}.mjs`);
    module = await (typeof place === 'function' ? place() : importNode(place));
  } catch (cause) {
    throw failure ?? new PincelError('environment', `pincel-${file}.mjs could not be loaded: ${cause.message}`, { cause, hint: 'environment-files' });
  }
  return module[action](...parameters, options, { assets, loadBytes, download, digestOf, absolute, PincelError, isNode, importModule: importNode, version });
}

/** 'sha256-<base64>' of bytes. Pages without HTTPS have no subtle crypto. */
export async function digestOf(bytes, options) {
  const { subtle } = crypto;
  const digest = await (subtle ? subtle.digest('SHA-256', bytes) : ask('rescue', 'sha256', [bytes], options));
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}

async function checkIntegrity(bytes, what, options) {
  const { integrity } = options;
  if (!integrity) return;
  if (!/^sha256-[A-Za-z0-9+/]{43}=$/.test(integrity)) {
    throw new PincelError('argument', `integrity is '${integrity}'.`, { expected: "'sha256-' and 44 characters of base64" });
  }
  const got = await digestOf(bytes, options);
  if (got !== integrity) throw new PincelError('integrity', `${what} does not match its integrity.`, { expected: integrity, got });
}

/** Of what has come and what comes; undefined when unknown, since Content-Length may count compressed bytes. */
function totalOf({ headers }, { loaded }, { size }) {
  const length = Number(headers.get('Content-Length'));
  return size ?? (headers.get('Content-Encoding') || !length ? undefined : loaded + length);
}

/** Reads into memory that is handed back and forth where the browser can: new memory for each piece takes longer than the piece. */
function readerOf(body) {
  try {
    return body.getReader({ mode: 'byob' });
  } catch {
    return body?.getReader();
  }
}

/** Puts a piece behind what has come; `total`, where it is known, is made room for at once. Returns how much has come. */
function append(partial, piece, total = 0) {
  const { bytes, loaded } = partial, end = loaded + piece.length;
  if (end > bytes.length) {
    partial.bytes = new Uint8Array(Math.max(end, 2 * bytes.length, Math.min(total, mostBelieved)));
    partial.bytes.set(bytes);
  }
  partial.bytes.set(piece, loaded);
  return partial.loaded = end;
}

/** @param partial  {bytes, loaded}: what has come so far, added to; `heard` is called for every piece */
async function readBody(response, options, partial) {
  const { signal, onProgress, limits, size } = options;
  const total = totalOf(response, partial, options), most = limits?.memory ?? defaultMemory;
  const reader = readerOf(response.body);
  let room = new ArrayBuffer(pieceBytes);
  for (;;) {
    throwIfAborted(signal);
    const { done, value } = await reader?.read(new Uint8Array(room)) ?? { done: true };
    if (done) break;
    partial.heard?.();
    if (!partial.loaded) options.onStart?.(value);
    const loaded = append(partial, value, total);
    room = value.buffer;
    if (loaded > most) {
      reader.cancel().catch(() => {});
      throw new PincelError('limit', `${response.url} is too large.`, { expected: `at most ${most} bytes` });
    }
    onProgress?.({ stage: 'download', loaded, total: loaded > total ? undefined : total });
  }
  if (partial.loaded < size) throw new Error(`${partial.loaded} of ${size} bytes came`);
  return partial.bytes.subarray(0, partial.loaded);
}

const newPartial = () => ({ bytes: new Uint8Array(), loaded: 0 });

async function readResponse(response, options, partial) {
  const { ok, status, url } = response, what = url || 'The response';
  if (!ok) throw new PincelError('fetch', `${what} could not be fetched: HTTP ${status}.`, { status });
  let bytes;
  try {
    bytes = await readBody(response, options, partial);
  } catch (error) {
    throwIfAborted(options.signal);
    if (error instanceof PincelError) throw error;
    throw new PincelError('fetch', `${what} broke off: ${error.message}`, { cause: error });
  }
  refusePage(bytes, response, what);
  return bytes;
}

/** Servers like to answer for a missing file with a page and status 200. */
function refusePage(bytes, { headers }, what) {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().toLowerCase();
  const isTyped = /text\/html/.test(headers.get('Content-Type') ?? '');
  if (/^<(!doctype html|html)/.test(start) || (isTyped && start.startsWith('<'))) {
    throw new PincelError('fetch', `${what} is a web page, not the file that was asked for.`, { got: 'text/html' });
  }
}

/**
 * Fetches and checks a file. Ends when the caller says so, and after some silence.
 * @param partial  {bytes, loaded, take?}: keeps what came when the connection breaks off; take(response) looks at the answer first
 * @param request  more for fetch
 */
export async function download(address, options, partial, request) {
  const { signal, timeout = silenceMilliseconds } = options, control = new AbortController();
  const cancel = () => control.abort();
  let timer, silence;
  partial.heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => control.abort(silence = new Error(`nothing came for ${timeout} ms`)), timeout);
  };
  signal?.addEventListener('abort', cancel);
  partial.heard();
  try {
    const response = await fetch(address, { signal: control.signal, ...request });
    partial.headers = response.headers;
    partial.take?.(response);
    const bytes = await readResponse(response, options, partial);
    await checkIntegrity(bytes, address, options);
    return bytes;
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof PincelError && !silence) throw error;
    throw new PincelError('fetch', `${address} could not be fetched: ${(silence ?? error).message}`, { cause: silence ?? error, hint: 'fetch-access' }); // offline rescue.mjs may be out of reach, too
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
}

const isKept = ({ cache = true }) => cache && typeof caches !== 'undefined';

async function openCache(options) {
  if (!isKept(options)) return undefined;
  try {
    return await caches.open(cacheName);
  } catch {
    return undefined; // private browsing, or storage turned off
  }
}

/** What is kept under the address and still is what was put there. */
async function readCache(address, options) {
  const cache = await openCache(options), kept = await cache?.match(address);
  if (!kept) return undefined;
  const bytes = new Uint8Array(await kept.arrayBuffer());
  const digest = kept.headers.get('X-Pincel-Digest'), { integrity } = options;
  if (await digestOf(bytes, options) === digest && (!integrity || integrity === digest)) return bytes;
  await cache.delete(address);
  return undefined;
}

/** What came stays for later; not at once, since that takes as long as starting the engine does. */
function keep(address, bytes, options) {
  if (isKept(options)) setTimeout(writeCache, keepMilliseconds, address, bytes, options);
}

async function writeCache(address, bytes, options) {
  try {
    const cache = await openCache(options);
    await cache?.put(address, new Response(bytes, { headers: { 'X-Pincel-Digest': await digestOf(bytes, options) } }));
  } catch {
    // The quota is spent; the model works all the same.
  }
}

/**
 * With a promised digest the kept copy serves at once. Without one the network
 * is asked first (the browser's own cache helps), and the copy serves when the
 * connection or the server fails. Without a copy rescue.mjs tries again.
 */
async function fetchBytes(address, options) {
  const partial = newPartial();
  let bytes = options.integrity && await readCache(address, options);
  if (bytes) return bytes;
  try {
    bytes = await download(address, options, partial, options.request);
  } catch (error) {
    if (/abort|limit|argument/.test(error.code)) throw error;
    bytes = error.status < 500 ? undefined : await readCache(address, options);
    if (bytes) return bytes;
    bytes = await ask('rescue', 'recover', [address, error, partial], options, error);
  }
  keep(address, bytes, options);
  return bytes;
}

async function readPath(path) {
  const { readFile } = await importNode('node:fs/promises');
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new PincelError('fetch', `${path} could not be read: ${error.message}`, { cause: error, hint: 'fetch-path' });
  }
}

async function readBlob(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw new PincelError('fetch', `The file could not be read: ${error.message}`, { cause: error, hint: 'fetch-choose' });
  }
}

const isAddress = (text) => /^(https?|data|blob):/i.test(text);
const isBuffer = (source) => ArrayBuffer.isView(source) || /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(source));

const isNamed = (source) => typeof source === 'string' && source.startsWith('pincel:');

/** Gives a class what `using` calls, and methods, generators, of modules that are fetched when the first of them is called: {method: module}. */
export function complete(type, methods) {
  const own = type.prototype;
  for (const name in methods) own[name] = async function* (items, options) { yield* await ask(methods[name], name, [this, items, options], this.options ?? this); };
  if (Symbol.dispose) own[Symbol.dispose] = own.dispose;
}

/** What the registry knows of each model that can be named 'pincel:NAME'. */
export const listModels = (options = {}) => ask('registry', 'list', [], options);

/** Fetches a model's files by its name, for later. */
export const pullModel = (name, options = {}) => ask('registry', 'pull', [name.replace(/^pincel:/, '')], options);

/**
 * What 'pincel:NAME' or 'manifest:ADDRESS' stands for: {source, options}, the options completed by what is known of
 * the model. Other sources as they are.
 * @param task  what it has to be for, if that matters
 */
export async function named(source, task, options) {
  const [, scheme, name] = /^(pincel|manifest):(.*)$/s.exec(typeof source === 'string' ? source : '') ?? [];
  return scheme ? ask(scheme === 'pincel' ? 'registry' : 'fleet', 'settingsOf', [name, task], options) : { source, options };
}

/** False when the bytes of a source are the caller's own, or wait to be kept. */
export const isOwned = (source, options) => !isBuffer(source) && !isKept(options);

/** @returns {Promise<Uint8Array>} the bytes of a URL, path (Node), buffer, Blob or Response */
export async function loadBytes(source, options = {}) {
  throwIfAborted(options.signal);
  let bytes;
  if (isNamed(source)) bytes = await ask('registry', 'bytesOf', [source.slice(7)], options);
  else if (typeof source === 'string' || source instanceof URL) {
    const text = String(source);
    if (!isNode || isAddress(text)) return fetchBytes(await absolute(text), options);
    bytes = await readPath(text.startsWith('file:') ? new URL(text) : text);
  } else if (isBuffer(source)) {
    bytes = ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source);
  } else if (typeof Blob === 'function' && source instanceof Blob) bytes = await readBlob(source);
  else if (typeof Response === 'function' && source instanceof Response) bytes = await readResponse(source, options, newPartial());
  else if (source?.pincelRead) bytes = await source.pincelRead(options); // of fleet.mjs
  else {
    throw new PincelError('argument', 'The source is of a kind that cannot be read.', {
      expected: 'a name, URL, path (Node), ArrayBuffer, Uint8Array, Blob or Response', got: kindOf(source),
    });
  }
  await checkIntegrity(bytes, 'The file', options);
  return bytes;
}

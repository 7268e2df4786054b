// When something went wrong with a download: tries again where it broke off,
// and finds out what stands in the way. A module of its own,
// dist/pincel-rescue.mjs, so that pages where all is well need not fetch it.
import { rescueHints, throwIfAborted, unlessAborted } from './errors.mjs';

const pauses = [300, 1000, 3000]; // ms before each new try without progress
const mostTries = 20; // with progress
const longestPause = 10000; // ms that a server may ask for

const isOffline = () => globalThis.navigator?.onLine === false;
const isPage = ({ got }) => got === 'text/html';
const isStalled = ({ cause }) => /nothing came/.test(cause?.message);

/** Failures that may be gone in a moment; refusals of other origins look like lost connections. */
function mayPass({ code, status, cause }, { loaded }, tries) {
  if (code === 'integrity') return tries === 0; // the browser or a proxy kept an older file
  if (status) return status >= 500 || status === 408 || status === 425 || status === 429;
  return Boolean(cause) && (loaded > 0 || tries === 0);
}

function hintFor(error, { loaded }) {
  const { cause, status } = error;
  if (isOffline()) return rescueHints['fetch-offline'];
  if (isPage(error)) return rescueHints['fetch-page'];
  if (status === 401 || status === 403) return rescueHints['fetch-refused'];
  if (status === 404 || status === 410) return rescueHints['fetch-missing'];
  if (status >= 500) return rescueHints['fetch-server'];
  if (isStalled(error)) return rescueHints['fetch-stalled'];
  return cause && loaded ? rescueHints['fetch-connection'] : error.hint;
}

/** A strong validator that another request can be bound to. */
function validatorOf(headers) {
  const tag = headers.get('ETag');
  return tag?.startsWith('"') ? tag : headers.get('Last-Modified');
}

/** Other origins would have to allow If-Range; there only a promised digest can tell that the parts belong together. */
const isOwnOrigin = (address) => !globalThis.location || new URL(address).origin === globalThis.location.origin;

/** The headers that ask for the rest; undefined when it has to be fetched from the start. */
function restOf(address, { loaded, headers }, { integrity }) {
  if (!loaded || !headers || headers.get('Content-Encoding')) return undefined;
  const Range = `bytes=${loaded}-`, validator = validatorOf(headers);
  if (validator && isOwnOrigin(address)) return { Range, 'If-Range': validator };
  return integrity ? { Range } : undefined;
}

function startOver(partial) {
  partial.loaded = 0;
}

/** Takes the answer for the rest if it is the rest, else what came is forgotten. */
function take(partial, response) {
  const [, first] = /^bytes (\d+)-/.exec(response.headers.get('Content-Range')) ?? [];
  const { loaded } = partial, { status } = response;
  if (status === 206 && Number(first) === loaded) return;
  startOver(partial);
  if (status === 206) throw new Error(`the rest from byte ${loaded} was asked for, what came is from ${first}`);
}

function pauseBefore(tries, { headers }, { signal }) {
  const asked = Number(headers?.get('Retry-After')) * 1000 || 0;
  const pause = Math.max(pauses[tries], Math.min(asked, longestPause));
  return unlessAborted(new Promise((resolve) => { setTimeout(resolve, pause); }), signal);
}

/** One more try: for the rest where that can be had. */
function tryAgain(address, error, partial, options, { download }) {
  const rest = error.code === 'integrity' ? undefined : restOf(address, partial, options);
  if (!rest) startOver(partial);
  partial.take = (response) => take(partial, response);
  return download(address, options, partial, { headers: rest ?? {}, cache: error.code === 'integrity' ? 'reload' : 'no-cache' });
}

/**
 * The bytes of a file whose download has failed with `error`, having left `partial`.
 * @throws the last failure, with the best hint
 */
export async function recover(address, failure, partial, options, library) {
  let error = failure, isRefused = false; // the rest is; the whole may be had
  for (let tries = 0, all = 0; tries < pauses.length && all < mostTries && (isRefused || mayPass(error, partial, tries)) && !isOffline(); tries++, all++) {
    const { loaded } = partial;
    await pauseBefore(tries, partial, options);
    try {
      return await tryAgain(address, error, partial, options, library);
    } catch (again) {
      throwIfAborted(options.signal);
      if (again.status === 416) startOver(partial); // there is no such rest
      error = again;
      isRefused = loaded > 0 && partial.loaded === 0;
      if (partial.loaded > loaded) tries = -1;
    }
  }
  error.hint = hintFor(error, partial);
  throw error;
}

const isPolicy = ({ message }) => /Content.Security.Policy|unsafe-eval|blocked by CSP/i.test(message);

/** The module of an engine that could not be loaded the short way, or an error that says why. */
export async function engine(address, failure, options, { loadBytes, PincelError }) {
  const fail = (message, hint, cause) => {
    throw new PincelError('environment', `The engine ${address} could not be loaded: ${message}`, { cause, hint });
  };
  if (isPolicy(failure.cause)) fail(failure.cause.message, rescueHints['environment-policy'], failure.cause);
  let bytes;
  try {
    bytes = await loadBytes(address, { cache: false });
  } catch (error) {
    if (isPage(error) || error.status < 500 || !error.status) fail(error.message, isOffline() ? error.hint : failure.hint, error);
    fail(error.message, error.hint, error);
  }
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    return fail(error.message, rescueHints[isPolicy(error) ? 'environment-policy' : 'environment-engine'], error);
  }
}

const isPrime = (number) => {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
};
const primes = Array.from({ length: 312 }, (_, i) => i).filter((number) => number > 1 && isPrime(number)); // the first 64

/** The first 32 bits of the fractional part. */
const fraction = (real) => (real - Math.floor(real)) * 2 ** 32 | 0;
const roundConstants = primes.map((prime) => fraction(Math.cbrt(prime)));
const rotate = (word, bits) => word >>> bits | word << 32 - bits;

/** One block of 64 bytes (FIPS 180-4, 6.2.2) into `state`. */
function compress(state, view, at) {
  const words = new Int32Array(64);
  for (let t = 0; t < 64; t++) {
    if (t < 16) words[t] = view.getInt32(at + 4 * t);
    else {
      const early = words[t - 15], late = words[t - 2];
      words[t] = words[t - 16] + words[t - 7] + (rotate(early, 7) ^ rotate(early, 18) ^ early >>> 3) + (rotate(late, 17) ^ rotate(late, 19) ^ late >>> 10);
    }
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t++) {
    const first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (e & f ^ ~e & g) + roundConstants[t] + words[t];
    const second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + (a & b ^ a & c ^ b & c);
    [a, b, c, d, e, f, g, h] = [first + second | 0, a, b, c, d + first | 0, e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] += word; });
}

/** SHA-256 for pages without HTTPS, where browsers have none to offer. */
export function sha256(bytes) {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64), view = new DataView(padded.buffer);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  view.setUint32(padded.length - 8, bytes.length / 2 ** 29);
  view.setUint32(padded.length - 4, bytes.length << 3);
  const state = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
  for (let at = 0; at < padded.length; at += 64) compress(state, view, at);
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => digest.setInt32(4 * i, word));
  return digest.buffer;
}

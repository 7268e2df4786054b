// Every failure a caller can meet is a PincelError: a stable code to branch
// on, a message for people, and a hint that names the cure where one is known.
// Codes and hints are here; `errorIndex` lists them for the documentation. What
// the loader does not use itself is left out of it by the bundler.

/** What each code says. */
const meanings = {
  argument: 'An option or argument is out of range.',
  format: 'The file is damaged, or not what it was taken for.',
  unsupported: 'The model uses what the engine does not have; the message names all of it.',
  shape: 'A shape, or the length of an array, does not fit.',
  type: 'A dtype does not fit.',
  limit: 'More than `limits` allow.',
  memory: 'There is no memory left.',
  picture: 'A picture cannot be read.',
  value: 'An input holds a value the model cannot use.',
  fetch: 'A file cannot be had.',
  integrity: 'A file is not the one that was promised.',
  abort: 'Cancelled by an AbortSignal; `cause` is its reason.',
  environment: 'The browser, the server or a policy lacks what the engine needs.',
  disposed: 'The model was disposed of.',
  internal: 'The engine failed; only this model is lost.',
};

/** The cure by code; where more is known, by 'code-case'. */
export const hints = {
  argument: 'Check the options and arguments of this call.',
  format: 'The file is damaged, cut short or neither .tflite nor .onnx; download it again.',
  unsupported: 'Model.inspect(source) lists what the engine can and cannot run.',
  shape: 'Compare with model.inputs, or pass `shapes` when loading.',
  type: 'Compare with the dtype in model.inputs.',
  limit: 'Raise `limits` when loading, or use a smaller model or input.',
  memory: 'Close other models (model.dispose()) or use a smaller input.',
  picture: 'The picture cannot be decoded; try saving it as PNG or JPEG.',
  value: 'An input holds a value the model cannot use, such as an index out of range.',
  fetch: 'Check the address, and that the server sends the file itself, not a page about it.',
  'fetch-access': 'Check the connection and, for another origin, that it sends Access-Control-Allow-Origin.',
  'fetch-path': 'Check the path.',
  'fetch-choose': 'It may have been moved or changed; choose it again.',
  integrity: 'The file is not the one that was promised; it may have been updated or damaged on its way.',
  environment: 'See "Browsers" in the README for what a page needs.',
  'environment-files': 'Copy all files of dist/ beside the library, or pass their folder as `assetBase`.',
  'environment-simd': 'Chrome and Edge 91, Firefox 89, Safari 16.4 and later have it.',
  'environment-relaxed': "simd: 'auto' takes the best there is.",
  'environment-worker': "The script must come from the page's own origin (`workerURL`), and a policy must allow it: worker-src 'self'.",
  disposed: 'Load the model again before using it.',
  internal: 'Please report this with the model; other models on the page go on working.',
};

/** Those of rescue.mjs. */
export const rescueHints = {
  'fetch-connection': 'Check the connection and try again.',
  'fetch-offline': 'This device is offline. What was fetched once serves without a connection; this was not.',
  'fetch-missing': 'The server has no such file: check the address and that the file was uploaded.',
  'fetch-refused': 'The server refuses the file: check its permissions and whether it asks for a login.',
  'fetch-server': 'The server failed, several times; try again later.',
  'fetch-stalled': 'Nothing came any more, several times: check the connection, or raise `timeout`.',
  'fetch-page': 'Servers of single-page apps answer so for files that are missing: check the address, and that the file was uploaded. '
    + 'On a network that asks for a login first, log in.',
  'environment-policy': "The page's Content-Security-Policy must allow WebAssembly: script-src 'self' 'wasm-unsafe-eval'.",
  'environment-engine': 'The file is no WebAssembly module: copy the .wasm files of dist/ as they are (binary, not as text).',
};

/** Those of registry.mjs. */
export const registryHints = {
  'argument-part': 'Stylizer.create takes the pair by its name.',
  'fetch-mirror': 'Check the connection, or name a `mirror` that has the file.',
  'fetch-models': 'Copy the folder dist/models along with the library.',
};

/** Those of fleet.mjs. */
export const fleetHints = {
  'argument-pin': 'Leave `pin` out for the newest, or name a version that the manifest has.',
  'environment-update': 'Update the library, or pin a version of the model for it.',
  'format-manifest': '`pincel manifest` writes such a file; its format is in pincel.d.ts (Manifest).',
  'value-golden': 'Where there is a former version, it goes on. Check the file that was published, or report this with the browser.',
};

/** For the documentation: [{code, meaning, hints: [text]}], the general hint first. */
export const errorIndex = () => Object.entries(meanings).map(([code, meaning]) => ({
  code, meaning, hints: Object.entries({ ...hints, ...rescueHints, ...registryHints, ...fleetHints }).filter(([key]) => key.split('-')[0] === code).map(([, text]) => text),
}));

const fields = ['op', 'tensor', 'expected', 'got', 'status'];

export class PincelError extends Error {
  static name = 'PincelError'; // minified or not

  /** @param {string} code  @param {{op?, tensor?, expected?, got?, status?, hint?, cause?}} details  `hint`: a text, or its name above */
  constructor(code, message, details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PincelError';
    this.code = code;
    for (const field of fields) if (details[field]) this[field] = details[field];
    const hint = hints[details.hint ?? code] ?? details.hint;
    if (hint) this.hint = hint;
  }
}

const aborted = (signal) => new PincelError('abort', 'The operation was cancelled.', { cause: signal.reason });

export function throwIfAborted(signal) {
  if (signal?.aborted) throw aborted(signal);
}

/** The promise's outcome, or the abort as soon as it comes. */
export function unlessAborted(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** What a value is called in a message. */
export const kindOf = (value) => (value === null ? 'null' : value?.constructor?.name ?? typeof value);

/** Errors cross between threads as plain objects. */
export function packError(error) {
  if (!(error instanceof PincelError)) return { code: 'internal', message: String(error?.message ?? error) };
  const { code, message, op, tensor, expected, got, hint } = error;
  return { code, message, op, tensor, expected, got, hint };
}

export const unpackError = ({ code, message, ...details }) => new PincelError(code, message, details);

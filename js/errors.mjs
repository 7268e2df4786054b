// Every failure a caller can meet is a PincelError: a stable code to branch
// on, a message for people, and a hint that names the cure where one is known.

const hints = {
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
  integrity: 'The file is not the one that was promised; it may have been updated or damaged on its way.',
  environment: 'See "Browsers" in the README for what a page needs.',
  disposed: 'Load the model again before using it.',
  internal: 'Please report this with the model; other models on the page go on working.',
};

const fields = ['op', 'tensor', 'expected', 'got'];

export class PincelError extends Error {
  static name = 'PincelError'; // minified or not

  /** @param {string} code  @param {{op?, tensor?, expected?, got?, hint?, cause?}} details */
  constructor(code, message, details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PincelError';
    this.code = code;
    for (const field of fields) if (details[field]) this[field] = details[field];
    const hint = details.hint ?? hints[code];
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

// Many pictures, one after the other: at most two on their way, so that one
// is read while the other is computed. A module of its own, fetched when it
// is first needed.

const isFatal = ({ code }) => ['abort', 'disposed', 'internal'].includes(code);

function iteratorOf(items, PincelError) {
  const iterator = items?.[Symbol.asyncIterator]?.() ?? (typeof items === 'string' ? undefined : items?.[Symbol.iterator]?.());
  if (!iterator) throw new PincelError('argument', 'There is nothing to go through.', { expected: 'an array, a generator or another iterable, of one item each' });
  return iterator;
}

/** Rejected as soon as the signal says so. */
const unlessAborted = (promise, signal, PincelError) => new Promise((resolve, reject) => {
  const abort = () => reject(new PincelError('abort', 'The operation was cancelled.', { cause: signal.reason }));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  promise.then(resolve, reject).finally(() => signal?.removeEventListener('abort', abort));
});

/**
 * Goes through any iterable, asynchronous or not, and gives for each item, in
 * its order, {index, input, result} or {index, input, error}. Stops only when
 * it is cancelled, or when nothing more can be computed.
 * @param work  (item, options) => Promise of a result
 * @param atOnce  how many items may be on their way
 */
export async function* each(items, { signal, onProgress, ...options }, work, atOnce, PincelError) {
  const iterator = iteratorOf(items, PincelError), total = items.length ?? items.size;
  const stop = new AbortController(), abort = () => stop.abort(signal.reason);
  const running = []; // Promises of entries, in their order; none is rejected
  let count = 0, finished = 0, coming;
  const start = async (input, index) => {
    const report = onProgress && (({ stage, loaded, total: steps }) => {
      if (stage === 'run' && index === finished) onProgress({ stage: 'batch', loaded: index + loaded / steps, total });
    });
    try {
      return { index, input, result: await work(input, { ...options, signal: stop.signal, onProgress: report }) };
    } catch (error) {
      return { index, input, error };
    }
  };
  const pull = () => { coming ??= Promise.resolve(iterator.next()).then((next) => ({ next })); return coming; };
  signal?.addEventListener('abort', abort);
  try {
    for (let isOver = false; !isOver || running.length;) {
      const isFull = isOver || running.length === atOnce;
      const events = [...(isFull ? [] : [pull()]), ...running.slice(0, 1).map((item) => item.then((done) => ({ entry: done })))];
      const { next, entry } = await unlessAborted(Promise.race(events), signal, PincelError);
      if (next) {
        coming = undefined;
        isOver = Boolean(next.done);
        if (!isOver) running.push(start(next.value, count++));
        continue;
      }
      if (entry.error && isFatal(entry.error)) throw entry.error;
      running.shift();
      finished++;
      onProgress?.({ stage: 'batch', loaded: finished, total });
      yield entry;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    stop.abort();
    coming?.catch(() => {});
    iterator.return?.();
  }
}

// Methods: the object, what the caller gave, its settings, and what the library has.

export const runMany = (model, inputs, options = {}, settings, { PincelError }) => (
  each(inputs, options, (input, more) => model.run(input, more), 2, PincelError));

export const classifyMany = (classifier, pictures, options = {}, settings, { PincelError }) => (
  each(pictures, options, (picture, more) => classifier.classify(picture, more), 2, PincelError));

/** One at a time: a painting may take all the memory there is for it. */
export const stylizeMany = (stylizer, pictures, options = {}, settings, { PincelError }) => (
  each(pictures, options, (picture, more) => stylizer.stylize(picture, more), 1, PincelError));

// Every failure as a sentence that says what happened and what to do.
import { t } from './i18n.mjs';

/** A failure whose message is already such a sentence; `values` stand for the {names} in it. */
export class Failure extends Error {
  constructor(message, { values, ...options } = {}) {
    super(message, options);
    this.values = values;
  }
}

export const wasCancelled = (error) => error?.name === 'AbortError' || error?.code === 'abort';

const sentences = {
  argument: 'The engine was asked for something it cannot do.',
  format: 'This file is not a model that Pincel can read, or it is damaged. Choose a .tflite file, complete and unpacked.',
  unsupported: 'This model uses operations that Pincel does not have yet.',
  shape: 'This model does not fit this job: it wants other inputs, or another size.',
  type: 'This model does not fit this job: its inputs are of another kind.',
  limit: 'This is more than the engine takes on at once. Try a smaller size, or a smaller model.',
  memory: 'There is not enough memory for this. Try a smaller size, or close other tabs.',
  picture: 'This picture could not be read. It may be damaged, or of a kind that this browser does not know.',
  value: 'The model met a value it cannot compute with. Try another picture, or another model.',
  fetch: 'The model could not be fetched. Check its address and the connection, and that its server lets other pages read it.',
  integrity: 'The file that arrived is not the one that was asked for, so it was not used.',
  environment: 'This browser lacks what Pincel runs on: WebAssembly with SIMD. A current version will do.',
  internal: 'The engine stopped. Reload the page and try again.',
  disposed: 'The model was put away meanwhile. Try once more.',
};

/** {sentence, detail}: what to say, and what the engine itself said. */
export function explain(error) {
  if (error instanceof Failure) return { sentence: t(error.message, error.values), detail: error.cause?.message ?? '' };
  const sentence = sentences[String(error?.code ?? '').toLowerCase()] ?? 'Something went wrong. Reload the page and try again.';
  const detail = [error?.message, error?.hint].filter(Boolean).join(' ');
  return { sentence: t(sentence), detail };
}

/** Shows failures in the page's one place for them. */
export class FailureNote {
  #element;

  constructor(element) {
    this.#element = element;
    element.querySelector('button').addEventListener('click', () => this.clear());
  }

  show(error) {
    if (wasCancelled(error)) return;
    const { sentence, detail } = explain(error);
    const details = this.#element.querySelector('details');
    this.#element.querySelector('.sentence').textContent = sentence;
    details.hidden = !detail || detail === sentence;
    details.open = false;
    details.querySelector('p').textContent = detail;
    this.#element.hidden = false;
  }

  clear() {
    this.#element.hidden = true;
    this.#element.querySelector('.sentence').textContent = '';
  }
}

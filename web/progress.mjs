// What is being done, how far it is, and a way to stop it.
import { t } from './i18n.mjs';

const words = {
  download: 'Fetching the model',
  prepare: 'Preparing the model',
  style: 'Studying the style',
  run: 'Computing',
  quantise: 'Quantising',
};

/** Work shorter than this leaves no trace on the page. */
const PATIENCE_MS = 180;

export class ProgressCard {
  #element;
  #text;
  #bar;
  #timer;
  #controller;
  #words;
  #arrived = new Map(); // files come side by side; a file goes by its size: total → loaded

  /** ownWords: what the page calls a stage, where that differs. */
  constructor(element, ownWords = {}) {
    this.#element = element;
    this.#words = { ...words, ...ownWords };
    this.#text = element.querySelector('p');
    this.#bar = element.querySelector('progress');
    element.querySelector('button').addEventListener('click', () => this.#cancel());
  }

  /** Stops what was going on and begins anew. Returns the new work's AbortSignal. */
  start(text) {
    this.#controller?.abort();
    this.#controller = new AbortController();
    this.#arrived.clear();
    this.#say(text);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.#element.hidden = false; }, PATIENCE_MS);
    return this.#controller.signal;
  }

  /** For the library's onProgress: {stage, loaded, total}, total 0 or absent when unknown. */
  report = ({ stage, loaded, total }) => {
    this.#say(this.#words[stage] ?? 'Working');
    if (stage === 'download' && total) {
      this.#arrived.set(total, loaded);
      loaded = [...this.#arrived.values()].reduce((sum, part) => sum + part);
      total = [...this.#arrived.keys()].reduce((sum, part) => sum + part);
    }
    if (total > 0 && loaded > 0) this.#bar.value = loaded / total;
    else this.#bar.removeAttribute('value');
  };

  /** Gone at once, though what is under way may take a while to notice. */
  #cancel() {
    this.#controller?.abort();
    this.finish(this.#controller?.signal);
  }

  /** Ends the work of `signal`, unless other work has begun since. */
  finish(signal) {
    if (signal !== this.#controller?.signal) return;
    clearTimeout(this.#timer);
    this.#controller = undefined;
    this.#element.hidden = true;
  }

  /** The live text changes with the stage only, so that a screen reader is not flooded. */
  #say(english) {
    const text = t(english);
    if (this.#text.textContent === text) return;
    this.#text.textContent = text;
    this.#bar.setAttribute('aria-label', text);
    this.#bar.removeAttribute('value');
  }
}

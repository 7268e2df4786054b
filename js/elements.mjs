// <pincel-painter> and <pincel-classifier>: the two jobs as elements of a page,
// told what to do by attributes. See pincel-elements.d.ts.
import { Classifier, Stylizer } from './index.mjs';

const Base = globalThis.HTMLElement ?? class {}; // so that a server can import what only pages use

const isPicture = (file) => file.type.startsWith('image/');
const wasCancelled = (error) => error.code === 'abort';

/** A style sheet that a Content-Security-Policy lets through, unlike <style>. */
function styled(root, text) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  root.adoptedStyleSheets = [sheet];
}

const sharedStyle = `
  :host { display: inline-block; position: relative; box-sizing: border-box; max-width: 100%; color: var(--pincel-ink, inherit);
    font: inherit; vertical-align: top; }
  :host([hidden]), [hidden] { display: none !important; }
  .stage { position: relative; display: grid; place-items: center; min-height: var(--pincel-height, 12rem); overflow: hidden;
    background: var(--pincel-mat, color-mix(in srgb, currentColor 8%, transparent)); border-radius: var(--pincel-radius, 8px); }
  .stage > canvas, .stage > img { display: block; max-width: 100%; height: auto; }
  button { font: inherit; padding: .5em 1.1em; min-height: 2.75rem; border: 0; border-radius: 99px; cursor: pointer;
    background: var(--pincel-accent, #b23a1e); color: var(--pincel-accent-ink, #fff); }
  button:focus-visible { outline: 3px solid var(--pincel-accent, #b23a1e); outline-offset: 3px; }
  progress { position: absolute; inset: auto 0 0; width: 100%; height: 4px; accent-color: var(--pincel-accent, #b23a1e); }
  [part~="message"] { margin: .5em 0 0; }`;

const sharedParts = `
  <div class="stage" part="stage">
    <slot name="choose"><button type="button" part="button"></button></slot>
    <progress part="progress" max="1" hidden></progress>
  </div>
  <input type="file" accept="image/*" hidden>
  <p part="message" role="alert" hidden></p>`;

/** What both elements do: come by a picture and a model, show progress and failures. */
class PictureElement extends Base {
  #picture;
  #task; // {ready: Promise, loading: AbortController}: the Stylizer or Classifier at hand
  #work; // AbortController of what is going on
  #isPlanned = false;

  static sharedAttributes = ['src', 'model', 'asset-base', 'choose-text'];

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.innerHTML = sharedParts;
    styled(root, sharedStyle + this.constructor.style);
    const input = this.find('input'), choose = this.find('slot');
    choose.addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      if (input.files[0]) this.picture = input.files[0];
      input.value = '';
    });
    this.addEventListener('dragover', (event) => event.preventDefault());
    this.addEventListener('drop', (event) => {
      event.preventDefault();
      const file = [...event.dataTransfer.files].find(isPicture);
      if (file) this.picture = file;
    });
  }

  find(selector) { return this.shadowRoot.querySelector(selector); }

  connectedCallback() {
    this.find('button').textContent = this.getAttribute('choose-text') ?? 'Choose a picture';
    this.#plan();
  }

  /** Leaves nothing behind: an element that is put back begins anew. */
  disconnectedCallback() {
    this.#work?.abort();
    this.#drop();
  }

  attributeChangedCallback(name) {
    if (name === 'src') this.#picture = undefined;
    if (name === 'choose-text') this.find('button').textContent = this.getAttribute(name);
    if (this.constructor.loading.includes(name)) this.#drop();
    if (this.isConnected) this.#plan();
  }

  /** Any picture of the library's; set, it goes before `src`. */
  get picture() { return this.#picture ?? (this.getAttribute('src') ? new URL(this.getAttribute('src'), this.baseURI).href : undefined); }

  set picture(picture) {
    this.#picture = picture;
    this.#plan();
  }

  #drop() {
    this.#task?.loading.abort();
    this.#task?.ready.then((task) => task.dispose(), () => {});
    this.#task = undefined;
  }

  /** Attributes that change together are one piece of work. */
  #plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      if (this.isConnected && this.picture) this.update().catch(() => {}); // shown, and sent as an event
    });
  }

  tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true })); }

  #load() {
    const assetBase = this.getAttribute('asset-base') ?? undefined, loading = new AbortController();
    return { loading, ready: this.load({ assetBase, signal: loading.signal, onProgress: (progress) => this.#report(progress) }) };
  }

  /** The Stylizer or Classifier, loaded when it is first needed; it goes on loading while what it is to do changes. */
  async ready() {
    const task = this.#task ??= this.#load();
    try {
      return await task.ready;
    } catch (error) {
      if (task === this.#task) this.#task = undefined;
      throw error;
    }
  }

  #report(progress) {
    const bar = this.find('progress');
    bar.hidden = false;
    if (progress.total) bar.value = progress.loaded / progress.total;
    else bar.removeAttribute('value');
    this.tell('pincel-progress', progress);
  }

  /** Does the work anew; what was going on is stopped. Rejects with what went wrong. */
  async update() {
    this.#work?.abort();
    const work = this.#work = new AbortController(), message = this.find('[part~="message"]');
    try {
      const task = await this.ready();
      const [type, detail] = await this.work(task, { signal: work.signal, onProgress: (progress) => this.#report(progress) });
      message.hidden = true;
      this.tell(type, detail);
    } catch (error) {
      if (!wasCancelled(error)) {
        message.textContent = [error.message, error.hint].filter(Boolean).join(' ');
        message.hidden = false;
        this.tell('pincel-error', { error });
      }
      throw error;
    } finally {
      if (work === this.#work) this.find('progress').hidden = true;
    }
  }
}

/** 'ink', '3', or a mixture: 'starry-night 2, ink 1'. */
function parseLook(text) {
  const parts = text.split(',').map((part) => part.trim().split(/\s+/)).filter(([name]) => name);
  if (parts.length === 1 && parts[0].length === 1) return parts[0][0];
  return Object.fromEntries(parts.map(([name, weight = '1']) => [name, Number(weight)]));
}

export class PincelPainter extends PictureElement {
  static loading = ['model', 'predict', 'transfer', 'asset-base'];
  static observedAttributes = [...PictureElement.sharedAttributes, 'predict', 'transfer', 'look', 'look-src', 'strength', 'size', 'alt'];
  static style = '.stage > canvas { width: 100%; }';

  /** @private */
  load(options) {
    const predict = this.getAttribute('predict'), transfer = this.getAttribute('transfer');
    return Stylizer.create(predict && transfer ? { predict, transfer } : this.getAttribute('model') ?? 'pincel:painter', options);
  }

  #style({ predict, styleInput, styles }) {
    if (!styleInput) return undefined;
    const source = this.getAttribute('look-src');
    if (predict || source) return source ?? undefined;
    return parseLook(this.getAttribute('look') ?? styles[0] ?? '0');
  }

  /** @private Gives the event that tells of it. */
  async work(stylizer, options) {
    const number = (name) => (this.hasAttribute(name) ? Number(this.getAttribute(name)) : undefined);
    const started = performance.now();
    const painting = await stylizer.stylize(this.picture, { style: this.#style(stylizer), strength: number('strength'), size: number('size'), ...options });
    this.#show(painting);
    return ['pincel-paint', { width: painting.width, height: painting.height, milliseconds: performance.now() - started }];
  }

  #show(painting) {
    const canvas = this.find('canvas') ?? document.createElement('canvas');
    canvas.setAttribute('part', 'canvas');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', this.getAttribute('alt') ?? '');
    Object.assign(canvas, { width: painting.width, height: painting.height });
    canvas.getContext('2d').putImageData(painting, 0, 0);
    this.find('.stage').prepend(canvas);
    this.find('slot').hidden = true;
  }

  /** The painting as a file. */
  toBlob(type = 'image/png', quality = undefined) {
    const canvas = this.find('canvas');
    return new Promise((resolve, reject) => {
      if (canvas) canvas.toBlob(resolve, type, quality);
      else reject(new Error('Nothing is painted yet.'));
    });
  }
}

export class PincelClassifier extends PictureElement {
  static loading = ['model', 'labels', 'asset-base'];
  static observedAttributes = [...PictureElement.sharedAttributes, 'labels', 'top', 'threshold', 'unsure-text', 'alt'];
  static style = `
    .stage > img { max-height: var(--pincel-picture-height, 20rem); }
    ol { list-style: none; margin: .75em 0 0; padding: 0; display: grid; gap: .5em; }
    li { display: grid; grid-template-columns: 1fr auto; gap: .2em 1em; }
    [part~="bar"] { grid-column: 1 / -1; height: 4px; border-radius: 2px; background: color-mix(in srgb, currentColor 15%, transparent); }
    [part~="bar"]::after { content: ""; display: block; height: 100%; width: var(--score); border-radius: 2px; background: var(--pincel-accent, #b23a1e); }
    [part~="unsure"] { font-style: italic; opacity: .8; }`;

  /** @private */
  load(options) {
    return Classifier.create(this.getAttribute('model') ?? 'pincel:classifier', { ...options, ...(this.hasAttribute('labels') && { labels: this.getAttribute('labels') }) });
  }

  /** @private Gives the event that tells of it. */
  async work(classifier, options) {
    const { picture } = this, topK = Number(this.getAttribute('top') ?? 3);
    const threshold = this.hasAttribute('threshold') ? { threshold: Number(this.getAttribute('threshold')) } : {};
    this.#showPicture(picture);
    const guesses = await classifier.classify(picture, { topK, ...threshold, ...options });
    this.#show(guesses);
    return ['pincel-result', { guesses: [...guesses], unsure: Boolean(guesses.unsure) }];
  }

  /** A picture that is no address and no file is the page's to show. */
  #showPicture(picture) {
    const image = this.find('img') ?? document.createElement('img');
    if (image.src.startsWith('blob:')) URL.revokeObjectURL(image.src);
    const isFile = picture instanceof Blob;
    if (!isFile && typeof picture !== 'string') {
      image.remove();
      return;
    }
    image.setAttribute('part', 'picture');
    image.alt = this.getAttribute('alt') ?? '';
    image.src = isFile ? URL.createObjectURL(picture) : picture;
    this.find('.stage').prepend(image);
    this.find('slot').hidden = true;
  }

  #show(guesses) {
    const list = this.find('ol') ?? document.createElement('ol');
    list.setAttribute('part', guesses.unsure ? 'list unsure' : 'list');
    list.setAttribute('aria-live', 'polite');
    const part = (name, text) => {
      const span = Object.assign(document.createElement('span'), { textContent: text });
      span.setAttribute('part', name);
      return span;
    };
    const items = guesses.map(({ label, score }) => {
      const item = document.createElement('li'), bar = part('bar', '');
      item.setAttribute('part', 'item');
      bar.style.setProperty('--score', `${Math.max(0, Math.min(1, score)) * 100}%`);
      item.append(part('label', label), part('score', score.toLocaleString(this.#language, { style: 'percent' })), bar);
      return item;
    });
    if (guesses.unsure) {
      const note = Object.assign(document.createElement('li'), { textContent: this.getAttribute('unsure-text') ?? 'Unsure. Perhaps:' });
      note.setAttribute('part', 'item note');
      items.unshift(note);
    }
    list.replaceChildren(...items);
    this.shadowRoot.append(list);
  }

  get #language() { return this.closest('[lang]')?.lang || undefined; }
}

for (const [name, element] of [['pincel-painter', PincelPainter], ['pincel-classifier', PincelClassifier]]) {
  if (globalThis.customElements && !customElements.get(name)) customElements.define(name, element);
}

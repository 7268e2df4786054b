// The ways a picture comes to a page: chosen, dropped, pasted, or one of the
// samples. Each gives a Blob.
import { Failure } from './failures.mjs';

const isFilm = (blob) => blob.type.startsWith('video/');

export class PictureInput extends EventTarget {
  #samples;
  #own; // {blob, address}

  /**
   * choose: buttons; file: the input behind them; samples: a list of buttons
   * with data-source, and one in .own: it asks for a picture, then shows it and
   * brings it back. Events: picture, film (detail: Blob), failure (detail: Error).
   */
  constructor({ choose = [], file, samples }) {
    super();
    this.#samples = samples;
    for (const button of choose) button.addEventListener('click', () => file.click());
    file.addEventListener('change', () => {
      if (file.files[0]) this.give(file.files[0]);
      file.value = '';
    });
    samples.querySelector('.own button').addEventListener('click', (event) => {
      if (this.#own) this.#announce(this.#own.blob, event.currentTarget);
      else file.click();
    });
    for (const button of samples.querySelectorAll('[data-source]'))
      button.addEventListener('click', () => this.giveSample(button));
  }

  async giveSample(button) {
    try {
      const answer = await fetch(button.dataset.source);
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      this.#announce(await answer.blob(), button);
    } catch (error) {
      this.#fail(new Failure('The sample picture could not be fetched. Check the connection.', { cause: error }));
    }
  }

  async give(blob) {
    if (isFilm(blob)) return this.dispatchEvent(new CustomEvent('film', { detail: blob }));
    if (await isReadable(blob)) return this.#announce(blob, this.#showOwn(blob));
    this.#fail(new Failure(blob.type.startsWith('image/')
      ? 'This browser cannot read that picture. Save it as JPEG or PNG and try again.'
      : 'That is not a picture. Choose a JPEG, PNG, WebP or GIF file.'));
  }

  #showOwn(blob) {
    if (this.#own) URL.revokeObjectURL(this.#own.address);
    this.#own = { blob, address: URL.createObjectURL(blob) };
    const image = this.#samples.querySelector('.own img');
    image.src = this.#own.address;
    image.hidden = false;
    return image.closest('button');
  }

  #announce(blob, pressed) {
    for (const button of this.#samples.querySelectorAll('button'))
      button.setAttribute('aria-pressed', String(button === pressed));
    this.dispatchEvent(new CustomEvent('picture', { detail: blob }));
  }

  #fail(error) {
    this.dispatchEvent(new CustomEvent('failure', { detail: error }));
  }
}

async function isReadable(blob) {
  try {
    (await createImageBitmap(blob)).close();
    return true;
  } catch {
    return false;
  }
}

const isModel = (file) => /\.(tflite|onnx|txt)$/i.test(file.name);

/** Files dropped or pasted anywhere on the page: route({pictures, models}, element they came to). */
export function receiveFiles(route) {
  const sorted = (files) => ({ pictures: files.filter((file) => !isModel(file)), models: files.filter(isModel) });
  let depth = 0;
  const leave = () => {
    depth = 0;
    document.body.classList.remove('dragging');
  };
  document.addEventListener('dragenter', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    depth++;
    document.body.classList.add('dragging');
  });
  document.addEventListener('dragleave', () => { if (--depth <= 0) leave(); });
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    leave();
    if (event.dataTransfer.files.length) route(sorted([...event.dataTransfer.files]), event.target);
  });
  document.addEventListener('paste', (event) => {
    if (event.clipboardData?.files.length) route(sorted([...event.clipboardData.files]), document.activeElement);
  });
}

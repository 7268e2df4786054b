// The ways a picture comes to a page: chosen, taken, dropped, pasted, or one of
// the samples. Each gives a Blob.
import { takePicture } from './camera.mjs';
import { Failure } from './failures.mjs';

/** Phones have a camera app of their own behind <input capture>. */
const hasCameraApp = () => matchMedia('(pointer: coarse)').matches || !navigator.mediaDevices?.getUserMedia;

export class PictureInput extends EventTarget {
  #samples;
  #own; // {blob, address}

  /**
   * choose, take: buttons; file, capture: the inputs behind them; samples: a list
   * of buttons with data-source, and one in .own: it asks for a picture, then
   * shows it and brings it back. Events: picture (detail: Blob), failure (detail: Error).
   */
  constructor({ choose = [], take = [], file, capture, samples }) {
    super();
    this.#samples = samples;
    for (const button of choose) button.addEventListener('click', () => file.click());
    for (const button of take) button.addEventListener('click', () => this.#take(capture));
    for (const input of [file, capture].filter(Boolean)) {
      input.addEventListener('change', () => {
        if (input.files[0]) this.give(input.files[0]);
        input.value = '';
      });
    }
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
    if (await isReadable(blob)) return this.#announce(blob, this.#showOwn(blob));
    this.#fail(new Failure(blob.type.startsWith('image/')
      ? 'This browser cannot read that picture. Save it as JPEG or PNG and try again.'
      : 'That is not a picture. Choose a JPEG, PNG, WebP or GIF file.'));
  }

  async #take(capture) {
    if (hasCameraApp()) return capture.click();
    try {
      const blob = await takePicture();
      if (blob) this.give(blob);
    } catch (error) {
      this.#fail(error);
    }
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

// <compare-slider>: two pictures of one place, and a line to draw across them
// by mouse, finger or keyboard. The keyboard's part is a range input, which
// also tells screen readers what this is.
import { translate } from './i18n.mjs';

const template = document.createElement('template');
template.innerHTML = `
  <canvas class="before"></canvas>
  <canvas class="after"></canvas>
  <input type="range" min="0" max="100" step="1" value="50" aria-label="How much of the original to show, in percent">
  <div class="divider"><span class="knob"><svg viewBox="0 0 24 24" aria-hidden="true"><path fill="none"
    stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" d="M9 7l-5 5 5 5M15 7l5 5-5 5"/></svg></span></div>
  <span class="tag tag-before" aria-hidden="true">Before</span>
  <span class="tag tag-after" aria-hidden="true">After</span>`;

class CompareSlider extends HTMLElement {
  #range;

  connectedCallback() {
    if (this.#range) return;
    this.append(template.content.cloneNode(true));
    translate(this);
    this.#range = this.querySelector('input');
    this.#range.addEventListener('input', () => this.#draw());
    this.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      this.setPointerCapture(event.pointerId);
      this.#follow(event);
      this.#range.focus({ preventScroll: true, focusVisible: false });
      event.preventDefault();
    });
    this.addEventListener('pointermove', (event) => {
      if (this.hasPointerCapture(event.pointerId)) this.#follow(event);
    });
  }

  /** Percent of the width that shows the original. */
  get value() { return Number(this.#range.value); }

  set value(percent) {
    this.#range.value = percent;
    this.#draw();
  }

  /** before: anything a canvas draws, stretched to the size of `after`, an ImageData or ImageBitmap. */
  show(before, after) {
    for (const [name, paint] of [
      ['before', (context) => context.drawImage(before, 0, 0, after.width, after.height)],
      ['after', (context) => (after instanceof ImageData ? context.putImageData(after, 0, 0) : context.drawImage(after, 0, 0))],
    ]) {
      const canvas = this.querySelector(`canvas.${name}`);
      if (canvas.width !== after.width) canvas.width = after.width; // setting it wipes the canvas, which films would show
      if (canvas.height !== after.height) canvas.height = after.height;
      const context = canvas.getContext('2d');
      context.imageSmoothingQuality = 'high';
      paint(context);
    }
  }

  #follow(event) {
    const box = this.getBoundingClientRect();
    this.value = Math.round(((event.clientX - box.left) / box.width) * 100);
  }

  #draw() {
    this.style.setProperty('--split', `${this.value}%`);
    this.dataset.end = this.value > 85 ? 'before' : this.value < 15 ? 'after' : '';
  }
}

customElements.define('compare-slider', CompareSlider);

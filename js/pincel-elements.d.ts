// <pincel-painter> and <pincel-classifier>, after
//
//   import 'pincel/elements'
//
// or, in a plain page, <script src="pincel.js"></script> and then
// <script src="pincel-elements.js"></script>.
//
// Both take a picture from `src`, from the visitor (a button, or dropped on the
// element) or from the property `picture`. They load their model when they
// first have a picture, and give it back when they leave the page.
//
// CSS variables: --pincel-accent, --pincel-accent-ink, --pincel-ink, --pincel-mat,
// --pincel-radius, --pincel-height. Parts: stage, button, progress, message.
// Slot: choose, in place of the button.
import type { Picture, PincelError, Progress } from './pincel.js';

declare class PictureElement extends HTMLElement {
  addEventListener<Name extends keyof PincelElementEvents>(
    type: Name, listener: (this: this, event: PincelElementEvents[Name]) => unknown, options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Name extends keyof HTMLElementEventMap>(
    type: Name, listener: (this: this, event: HTMLElementEventMap[Name]) => unknown, options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;

  /** Goes before the attribute `src`. */
  picture: Picture | undefined;
  /** Works anew on the present picture. Happens by itself when an attribute or the picture changes. */
  update(): Promise<void>;
}

/**
 * Attributes: `src`; `model` (an address, or a name: default 'pincel:painter') or
 * `predict` and `transfer`; `look`, a style by name or number, or a mixture,
 * 'starry-night 2, ink 1'; `look-src`, a style picture, for pairs; `strength`,
 * 0 to 1; `size`, the longer side in pixels; `alt`; `choose-text`; `asset-base`.
 * Events: pincel-progress, pincel-paint, pincel-error. Part: canvas.
 */
export class PincelPainter extends PictureElement {
  /** The painting as a file. */
  toBlob(type?: string, quality?: number): Promise<Blob>;
}

/**
 * Attributes: `src`; `model` (an address, or a name: default 'pincel:classifier');
 * `labels`, an address; `top`, how many labels (3); `threshold`, below which it
 * says that it is unsure, in the words of `unsure-text`; `alt`; `choose-text`;
 * `asset-base`. Events: pincel-progress, pincel-result, pincel-error. Parts:
 * picture, list, item, label, score, bar, note, unsure.
 */
export class PincelClassifier extends PictureElement {}

/** What the elements tell; all of these bubble. */
export interface PincelElementEvents {
  'pincel-progress': CustomEvent<Progress>;
  'pincel-paint': CustomEvent<{ width: number; height: number; milliseconds: number }>;
  'pincel-result': CustomEvent<{ guesses: { label: string; index: number; score: number }[]; unsure: boolean }>;
  'pincel-error': CustomEvent<{ error: PincelError }>;
}

/** What both take in JSX; attributes are texts or numbers, and what else elements have. */
interface SharedAttributes {
  src?: string;
  model?: string;
  'asset-base'?: string;
  'choose-text'?: string;
  alt?: string;
  id?: string;
  class?: string;
  className?: string;
  slot?: string;
  part?: string;
  hidden?: boolean;
  lang?: string;
  style?: unknown;
  key?: string | number | bigint | null;
  ref?: unknown;
  children?: unknown;
  [attribute: `data-${string}` | `aria-${string}` | `on${string}`]: unknown;
}

/** What <pincel-painter> takes in JSX, as above. */
export interface PincelPainterAttributes extends SharedAttributes {
  predict?: string;
  transfer?: string;
  look?: string;
  'look-src'?: string;
  strength?: number | string;
  size?: number | string;
}

/** What <pincel-classifier> takes in JSX, as above. */
export interface PincelClassifierAttributes extends SharedAttributes {
  labels?: string;
  top?: number | string;
  threshold?: number | string;
  'unsure-text'?: string;
}

/** The elements in JSX. React: `declare module 'react' { namespace JSX { interface IntrinsicElements extends PincelIntrinsicElements {} } }`. */
export interface PincelIntrinsicElements {
  'pincel-painter': PincelPainterAttributes;
  'pincel-classifier': PincelClassifierAttributes;
}

declare global {
  interface HTMLElementTagNameMap {
    'pincel-painter': PincelPainter;
    'pincel-classifier': PincelClassifier;
  }
  namespace JSX {
    interface IntrinsicElements extends PincelIntrinsicElements {}
  }
}

// Moving pictures, from the camera or a film: each frame is handed on when the
// one before is done with. Frames that come meanwhile are never seen.
import { Failure } from './failures.mjs';

const reasons = {
  NotAllowedError: 'The camera stays closed until you allow this page to use it, in the browser’s address bar.',
  NotFoundError: 'No camera was found. Choose a picture instead.',
  NotReadableError: 'Another program is using the camera. Close it and try again.',
};

const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);
const isHandheld = () => matchMedia('(pointer: coarse)').matches;

let asking; // held, or Safari forgets it while the camera is open

/** The telephone's own camera program, for one photograph. */
function takePhotograph(give) {
  asking = Object.assign(document.createElement('input'), { type: 'file', accept: 'image/*' });
  asking.setAttribute('capture', 'environment');
  asking.addEventListener('change', () => { if (asking.files[0]) give(asking.files[0]); });
  asking.click();
}

/**
 * The camera's buttons: a live picture, or a photograph where pages get none
 * (without https, in some apps' browsers); hidden where there is neither.
 */
export function setUpCamera({ goLive, give }) {
  for (const button of document.querySelectorAll('.camera-button')) {
    button.hidden = !hasCamera() && !isHandheld();
    button.addEventListener('click', () => (hasCamera() ? goLive() : takePhotograph(give)));
  }
}

async function openCamera(facing) {
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { facingMode: facing, width: { ideal: 1280 }, frameRate: { ideal: 30 } } });
  } catch (error) {
    throw new Failure(reasons[error.name] ?? 'The camera could not be opened. Choose a picture instead.', { cause: error });
  }
}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A frame no larger than `size`, drawn on a canvas that is used again. */
function draw(canvas, video, size) {
  const scale = Math.min(1, size / Math.max(video.videoWidth, video.videoHeight));
  const width = Math.round(video.videoWidth * scale), height = Math.round(video.videoHeight * scale);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext('2d', { willReadFrequently: true }).drawImage(video, 0, 0, width, height);
}

/** Frames a second, over the last two seconds. */
class Rate {
  #times = [];

  tick() {
    const now = performance.now();
    this.#times.push(now);
    while (this.#times[0] < now - 2000) this.#times.shift();
    const span = now - this.#times[0];
    return span > 0 ? ((this.#times.length - 1) * 1000) / span : 0;
  }
}

export class Live {
  #video = Object.assign(document.createElement('video'), { muted: true, playsInline: true, loop: true });
  #canvas = document.createElement('canvas');
  #stream;
  #ended = false;

  /** @param {'user' | 'environment'} facing which of the cameras, where there are two */
  static async ofCamera(facing = 'environment') {
    const live = new Live();
    live.#stream = await openCamera(facing);
    live.#video.srcObject = live.#stream;
    await live.#begin('The camera could not be opened. Choose a picture instead.');
    return live;
  }

  static async ofFilm(blob) {
    const live = new Live();
    live.#video.src = URL.createObjectURL(blob);
    await live.#begin('This browser cannot play that film. MP4 or WebM will do.');
    return live;
  }

  async #begin(sentence) {
    try {
      await this.#video.play();
    } catch (error) {
      this.stop();
      throw new Failure(sentence, { cause: error });
    }
  }

  get ratio() { return this.#video.videoWidth / this.#video.videoHeight; }

  /** Calls act() whenever there is a new frame. */
  #watch(act) {
    const again = () => {
      if (this.#ended) return;
      act();
      this.#watch(act);
    };
    if (this.#video.requestVideoFrameCallback) this.#video.requestVideoFrameCallback(again);
    else requestAnimationFrame(again);
  }

  /** Hands frames to use(canvas, rate) until stopped. `size` is the longer side. */
  async run(size, use) {
    const rate = new Rate();
    let isFresh = true, wake = () => {};
    this.#watch(() => {
      isFresh = true;
      wake();
    });
    while (!this.#ended) {
      if (!isFresh) await Promise.race([new Promise((resolve) => { wake = resolve; }), wait(1000)]); // a hidden page gets no frames
      if (this.#ended) return;
      isFresh = false;
      draw(this.#canvas, this.#video, size);
      await use(this.#canvas, rate.tick());
    }
  }

  /** The present frame at full size, as a JPEG Blob. */
  still() {
    const canvas = document.createElement('canvas');
    draw(canvas, this.#video, Infinity);
    return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.95));
  }

  stop() {
    this.#ended = true;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    const { src } = this.#video;
    this.#video.pause();
    this.#video.srcObject = null;
    this.#video.removeAttribute('src');
    this.#video.load(); // lets go of the film
    URL.revokeObjectURL(src);
  }
}

// A picture from the camera, in a dialog of its own.
import { Failure } from './failures.mjs';

const reasons = {
  NotAllowedError: 'The camera stays closed until you allow this page to use it, in the browser’s address bar.',
  NotFoundError: 'No camera was found. Choose a picture instead.',
  NotReadableError: 'Another program is using the camera. Close it and try again.',
};

/** Resolves to a JPEG Blob, or to null when the visitor closes the dialog. */
export async function takePicture() {
  const dialog = document.querySelector('dialog.camera');
  const video = dialog.querySelector('video');
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 } } }).catch((error) => {
    throw new Failure(reasons[error.name] ?? 'The camera could not be opened. Choose a picture instead.', { cause: error });
  });
  try {
    video.srcObject = stream;
    dialog.returnValue = '';
    dialog.showModal();
    await Promise.all([video.play(), new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }))]);
    return dialog.returnValue === 'take' ? await stillOf(video) : null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
    if (dialog.open) dialog.close();
  }
}

function stillOf(video) {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.95));
}

// The front door's example: a sample photograph and what Pincel made of it.
import './compare-slider.mjs';
import { keepOffline } from './offline.mjs';

async function picture(address) {
  const answer = await fetch(address);
  return createImageBitmap(await answer.blob());
}

const [before, after] = await Promise.all([picture('samples/cat.jpg'), picture('samples/cat-painted.jpg')]);
document.getElementById('example').show(before, after);
keepOffline();

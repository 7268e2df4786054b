// Makes the classifier's samples beside this file: things that it knows, drawn
// or cut out of photographs that are here. `node web/samples/make-things.mjs`;
// Chromium ($CHROMIUM or /usr/bin/chromium) does the drawing.
import { readFile, writeFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const side = 480;
const petals = Array.from({ length: 24 }, (_, i) => `<path transform="rotate(${i * 15})" fill="${i % 2 ? '#f2b705' : '#ffd021'}"
  d="M0 0C-22-60-16-110 0-135C16-110 22-60 0 0"/>`).join('');
const seeds = Array.from({ length: 160 }, (_, i) => {
  const radius = 4.1 * Math.sqrt(i), angle = i * 2.39996; // the golden angle
  return `<circle cx="${radius * Math.cos(angle)}" cy="${radius * Math.sin(angle)}" r="2.2" fill="${i % 3 ? '#6b431d' : '#2b1708'}"/>`;
}).join('');

const drawings = {
  sunflower: `<rect width="300" height="300" fill="#7ea6cf"/><g transform="translate(150 150)">${petals}<circle r="55" fill="#4a2c12"/>${seeds}</g>`,
  'stop-sign': `<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="#8fb8dc"/><stop offset="1" stop-color="#dfe9ef"/></linearGradient></defs>
    <rect width="300" height="300" fill="url(#sky)"/><path d="M143 150h14v150h-14z" fill="#7d7f80"/>
    <path d="M99 27h102l72 72v102l-72 72H99l-72-72V99z" fill="#fff"/><path d="M103 37h94l66 66v94l-66 66h-94l-66-66v-94z" fill="#c0281c"/>
    <text x="150" y="181" font-family="DejaVu Sans, sans-serif" font-weight="700" font-size="82" textLength="200"
      lengthAdjust="spacingAndGlyphs" text-anchor="middle" fill="#fff">STOP</text>`,
};

/** Parts of photographs: left, top, right, bottom as shares of the whole. */
const cuts = { cup: ['coffee.jpg', 0.15, 0.1, 0.75, 0.95], face: ['astronaut.jpg', 0.22, 0.02, 0.62, 0.5] };

/** Runs in the page: a part of a picture, its longer side as long as asked, as JPEG bytes. */
async function cut([address, left, top, right, bottom, longer]) {
  const image = Object.assign(new Image(), { src: address });
  await image.decode();
  const { naturalWidth: w, naturalHeight: h } = image, width = (right - left) * w, height = (bottom - top) * h;
  const scale = longer / Math.max(width, height), canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, left * w, top * h, width, height, 0, 0, canvas.width, canvas.height);
  return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 })).arrayBuffer())];
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage();
const file = (name) => new URL(name, import.meta.url);
for (const [name, shapes] of Object.entries(drawings)) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 300 300">${shapes}</svg>`;
  await writeFile(file(`${name}.jpg`), Buffer.from(await page.evaluate(cut, [`data:image/svg+xml,${encodeURIComponent(svg)}`, 0, 0, 1, 1, side])));
}
for (const [name, [photograph, ...part]] of Object.entries(cuts)) {
  const address = `data:image/jpeg;base64,${(await readFile(file(photograph))).toString('base64')}`;
  await writeFile(file(`${name}.jpg`), Buffer.from(await page.evaluate(cut, [address, ...part, 420])));
}
await browser.close();

// Draws the sample paintings beside this file: `node web/samples/make-styles.mjs`.
// Canvas does the drawing, in Chromium ($CHROMIUM or /usr/bin/chromium), because
// Node has no JPEG encoder. The same seed gives the same pictures.
import { writeFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

function draw(name) {
  const side = 512;
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext('2d');

  let state = 20261;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const between = (low, high) => low + (high - low) * random();
  const pick = (list) => list[Math.floor(random() * list.length)];
  const shade = ([red, green, blue], amount) =>
    `rgb(${[red, green, blue].map((value) => Math.max(0, Math.min(255, value + amount))).join(' ')})`;

  // Thick strokes along a field of whirls, cool below and warm above.
  function night() {
    const whirls = Array.from({ length: 7 }, (_, i) => ({
      x: between(0, side), y: between(0, side * 0.8), radius: between(50, 120), turn: i % 2 ? 1 : -1,
    }));
    const cool = [[22, 42, 92], [34, 74, 138], [62, 118, 168], [18, 28, 60], [118, 164, 184], [40, 92, 110]];
    const warm = [[240, 196, 72], [250, 226, 140], [222, 150, 48], [244, 238, 200]];
    context.fillStyle = '#16264e';
    context.fillRect(0, 0, side, side);
    context.lineCap = 'round';
    for (let i = 0; i < 9000; i++) {
      let x = between(-20, side + 20);
      let y = between(-20, side + 20);
      const glow = whirls.some((whirl) => Math.hypot(x - whirl.x, y - whirl.y) < whirl.radius * 0.45);
      context.strokeStyle = shade(pick(glow && random() < 0.8 ? warm : cool), between(-18, 18));
      context.lineWidth = between(2.5, 6.5);
      context.beginPath();
      context.moveTo(x, y);
      for (let step = 0; step < 9; step++) {
        let across = 1.2;
        let down = 0.25 * Math.sin(x / 60);
        for (const whirl of whirls) {
          const dx = x - whirl.x;
          const dy = y - whirl.y;
          const weight = Math.exp(-(dx * dx + dy * dy) / (whirl.radius * whirl.radius)) * 3.2 * whirl.turn;
          across += (-dy / (Math.hypot(dx, dy) + 8)) * weight;
          down += (dx / (Math.hypot(dx, dy) + 8)) * weight;
        }
        const length = Math.hypot(across, down) || 1;
        x += (across / length) * 3.2;
        y += (down / length) * 3.2;
        context.lineTo(x, y);
      }
      context.stroke();
    }
  }

  // Pieces of coloured glass between dark leads.
  function glass() {
    const colours = [[196, 52, 42], [232, 150, 40], [30, 84, 130], [24, 124, 116], [240, 208, 110], [112, 40, 80],
      [70, 140, 70], [236, 228, 204]];
    const seeds = Array.from({ length: 230 }, () => ({ x: between(-10, side + 10), y: between(-10, side + 10),
      colour: pick(colours), light: between(-20, 20) }));
    const pixels = context.createImageData(side, side);
    for (let y = 0, at = 0; y < side; y++) {
      for (let x = 0; x < side; x++, at += 4) {
        let nearest = null;
        let first = Infinity;
        let second = Infinity;
        for (const seed of seeds) {
          const distance = Math.hypot(x - seed.x, y - seed.y);
          if (distance < first) [second, first, nearest] = [first, distance, seed];
          else if (distance < second) second = distance;
        }
        const lead = second - first < 3.4 ? 0.12 : 1;
        const grain = nearest.light + 10 * Math.sin(x / 7 + y / 11 + nearest.x) + between(-7, 7);
        for (let c = 0; c < 3; c++) pixels.data[at + c] = (nearest.colour[c] + grain) * lead + 14;
        pixels.data[at + 3] = 255;
      }
    }
    context.putImageData(pixels, 0, 0);
  }

  // Overlapping scales of printed waves, indigo on cream, with a vermilion sun.
  function waves() {
    context.fillStyle = '#efe5cc';
    context.fillRect(0, 0, side, side);
    context.fillStyle = '#c8442c';
    context.beginPath();
    context.arc(366, 128, 74, 0, Math.PI * 2);
    context.fill();
    const inks = ['#1d2f5c', '#2f4f86', '#5f86ac', '#a9c0c6', '#efe5cc'];
    for (let row = 0; row < 17; row++) {
      const radius = 34 + row * 2.6;
      const y = 176 + row * 24;
      for (let column = -1; column < side / radius + 1; column++) {
        const x = column * radius * 1.72 + (row % 2) * radius * 0.86 + between(-3, 3);
        const rise = 9 * Math.sin(x / 90 + row * 0.8);
        for (let ring = 0; ring < 6; ring++) {
          context.fillStyle = inks[(ring + row) % 2 ? 4 : (row + column + 8) % 4];
          context.beginPath();
          context.arc(x, y + rise, radius * (1 - ring * 0.16), Math.PI, Math.PI * 2);
          context.fill();
        }
      }
    }
    for (let i = 0; i < 5200; i++) {
      context.fillStyle = `rgb(40 30 20 / ${between(0.02, 0.09)})`;
      context.fillRect(between(0, side), between(0, side), between(1, 22), 1);
    }
  }

  // Rings and sectors of pure colour that slide over one another.
  function rings() {
    const colours = [[214, 62, 48], [238, 168, 56], [246, 220, 120], [42, 118, 140], [24, 58, 110], [96, 150, 92],
      [238, 230, 210], [150, 60, 110], [30, 28, 36]];
    context.fillStyle = '#e8dcc0';
    context.fillRect(0, 0, side, side);
    for (let i = 0; i < 26; i++) {
      const x = between(-30, side + 30);
      const y = between(-30, side + 30);
      const outer = between(50, 160);
      for (let ring = 0; ring < 5; ring++) {
        const start = between(0, Math.PI * 2);
        for (let part = 0; part < 4; part++) {
          context.fillStyle = shade(pick(colours), between(-14, 14));
          context.globalAlpha = 0.93;
          context.beginPath();
          context.moveTo(x, y);
          context.arc(x, y, outer * (1 - ring * 0.19), start + (part * Math.PI) / 2, start + ((part + 1) * Math.PI) / 2);
          context.fill();
        }
      }
    }
    context.globalAlpha = 1;
    for (let i = 0; i < 16000; i++) {
      context.strokeStyle = random() < 0.5 ? 'rgb(255 250 235 / 0.16)' : 'rgb(20 10 20 / 0.13)';
      const x = between(0, side);
      const y = between(0, side);
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + between(-9, 9), y + between(-9, 9));
      context.stroke();
    }
  }

  ({ night, glass, waves, rings })[name]();
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.72 }).then(async (blob) =>
    Array.from(new Uint8Array(await blob.arrayBuffer())));
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage();
for (const name of ['night', 'glass', 'waves', 'rings']) {
  const bytes = Uint8Array.from(await page.evaluate(draw, name));
  await writeFile(new URL(`style-${name}.jpg`, import.meta.url), bytes);
  console.log(`style-${name}.jpg ${bytes.length} bytes`);
}
await browser.close();

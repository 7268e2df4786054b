// Draws the icons beside this file, and the picture that links to the site
// show: `node web/icons/draw.mjs`. Chromium ($CHROMIUM or /usr/bin/chromium)
// does the drawing.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const web = new URL('../', import.meta.url);
const data = async (path, type) => `data:${type};base64,${(await readFile(new URL(path, web))).toString('base64')}`;
const brush = (await readFile(new URL('favicon.svg', web), 'utf8')).match(/<path[^>]*d="([^"]+)"/)[1];

/** `scale`: how much of the square the brush takes. */
const icon = (scale, radius) => `<style>body { margin: 0; background: none }
  div { width: 100vw; height: 100vh; display: grid; place-items: center; background: #f7f3ea; border-radius: ${radius} }
  svg { width: ${scale}; fill: #b23a1e }</style><div><svg viewBox="2 2 28 28"><path d="${brush}"/></svg></div>`;

const social = async () => `<style>
  @font-face { font-family: Garamond; src: url(${await data('fonts/eb-garamond-regular.woff2', 'font/woff2')}) }
  body { margin: 0; width: 1200px; height: 630px; display: grid; grid-template-columns: 430px 1fr; background: #f7f3ea; color: #24211c }
  section { padding: 64px; align-self: center; font: 96px/1 Garamond; letter-spacing: -.02em }
  svg { width: 104px; fill: #b23a1e; display: block; margin-bottom: 36px }
  p { margin: 28px 0 0; font: 34px/1.3 Garamond; letter-spacing: 0; color: #6a6256 }
  div { position: relative; overflow: hidden }
  div img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover }
  div img + img { clip-path: inset(0 0 0 46%) }
  i { position: absolute; left: 46%; top: 0; bottom: 0; width: 4px; background: #fffdf8 }
</style><section><svg viewBox="2 2 28 28"><path d="${brush}"/></svg>Pincel<p>Pictures, painted in your browser</p></section>
<div><img src="${await data('samples/cat.jpg', 'image/jpeg')}"><img src="${await data('samples/cat-painted.jpg', 'image/jpeg')}"><i></i></div>`;

const pictures = [
  { file: '192.png', width: 192, html: icon('72%', '22%') },
  { file: '512.png', width: 512, html: icon('72%', '22%') },
  { file: 'maskable.png', width: 512, html: icon('54%', '0') }, // within the circle that any mask leaves
  { file: 'touch.png', width: 180, html: icon('66%', '0') },
  { file: 'social.jpg', width: 1200, height: 630, html: await social(), type: 'jpeg', quality: 82 },
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] });
for (const { file, width, height = width, html, type = 'png', quality } of pictures) {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.setContent(html);
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: fileURLToPath(new URL(file, import.meta.url)), type, quality, omitBackground: type === 'png' });
  await page.close();
}
await browser.close();

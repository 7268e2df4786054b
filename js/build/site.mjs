// npm run site -- --url https://example.org/pincel/ [--out FOLDER]
//
// The demo and its documentation as one folder, complete, for one address:
// link previews want absolute addresses of pictures, search engines a
// canonical one and a sitemap. Copying web/ and dist/ needs none of this.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { main } from './build.mjs';
import { writePrecache } from './precache.mjs';
import { isolation } from './serve.mjs';
import { root } from './setup.mjs';

const isForVisitors = (path) => !/(^|\/)(make-styles|draw)\.mjs$|^docs(\/|$)/.test(path);

/** The address of the folder: https, or http for trying it out. */
function addressOf(text) {
  const address = URL.canParse(text ?? '') ? new URL(text) : undefined;
  if (!address || !/^https?:$/.test(address.protocol)) throw new Error('Which address will the site have? npm run site -- --url https://example.org/pincel/');
  address.search = address.hash = '';
  if (!address.pathname.endsWith('/')) address.pathname += '/';
  return address;
}

/** The address of a page, an index by its folder. */
const addressIn = (site, path) => new URL(path.replace(/(^|\/)index\.html$/, '$1'), site).href;

/** A page that says where it is and where its picture is. */
export function placed(html, path, site) {
  const address = addressIn(site, path);
  const [whole, picture] = html.match(/<meta property="og:image" content="([^"]+)">/) ?? [];
  if (!whole) throw new Error(`${path} has no og:image.`);
  return html.replace(whole, [
    `<meta property="og:image" content="${new URL(picture, address).href}">`,
    '<meta property="og:image:width" content="1200">', '<meta property="og:image:height" content="630">',
    `<meta property="og:url" content="${address}">`, `<link rel="canonical" href="${address}">`,
  ].join('\n'));
}

const pagesOf = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.html'))
  .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).split(sep).join('/')).sort();

const sitemap = (pages, site) => `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
${pages.map((path) => `  <url><loc>${addressIn(site, path)}</loc></url>`).join('\n')}
</urlset>
`;

/** For Netlify and Cloudflare Pages; other hosts do not look at it. */
const headersFile = ({ pathname }) => `${pathname}*\n${Object.entries(isolation).map(([name, value]) => `  ${name}: ${value}\n`).join('')}`;

/** Writes the site into `out`, a new or empty folder or one that this wrote before. */
export function writeSite(url, out) {
  const site = addressOf(url), dist = join(root, 'dist');
  if (!existsSync(join(dist, 'docs/index.html'))) throw new Error('The library is not built yet: npm run build');
  if (existsSync(out) && readdirSync(out).length && !existsSync(join(out, 'sitemap.xml'))) throw new Error(`${out} holds something else.`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const web = join(root, 'web');
  cpSync(web, out, { recursive: true, filter: (file) => isForVisitors(relative(web, file).split(sep).join('/')) });
  cpSync(dist, join(out, 'dist'), { recursive: true });
  const pages = pagesOf(out);
  for (const path of pages) writeFileSync(join(out, path), placed(readFileSync(join(out, path), 'utf8'), path, site));
  writePrecache({ web: out, dist: join(out, 'dist'), models: join(out, 'dist/models') });
  writeFileSync(join(out, 'sitemap.xml'), sitemap(pages, site));
  writeFileSync(join(out, '_headers'), headersFile(site));
  if (site.pathname === '/') writeFileSync(join(out, 'robots.txt'), `Sitemap: ${new URL('sitemap.xml', site)}\n`);
  return { pages, site };
}

if (process.argv[1] === join(root, 'js/build/site.mjs')) {
  await main(() => {
    const { values } = parseArgs({ options: { url: { type: 'string' }, out: { type: 'string', default: join(root, 'build/site') } } });
    const out = resolve(values.out), { pages, site } = writeSite(values.url, out);
    const bytes = readdirSync(out, { recursive: true }).reduce((sum, name) => sum + statSync(join(out, name)).size, 0);
    console.log(`${pages.length} pages for ${site} in ${out}, ${(bytes / 1e6).toFixed(1)} MB`);
  });
}

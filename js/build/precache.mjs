// dist/precache.js: every file of the demo site with its digest, and a version
// made of them all, for its service worker (web/sw.js).
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Scripts that only drew pictures, and what only links from elsewhere fetch. */
const isForVisitors = (path) => !/(^|\/)(make-\w+|draw)\.mjs$|icons\/social\.jpg$|^sw\.js$|^(docs|dist)\//.test(path);

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)));
}

/** The registry, and the models that come with the site, those without addresses of their own, with their thumbnails. */
function modelFiles(folder) {
  if (!existsSync(join(folder, 'registry.json'))) return [];
  const { models } = JSON.parse(readFileSync(join(folder, 'registry.json'), 'utf8'));
  const shipped = Object.values(models).filter(({ files }) => Object.values(files).every(({ addresses }) => !addresses));
  const named = shipped.flatMap(({ files, styles = [] }) => [...Object.values(files).map(({ name }) => name), ...styles.map(({ thumbnail }) => thumbnail)]);
  return ['registry.json', ...named.filter(Boolean)].filter((name) => existsSync(join(folder, name)));
}

/** Of the library's files, those that pages load at once, and those that only some visitors need: ONNX and the quantiser. */
const isForPages = (name) => /^pincel(-registry|-rescue|-inspect|-metadata|-fleet)?\.mjs$|^pincel-(relaxed|simd128)(-threads)?\.wasm$/.test(name);
const isForLater = (name) => /^pincel-(onnx|tools)\.mjs$|^pincel-tools-(relaxed|simd128)(-threads)?\.wasm$/.test(name);

/** The documentation's pages, but not the large picture of one of them. */
const docFiles = (dist) => (existsSync(join(dist, 'docs')) ? filesOf(join(dist, 'docs')).filter((name) => !name.endsWith('.jpg')) : []);

const digest = (file) => createHash('sha256').update(readFileSync(file)).digest('base64');
const digests = (entries) => Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([path, file]) => [path, digest(file)]));

/** Writes precache.js into `dist`; `web` and `models` are the folders that go with it. */
export function writePrecache({ web, dist, models }) {
  const library = (isWanted) => readdirSync(dist).filter(isWanted).map((name) => [`dist/${name}`, join(dist, name)]);
  const files = digests([
    ...filesOf(web).filter(isForVisitors).map((path) => [path.replace(/^index\.html$/, './'), join(web, path)]),
    ...library(isForPages),
    ...docFiles(dist).map((name) => [`dist/docs/${name.replace(/(^|\/)index\.html$/, '$1')}`, join(dist, 'docs', name)]),
    ...modelFiles(models).map((name) => [`dist/models/${name}`, join(models, name)]),
  ]);
  const later = digests(library(isForLater));
  const version = createHash('sha256').update(JSON.stringify([files, later])).digest('hex').slice(0, 16);
  writeFileSync(join(dist, 'precache.js'), `self.precache = ${JSON.stringify({ version, files, later }, null, 1)};\n`);
}

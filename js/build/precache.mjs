// dist/precache.js: every file of the demo site with a version made of their
// contents, for its service worker (web/sw.js).
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Scripts that only drew pictures, and what only links from elsewhere fetch. */
const isForVisitors = (path) => !/(^|\/)(make-styles|draw)\.mjs$|icons\/social\.jpg$|^sw\.js$|^(docs|dist)\//.test(path);

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

/** Of the library's files, those that pages load. */
const isForPages = (name) => /^pincel(-registry|-onnx|-rescue|-inspect)?\.mjs$|^pincel-(relaxed|simd128)(-threads)?\.wasm$/.test(name);

/** The documentation's pages, but not the large picture of one of them. */
const docFiles = (dist) => (existsSync(join(dist, 'docs')) ? filesOf(join(dist, 'docs')).filter((name) => !name.endsWith('.jpg')) : []);

/** Writes precache.js into `dist`; `web` and `models` are the folders that go with it. */
export function writePrecache({ web, dist, models }) {
  const files = [
    ...filesOf(web).filter(isForVisitors).map((path) => [path.replace(/^index\.html$/, './'), join(web, path)]),
    ...readdirSync(dist).filter(isForPages).map((name) => [`dist/${name}`, join(dist, name)]),
    ...docFiles(dist).map((name) => [`dist/docs/${name.replace(/^index\.html$/, '')}`, join(dist, 'docs', name)]),
    ...modelFiles(models).map((name) => [`dist/models/${name}`, join(models, name)]),
  ].sort(([one], [other]) => (one < other ? -1 : 1));
  const version = createHash('sha256');
  for (const [path, file] of files) version.update(`${path}\0`).update(readFileSync(file));
  const list = { version: version.digest('hex').slice(0, 16), files: files.map(([path]) => path) };
  writeFileSync(join(dist, 'precache.js'), `self.precache = ${JSON.stringify(list, null, 1)};\n`);
}

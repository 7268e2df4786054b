// dist/precache.js: every file of the demo site with a version made of their
// contents, for its service worker (web/sw.js).
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

/** Scripts that only drew pictures, and what only links from elsewhere fetch. */
const isForVisitors = (path) => !/(^|\/)(make-styles|draw)\.mjs$|icons\/social\.jpg$|^sw\.js$/.test(path);

function filesOf(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(join(root, folder).length + 1));
}

/** The registry, and the models that come with the site: those without addresses of their own. */
function modelFiles() {
  if (!existsSync(join(root, 'models/registry.json'))) return [];
  const { models } = JSON.parse(readFileSync(join(root, 'models/registry.json'), 'utf8'));
  const shipped = Object.values(models).flatMap(({ files }) => Object.values(files)).filter(({ addresses }) => !addresses);
  return ['registry.json', ...shipped.map(({ name }) => name)].filter((name) => existsSync(join(root, 'models', name)));
}

/** @param {string[]} library files of dist/ that pages load */
export function writePrecache(library) {
  const files = [
    ...filesOf('web').filter(isForVisitors).map((path) => [path.replace(/^index\.html$/, './'), join(root, 'web', path)]),
    ...library.map((name) => [`dist/${name}`, join(root, 'dist', name)]),
    ...modelFiles().map((name) => [`dist/models/${name}`, join(root, 'models', name)]),
  ].sort(([one], [other]) => (one < other ? -1 : 1));
  const version = createHash('sha256');
  for (const [path, file] of files) version.update(`${path}\0`).update(readFileSync(file));
  const list = { version: version.digest('hex').slice(0, 16), files: files.map(([path]) => path) };
  writeFileSync(join(root, 'dist/precache.js'), `self.precache = ${JSON.stringify(list, null, 1)};\n`);
}

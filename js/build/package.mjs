// What the package holds besides the library itself: entries for bundlers, and
// the digests that script tags can promise.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** All files under a folder, as paths with slashes. */
export const filesUnder = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).split(sep).join('/')).sort();

/** Fetched at run time, by address; thumbnails are the page's own to show. */
const isAsset = (file) => /^pincel-(?!pictures).*\.wasm$|^models\/[^/]+$/.test(file);

/**
 * Bundlers put modules elsewhere than the files they fetch, and know where only
 * when both are named as below, word for word. They take these entries in the
 * place of the modules of the same name by the condition "module" of
 * package.json's exports, which neither browsers nor Node know. pincel.mjs is also
 * the worker's script, as a file that nothing is done to: no bundler has to
 * understand workers. (Parcel makes a script of registry.json: it is not among
 * the bundlers of tests/bundlers.)
 */
export function writeBundlerEntries(dist, onDemand) {
  const address = (file) => `new URL('./${file}', import.meta.url).href`, files = filesUnder(dist);
  const rows = [
    ...files.filter(isAsset).map((file) => `      '${file}': ${address(file)},`),
    ...onDemand.map((name) => `      'pincel-${name}.mjs': () => import('./pincel-${name}.mjs'),`),
  ];
  writeFileSync(join(dist, 'pincel-bundler.mjs'), `// For bundlers: the library, told where they put its files.
import { configure } from './pincel.mjs';

export * from './pincel.mjs';

try {
  configure({
    assetBase: {
${rows.join('\n')}
    },
    workerURL: ${address('pincel.mjs')},
  });
} catch {
  // Bundled as a classic script, which does not know its own address: the page has to name assetBase.
}
`);
  for (const name of ['elements', 'tools']) {
    writeFileSync(join(dist, `pincel-bundler-${name}.mjs`), `import './pincel-bundler.mjs';\n\nexport * from './pincel-${name}.mjs';\n`);
  }
}

const digest = (bytes) => `sha384-${createHash('sha384').update(bytes).digest('base64')}`;

/** integrity.json: 'sha384-…' of every file, as script tags take them. Returns the tag for a CDN, ready to paste. */
export function writeIntegrity(dist, { name, version }) {
  const files = filesUnder(dist).filter((file) => !/^(integrity\.json|precache\.js|docs\/.*)$/.test(file)); // what the package holds
  const digests = Object.fromEntries(files.map((file) => [file, digest(readFileSync(join(dist, file)))]));
  writeFileSync(join(dist, 'integrity.json'), `${JSON.stringify(digests, null, 1)}\n`);
  const address = `https://cdn.jsdelivr.net/npm/${name}@${version}/dist/pincel.js`;
  return `<script src="${address}"\n  integrity="${digests['pincel.js']}" crossorigin="anonymous"></script>`;
}

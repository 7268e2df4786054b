// npm run build: the WebAssembly modules, the library in its two forms, the
// types; and what a visitor has to download, held to a budget.
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { writeBundlerEntries, writeIntegrity } from './package.mjs';
import { writePrecache } from './precache.mjs';
import { root, setUp } from './setup.mjs';

const dist = join(root, 'dist');

const wasmBuilds = [
  { name: 'wasm-simd128', options: { PCL_WASM: 'simd128' }, modules: ['pincel-simd128.wasm', 'pincel-tools-simd128.wasm', 'pincel-pictures.wasm'] },
  { name: 'wasm-relaxed', options: { PCL_WASM: 'relaxed' }, modules: ['pincel-relaxed.wasm', 'pincel-tools-relaxed.wasm'] },
  { name: 'wasm-simd128-threads', options: { PCL_WASM: 'simd128', PCL_THREADS: 'ON' }, modules: ['pincel-simd128-threads.wasm', 'pincel-tools-simd128-threads.wasm'] },
  { name: 'wasm-relaxed-threads', options: { PCL_WASM: 'relaxed', PCL_THREADS: 'ON' }, modules: ['pincel-relaxed-threads.wasm', 'pincel-tools-relaxed-threads.wasm'] },
];

/** What a page downloads before its first result, where relaxed SIMD is available. */
const budget = { files: ['pincel-relaxed.wasm', 'pincel.mjs'], gzipBytes: 100_000 };

/** Runs quietly; what it printed is shown when it fails. */
function quietly(command, parameters) {
  const { status, stdout, stderr } = spawnSync(command, parameters, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (status === 0) return;
  // The linker's command line alone is several screens long.
  const lines = `${stdout}${stderr}`.split('\n').map((line) => (line.length > 400 ? `${line.slice(0, 400)} …` : line));
  throw new Error(`${command} ${parameters.join(' ')} failed:\n${lines.join('\n')}`);
}

/** Configures and builds build/<name> with CMake, all of it or only some targets; returns the folder. */
export function cmakeBuild(name, options = {}, targets = ['all']) {
  const folder = join(root, 'build', name);
  if (!existsSync(join(folder, 'build.ninja'))) {
    quietly('cmake', ['-S', root, '-B', folder, '-G', 'Ninja',
      ...Object.entries(options).map(([key, value]) => `-D${key}=${value}`)]);
  }
  quietly('cmake', ['--build', folder, '--target', ...targets]);
  return folder;
}

/** With a static constructor in the module, wasm-ld makes every call from outside run it again. */
function checkNoConstructors(linked) {
  if (readFileSync(linked).includes('command_export')) throw new Error(`${linked} has static constructors.`);
}

/** Modules that the library fetches when it first needs them, js/<name>.mjs as pincel-<name>.mjs. */
const onDemand = ['inspect', 'onnx', 'registry', 'metadata', 'rescue', 'fleet', 'tiles', 'batch'];

/** What every page loads, once more through a minifier that takes longer and finds more: 400 bytes of 15 500. */
async function shrink(file) {
  const { minify } = await import('terser');
  const { code } = await minify(readFileSync(file, 'utf8'), {
    module: file.endsWith('.mjs'), ecma: 2022, format: { ecma: 2022 }, compress: { passes: 3, ecma: 2022, unsafe_arrows: true, pure_getters: true },
  });
  writeFileSync(file, code);
}

/** The same file serves as library, as module worker and as classic worker. */
async function bundle() {
  const { build } = await import('esbuild');
  const common = {
    entryPoints: [join(root, 'js/index.mjs')], bundle: true, minify: true, target: 'es2022',
    external: ['node:*'], logLevel: 'warning', legalComments: 'none',
  };
  await build({ ...common, format: 'esm', outfile: join(dist, 'pincel.mjs') });
  await build({
    ...common, format: 'iife', globalName: 'pincel', define: { 'import.meta.url': 'undefined' }, outfile: join(dist, 'pincel.js'),
  });
  for (const file of ['pincel.mjs', 'pincel.js']) await shrink(join(dist, file));
  await bundleElements(build, common);
  for (const name of onDemand) await build({ ...common, entryPoints: [join(root, `js/${name}.mjs`)], format: 'esm', outfile: join(dist, `pincel-${name}.mjs`) });
  await build({ ...common, entryPoints: [join(root, 'js/tools.mjs')], format: 'esm', plugins: [libraryBeside], outfile: join(dist, 'pincel-tools.mjs') });
}

/** What the library exports, the tools take from it, so that there is one Model and one PincelError. */
const libraryBeside = { name: 'library beside', setup: ({ onResolve, onLoad }) => {
  const errors = join(root, 'js/errors.mjs');
  onResolve({ filter: /^\.\/(model|pictures)\.mjs$/ }, () => ({ path: './pincel.mjs', external: true }));
  onResolve({ filter: /^\.\/errors\.mjs$/ }, () => ({ path: errors, namespace: 'errors' }));
  onLoad({ filter: /.*/, namespace: 'errors' }, () => ({
    contents: `export { PincelError } from './model.mjs'; export { kindOf, throwIfAborted, unlessAborted, packError, unpackError } from ${JSON.stringify(errors)};`,
    resolveDir: join(root, 'js'),
  }));
} };

/** The custom elements stand on the library as it lies beside them: a module, or the classic script's global. */
async function bundleElements(build, common) {
  const standOn = (answer) => ({ name: 'library', setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^\.\/index\.mjs$/ }, () => answer);
    onLoad({ filter: /.*/, namespace: 'global' }, () => ({ contents: 'module.exports = globalThis.pincel' }));
  } });
  const elements = { ...common, entryPoints: [join(root, 'js/elements.mjs')] };
  await build({ ...elements, format: 'esm', plugins: [standOn({ path: './pincel.mjs', external: true })], outfile: join(dist, 'pincel-elements.mjs') });
  await build({ ...elements, format: 'iife', plugins: [standOn({ path: 'pincel', namespace: 'global' })], outfile: join(dist, 'pincel-elements.js') });
}

/** The registry, the models that ship and the thumbnails of their styles go with the library. */
function copyModels() {
  const from = join(root, 'models'), to = join(dist, 'models');
  const { models } = JSON.parse(readFileSync(join(from, 'registry.json'), 'utf8'));
  const shipped = Object.values(models).filter(({ files }) => Object.values(files).every(({ addresses }) => !addresses));
  const files = ['registry.json', ...shipped.flatMap((entry) => [
    ...Object.values(entry.files).map(({ name }) => name), ...(entry.styles ?? []).flatMap(({ thumbnail }) => thumbnail ?? []),
  ])];
  rmSync(to, { recursive: true, force: true });
  for (const file of files) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    copyFileSync(join(from, file), join(to, file));
  }
}

const gzipBytes = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;

/** Prints every file's size; throws when over the budget. */
function checkSizes(files) {
  const row = (name, bytes, gzip) => console.log(`${name.padEnd(32)}${String(bytes).padStart(9)}${String(gzip).padStart(9)}`);
  row('dist/', 'bytes', 'gzip -9');
  for (const file of files) row(file, readFileSync(join(dist, file)).length, gzipBytes(file));
  const total = budget.files.reduce((sum, file) => sum + gzipBytes(file), 0);
  console.log(`${budget.files.join(' + ')}: ${total} bytes gzip, budget ${budget.gzipBytes}`);
  if (total > budget.gzipBytes) throw new Error('Over the budget.');
}

export async function build() {
  mkdirSync(dist, { recursive: true });
  const files = ['pincel.mjs', 'pincel.js', 'pincel-elements.mjs', 'pincel-elements.js', ...onDemand.map((name) => `pincel-${name}.mjs`), 'pincel-tools.mjs', 'pincel.d.ts', 'pincel-elements.d.ts', 'pincel-tools.d.ts', ...wasmBuilds.flatMap(({ modules }) => modules)];
  const others = ['pincel-bundler.mjs', 'pincel-bundler-elements.mjs', 'pincel-bundler-tools.mjs', 'integrity.json', 'precache.js', 'models', 'docs'];
  for (const stray of readdirSync(dist).filter((name) => ![...files, ...others].includes(name))) rmSync(join(dist, stray), { recursive: true });
  for (const { name, options, modules } of wasmBuilds) {
    const folder = cmakeBuild(name, options);
    for (const module of modules) {
      checkNoConstructors(join(folder, module.replace('.wasm', '.linked.wasm')));
      copyFileSync(join(folder, module), join(dist, module));
    }
  }
  await bundle();
  for (const types of ['pincel.d.ts', 'pincel-elements.d.ts', 'pincel-tools.d.ts']) copyFileSync(join(root, 'js', types), join(dist, types));
  copyModels();
  writeBundlerEntries(dist, onDemand);
  const tag = writeIntegrity(dist, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const { writeDocs } = await import('./docs.mjs'); // needs packages, and the library
  writeDocs(dist);
  writePrecache({ web: join(root, 'web'), dist, models: join(dist, 'models') });
  checkSizes(files);
  console.log(`Once published:\n${tag}`);
}

/** Ends the process with the message of what went wrong, without a stack. */
export async function main(action) {
  try {
    await action();
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    setUp();
    await build();
  });
}

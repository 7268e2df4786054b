// The package as npm packs it: what is in it, what Node and TypeScript find in it, and its digests.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clean, execute, install, pack } from '../bundlers/harness.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
let packed, place;

before(() => {
  packed = pack();
  place = install(packed, 'types');
});
after(() => packed && clean(packed));

test('the tarball holds the library, the command line, the models that ship, and nothing else', () => {
  const { files } = packed;
  const least = ['LICENSE', 'README.md', 'package.json', 'js/cli/main.mjs', 'dist/pincel.mjs', 'dist/pincel.js', 'dist/pincel.d.ts',
    'dist/pincel-elements.js', 'dist/pincel-elements.d.ts', 'dist/pincel-tools.d.ts', 'dist/pincel-bundler.mjs', 'dist/integrity.json',
    ...['relaxed', 'simd128'].flatMap((kind) => ['', 'tools-'].flatMap((tools) => ['', '-threads'].map((threads) => `dist/pincel-${tools}${kind}${threads}.wasm`))),
    'dist/models/registry.json', 'dist/models/pincel-painter.tflite', 'dist/models/pincel-classifier.tflite', 'dist/models/styles/ink.jpg'];
  assert.deepEqual(least.filter((file) => !files.includes(file)), []);
  const allowed = /^(LICENSE|README\.md|package\.json|dist\/(pincel[\w-]*\.(mjs|js|wasm|d\.ts)|integrity\.json|models\/(registry\.json|pincel-(painter|classifier)\.tflite|styles\/[\w-]+\.jpg))|js\/(cli\/[\w-]+|[\w-]+)\.mjs|js\/cli\/one-file\/page\.(html|css|js))$/;
  assert.deepEqual(files.filter((file) => !allowed.test(file)), []);
  assert.ok(packed.size < 4_000_000, `${packed.size} bytes`);
});

test('package.json names files that are there, for every way to resolve them', () => {
  const { exports, files, ...description } = JSON.parse(readFileSync(join(place, 'node_modules/pincel/package.json'), 'utf8'));
  const targets = Object.values(exports).flatMap((target) => (typeof target === 'string' ? target : Object.values(target)));
  const named = [...targets.filter((path) => !path.includes('*')), description.main, description.types, description.jsdelivr, description.unpkg, description.bin.pincel];
  assert.deepEqual(named.filter((path) => !existsSync(join(place, 'node_modules/pincel', path))), []);
  for (const target of Object.values(exports).filter((one) => typeof one === 'object')) {
    assert.equal(Object.keys(target)[0], 'types'); // TypeScript takes the first that fits
    assert.equal(Object.keys(target).at(-1), 'default');
  }
  assert.equal(description.dependencies, undefined);
});

test('digests are those of the files', () => {
  const folder = join(place, 'node_modules/pincel/dist'), digests = JSON.parse(readFileSync(join(folder, 'integrity.json'), 'utf8'));
  assert.ok(digests['pincel.js'] && digests['pincel-relaxed.wasm'] && digests['models/pincel-painter.tflite']);
  for (const [file, digest] of Object.entries(digests)) {
    assert.equal(digest, `sha384-${createHash('sha384').update(readFileSync(join(folder, file))).digest('base64')}`, file);
  }
});

test('Node imports it by its names, and finds its files by theirs', () => {
  const script = `
    import { Classifier, version } from 'pincel';
    import { PincelPainter } from 'pincel/elements';
    import { convert } from 'pincel/tools';
    import { work } from './work.mjs';
    const { best, refusal } = await work();
    console.log(JSON.stringify([typeof version, typeof PincelPainter, typeof convert, typeof best, refusal,
      import.meta.resolve('pincel/dist/pincel-relaxed.wasm'), import.meta.resolve('pincel/models/pincel-painter.tflite')]));`;
  const [version, painter, convert, best, refusal, ...addresses] = JSON.parse(execute(process.execPath, ['--input-type=module', '-e', script], place));
  assert.deepEqual([version, painter, convert, best, refusal], ['string', 'function', 'function', 'string', 'type']);
  for (const address of addresses) assert.ok(statSync(fileURLToPath(address)).size > 1000, address);
});

test('npx finds the command, and every command its modules', () => {
  assert.match(execute('npx', ['--no-install', 'pincel', '--help'], place), /Usage: pincel COMMAND/);
  const listed = JSON.parse(execute('npx', ['--no-install', 'pincel', 'list', '--json'], place));
  assert.ok(listed.painter && listed.classifier);
});

for (const [module, resolution] of [['node16', 'node16'], ['nodenext', 'nodenext'], ['esnext', 'bundler']]) {
  test(`TypeScript, moduleResolution ${resolution}`, () => {
    const options = ['--noEmit', '--skipDefaultLibCheck', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--target', 'es2022',
      '--jsx', 'preserve', '--module', module, '--moduleResolution', resolution];
    const compile = (lib, file) => execute(process.execPath, [join(root, 'node_modules/typescript/lib/tsc.js'), ...options, '--lib', lib, file], place);
    assert.equal(compile('es2022,esnext.disposable,dom', 'page.tsx'), '');
    if (resolution !== 'bundler') assert.equal(compile('es2022', 'server.ts'), ''); // without a page's types
  });
}

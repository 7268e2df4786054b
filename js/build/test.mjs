// npm test: builds everything, runs the C tests under the sanitizers, then
// the JavaScript and browser tests.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, cmakeBuild, main } from './build.mjs';
import { root, setUp } from './setup.mjs';

const folders = ['js', 'models', 'golden', 'conformance', 'instructions', 'browser', 'docs'];

/** Node 20 has relaxed SIMD behind a flag. */
export const nodeFlags = parseInt(process.versions.node, 10) < 22 ? ['--experimental-wasm-relaxed-simd'] : [];

/** The C library and its tests, with AddressSanitizer and UndefinedBehaviorSanitizer; returns the folder. */
export const buildSanitized = () => cmakeBuild('native-sanitized', { PCL_SANITIZE: 'ON', PCL_WERROR: 'ON' });

function succeeds(command, parameters) {
  return spawnSync(command, parameters, { cwd: root, stdio: 'inherit' }).status === 0;
}

function testFiles() {
  return folders.map((name) => join(root, 'tests', name)).filter(existsSync)
    .flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('.test.mjs')).sort().map((name) => join(folder, name)));
}

if (process.argv[1] === join(root, 'js/build/test.mjs')) {
  await main(async () => {
    setUp({ tests: true });
    console.log('--- WebAssembly and library');
    await build();
    console.log('--- C tests, sanitized');
    const sanitized = buildSanitized();
    const nativePassed = succeeds('ctest', ['--test-dir', sanitized, '--output-on-failure', '--no-tests=error', '-j', '2']);
    console.log('--- JavaScript and browser tests');
    const scriptsPassed = succeeds(process.execPath, [...nodeFlags, '--test', '--test-reporter=spec', ...testFiles()]);
    if (!nativePassed) console.error('The C tests failed (above).');
    if (!nativePassed || !scriptsPassed) process.exit(1);
  });
}

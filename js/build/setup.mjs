// Finds what a build or a test run needs; installs what is missing where it
// can (npm packages anywhere, system packages on Debian and Ubuntu as root or
// with passwordless sudo), and otherwise says exactly what to install.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const onPath = (program) => process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, program)));
const firstLine = (program, ...parameters) => {
  try {
    return execFileSync(program, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim().split('\n')[0];
  } catch {
    return '';
  }
};

/** A folder with clang and wasm-ld 18 or newer; where js/build/wasm.cmake looks. */
function hasWasmClang() {
  const versioned = existsSync('/usr/lib')
    ? readdirSync('/usr/lib').filter((name) => /^llvm-(1[89]|2[0-2])$/.test(name)).map((name) => `/usr/lib/${name}/bin`) : [];
  const folders = [firstLine('em-config', 'LLVM_ROOT'), join(process.env.EMSDK ?? '/', 'upstream/bin'), ...versioned];
  return folders.some((folder) => folder && existsSync(join(folder, 'wasm-ld')) && existsSync(join(folder, 'llvm-ar'))
    && parseInt(firstLine(join(folder, 'clang'), '-dumpversion'), 10) >= 18);
}

const hasEmscripten = () => {
  const cache = firstLine('em-config', 'CACHE') || join(process.env.EMSDK ?? '/', 'upstream/emscripten/cache');
  return existsSync(join(cache, 'sysroot/lib/wasm32-emscripten/libc.a'));
};
const hasHeader = (name) => ['/usr/include', '/usr/local/include', '/opt/homebrew/include'].some((folder) => existsSync(join(folder, name)));

const needs = [
  { what: 'CMake 3.20 or newer', debian: ['cmake'], present: () => onPath('cmake') },
  { what: 'Ninja', debian: ['ninja-build'], present: () => onPath('ninja') },
  { what: "Emscripten's libc (emsdk 3.1.60 or newer, on the PATH)", debian: ['emscripten'], present: hasEmscripten },
  { what: 'clang, wasm-ld and llvm-ar 18 or newer (emsdk brings them)', debian: ['clang-19', 'lld-19', 'llvm-19'], present: hasWasmClang },
  { what: "stb's headers (stb/stb_image.h)", debian: ['libstb-dev'], present: () => hasHeader('stb/stb_image.h') },
];
const testNeeds = [
  { what: 'a C compiler with sanitizers (gcc or clang)', debian: ['gcc', 'libc6-dev'], present: () => onPath('cc') },
  { what: "SIMDe's headers (simde/wasm/simd128.h)", debian: ['libsimde-dev'], present: () => hasHeader('simde/wasm/simd128.h') },
  { what: 'valgrind, which counts instructions', debian: ['valgrind'], present: () => onPath('valgrind') },
  {
    what: 'Chromium (CHROMIUM=path when it is not /usr/bin/chromium)', debian: ['chromium'],
    present: () => existsSync(process.env.CHROMIUM ?? '/usr/bin/chromium'),
  },
];

/** Tests that want these are skipped, saying so, where they cannot be had: not every system's firefox-esr is a package. */
const testWishes = [
  { what: 'Firefox ESR (FIREFOX=path when it is not /usr/bin/firefox-esr)', debian: ['firefox-esr'], present: () => existsSync(process.env.FIREFOX ?? '/usr/bin/firefox-esr') },
];

/** The command line that makes apt-get run as root; undefined when it cannot. */
function aptGet() {
  if (!onPath('apt-get')) return undefined;
  if (process.getuid() === 0) return ['apt-get'];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n', 'apt-get'] : undefined;
}

function run(command, ...parameters) {
  console.log(`$ ${[command, ...parameters].join(' ')}`);
  execFileSync(command, parameters, { cwd: root, stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
}

function giveUp(missing) {
  const packages = missing.flatMap((need) => need.debian).join(' ');
  console.error(`Missing:\n${missing.map((need) => `  - ${need.what}`).join('\n')}`);
  console.error(onPath('apt-get') ? `Install with: sudo apt-get update && sudo apt-get install ${packages}`
    : 'Install these with your system\'s package manager (Debian and Ubuntu call them: '
      + `${packages}); Emscripten and its clang are best installed as emsdk, see https://emscripten.org.`);
  process.exit(1);
}

/** Tries for what tests can do without; what is not to be had is no failure. */
function wish() {
  for (const { what, debian } of testWishes.filter(({ present }) => !present())) {
    try {
      const [command, ...parameters] = aptGet() ?? [];
      if (!command) throw new Error('it cannot be installed without apt-get as root');
      run(command, ...parameters, 'update', '-q');
      run(command, ...parameters, 'install', '-q', '-y', '--no-install-recommends', ...debian);
    } catch (error) {
      console.log(`Without ${what}: ${error.message}. Its tests will be skipped.`);
    }
  }
}

/** Returns when everything is there; ends the process, with instructions, when it cannot be. */
export function setUp({ tests = false } = {}) {
  if (parseInt(process.versions.node, 10) < 20) {
    console.error(`Node ${process.versions.node} is too old: install Node 20 or newer.`);
    process.exit(1);
  }
  const missingNow = () => [...needs, ...(tests ? testNeeds : [])].filter((need) => !need.present());
  const missing = missingNow();
  if (missing.length) {
    const apt = aptGet();
    if (!apt) giveUp(missing);
    const [command, ...parameters] = apt;
    run(command, ...parameters, 'update', '-q');
    run(command, ...parameters, 'install', '-q', '-y', '--no-install-recommends', ...missing.flatMap((need) => need.debian));
    const still = missingNow();
    if (still.length) giveUp(still);
  }
  if (tests) wish();
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (!Object.keys(devDependencies).every((name) => existsSync(join(root, 'node_modules', name)))) {
    run('npm', 'install', '--no-audit', '--no-fund', '--no-package-lock');
  }
}

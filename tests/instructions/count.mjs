// How many instructions one run of a model takes, counted by valgrind's
// callgrind in the native build with the 128-bit kernels. Unlike a time, the
// count is the same on every machine with the same compiler, so it guards
// against slower code without a clock. `node tests/instructions/count.mjs`
// counts anew and writes counts.json.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cmakeBuild, main } from '../../js/build/build.mjs';
import { root } from '../../js/build/setup.mjs';

const figures = join(root, 'tests/instructions/counts.json');

/** Where a model of counts.json lies: those that ship in models/, others beside the project. */
export const place = (name) => [join(root, 'models', name), join(root, '../shared/zoo', name)].find(existsSync);

/** The counts hold for one compiler on one architecture. */
export const compiler = () => {
  const ask = (...parameters) => execFileSync('cc', parameters, { encoding: 'utf8' }).trim();
  return `${ask('-dumpmachine')} ${ask('-dumpfullversion', '-dumpversion')}`;
};

export const hasValgrind = () => spawnSync('valgrind', ['--version']).status === 0;

export const committed = () => JSON.parse(readFileSync(figures, 'utf8'));

/** The program that runs a model; SSE4.2, as the 128-bit kernels expect of any processor of today. */
export const builtProgram = () => join(cmakeBuild('native-instructions', {
  CMAKE_BUILD_TYPE: 'Release', CMAKE_C_FLAGS: '-march=x86-64-v2',
}), 'tests/run_count');

/** Instructions within pcl_model_run. */
export function count(program, model) {
  const folder = mkdtempSync(join(tmpdir(), 'pincel-'));
  try {
    const { status, stderr } = spawnSync('valgrind', [
      '--tool=callgrind', `--callgrind-out-file=${join(folder, 'out')}`, '--toggle-collect=pcl_model_run', program, model,
    ], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`callgrind failed:\n${stderr}`);
    return Number(stderr.match(/Collected : (\d+)/)[1]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === join(root, 'tests/instructions/count.mjs')) {
  await main(() => {
    const program = builtProgram(), { models } = committed();
    for (const name of Object.keys(models)) if (place(name)) models[name] = count(program, place(name));
    writeFileSync(figures, `${JSON.stringify({ compiler: compiler(), models }, null, 2)}\n`);
    console.log(readFileSync(figures, 'utf8'));
  });
}

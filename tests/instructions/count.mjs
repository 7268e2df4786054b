// How many instructions one run of a model takes, counted by valgrind's
// callgrind in the native build with the 128-bit kernels. Unlike a time, the
// count is the same on every machine with the same compiler, so it guards
// against slower code without a clock. `node tests/instructions/count.mjs`
// counts anew and writes counts.json.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../js/build/build.mjs';
import { root } from '../../js/build/setup.mjs';
import { compilerVersion, nativeBuild } from './native.mjs';

const figures = join(root, 'tests/instructions/counts.json');

const [fileOf, machineOf] = [0, 1].map((part) => (name) => name.split(', ')[part]);

/** Where a model of counts.json lies: those that ship in models/, others beside the project. */
export const place = (name) => ['models', '../shared/zoo'].map((folder) => join(root, folder, fileOf(name))).find(existsSync);

export const hasValgrind = () => spawnSync('valgrind', ['--version']).status === 0;

export const committed = () => JSON.parse(readFileSync(figures, 'utf8'));

/** The program that runs a model. */
export const builtProgram = () => join(nativeBuild(), 'tests/run_count');

/** Instructions within pcl_model_run. @param {string} name of counts.json: a file, or a file and ', pairs' for the
 *  kernels of machines that add products in pairs */
export function count(program, name) {
  const folder = mkdtempSync(join(tmpdir(), 'pincel-'));
  return new Promise((resolve, reject) => {
    const child = spawn('valgrind', [
      '--tool=callgrind', `--callgrind-out-file=${join(folder, 'out')}`, '--toggle-collect=pcl_model_run',
      program, place(name), ...[machineOf(name)].filter(Boolean),
    ], { stdio: ['ignore', 'ignore', 'pipe'] });
    let printed = '';
    child.stderr.on('data', (text) => { printed += text; });
    child.once('error', reject).once('close', (status) => {
      const collected = printed.match(/Collected : (\d+)/);
      if (status === 0 && collected) resolve(Number(collected[1]));
      else reject(new Error(`callgrind failed:\n${printed}`));
    });
  }).finally(() => rmSync(folder, { recursive: true }));
}

/** Counts several models, as many at once as there are processors. @returns {Promise<Map<string, number>>} by name */
export async function countAll(program, names) {
  const waiting = [...names], counts = new Map();
  const work = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) counts.set(name, await count(program, name));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return counts;
}

if (process.argv[1] === join(root, 'tests/instructions/count.mjs')) {
  await main(async () => {
    const { models } = committed();
    Object.assign(models, Object.fromEntries(await countAll(builtProgram(), Object.keys(models).filter(place))));
    writeFileSync(figures, `${JSON.stringify({ compiler: compilerVersion(), models }, null, 2)}\n`);
    console.log(readFileSync(figures, 'utf8'));
  });
}

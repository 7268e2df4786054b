// No model may take more instructions than were committed for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtProgram, committed, countAll, hasValgrind, place } from './count.mjs';
import { compiler, compilerVersion } from './native.mjs';

const { compiler: counted, models } = committed();
const margin = 1.01;

/** Why nothing can be compared here; undefined when it can. */
function obstacle() {
  if (process.arch !== 'x64') return 'the counts are of x86-64';
  if (!hasValgrind()) return 'valgrind is not installed';
  if (!compiler()) return 'the WebAssembly modules, whose compiler is asked for, are not built';
  if (compilerVersion() !== counted) return `counted with ${counted}, not ${compilerVersion()}`;
  return undefined;
}

const missing = obstacle();
const counts = missing ? new Map() : await countAll(builtProgram(), Object.keys(models).filter(place));

for (const [name, figure] of Object.entries(models)) {
  test(`${name} takes no more instructions than committed`, { skip: missing ?? (place(name) ? false : 'the model is not here') }, () => {
    const now = counts.get(name);
    assert.ok(now <= figure * margin, `${now} instructions, ${figure} were committed`);
    if (now < figure / margin) console.log(`${name}: ${now} instructions now; node tests/instructions/count.mjs commits the better figure of ${figure}`);
  });
}

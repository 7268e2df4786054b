// npm run fuzz [-- count seed]: mutated model files through the sanitized C
// library, then through the WebAssembly modules in Node.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, main } from './build.mjs';
import { root, setUp } from './setup.mjs';
import { buildSanitized, nodeFlags } from './test.mjs';

const zoo = join(root, '../shared/zoo'), cases = join(root, '../shared/conformance');
const [count = '800', seed = '1'] = process.argv.slice(2);

function run(command, parameters) {
  const { status, signal } = spawnSync(command, parameters, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} failed (${signal ?? status})`);
}

await main(async () => {
  if (!existsSync(zoo)) {
    console.log('No models to mutate (../shared/zoo is absent).');
    return;
  }
  setUp({ tests: true });
  await build();
  const programs = join(buildSanitized(), 'tests');
  const models = readdirSync(zoo).filter((name) => /\.(tflite|onnx)$/.test(name)).map((name) => join(zoo, name));
  const small = ['onnx_node', 'ort_ops'].flatMap((suite) => readdirSync(join(cases, suite)).map((name) => join(cases, suite, name, 'model.onnx')));
  for (const program of readdirSync(programs).filter((name) => name.endsWith('_fuzz'))) {
    run(join(programs, program), [count, seed, ...models]);
    run(join(programs, program), [String(Math.ceil(count / 20)), seed, ...small]);
  }
  run(process.execPath, [...nodeFlags, 'tests/fuzz/fuzz.mjs', count, seed]);
});

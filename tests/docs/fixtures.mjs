// What the snippets of the documentation find around them: photographs, a
// network as PyTorch would export it, the package, a command named pincel.
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../js/build/setup.mjs';
import { buildONNX } from '../js/onnx.mjs';

const samples = join(root, 'web/samples');
const constant = (name, shape, values) => ({ name, shape, data: Float32Array.from(values) });
const eye = (gain) => [gain, 0, 0, 0, gain, 0, 0, 0, gain];

/** Three classes: how red, green and blue a photograph is. */
const colours = () => buildONNX({
  inputs: [{ name: 'photo', shape: [1, 3, 32, 32] }], outputs: [{ name: 'scores', shape: [1, 3] }],
  initializers: [constant('kernel', [3, 3, 1, 1], eye(1)), constant('gain', [3, 3], eye(12)), constant('bias', [3], [0, 0, 0])],
  nodes: [
    { op: 'Conv', inputs: ['photo', 'kernel'], outputs: ['seen'], attributes: { kernel_shape: [1, 1] } },
    { op: 'Relu', inputs: ['seen'], outputs: ['positive'] },
    { op: 'GlobalAveragePool', inputs: ['positive'], outputs: ['mean'] },
    { op: 'Flatten', inputs: ['mean'], outputs: ['flat'] },
    { op: 'Gemm', inputs: ['flat', 'gain', 'bias'], outputs: ['logits'] },
    { op: 'Softmax', inputs: ['logits'], outputs: ['scores'], attributes: { axis: 1 } },
  ],
});

/** A folder with all of it; `remove` takes it away. */
export function makeFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'pincel-docs-'));
  const at = (...names) => join(folder, ...names);
  for (const name of ['photos', 'bin', 'public', 'node_modules']) mkdirSync(at(name));
  const photographs = readdirSync(samples).filter((name) => /^(cat|coffee|rocket|raccoon)\.jpg$/.test(name));
  for (const name of photographs) copyFileSync(join(samples, name), at('photos', name));
  for (const name of ['photo.jpg', 'cat.jpg']) copyFileSync(join(samples, 'cat.jpg'), at(name));
  copyFileSync(join(samples, 'style-waves.jpg'), at('painting.jpg'));
  writeFileSync(at('labels.txt'), 'something red\nsomething green\nsomething blue\n');
  writeFileSync(at('model.onnx'), colours());
  symlinkSync(join(root, 'dist'), at('dist'));
  symlinkSync(root, at('node_modules/pincel'));
  writeFileSync(at('bin/pincel'), `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'js/cli/main.mjs')}" "$@"\n`);
  chmodSync(at('bin/pincel'), 0o755);
  return { folder, at, remove: () => rmSync(folder, { recursive: true }) };
}

/** The environment of programs that run in the folder. */
export const environment = ({ at }) => ({ ...process.env, PATH: `${at('bin')}:${join(root, 'node_modules/.bin')}:${process.env.PATH}`, PINCEL_CACHE: at('cache'), NODE_OPTIONS: '' });

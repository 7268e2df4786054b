// The command line, as a person or a script sees it: every command is spawned.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodePNG, readPicture, version } from '../../dist/pincel.mjs';
import { serve } from '../../js/build/serve.mjs';
import { Progress, formatBytes, formatCount } from '../../js/cli/terminal.mjs';
import { absolute, photo, skip, zoo } from './samples.mjs';
import { SAME, buildModel } from './tflite.mjs';

const program = fileURLToPath(new URL('../../js/cli/main.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pincel-cli-'));
const at = (...names) => join(folder, ...names);
after(() => rmSync(folder, { recursive: true }));

/** Runs `pincel …`: {code, out, err}. */
function pincel(...args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { cwd: folder, env: { ...process.env, PINCEL_CACHE: at('cache'), NODE_OPTIONS: '' } });
    const texts = { out: '', err: '' };
    child.stdout.on('data', (data) => { texts.out += data; });
    child.stderr.on('data', (data) => { texts.err += data; });
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

async function json(...args) {
  const { code, out, err } = await pincel(...args, '--json');
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

/** One line that says what went wrong and what to do, and nothing on standard output. */
async function fails(code, pattern, ...args) {
  const result = await pincel(...args);
  assert.equal(result.code, code, `${result.out}${result.err}`);
  assert.match(result.err, /^pincel: [^\n]+\n$/);
  assert.match(result.err, pattern);
  assert.equal(result.out, '');
}

const float = (name, shape) => ({ name, dtype: 'float32', shape });

/** Scores that are the means of red, green and blue; `gain` times. */
const means = (gain = 1) => buildModel({
  tensors: [
    float('picture', [1, 4, 4, 3]), float('mean', [1, 3]), float('scores', [1, 3]),
    { name: 'axes', dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) }, { ...float('gain', [1]), data: Float32Array.of(gain) },
  ],
  inputs: ['picture'], outputs: ['scores'],
  nodes: [{ op: 'MEAN', inputs: ['picture', 'axes'], outputs: ['mean'], options: { keepDims: false } }, { op: 'MUL', inputs: ['mean', 'gain'], outputs: ['scores'] }],
});

/** A picture plus a colour, which is the style. */
const tints = () => buildModel({
  tensors: [
    float('photo', [1, 64, 64, 3]), float('style', [1, 3]), float('painting', [1, 64, 64, 3]), float('tint', [1, 1, 1, 3]),
    { name: 'shape', dtype: 'int32', shape: [4], data: Int32Array.of(1, 1, 1, 3) },
  ],
  inputs: ['photo', 'style'], outputs: ['painting'],
  nodes: [
    { op: 'RESHAPE', inputs: ['style', 'shape'], outputs: ['tint'], options: { newShape: [1, 1, 1, 3] } },
    { op: 'ADD', inputs: ['photo', 'tint'], outputs: ['painting'] },
  ],
});

/** Paints a photograph as it is. */
const mirrorOf = () => buildModel({
  tensors: [float('x', [1, 64, 64, 3]), float('y', [1, 64, 64, 3])], inputs: ['x'], outputs: ['y'], nodes: [{ op: 'ABS', inputs: ['x'], outputs: ['y'] }],
});

const plain = (red, green, blue, width = 8, height = 8) => ({ data: Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => [red, green, blue, 255][i % 4]), width, height });

writeFileSync(at('means.tflite'), means());
writeFileSync(at('double.tflite'), means(2));
writeFileSync(at('tints.tflite'), tints());
writeFileSync(at('same.tflite'), mirrorOf());
writeFileSync(at('broken.tflite'), absolute().slice(0, 100));
writeFileSync(at('labels.txt'), 'red\ngreen\nblue\n');
mkdirSync(at('photos'));
writeFileSync(at('photos', 'grass.png'), await encodePNG(plain(20, 200, 40, 64, 32)));
writeFileSync(at('photos', 'sky.png'), await encodePNG(plain(20, 40, 200, 32, 64)));
writeFileSync(at('photos', 'notes.txt'), 'no picture');
mkdirSync(at('empty'));

test('help and version', async () => {
  assert.deepEqual(await pincel('--version'), { code: 0, out: `${version}\n`, err: '' });
  const { code, out } = await pincel('--help');
  assert.equal(code, 0);
  const names = [...out.matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name]) => name);
  assert.ok(names.length >= 6, out);
  for (const name of names) {
    const help = await pincel(name, '--help');
    assert.deepEqual([help.code, help.err], [0, '']);
    assert.match(help.out, new RegExp(`^Usage: pincel ${name}`));
    assert.deepEqual(await pincel('help', name), help);
    assert.ok(Math.max(...help.out.split('\n').map(({ length }) => length)) <= 110, `${name}'s lines are too long`);
  }
});

test('a wrong command line', async () => {
  await fails(2, /No command/);
  await fails(2, /no command 'paint'.*inspect/, 'paint');
  await fails(2, /needs more arguments.*Usage: pincel inspect MODEL/, 'inspect');
  await fails(2, /no 'b'/, 'inspect', 'a', 'b');
  await fails(2, /--colour.*--help/, 'list', '--colour');
  await fails(2, /--threads is 'many'.*1 to 64/, 'bench', 'means.tflite', '--threads', 'many');
  await fails(2, /--shape is 'x'/, 'inspect', 'means.tflite', '--shape', 'x');
  await fails(2, /--simd is 'mmx'/, 'inspect', 'means.tflite', '--simd', 'mmx');
  await fails(2, /--mean is 'a,b'/, 'run', 'means.tflite', 'photos', '--mean', 'a,b');
});

test('what is not there, or is not what it should be', async () => {
  await fails(1, /no file nothing\.tflite/, 'inspect', 'nothing.tflite');
  await fails(1, /no model of that name.*pincel list/, 'inspect', 'nothing');
  await fails(1, /damaged/, 'inspect', 'broken.tflite');
  await fails(1, /no file nothing\.jpg/, 'run', 'means.tflite', 'nothing.jpg');
  await fails(2, /no pictures in empty/, 'run', 'means.tflite', 'empty');
});

test('inspect', async () => {
  const { code, out } = await pincel('inspect', 'means.tflite', '--nodes');
  assert.equal(code, 0);
  for (const pattern of [/^means\.tflite .* runs here$/m, /^input +picture +float32 +1 x 4 x 4 x 3$/m, /^output +scores +float32 +1 x 3$/m, /1 +MEAN$/m, /^memory /m, /^0 +MEAN +1 x 3 +mean$/m]) assert.match(out, pattern);
  assert.doesNotMatch(out, /\x1b/, 'no colours in a pipe');
  const found = await json('inspect', 'same.tflite', '--shape', 'x=1,100,50,3');
  assert.deepEqual([found.supported, found.outputs[0].shape, found.bytes], [true, [1, 100, 50, 3], mirrorOf().length]);
});

test('inspect: everything that is unsupported, with names, and exit code 1', async () => {
  writeFileSync(at('strange.tflite'), buildModel({
    tensors: ['a', 'b', 'c'].map((name) => float(name, [4])), inputs: ['a'], outputs: ['c'],
    nodes: [{ op: 'CUSTOM', customCode: 'Mystery', inputs: ['a'], outputs: ['b'] }, { op: 'LSTM', inputs: ['b'], outputs: ['c'] }],
  }));
  const { code, out } = await pincel('inspect', 'strange.tflite');
  assert.equal(code, 1);
  assert.match(out, /does not run here/);
  assert.match(out, /Mystery.*unsupported +b$/m);
  assert.match(out, /LSTM.*unsupported +c$/m);
});

test('run: classifies a file and a folder', async () => {
  const { code, out } = await pincel('run', 'means.tflite', 'photos/grass.png', '--labels', 'labels.txt', '--range', '0..1', '--top', '2');
  assert.deepEqual([code, out], [0, 'photos/grass.png\n  78.4 %  green\n  15.7 %  blue\n']);
  const unsure = await pincel('run', 'means.tflite', 'photos/grass.png', '--range', '0..1', '--top', '1', '--threshold', '0.9');
  assert.deepEqual([unsure.code, unsure.out], [0, 'photos/grass.png  unsure\n  78.4 %  class 1\n']);
  const results = await json('run', 'means.tflite', 'photos', '--labels', 'labels.txt', '--range', '0..1');
  assert.deepEqual(results.map(({ input, classes }) => [input, classes[0].label]), [['photos/grass.png', 'green'], ['photos/sky.png', 'blue']]);
  const [swapped] = await json('run', 'means.tflite', 'photos/sky.png', '--labels', 'labels.txt', '--mean', '0,0,0', '--std', '255,255,255', '--bgr');
  assert.equal(swapped.classes[0].label, 'red');
  await fails(2, /--style is not for classification/, 'run', 'means.tflite', 'photos', '--style', 'ink');
});

test('run: a picture that cannot be read does not stop the others', async () => {
  const { code, out, err } = await pincel('run', 'means.tflite', 'photos/notes.txt', 'photos/sky.png');
  assert.equal(code, 1);
  assert.match(err, /^pincel: photos\/notes\.txt: .*Hint: .*\n$/);
  assert.match(out, /^photos\/sky\.png\n/);
});

const pixelOf = async (path) => [...(await readPicture(path)).data.slice(0, 3)];

test('run: paints files and folders', async () => {
  const { code, out } = await pincel('run', 'same.tflite', 'photos', '--size', '64', '--out', 'painted');
  assert.equal(code, 0);
  assert.match(out, /^photos\/grass\.png -> painted\/grass-painted\.png {2}64 x 32, \d+ ms\n/);
  assert.deepEqual(readdirSync(at('painted')), ['grass-painted.png', 'sky-painted.png']);
  assert.deepEqual(await pixelOf(at('painted', 'grass-painted.png')), [20, 200, 40]);
  const [large] = await json('run', 'same.tflite', 'photos/sky.png', '--size', '32', '--enlarge', '-o', 'one.png');
  assert.deepEqual([large.file, large.width, large.height], ['one.png', 32, 64]);
  assert.ok(existsSync(at('one.png')));
});

test('run: styles by number and mixture, and strength', async () => {
  const paint = async (...args) => {
    await json('run', 'tints.tflite', 'photos/grass.png', '--size', '64', '-o', 'tinted.png', ...args);
    return pixelOf(at('tinted.png'));
  };
  assert.deepEqual(await paint('--style', '0'), [255, 200, 40]);
  assert.deepEqual(await paint('--style', '0=3,2=1'), [211, 200, 104]);
  assert.deepEqual(await paint('--style', '0', '--strength', '0'), [20, 200, 40]);
  await fails(2, /Which style\?/, 'run', 'tints.tflite', 'photos');
  await fails(1, /no style '7'/, 'run', 'tints.tflite', 'photos/sky.png', '--style', '7');
  await fails(2, /--strength is '2'/, 'run', 'tints.tflite', 'photos', '--style', '0', '--strength', '2');
  await fails(2, /style built in/, 'run', 'same.tflite', 'photos', '--style', '0');
  await fails(2, /PNG/, 'run', 'same.tflite', 'photos', '-o', 'x.jpg');
  await fails(2, /one file/, 'run', 'same.tflite', 'photos', '-o', 'x.png');
  await fails(2, /painted over/, 'run', 'same.tflite', 'photos/sky.png', '-o', 'photos/sky.png');
  await fails(2, /--labels is not for style/, 'run', 'same.tflite', 'photos', '--labels', 'labels.txt');
});

test('bench', async () => {
  const { code, out } = await pincel('bench', 'means.tflite', '--runs', '5', '--threads', '1', '--simd', 'simd128', '--profile');
  assert.equal(code, 0);
  assert.match(out, /^means\.tflite {2}simd128, 1 thread\n/);
  assert.match(out, /the median of 5 runs/);
  assert.match(out, /^ +0 +MEAN +\d+\.\d{3} /m);
  const { ms, steps, info } = await json('bench', 'means.tflite', '--runs', '4', '--threads', '1');
  assert.ok(ms.least > 0 && ms.least <= ms.median && ms.median <= ms.greatest && ms.runs === 4);
  assert.equal(steps.length, info.steps);
});

const convolution = (from, to) => ({ op: 'CONV_2D', inputs: [from, 'w', 'b'], outputs: [to], options: { padding: SAME, strideW: 1, strideH: 1 } });

/** A photograph through three 1x1 convolutions that nearly keep its colours. */
const nearlySame = (side = 32) => buildModel({
  tensors: [
    ...['x', 'one', 'two', 'y'].map((name) => float(name, [1, side, side, 3])),
    { ...float('w', [3, 1, 1, 3]), data: Float32Array.of(0.96, 0.02, 0.02, 0.02, 0.96, 0.02, 0.02, 0.02, 0.96) }, { ...float('b', [3]), data: new Float32Array(3) },
  ],
  inputs: ['x'], outputs: ['y'], nodes: [convolution('x', 'one'), convolution('one', 'two'), convolution('two', 'y')],
});

/** The same, and the mean of each colour as scores. */
const colourMeans = () => buildModel({
  tensors: [
    float('x', [1, 32, 32, 3]), float('y', [1, 32, 32, 3]), float('scores', [1, 3]), { name: 'axes', dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) },
    { ...float('w', [3, 1, 1, 3]), data: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) }, { ...float('b', [3]), data: new Float32Array(3) },
  ],
  inputs: ['x'], outputs: ['scores'],
  nodes: [
    convolution('x', 'y'),
    { op: 'MEAN', inputs: ['y', 'axes'], outputs: ['scores'], options: { keepDims: false } },
  ],
});

writeFileSync(at('colours.tflite'), colourMeans());
writeFileSync(at('paints.tflite'), nearlySame(64));

test('convert: the same model again, and in half precision with its labels', async () => {
  const again = await json('convert', 'colours.tflite', '--range', '0..1', '-o', 'again.tflite');
  assert.deepEqual([again.file, again.bytes], ['again.tflite', readFileSync(at('again.tflite')).length]);
  assert.equal((await json('verify', 'again.tflite', 'colours.tflite')).all.maxError, 0);
  const { code, out } = await pincel('convert', 'colours.tflite', '--weights', 'float16', '--range', '0..1', '--labels', 'labels.txt');
  assert.deepEqual([code, out.split('  ')[0]], [0, 'colours.tflite -> colours-float16.tflite']);
  const [{ classes }] = await json('run', 'colours-float16.tflite', 'photos/sky.png');
  assert.deepEqual([classes[0].label, classes[0].score.toFixed(2)], ['blue', '0.78'], 'it says how it wants its pictures and what its classes are called');
  await json('convert', 'colours-float16.tflite', '-o', 'same-labels.tflite');
  const [same] = await json('run', 'same-labels.tflite', 'photos/sky.png');
  assert.deepEqual(same.classes, classes, 'what the file says of itself stays');
  await fails(2, /--weights is 'int4'/, 'convert', 'colours.tflite', '--weights', 'int4');
  await fails(2, /written over/, 'convert', 'colours.tflite');
  await fails(2, /as \.tflite/, 'convert', 'colours.tflite', '-o', 'x.onnx');
});

test('quantize: a painter, with a report', async () => {
  const made = await json('quantize', 'paints.tflite', '--calibrate', 'photos', '--range', '0..1', '--report', 'report.html');
  assert.deepEqual([made.file, made.mode, made.pictures, made.budgetHolds], ['paints-int8.tflite', 'int8', 2, true]);
  assert.ok(made.psnr >= 30 && made.ms.after > 0, `${made.psnr} dB`);
  assert.match((await json('inspect', 'paints-int8.tflite')).inputs[0].dtype, /^u?int8$/);
  await json('run', 'paints-int8.tflite', 'photos/grass.png', '-o', 'eight.png');
  for (const [i, value] of (await pixelOf(at('eight.png'))).entries()) assert.ok(Math.abs(value - [31, 181, 48][i]) <= 4, `${value}`);
  const page = readFileSync(at('report.html'), 'utf8');
  for (const piece of ['paints.tflite in int8', 'Before and after', 'PSNR of the pictures', '<svg', 'grass.png', 'photograph']) assert.ok(page.includes(piece), piece);
  assert.equal(page.match(/<img /g).length, 6);
});

test('convert: a model that is quantised already gets labels, and keeps its bytes', async () => {
  await json('quantize', 'colours.tflite', '-c', 'photos', '--range', '0..1', '-o', 'eight.tflite');
  await json('convert', 'eight.tflite', '--labels', 'labels.txt', '-o', 'eight-labels.tflite');
  assert.equal((await json('verify', 'eight-labels.tflite', 'eight.tflite')).all.maxError, 0);
  const [{ classes }] = await json('run', 'eight-labels.tflite', 'photos/sky.png');
  assert.equal(classes[0].label, 'blue', 'and it still knows how it wants its pictures');
  await json('convert', 'eight.tflite', '--range=-1..1', '--labels', 'labels.txt', '-o', 'eight-signed.tflite');
  const [{ classes: [signed] }] = await json('run', 'eight-signed.tflite', 'photos/sky.png');
  assert.ok(signed.label === 'blue' && signed.score < classes[0].score, 'the new range is said in place of the old');
});

test('quantize: a classifier, a budget that cannot hold, and what is missing', async () => {
  const { code, out } = await pincel('quantize', 'colours.tflite', '-c', 'photos', '--range', '0..1', '--labels', 'labels.txt', '--report', 'classes.html');
  assert.equal(code, 0, out);
  assert.match(out, /^pictures with the same best class +100\.0 %$/m);
  const [{ classes }] = await json('run', 'colours-int8.tflite', 'photos/sky.png');
  assert.equal(classes[0].label, 'blue');
  assert.match(readFileSync(at('classes.html'), 'utf8'), /before: class 2, 7\d\.\d %; after: blue, 7\d\.\d %/);
  const failing = await pincel('quantize', 'paints.tflite', '-c', 'photos', '--range', '0..1', '--psnr', '99', '-o', 'strict.tflite');
  assert.equal(failing.code, 1);
  assert.match(failing.out, /The budget does not hold\.$/m);
  await fails(2, /needs pictures/, 'quantize', 'paints.tflite');
  await fails(2, /--mode is 'int4'/, 'quantize', 'paints.tflite', '--mode', 'int4');
  await fails(2, /--psnr is 'much'/, 'quantize', 'paints.tflite', '-c', 'photos', '--psnr', 'much');
});

function writeGolden(name, outputs) {
  writeFileSync(at('in.bin'), new Uint8Array(Float32Array.from({ length: 48 }, (_, i) => i % 3).buffer));
  writeFileSync(at(`${name}.bin`), new Uint8Array(Float32Array.from(outputs).buffer));
  writeFileSync(at(`${name}.json`), JSON.stringify({ cases: [{
    name: 'steps', inputs: [{ name: 'picture', file: 'in.bin', dtype: 'float32' }], outputs: [{ name: 'scores', file: `${name}.bin`, dtype: 'float32' }],
  }] }));
}

test('verify: against a golden file', async () => {
  writeGolden('right', [0, 1, 2]);
  writeGolden('wrong', [0, 1, 2.5]);
  writeGolden('short', [0, 1]);
  const { code, out } = await pincel('verify', 'means.tflite', 'right.json');
  assert.equal(code, 0);
  assert.match(out, /^steps: scores +0 +same +1\.000000\npassed$/m);
  const differing = await pincel('verify', 'means.tflite', 'wrong.json', '--json');
  assert.equal(differing.code, 1);
  const { results: [{ maxError, psnr, cosine, passed }] } = JSON.parse(differing.out);
  assert.deepEqual([maxError, passed], [0.5, false]);
  assert.ok(Math.abs(psnr - 10 * Math.log10(2.5 ** 2 / (0.25 / 3))) < 1e-9 && Math.abs(cosine - 6 / Math.sqrt(5 * 7.25)) < 1e-9);
  assert.equal((await pincel('verify', 'means.tflite', 'wrong.json', '--tolerance', '0.6')).code, 0);
  await fails(1, /2 elements|recorded are 2/, 'verify', 'means.tflite', 'short.json');
  writeFileSync(at('none.json'), '{}');
  await fails(1, /no golden file/, 'verify', 'means.tflite', 'none.json');
});

test('verify: against another model, on noise and on pictures', async () => {
  assert.equal((await json('verify', 'means.tflite', 'means.tflite')).all.maxError, 0);
  const { all } = await json('verify', 'means.tflite', 'double.tflite');
  assert.ok(all.maxError > 0.2 && all.cosine > 0.9999);
  const pictures = await json('verify', 'means.tflite', 'double.tflite', '--pictures', 'photos', '--range', '0..1', '--agreement', '100');
  assert.deepEqual([pictures.all.agreement, pictures.results.length, pictures.passed], [100, 2, true]);
  assert.ok(Math.abs(pictures.all.maxError - 200 / 255) < 1e-5);
  assert.equal((await pincel('verify', 'means.tflite', 'double.tflite', '--pictures', 'photos', '--tolerance', '0.1')).code, 1);
  const painted = await json('verify', 'same.tflite', 'same.tflite', '--pictures', 'photos');
  assert.equal(painted.all.maxError, 0);
  await fails(2, /Against what/, 'verify', 'means.tflite');
  await fails(2, /compares two models/, 'verify', 'means.tflite', '--pictures', 'photos');
});

test('list', async () => {
  const models = await json('list');
  assert.ok(models['mobilenet-v2'] && models.magenta.files.predict);
  const { out } = await pincel('list');
  assert.equal(out.trim().split('\n').length, Object.keys(models).length + 1);
  assert.match(out, /^mobilenet-v2 +classification +4\.07 MB +publisher +Apache-2\.0/m);
});

test('pull, verify and run by name, from a mirror', { skip }, async () => {
  const server = await serve({ port: 0, mounts: { '/': fileURLToPath(zoo('')) } }), mirror = ['--mirror', server.origin];
  try {
    const files = await json('pull', 'mobilenet-v1-025-128', 'magenta', ...mirror);
    assert.deepEqual(files.map(({ file, wasKept }) => [file, wasKept]), [
      ['mobilenet_v1_025_128_uint8.tflite', false], ['imagenet1001.txt', false], ['magenta_predict_int8.tflite', false], ['magenta_transfer_int8.tflite', false],
    ]);
    for (const { path, bytes } of files) assert.ok(path.startsWith(at('cache')) && readFileSync(path).length === bytes);
    await server.close();
    assert.match((await pincel('pull', 'magenta', '--to', 'copies')).out, /magenta_predict_int8\.tflite +2\.83 MB +written +copies\/magenta_predict/);
    assert.deepEqual(readdirSync(at('copies')), ['magenta_predict_int8.tflite', 'magenta_transfer_int8.tflite']);
    const { code, out } = await pincel('verify', 'magenta');
    assert.deepEqual([code, out.match(/^same/gm).length], [0, 2]);
    const [{ classes }] = await json('run', 'mobilenet-v1-025-128', fileURLToPath(photo('photos/parrot.jpg')));
    assert.equal(classes[0].label, 'macaw');
    const [painting] = await json('run', 'magenta', 'photos/grass.png', '--style', fileURLToPath(photo('paintings/great_wave.jpg')), '--size', '128');
    assert.deepEqual([painting.file, painting.width, painting.height], ['grass-great_wave.png', 128, 64]);
    assert.ok(existsSync(at('grass-great_wave.png')));
    const [byFile] = await json('run', 'copies/magenta_transfer_int8.tflite', '--predict', 'copies/magenta_predict_int8.tflite', 'photos/grass.png', '--style', 'photos/sky.png', '--size', '64');
    assert.equal(byFile.file, 'grass-sky.png');
    await fails(1, /HTTP|fetch/, 'pull', 'resnet8', ...mirror);
    await fails(1, /no model 'nothing'/, 'pull', 'nothing');
    await fails(2, /detection/, 'run', 'face-detection', 'photos');
  } finally {
    await server.close().catch(() => {});
  }
});

test('a bar where there is a terminal, nothing where there is none', () => {
  const written = [], stream = (isTTY) => ({ isTTY, columns: 60, write: (text) => written.push(text) });
  const silent = new Progress('work', stream(false));
  silent.update(1, 2);
  silent.end();
  assert.deepEqual(written, []);
  const bar = new Progress('work', stream(true));
  bar.update(1, 2, 'a.jpg');
  bar.update(2, 2, 'b.jpg');
  bar.end();
  assert.match(written[0], /work \[#{12}\.{12}\] {2}50 % a\.jpg$/);
  assert.match(written[1], /work \[#{24}\] 100 % b\.jpg$/);
  assert.equal(written[2], '\r\x1b[K');
});

test('sizes and counts as people write them', () => {
  assert.deepEqual([0, 999, 1000, 4070174, 2e9].map(formatBytes), ['0 bytes', '999 bytes', '1.00 kB', '4.07 MB', '2.00 GB']);
  assert.deepEqual([12, 1500, 300774272, 20.4e9].map(formatCount), ['12', '1.5 k', '301 M', '20.4 G']);
});

// pincel bench: how fast a model runs here.
import { probeInputs } from '../probe.mjs';
import { engineOptions, loadOptions, numberOf, shapesOf } from './arguments.mjs';
import { pincel } from './library.mjs';
import { modelSource, withBar } from './sources.mjs';
import { Progress, colours, formatBytes, formatCount, formatShape, print, printJSON, table } from './terminal.mjs';

const usualRuns = 30, warmUps = 3;

const median = (sorted) => (sorted[sorted.length - 1 >> 1] + sorted[sorted.length >> 1]) / 2;

/** Milliseconds of each of `runs` runs, after some to warm up. */
export async function timeRuns(model, inputs, runs, onRun) {
  const times = [];
  for (let i = -warmUps; i < runs; i++) {
    const start = performance.now();
    await model.run(inputs);
    if (i >= 0) times.push(performance.now() - start);
    onRun?.(i + 1, runs);
  }
  times.sort((a, b) => a - b);
  return { median: median(times), least: times[0], greatest: times.at(-1), runs };
}

/** Sums of steps by operator, the longest first. */
function byOperator(steps) {
  const sums = new Map();
  for (const { op, ms, macs } of steps) {
    const sum = sums.get(op) ?? { op, count: 0, ms: 0, macs: 0 };
    sums.set(op, { op, count: sum.count + 1, ms: sum.ms + ms, macs: sum.macs + macs });
  }
  return [...sums.values()].sort((a, b) => b.ms - a.ms);
}

const rate = (macs, ms) => (macs && ms ? (macs / ms / 1e6).toFixed(1) : '');
const share = (ms, total) => `${(100 * ms / total).toFixed(1)} %`;

function stepTable(steps, total) {
  return table([
    ['STEP', 'OPERATOR', 'MS', 'SHARE', 'GMAC/S', 'SHAPE', 'NAME'],
    ...steps.map(({ step, op, ms, macs, shape, name }) => [step, op, ms.toFixed(3), share(ms, total), rate(macs, ms), formatShape(shape), name]),
  ], { right: [0, 2, 3, 4] });
}

function operatorTable(operators, total) {
  return table([
    ['STEPS', 'OPERATOR', 'MS', 'SHARE', 'GMAC/S'],
    ...operators.map(({ count, op, ms, macs }) => [count, op, ms.toFixed(3), share(ms, total), rate(macs, ms)]),
  ], { right: [0, 2, 3, 4] });
}

function report({ model, info, ms, gmacs, steps }, { profile }) {
  const { bold } = colours(), total = steps.reduce((sum, step) => sum + step.ms, 0);
  return [
    `${bold(model)}  ${info.simd}, ${info.threads} ${info.threads === 1 ? 'thread' : 'threads'}${info.why ? ` (${info.why})` : ''}`,
    table([
      ['time', `${bold(ms.median.toFixed(2))} ms, the median of ${ms.runs} runs (${ms.least.toFixed(2)} to ${ms.greatest.toFixed(2)})`],
      ['work', `${formatCount(info.macs)} multiply-accumulates, ${gmacs.toFixed(1)} G a second`],
      ['memory', `weights ${formatBytes(info.weightBytes)}, activations ${formatBytes(info.arenaBytes)}`],
    ]),
    profile ? stepTable(steps, total) : operatorTable(byOperator(steps), total),
  ].join('\n\n');
}

export const bench = {
  name: 'bench',
  summary: 'time a model, as a whole and step by step',
  parameters: 'MODEL',
  count: [1, 1],
  about: `Runs a model on noise and prints the median time, multiply-accumulates a second and
what each operator takes. Quiet machines give the best numbers.`,
  options: {
    runs: { type: 'string', short: 'n', value: 'N', help: `how often to run (default: ${usualRuns})` },
    profile: { type: 'boolean', help: 'every step of the run instead of sums by operator' },
    shape: { type: 'string', multiple: true, value: 'NAME=DIMS', help: 'for another input shape' },
    ...engineOptions,
  },
  examples: ['pincel bench mobilenet-v2', 'pincel bench model.tflite --threads 1 --simd simd128 --profile'],

  async run([name], values) {
    const runs = numberOf(values, 'runs', { least: 1, most: 100000, isWhole: true }) ?? usualRuns;
    const source = await modelSource(name), options = { ...loadOptions(values), shapes: shapesOf(values) };
    const model = await withBar(name, options, (more) => pincel.Model.load(source, more));
    const bar = new Progress(name);
    try {
      const inputs = probeInputs(model.inputs);
      const ms = await timeRuns(model, inputs, runs, (done, total) => bar.update(Math.max(0, done), total));
      const steps = await model.profile(inputs, { runs: Math.min(runs, 20) });
      bar.end();
      const result = { model: name, info: model.info, ms, gmacs: model.info.macs / ms.median / 1e6, steps };
      return values.json ? printJSON(result) : print(report(result, values));
    } finally {
      bar.end();
      model.dispose();
    }
  },
};

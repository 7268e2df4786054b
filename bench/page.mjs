// The page's half of the benchmark: loads contenders, compares their answers, times bursts of runs. run.mjs drives it
// through window.bench and decides whose turn it is.
import { probeInputs } from '/js/probe.mjs';
import { probeCores, timedLoop } from './quiet.mjs';
import { median } from './report.mjs';

const contenders = [];
let probe;

const arrays = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array, int8: Int8Array };

/** The inputs of a golden case, the same bytes for every contender. */
async function goldenInputs(golden) {
  const folder = `/goldens/${golden}/`, index = await (await fetch(`${folder}index.json`)).json();
  return Promise.all(index.cases[0].inputs.map(async ({ file, dtype, shape }) => (
    { dtype, shape, data: new arrays[dtype](await (await fetch(folder + file)).arrayBuffer()) })));
}

const indexOfGreatest = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

/** Greatest and root mean square difference of two lists of outputs, of the greatest value of the first, and what
 *  classes they name. */
function compare(ours, theirs) {
  let difference = 0, scale = 1e-9, squares = 0, count = 0;
  ours.forEach((values, o) => {
    if (values.length !== theirs[o]?.length) throw new Error(`Output ${o} has ${values.length} values here, ${theirs[o]?.length} there.`);
    values.forEach((value, i) => {
      scale = Math.max(scale, Math.abs(value));
      const apart = Math.abs(value - theirs[o][i]);
      difference = apart <= difference ? difference : apart; // NaN stays
      squares += apart ** 2;
    });
    count += values.length;
  });
  return { difference: difference / scale, rms: Math.sqrt(squares / count) / scale, classes: [ours, theirs].map(([scores]) => indexOfGreatest(scores)) };
}

async function timesOf(contender, milliseconds) {
  const times = [], end = performance.now() + milliseconds;
  do {
    const start = performance.now();
    await contender.run();
    times.push(performance.now() - start);
  } while (performance.now() < end);
  return times;
}

window.bench = {
  /** Loads contenders [{module, options}] of a model and runs each once on the same input. */
  async load({ list, model, golden, threads }) {
    const inputs = golden && await goldenInputs(golden);
    for (const { module, options } of list) {
      const { load } = await import(`./contenders/${module}.mjs`);
      const contender = await load(model, { threads, inputs, probeInputs, ...options });
      await contender.run();
      contenders.push(contender);
    }
    return contenders.map(({ info }) => info);
  },

  /** How far the others' outputs are from the first's. */
  compare: () => contenders.slice(1).map((other) => compare(contenders[0].outputs(), other.outputs())),

  outputsOf: (index) => contenders[index].outputs().map((values) => Array.from(values)),

  /** Before bursts. bytes: a module of peaks.mjs. */
  async watchMachine(bytes, threads) { probe = await probeCores(bytes, threads); },

  /** Runs for about so many milliseconds, at least once: the median of a run, and how the machine was before and after.
   *  Before them, runs that do not count. */
  async burst(index, milliseconds, leadIn) {
    if (leadIn) await timesOf(contenders[index], leadIn);
    const before = await probe(), times = await timesOf(contenders[index], milliseconds);
    return { time: median(times), unrest: Math.max(before, await probe()) };
  },

  /** A vector instruction's best rate in G MAC/s; bytes: a module of peaks.mjs. */
  peak(bytes, macsPerTurn) {
    const time = timedLoop(bytes);
    let turns = 1000, best = 0;
    for (let round = 0; round < 60; round++) {
      const took = time(turns);
      if (took < 3) turns *= 2; else best = Math.max(best, turns * macsPerTurn / took / 1e6);
    }
    return best;
  },

  dispose: (index) => contenders[index].dispose(),
};

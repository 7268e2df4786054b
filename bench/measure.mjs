// One row at one number of threads: loads both sides, checks that they answer alike, times them in turns.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPage, timeFirstAnswer } from './browsers.mjs';
import { startNative } from './native.mjs';
import { probeInputs } from '../js/probe.mjs';
import { root } from '../js/build/setup.mjs';

const zoo = join(root, '../shared/zoo');

/** Where a row's model lies and where the page finds it; undefined when it is not here. */
export function placeOf({ kind, model }) {
  if (kind === 'painter') return { address: 'pincel:painter' };
  for (const [folder, prefix] of [[join(root, 'models'), '/models/'], [zoo, '/zoo/']]) {
    if (existsSync(join(folder, model))) return { file: join(folder, model), address: prefix + model };
  }
  return undefined;
}

const goldenOf = ({ model }) => model?.replace(/\.\w+$/, '');

const leastRounds = 5;
const warmUp = 1500; // milliseconds: engines replace their first code while it runs
const leadIn = 60; // milliseconds: that long a side's threads may still spin, on the other's core, when its turn is over
const mostUnrest = 1.15; // of the loop that watches the machine, over its best

/** The rounds in which the machine was quiet on both sides' turns; the quietest, where those are too few. */
function quietOf(rounds) {
  const unrestOf = (turns) => Math.max(...turns.map(({ unrest = 0 }) => unrest));
  const best = Math.min(...rounds.flat().map(({ unrest = Infinity }) => unrest));
  const quiet = rounds.filter((turns) => unrestOf(turns) <= best * mostUnrest);
  return quiet.length >= leastRounds ? quiet : rounds.toSorted((a, b) => unrestOf(a) - unrestOf(b)).slice(0, leastRounds);
}

/** A B A B …: {times: each side's, one a round, rounds: how many there were}. What else a machine does comes and goes
 *  within tenths of a second: turns are short and many, and only the quiet rounds count. Slow work gets fewer. */
async function inTurns(sides, { rounds: wanted, burst = 0, seconds }) {
  const rounds = [];
  for (const side of sides) await side(burst && Math.max(burst, warmUp));
  const end = performance.now() + seconds * 1000, isEnough = () => quietOf(rounds).length >= wanted;
  while (rounds.length < leastRounds || (performance.now() < end && !isEnough())) {
    const turns = [];
    for (const side of sides) turns.push(await side(burst));
    rounds.push(turns);
  }
  const counted = quietOf(rounds);
  return { times: sides.map((_, i) => counted.map((turns) => turns[i].time)), rounds: rounds.length };
}

/** Throws unless both sides say the same: what computes something else is not compared. */
function checkAgreement({ kind, tolerance, classifier }, { difference: greatest, rms, classes }) {
  const difference = kind === 'painter' ? rms : greatest; // one pixel of a painting may take another turn
  if (!(difference <= tolerance)) throw new Error(`The answers differ by ${difference} of the greatest value; ${tolerance} is allowed.`);
  if (classifier && classes[0] !== classes[1]) throw new Error(`The answers are different classes: ${classes.join(' and ')}.`);
  return difference;
}

/** @returns {Promise<{times: number[][], rounds, info, difference}>} times: Pincel's and the peer's, or only Pincel's */
async function measureInPage(row, { address }, { browser, origin, threads, watch, ...pace }) {
  const page = await openPage(browser, origin);
  try {
    const pincel = row.kind === 'painter' ? { module: 'painter', options: { size: row.size } } : { module: 'pincel', options: { simd: row.simd } };
    // The painter has no peer: its other set of kernels has to give the same picture, but is not timed.
    const other = row.kind === 'painter' ? { module: 'painter', options: { size: row.size, simd: 'simd128' } } : { module: row.peer, options: {} };
    const [info] = await page.call('load', { list: [pincel, other], model: address, golden: row.kind === 'run' && goldenOf(row), threads });
    if (info.threads !== threads) throw new Error(`Pincel runs with ${info.threads} threads: ${info.why}`);
    const [compared] = await page.call('compare');
    const difference = checkAgreement(row, compared);
    if (row.kind === 'painter') await page.call('dispose', 1);
    await page.call('watchMachine', watch, threads);
    const sides = (row.kind === 'painter' ? [0] : [0, 1]).map((index) => (milliseconds) => page.call('burst', index, milliseconds, threads > 1 ? leadIn : 0));
    return { ...await inTurns(sides, pace), info, difference };
  } finally {
    await page.close();
  }
}

async function measureFirst(row, { address }, { browser, origin, threads, rounds, seconds }) {
  const input = `/goldens/${goldenOf(row)}/${JSON.parse(readFileSync(join(root, '../shared/goldens', goldenOf(row), 'index.json'), 'utf8')).cases[0].inputs[0].file}`;
  const parameters = new URLSearchParams({ model: address, input, threads });
  const answers = new Set();
  const side = (name) => async () => {
    const { milliseconds, answer } = await timeFirstAnswer(browser, `${origin}/bench/first-result/${name}.html?${parameters}`);
    answers.add(answer);
    return { time: milliseconds };
  };
  const measured = await inTurns([side('pincel'), side(row.peer)], { rounds, seconds });
  if (answers.size !== 1) throw new Error(`The pages answer differently: ${[...answers].join(', ')}.`);
  return { ...measured, info: {}, difference: 0 };
}

const arrays = { float32: Float32Array, uint8: Uint8Array, int8: Int8Array };

async function measureNative(row, { file, address }, { browser, origin, threads, program, watch, ...pace }) {
  const page = await openPage(browser, origin);
  let native;
  try {
    const [info] = await page.call('load', { list: [{ module: 'pincel', options: { simd: row.simd } }], model: address, threads });
    native = await startNative(program, file, Object.values(probeInputs(info.inputs)));
    const [ours] = await page.call('outputsOf', 0), { dtype } = info.outputs[0];
    const { buffer, byteOffset, byteLength } = native.output;
    const theirs = new arrays[dtype](buffer.slice(byteOffset, byteOffset + byteLength));
    if (theirs.length !== ours.length) throw new Error(`The native output has ${theirs.length} values, not ${ours.length}.`);
    const scale = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
    const difference = checkAgreement({ ...row, classifier: false }, { difference: ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), 0) / scale });
    await page.call('watchMachine', watch, threads);
    const theirTurn = async (milliseconds) => ({ time: await native.burst(milliseconds) }); // the page's turn in the round tells
    return { ...await inTurns([(milliseconds) => page.call('burst', 0, milliseconds), theirTurn], pace), info, difference };
  } finally {
    native?.close();
    await page.close();
  }
}

/** @param options {browser, origin, threads, rounds, burst, seconds, program, watch: the bytes of a peak's module} */
export function measure(row, place, options) {
  const how = { run: measureInPage, painter: measureInPage, first: measureFirst, native: measureNative }[row.kind];
  return how(row, place, options);
}

/** The vector instructions' best rates in a browser, by name. */
export async function measurePeaks(browser, origin, modules) {
  const page = await openPage(browser, origin), peaks = {};
  try {
    for (const { name, bytes, macsPerTurn } of modules) peaks[name] = await page.call('peak', bytes, macsPerTurn);
  } finally {
    await page.close();
  }
  return peaks;
}

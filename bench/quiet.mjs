// Whether the machine is quiet: a fixed loop of multiplications, timed here and, for several threads, in workers at the
// same time. What else runs on a core, or on the core that shares its arithmetic, shows in it.

/** @param {number[]} bytes  a module of peaks.mjs. Returns a function: milliseconds of so many turns of its loop. */
export function timedLoop(bytes) {
  const { exports: { run } } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)));
  return (turns) => {
    const start = performance.now();
    run(turns);
    return performance.now() - start;
  };
}

/** Returns a function: milliseconds of the loop, half of one at best. */
function makeProbe(bytes) {
  const time = timedLoop(bytes), probe = () => time(turns);
  let turns = 1000;
  while (probe() < 0.5) turns *= 2;
  const fullSpeed = performance.now() + 200; // by then the loop's code is the optimising compiler's
  while (performance.now() < fullSpeed) probe();
  turns = Math.ceil(turns * 0.5 / Math.min(...Array.from({ length: 20 }, probe)));
  return probe;
}

if (typeof WorkerGlobalScope === 'function') {
  let probe;
  onmessage = ({ data }) => {
    if (data) probe = makeProbe(data);
    postMessage(data ? 0 : probe());
  };
}

/** The longest of the loops on as many cores as there are threads. */
export async function probeCores(bytes, threads) {
  const probe = makeProbe(bytes);
  const workers = Array.from({ length: threads - 1 }, () => new Worker(import.meta.url, { type: 'module' }));
  const ask = (question) => workers.map((worker) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
    worker.postMessage(question);
  }));
  await Promise.all(ask(bytes));
  return async () => {
    const theirs = ask(), own = probe();
    return Math.max(own, ...await Promise.all(theirs));
  };
}

// The page's half of the benchmark: loads contenders, times runs in turns.
// run.mjs drives it through window.bench.

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
};

/** Inputs of a golden case; the same bytes for every contender. */
async function loadInputs(golden) {
  const index = await (await fetch(`/goldens/${golden}/index.json`)).json();
  return Promise.all(index.cases[0].inputs.map(async ({ file, dtype }) => {
    const buffer = await (await fetch(`/goldens/${golden}/${file}`)).arrayBuffer();
    return new { float32: Float32Array, uint8: Uint8Array, int8: Int8Array }[dtype](buffer);
  }));
}

async function timeBurst(contender, milliseconds) {
  const times = [];
  const end = performance.now() + milliseconds;
  do {
    const start = performance.now();
    await contender.run();
    times.push(performance.now() - start);
  } while (performance.now() < end || times.length < 3);
  return median(times);
}

window.bench = {
  /** Medians of each round for each contender, A B A B … */
  async compare({ model, golden, contenders, threads, rounds, burst }) {
    const inputs = await loadInputs(golden);
    const loaded = [];
    for (const { module, options } of contenders) {
      const { load } = await import(`./contenders/${module}.mjs`);
      const contender = await load(`/zoo/${model}`, { threads, inputs, ...options });
      await timeBurst(contender, burst); // warm-up
      loaded.push(contender);
    }
    const times = loaded.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, contender] of loaded.entries()) times[i].push(await timeBurst(contender, burst));
    }
    const info = loaded.map((contender) => contender.info);
    for (const contender of loaded) contender.dispose();
    return { times, info };
  },
};

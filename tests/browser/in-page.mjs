// What is computed alike in Node and in a page of any browser: functions that
// stand alone, for they are sent to pages as text. `root` is where the project
// lies, `shared` the folder beside it.

/** Every case of a golden on one variant: complaints, and digests of the outputs. */
export async function runGolden({ name, simd, threads, root = '/', shared = '/' }) {
  const { Model } = await import(`${root}dist/pincel.mjs`);
  const { disagreement, loadCases } = await import(`${root}tests/golden/goldens.mjs`);
  const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const read = globalThis.document ? async (file) => new Uint8Array(await (await fetch(file)).arrayBuffer())
    : async (file) => (await import('node:fs/promises')).readFile(new URL(file));
  const index = JSON.parse(new TextDecoder().decode(await read(`${shared}goldens/${name}/index.json`)));
  const cases = await loadCases(index, (file) => read(`${shared}goldens/${name}/${file}`));
  const model = await Model.load(`${shared}zoo/${index.model}`, { simd, threads, cache: false });
  const complaints = [], digests = [];
  for (const { name: caseName, inputs, outputs } of cases) {
    const result = await model.run(Object.fromEntries(model.inputs.map((input, i) => [input.name, inputs[i].data])));
    for (const [i, output] of model.outputs.entries()) {
      const complaint = disagreement(result[output.name], outputs[i].data);
      if (complaint) complaints.push(`${caseName} ${output.name}: ${complaint}`);
      digests.push(hex(await crypto.subtle.digest('SHA-256', result[output.name])));
    }
  }
  const { info } = model;
  model.dispose();
  return { complaints, digests, info };
}

/** A model that ships, on the library's probe inputs: digests of the outputs, and how far they are from the registry's golden. */
export async function runShipped({ name, simd, threads, root = '/' }) {
  const { Model } = await import(`${root}dist/pincel.mjs`);
  const { goldenDistance, probeInputs } = await import(`${root}js/probe.mjs`);
  const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const registry = globalThis.document ? await (await fetch(`${root}dist/models/registry.json`)).json()
    : JSON.parse(await (await import('node:fs/promises')).readFile(new URL(`${root}dist/models/registry.json`)));
  const { golden } = registry.models[name].files.model;
  const model = await Model.load(`pincel:${name}`, { simd, threads });
  const outputs = await model.run(probeInputs(model.inputs));
  const digests = {}, distances = {};
  for (const output of model.outputs) {
    const array = outputs[output.name];
    digests[output.name] = hex(await crypto.subtle.digest('SHA-256', array));
    distances[output.name] = await goldenDistance(golden[output.name], array, output);
  }
  const { info } = model;
  model.dispose();
  return { digests, distances, info };
}

// What people who make models ask for: what a file holds, and where a run
// spends its time. A module of its own, dist/pincel-inspect.mjs, fetched by
// Model.inspect and model.profile.

/** What is known of an opened file; see Inspection in pincel.d.ts. */
export async function describeFile(core, { inputs, outputs }, bytes, { shapes }) {
  const nodes = await core.nodes();
  const ops = new Map();
  for (const { op, supported } of nodes) {
    const entry = ops.get(op) ?? { op, count: 0, supported: true };
    entry.count++;
    entry.supported &&= supported;
    ops.set(op, entry);
  }
  const file = {
    bytes, inputs, outputs, ops: [...ops.values()].sort((a, b) => b.count - a.count),
    nodes: nodes.map(({ op, name, shape, supported }) => ({ op, name, shape, supported })), supported: false,
  };
  if (!nodes.every(({ supported }) => supported)) return file;
  try {
    const { info: { macs, arenaBytes, weightBytes }, ...bound } = await core.prepare(shapes);
    return { ...file, ...bound, supported: true, macs, arenaBytes, weightBytes, peakMemory: bytes + arenaBytes + weightBytes };
  } catch (error) {
    return { ...file, error };
  }
}

/** Mean time of each step over `runs` runs after one to warm up; the inputs are in place. */
export function profileSteps(core, { runs = 20 }, { PincelError }) {
  if (!(Number.isInteger(runs) && runs > 0)) throw new PincelError('argument', `runs is ${runs}.`, { expected: 'a positive integer' });
  return core.guard(() => {
    const { exports, memory, model } = core, steps = core.list('step'), sums = new Float64Array(steps.length);
    for (let run = 0; run <= runs; run++) {
      for (let step = 0; step < steps.length; step++) {
        const start = performance.now();
        memory.check(exports.pcl_model_run_step(model, step, memory.error));
        if (run) sums[step] += performance.now() - start;
      }
    }
    return steps.map(({ op, name, shape, macs }, step) => {
      const ms = sums[step] / runs;
      return { step, op, name, shape, macs, ms, gmacs: ms > 0 ? macs / ms / 1e6 : 0 };
    });
  });
}

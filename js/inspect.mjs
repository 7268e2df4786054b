// What a model's file holds, put in order for people. A module of its own,
// dist/pincel-inspect.mjs, fetched by Model.inspect.

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

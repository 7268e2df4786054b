// The memories of all engines that are started, for tests that measure them.
// Imported before a model is loaded.
export const memories = new Set();

const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...given) => {
  const result = await instantiate(...given);
  memories.add((result.instance ?? result).exports.memory ?? given[1].env.memory); // engines with threads are given theirs
  return result;
};

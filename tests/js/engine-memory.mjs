// The memories of all engines that are started, for tests that measure them.
// Imported before a model is loaded.
export const memories = new Set();

const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...given) => {
  const result = await instantiate(...given), { memory } = (result.instance ?? result).exports;
  if (memory) memories.add(memory);
  return result;
};

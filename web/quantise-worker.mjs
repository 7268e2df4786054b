// Quantises a model away from the page: {source, options} in, progress and then
// {bytes, report} or {error} out.
import { quantize } from './dist/pincel-tools.mjs';

onmessage = async ({ data: { source, options } }) => {
  try {
    const { bytes, report } = await quantize(source, { ...options, onProgress: (progress) => postMessage({ progress }) });
    postMessage({ bytes, report }, [bytes.buffer]);
  } catch ({ code, message, hint }) {
    postMessage({ error: { code, message, hint } });
  }
};

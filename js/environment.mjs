// Where the library runs, and where it lies.

export const isNode = typeof process === 'object' && Boolean(process.versions?.node);
export const isWorker = typeof WorkerGlobalScope === 'function' && globalThis instanceof WorkerGlobalScope;
export const isPage = !isNode && !isWorker;

/** The script this code came from: as a module, as a script tag, as a worker. */
export const libraryURL = import.meta.url
  ?? (typeof document === 'object' ? document.currentScript?.src : undefined)
  ?? (isWorker ? globalThis.location.href : undefined);

/** True when loaded with import, false for the classic script. */
export const isModule = Boolean(import.meta.url);

/** The folder of the .wasm files, ending in a slash. */
export function resolveAssets(assetBase) {
  if (!assetBase) return new URL('.', libraryURL).href;
  const base = isNode && !/^[a-z]+:\/\//i.test(assetBase) ? `file://${encodeURI(assetBase)}` : String(assetBase);
  return new URL(base.endsWith('/') ? base : `${base}/`, isNode ? undefined : globalThis.location.href).href;
}

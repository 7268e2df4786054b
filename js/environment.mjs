// Where the library runs, and where its files lie.
import { PincelError } from './errors.mjs';

export const version = '0.1.0';

export const isNode = typeof process === 'object' && Boolean(process.versions?.node) && process.type !== 'renderer';
export const isWorker = typeof WorkerGlobalScope === 'function' && globalThis instanceof WorkerGlobalScope;
export const isPage = !isNode && !isWorker;

/** A module that bundlers for pages must not look for: one of Node's own, or of the library's by its address. */
export const importNode = (name) => import(/* webpackIgnore: true */ /* @vite-ignore */ name);

/** A classic worker's importScripts leaves no trace but the stack: "… https://host/pincel.js:1:23". */
const urlFromStack = () => new Error().stack?.match(/[a-z-]+:\/\/[^\s()]+?(?=:\d+:\d+)/)?.[0];

/** The script this code came from: a module, a script tag, a classic worker. Undefined when a bundler lost it. */
function findLibrary() {
  const url = import.meta.url ?? globalThis.document?.currentScript?.src ?? (isWorker ? urlFromStack() : undefined);
  const isBuildPath = !isNode && url?.startsWith('file:') && globalThis.location?.protocol !== 'file:';
  return isBuildPath ? undefined : url;
}

const libraryURL = findLibrary();
const isOwnFile = /\/pincel\.m?js([?#]|$)/.test(libraryURL); // and not bundled into another

/** An absolute address from an address or, in Node, a path. */
export async function absolute(where) {
  const text = String(where);
  try {
    if (/^[a-z][a-z\d+.-]+:/i.test(text)) return new URL(text).href; // two letters at least: C:\ is a path
    if (isNode) return (await importNode('node:url')).pathToFileURL(text).href;
    return new URL(text, globalThis.location.href).href;
  } catch (error) {
    throw new PincelError('argument', `'${text}' is no address.`, { cause: error });
  }
}

/** @returns {Promise<{assets: string, worker: {url: string, isModule: boolean}}>} the folder of the .wasm files, and the worker script */
export async function locate({ assetBase, workerURL }) {
  if (!assetBase && !libraryURL) {
    throw new PincelError('environment', 'It is unknown where the library lies.', { hint: 'environment-place' });
  }
  const assets = assetBase ? (await absolute(assetBase)).replace(/\/?$/, '/') : new URL('.', libraryURL).href;
  if (!workerURL && isOwnFile) return { assets, worker: { url: libraryURL, isModule: Boolean(import.meta.url) } };
  const url = workerURL ? await absolute(workerURL) : `${assets}pincel.mjs`;
  return { assets, worker: { url, isModule: !/\.js([?#]|$)/.test(url) } };
}

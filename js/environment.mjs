// Where the library runs, and where its files lie.
import { PincelError } from './errors.mjs';

export const version = '0.1.0';

const { process } = globalThis; // by this name bundlers would put a stand-in into pages
export const isNode = Boolean(process?.versions?.node) && process.type !== 'renderer';
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

/** One for all copies of this version: the tools have their own of this module. */
const defaults = globalThis[Symbol.for(`pincel ${version}`)] ??= {};

/** Where things lie for all calls that do not say so themselves: {assetBase, workerURL}. */
export const configure = (options) => { Object.assign(defaults, options); };

/**
 * The worker script, and what lies under the name of a file: assets(file) is an address or what a table has in its
 * place, bytes or, for modules, a function that imports them; `folder` is undefined with a table.
 * @returns {Promise<{assets: (file: string) => string | BufferSource | Function, folder?: string, worker: {url: string, isModule: boolean}}>}
 */
export async function locate({ assetBase = defaults.assetBase, workerURL = defaults.workerURL }) {
  const table = assetBase?.constructor === Object && assetBase;
  const folder = assetBase && !table ? (await absolute(assetBase)).replace(/\/?$/, '/') : libraryURL ? new URL('.', libraryURL).href : '';
  const assets = (file) => table[file] ?? folder + file;
  const url = workerURL ? await absolute(workerURL) : isOwnFile ? libraryURL : `${folder}pincel.mjs`;
  return { assets, folder: table ? undefined : folder, worker: { url, isModule: !/\.js([?#]|$)/.test(url) } };
}

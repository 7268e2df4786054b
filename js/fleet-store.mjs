// Where the fleet remembers, behind one interface on pages and in Node:
// notes (small JSON values by name) and the files of a model. What cannot be
// written for lack of space or permission is forgotten, which does no harm.
import { dropFiles, keepFile, keepNote, keptFile, keptNote } from './model-cache.mjs';

const cacheName = 'pincel-fleet-1';
const remembered = new Map(); // name → JSON, where nothing else can be written

/** Addresses in Cache Storage that no server answers. */
const noteAddress = (name) => `https://pincel.invalid/note/${encodeURIComponent(name)}`;
const fileAddress = (owner, { sha256 }) => `https://pincel.invalid/file/${encodeURIComponent(owner)}/${sha256}`;

const attempt = async (action) => {
  try {
    return await action();
  } catch {
    return undefined;
  }
};

const openCache = () => attempt(() => globalThis.caches?.open(cacheName));

/** Cache Storage, which workers share; without it localStorage, and without that this page's memory. */
const pages = {
  async note(name) {
    const cache = await openCache();
    const kept = await attempt(async () => (await cache.match(noteAddress(name))).text());
    const text = kept ?? await attempt(() => localStorage.getItem(`pincel ${name}`)) ?? remembered.get(name);
    return attempt(() => JSON.parse(text));
  },

  async keepNote(name, value) {
    const cache = await openCache(), text = JSON.stringify(value);
    remembered.set(name, text);
    const isKept = await attempt(async () => { await cache.put(noteAddress(name), new Response(text)); return true; });
    if (isKept) return;
    await attempt(() => cache.delete(noteAddress(name))); // an older one would be read first
    await attempt(() => localStorage.setItem(`pincel ${name}`, text));
  },

  async hasFile(owner, file) {
    const cache = await openCache();
    return Boolean(await attempt(() => cache.match(fileAddress(owner, file))));
  },

  async file(owner, file) {
    const cache = await openCache();
    return attempt(async () => new Uint8Array(await (await cache.match(fileAddress(owner, file))).arrayBuffer()));
  },

  async keepFile(owner, file, bytes) {
    const cache = await openCache();
    return Boolean(await attempt(async () => { await cache.put(fileAddress(owner, file), new Response(new Blob([bytes]))); return true; }));
  },

  /** Drops the owner's files but those to keep. */
  async dropOthers(owner, files) {
    const cache = await openCache(), kept = files.map((file) => fileAddress(owner, file)), prefix = fileAddress(owner, { sha256: '' });
    await attempt(async () => {
      for (const { url } of await cache.keys()) if (url.startsWith(prefix) && !kept.includes(url)) await cache.delete(url);
    });
  },
};

/** Node's folder of models; see model-cache.mjs. */
const folder = (library) => {
  const named = (owner, file) => ({ ...file, name: `${owner}.tflite` });
  return {
    note: (name) => attempt(async () => JSON.parse(await keptNote(name, library))),
    keepNote: (name, value) => keepNote(name, JSON.stringify(value), library),
    hasFile: async (owner, file) => Boolean(await keptFile(named(owner, file), undefined, library)),
    file: async (owner, file) => (await keptFile(named(owner, file), undefined, library))?.bytes,
    keepFile: async (owner, file, bytes) => Boolean(await keepFile(named(owner, file), bytes, library)),
    dropOthers: (owner, files) => dropFiles(named(owner, {}), files.map((file) => named(owner, file)), library),
  };
};

/** {note(name), keepNote(name, value), hasFile(owner, file), file(owner, file), keepFile(owner, file, bytes), dropOthers(owner, files)} */
export const openStore = (library) => (library.isNode ? folder(library) : pages);

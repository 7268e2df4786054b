// Node's folder of fetched models: $PINCEL_CACHE, or pincel in the user's
// cache folder. A file's name begins with its digest, which is checked again
// whenever it is read.

async function folderOf({ importModule }) {
  const { join } = await importModule('node:path'), { homedir } = await importModule('node:os');
  const { PINCEL_CACHE, XDG_CACHE_HOME } = globalThis.process.env;
  return { join, folder: PINCEL_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'pincel') };
}

async function pathOf(file, library) {
  const { join, folder } = await folderOf(library);
  return join(folder, `${file.sha256.slice(0, 16)}-${file.name}`);
}

/** {bytes, path}, or undefined when there is none, or no longer what was kept. */
export async function keptFile(file, integrity, library) {
  const path = await pathOf(file, library);
  try {
    return { bytes: await library.loadBytes(path, { integrity }), path };
  } catch {
    return undefined;
  }
}

/** The path it is written to; undefined when the folder cannot be written, which does no harm. */
async function write(path, contents, library) {
  const { mkdir, rename, rm, writeFile } = await library.importModule('node:fs/promises');
  const { dirname } = await library.importModule('node:path'), unfinished = `${path}.${globalThis.process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(unfinished, contents);
    await rename(unfinished, path); // so that nobody reads half of it
    return path;
  } catch {
    await rm(unfinished, { force: true }).catch(() => {});
    return undefined;
  }
}

/** The path it is kept under. */
export const keepFile = async (file, bytes, library) => write(await pathOf(file, library), bytes, library);

/** Drops the files of this name but those to keep. */
export async function dropFiles({ name }, files, library) {
  const { readdir, rm } = await library.importModule('node:fs/promises'), { join, folder } = await folderOf(library);
  const kept = await Promise.all(files.map((file) => pathOf(file, library)));
  const others = (await readdir(folder).catch(() => [])).filter((one) => one.endsWith(`-${name}`)).map((one) => join(folder, one));
  await Promise.all(others.filter((path) => !kept.includes(path)).map((path) => rm(path, { force: true }).catch(() => {})));
}

const notePath = async (name, library) => {
  const { join, folder } = await folderOf(library);
  return join(folder, `fleet-${name}.json`);
};

/** A small text by name. */
export const keptNote = async (name, library) => (await library.importModule('node:fs/promises')).readFile(await notePath(name, library), 'utf8');
export const keepNote = async (name, text, library) => write(await notePath(name, library), text, library);

// Node's folder of fetched models: $PINCEL_CACHE, or pincel in the user's
// cache folder. A file's name begins with its digest, which is checked again
// whenever it is read.

async function pathOf(file, { importModule }) {
  const { join } = await importModule('node:path'), { homedir } = await importModule('node:os');
  const { PINCEL_CACHE, XDG_CACHE_HOME } = process.env;
  return join(PINCEL_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'pincel'), `${file.sha256.slice(0, 16)}-${file.name}`);
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

/** The path it is kept under; undefined when the folder cannot be written, which does no harm. */
export async function keepFile(file, bytes, library) {
  const { mkdir, rename, rm, writeFile } = await library.importModule('node:fs/promises');
  const { dirname } = await library.importModule('node:path');
  const path = await pathOf(file, library), unfinished = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(unfinished, bytes);
    await rename(unfinished, path); // so that nobody reads half of it
    return path;
  } catch {
    await rm(unfinished, { force: true }).catch(() => {});
    return undefined;
  }
}

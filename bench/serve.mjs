// A static server as a good host is one: compressed, isolated, from memory, so that the disk and the compressor take
// no part in what is measured. On 127.0.0.1 only.
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';

const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json', '.wasm': 'application/wasm', '.svg': 'image/svg+xml',
};

async function load(mounts, address) {
  const path = decodeURIComponent(address);
  const prefix = Object.keys(mounts).find((candidate) => path.startsWith(candidate));
  if (!prefix || path.includes('\0')) return undefined;
  const file = join(mounts[prefix], normalize(`/${path.slice(prefix.length)}`)); // absolute, so '..' cannot climb past the mount
  if (!(await stat(file).catch(() => undefined))?.isFile()) return undefined;
  const bytes = await readFile(file), type = types[extname(file)];
  // Hosts compress what they know; a model is an octet stream to them.
  const body = type ? gzipSync(bytes, { level: 9 }) : bytes;
  return { body, headers: { 'Content-Type': type ?? 'application/octet-stream', ...(type ? { 'Content-Encoding': 'gzip' } : {}) } };
}

/**
 * Serves folders until closed; a file is read once.
 * @param {Record<string, string>} mounts '/prefix/' → folder
 * @returns {Promise<{origin: string, close(): void}>}
 */
export async function serve(mounts) {
  const files = new Map();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (!files.has(pathname)) files.set(pathname, load(mounts, pathname).catch(() => undefined));
    const found = await files.get(pathname);
    response.writeHead(found ? 200 : 404, {
      'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp',
      'Cache-Control': 'no-store', ...found?.headers, 'Content-Length': found?.body.length ?? 0,
    });
    response.end(found?.body);
  });
  await new Promise((resolve, reject) => { server.once('error', reject).listen(0, '127.0.0.1', resolve); });
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => { server.close(); server.closeAllConnections(); },
  };
}

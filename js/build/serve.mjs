// A small static server for the demo and the tests, on 127.0.0.1 only.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const types = {
  '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.txt': 'text/plain; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8', '.json': 'application/json; charset=utf-8',
  '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.png': 'image/png', '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg',
  '.webp': 'image/webp', '.gif': 'image/gif', '.ico': 'image/x-icon', '.woff2': 'font/woff2',
};

/** With these a page may share memory between threads. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** The file a path names inside the mount with the longest matching prefix; undefined when there is none. */
function locate(mounts, path) {
  const prefix = Object.keys(mounts).filter((candidate) => path.startsWith(candidate)).sort((a, b) => b.length - a.length)[0];
  if (prefix === undefined) return undefined;
  const rest = normalize(`/${path.slice(prefix.length)}`); // absolute, so '..' cannot climb past the mount
  return join(mounts[prefix], rest.endsWith('/') ? `${rest}index.html` : rest);
}

function decode(url) {
  try {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    return path.includes('\0') || path.includes('\\') ? undefined : path;
  } catch {
    return undefined; // malformed
  }
}

async function answer(request, response, mounts, headers) {
  const say = (status, text, more = {}) => {
    response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8', ...more });
    response.end(request.method === 'HEAD' ? undefined : `${text}\n`);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return say(405, 'Only GET and HEAD', { Allow: 'GET, HEAD' });
  const path = decode(request.url);
  if (path === undefined) return say(400, 'Bad address');
  const file = locate(mounts, path);
  const found = file && await stat(file).catch(() => undefined);
  if (found?.isDirectory()) return say(301, 'A folder', { Location: `${encodeURI(path).replace(/^\/+/, '/')}/` });
  if (!found?.isFile()) return say(404, 'Not found');
  response.writeHead(200, {
    'Content-Type': types[extname(file).toLowerCase()] ?? 'application/octet-stream',
    'Content-Length': found.size, 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff', ...headers,
  });
  if (request.method === 'HEAD') return response.end();
  return createReadStream(file).on('error', () => response.destroy()).pipe(response);
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Serves folders until closed.
 * @param {object} options
 * @param {number} [options.port] the first port to try, then the next free one; 0: any
 * @param {Record<string, string>} options.mounts '/prefix/' → folder; the longest prefix wins
 * @param {Record<string, string | null>} [options.headers] sent with every file, besides those for cross-origin
 *   isolation; null takes one of these away
 * @returns {Promise<{origin: string, port: number, close(): Promise<void>}>}
 */
export async function serve({ port = 8080, mounts, headers = {} }) {
  const sent = Object.fromEntries(Object.entries({ ...isolation, ...headers }).filter(([, value]) => value !== null));
  const server = createServer((request, response) => answer(request, response, mounts, sent).catch(() => response.destroy()));
  for (let tries = 0; ; tries++) {
    try {
      await listen(server, port && port + tries);
      break;
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || tries === 100) throw error;
    }
  }
  const actual = server.address().port;
  return {
    origin: `http://127.0.0.1:${actual}`,
    port: actual,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

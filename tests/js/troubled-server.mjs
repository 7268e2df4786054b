// A server that can be told to misbehave, and notes what it was asked for.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const types = { '.mjs': 'text/javascript', '.js': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json' };
export const html = '<!DOCTYPE html><title>An app</title><p>Welcome';

function serveLibrary(path, response, headers) {
  const file = path.startsWith('/dist/') && `${dist}${path.slice(6)}`;
  if (path === '/') response.writeHead(200, { 'Content-Type': 'text/html', ...headers }).end(html);
  else if (file && existsSync(file)) response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream', ...headers }).end(readFileSync(file));
  else response.writeHead(404).end(html);
}

/**
 * @param answers  path → function(response, request, how often it was asked before); else pages and the library are served
 * @returns {Promise<{origin, asked: [{path, headers}], answers, headers, close()}>} `headers`: sent with pages and library
 */
export async function startTroubled(answers = {}) {
  const asked = [], headers = {};
  const server = createServer((request, response) => {
    const path = request.url.replace(/\?.*/, ''), times = asked.filter((one) => one.path === path).length;
    asked.push({ path, headers: request.headers });
    if (answers[path]) answers[path](response, request, times);
    else serveLibrary(path, response, headers);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  return {
    origin: `http://127.0.0.1:${port}`, port, asked, answers, headers,
    close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
}

/** Sends some and hangs up. */
export function cut(response, body, length, headers = {}) {
  response.writeHead(200, { 'Content-Length': body.length, ...headers }).write(body.subarray(0, length));
  setTimeout(() => response.destroy(), 30);
}

/** A whole file, or the part that is asked for while it has this validator. */
export function ranged(response, { headers: { range, 'if-range': condition } }, body, headers = {}) {
  const [, first] = /^bytes=(\d+)-$/.exec(range ?? '') ?? [];
  const holds = condition === undefined || condition === headers.ETag || condition === headers['Last-Modified'];
  if (first === undefined || !holds) response.writeHead(200, { 'Content-Length': body.length, ...headers }).end(body);
  else response.writeHead(206, { 'Content-Length': body.length - first, 'Content-Range': `bytes ${first}-${body.length - 1}/${body.length}`, ...headers }).end(body.subarray(first));
}

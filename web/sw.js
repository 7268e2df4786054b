// Keeps the site for offline use, and gives its pages the headers for
// cross-origin isolation (threads) on hosts that cannot send them.
//
// dist/precache.js, written by the build, names every file of the site and a
// version, which changes when any of them does: the browser then installs this
// worker anew, and it fetches the site whole into a cache of its own. Old pages
// go on with the old cache until the last of them is closed.
importScripts('dist/precache.js');

const { version, files } = self.precache;
const prefix = `pincel-site ${self.registration.scope} `;
const cacheName = prefix + version;
const scope = new URL(self.registration.scope);

// On one's own machine the network comes first: files there change without a build.
const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(scope.hostname);

// A module with one relaxed SIMD instruction, as in the library's features.mjs.
const relaxedProbe = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
  65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 147, 2, 11);

/** Of the four engines this browser runs either the relaxed ones or the others. */
function isNeeded(file) {
  const hasRelaxed = WebAssembly.validate(relaxedProbe);
  if (/^dist\/pincel-relaxed/.test(file)) return hasRelaxed;
  if (/^dist\/pincel-simd128/.test(file)) return !hasRelaxed;
  return true;
}

async function install() {
  const cache = await caches.open(cacheName);
  await cache.addAll(files.filter(isNeeded).map((file) => new Request(new URL(file, scope), { cache: 'no-cache' })));
  await self.skipWaiting();
}

async function activate() {
  const stale = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== cacheName);
  await Promise.all(stale.map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** Pages so served may share memory; what they embed from this origin says that it may be embedded. */
function isolated(response) {
  if (response.type === 'opaque' || response.type === 'opaqueredirect' || response.type === 'error') return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  const body = [101, 204, 205, 304].includes(response.status) ? null : response.body;
  return new Response(body, { status: response.status, statusText: response.statusText, headers });
}

/** The copy of a file, whatever the address says after it; a folder's page is kept under the folder. */
async function kept({ url }) {
  const cache = await caches.open(cacheName);
  return cache.match(url.replace(/[?#].*$/, '').replace(/\/index\.html$/, '/'));
}

async function answer(request) {
  if (isLocal) {
    try {
      return isolated(await fetch(request));
    } catch (error) {
      const copy = await kept(request);
      if (copy) return isolated(copy);
      throw error;
    }
  }
  return isolated(await kept(request) ?? await fetch(request));
}

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return;
  if (request.headers.has('range')) return; // films and the like: parts are the network's business
  event.respondWith(answer(request));
});

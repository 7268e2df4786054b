// Keeps the site for offline use, and gives its pages the headers for
// cross-origin isolation (threads) on hosts that cannot send them.
//
// dist/precache.js, written by the build, names every file of the site with its
// digest, and a version, which changes when any of them does: the browser then
// installs this worker anew, and it fetches the site whole into a cache of its
// own, or not at all. A page, with its workers, goes on with the version that
// it began with; the next page that is opened has the new one. So no page ever
// sees files of two versions.
importScripts('dist/precache.js');

const { version, files, later } = self.precache; // later: kept once a page has wanted them
const scope = new URL(self.registration.scope);
const prefix = `pincel-site ${scope} `;
const pagesName = `pincel-pages ${scope}`; // which page is of which version
const cacheOf = (name) => caches.open(prefix + name);

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

// --- Files ---------------------------------------------------------------------

async function hasDigest(response, digest) {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.clone().arrayBuffer()));
  return btoa(String.fromCharCode(...bytes)) === digest;
}

/** The file as this version has it: from a former version that had the same, else from the network. */
async function fetchOwn(file, digest, formers) {
  const address = new URL(file, scope).href;
  for (const former of formers) {
    const copy = await former.match(address);
    if (copy && await hasDigest(copy, digest)) return copy;
  }
  const response = await fetch(address, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${file}: HTTP ${response.status}`);
  if (!await hasDigest(response, digest)) throw new Error(`${file} is of another version than this worker`);
  return response;
}

const siteCaches = async () => (await caches.keys()).filter((name) => name.startsWith(prefix));

async function install() {
  const formers = await Promise.all((await siteCaches()).map((name) => caches.open(name)));
  const wasWanted = async (file) => (await Promise.all(formers.map((former) => former.match(new URL(file, scope).href)))).some(Boolean);
  const wanted = Object.entries(files).filter(([file]) => isNeeded(file));
  for (const entry of Object.entries(later)) if (await wasWanted(entry[0])) wanted.push(entry);
  try {
    const cache = await cacheOf(version);
    await Promise.all(wanted.map(async ([file, digest]) => cache.put(new URL(file, scope).href, await fetchOwn(file, digest, formers))));
  } catch (error) {
    await caches.delete(prefix + version); // the browser tries again at a later visit
    throw error;
  }
  await self.skipWaiting();
}

/** Where a file is kept, whatever the address says after it; a folder's page is kept under the folder. */
const plain = (url) => url.replace(/[?#].*$/, '').replace(/\/index\.html$/, '/');

async function kept({ url }, ofVersion) {
  return (await cacheOf(ofVersion)).match(plain(url));
}

/** The digest of a file that is kept once it was wanted; undefined for all others. */
const laterDigest = ({ url }) => later[plain(url).slice(scope.href.length)];

async function keepLater(request, response) {
  if (!response.ok || !await hasDigest(response, laterDigest(request))) return;
  await (await cacheOf(version)).put(plain(request.url), response);
}

// --- Pages and their versions -----------------------------------------------------

const pages = new Map(); // id of a page or worker → version
const keyOf = (id) => new URL(`page/${encodeURIComponent(id)}`, scope).href;

/** Remembered outside of this worker too, which the browser may end and start at any time. */
async function remember(id, itsVersion) {
  pages.set(id, itsVersion);
  await (await caches.open(pagesName)).put(keyOf(id), new Response(itsVersion));
}

async function versionOf(id) {
  if (!pages.has(id)) {
    const entry = await (await caches.open(pagesName)).match(keyOf(id));
    pages.set(id, entry ? await entry.text() : version);
  }
  return pages.get(id);
}

/** A page that is opened gets this version; what it asks for, and its workers, get the page's. */
async function versionFor({ request, clientId, resultingClientId }) {
  const itsVersion = request.mode === 'navigate' || !clientId ? version : await versionOf(clientId);
  if (resultingClientId) await remember(resultingClientId, itsVersion);
  return itsVersion;
}

/** Lets go of the versions that no page is of any more. */
async function tidy() {
  const open = (await self.clients.matchAll({ type: 'all', includeUncontrolled: true })).map(({ id }) => id);
  const inUse = new Set([version, ...await Promise.all(open.map(versionOf))].map((name) => prefix + name));
  await Promise.all((await siteCaches()).filter((name) => !inUse.has(name)).map((name) => caches.delete(name)));
  const known = new Set([...open, ...pages.keys()].map(keyOf)), store = await caches.open(pagesName);
  for (const { url } of await store.keys()) if (!known.has(url)) await store.delete(url);
}

async function activate() {
  await tidy();
  await self.clients.claim();
}

// --- Answers ----------------------------------------------------------------------

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

async function answer(event) {
  const { request } = event, itsVersion = await versionFor(event);
  const fromNetwork = async () => {
    const response = await fetch(request);
    if (itsVersion === version && laterDigest(request)) event.waitUntil(keepLater(request, response.clone()).catch(() => {})); // no room, perhaps
    return response;
  };
  if (!isLocal) return isolated(await kept(request, itsVersion) ?? await fromNetwork());
  try {
    return isolated(await fromNetwork());
  } catch (error) {
    const copy = await kept(request, itsVersion);
    if (copy) return isolated(copy);
    throw error;
  }
}

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return;
  if (request.headers.has('range')) return; // films and the like: parts are the network's business
  event.respondWith(answer(event));
  if (request.mode === 'navigate') event.waitUntil(tidy());
});

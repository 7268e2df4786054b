// Models whose versions a manifest lists, 'manifest:ADDRESS'. The version
// that is kept serves at once; after its first result a newer one is looked
// for, checked in an instance of its own and used from the next load on. A
// module of its own, dist/pincel-fleet.mjs; what it needs of the library it is
// given as `library`, see `ask` in source.mjs. Nothing is sent but requests
// for the manifest and the files it names.
import { fleetHints } from './errors.mjs';
import { openStore } from './fleet-store.mjs';
import { parseManifest, readManifest } from './manifest.mjs';
import { goldenDistance, probeInputs } from './probe.mjs';

const mostManifestBytes = 2 ** 22;
const mostTrials = 2; // of a self-test that never ended, for instance since the page crashed
const restMilliseconds = 600000; // between looks at a manifest
const looked = new Map(); // key → when this page last looked
const looking = new Map(); // key → what is going on

const hexOf = (digest) => [...atob(digest.slice(7))].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
const integrityOf = (hex) => `sha256-${btoa(String.fromCharCode(...hex.match(/../g).map((pair) => parseInt(pair, 16))))}`;
const filesOf = (release) => Object.values(release.files);

/** What a release is known by when it has failed: its files, whatever they are called. */
const identityOf = (release) => filesOf(release).map(({ sha256 }) => sha256).join();

const textHash = async (text, options, { digestOf }) => hexOf(await digestOf(new TextEncoder().encode(text), options));

/** One manifest in one channel, or pinned to one version: what is remembered of it is apart from all others. */
async function openFleet(address, options, library) {
  const { channel = 'stable', pin } = options, base = await library.absolute(address), store = openStore(library);
  const key = (await textHash(JSON.stringify([base, pin === undefined ? channel : null, pin ?? null]), options, library)).slice(0, 16);
  return { base, channel, pin, key, store, options, library };
}

/** {active?, previous?: {name, version, task, entry, isTested?}, bad: {identity: why}, trial?: {identity, count}} */
async function readState({ store, key, base, library }) {
  const { active, previous, bad = {}, trial } = await store.note(key) ?? {};
  try {
    for (const kept of [active, previous].filter(Boolean)) readManifest(asManifest(kept), base, library);
    return { active, previous, bad, trial };
  } catch {
    return { bad: {} }; // damaged; all is fetched anew
  }
}

/** A kept release in the form that is checked. */
const asManifest = ({ name, version, task, files, share, engine, settings }) => (
  { pincel: 1, name, task, channels: {}, versions: { [version]: { files, share, engine, ...settings } } });

const writeState = ({ store, key }, state) => store.keepNote(key, state);

async function fetchManifest({ base, options, library }) {
  const { signal, timeout, assetBase } = options;
  const bytes = await library.loadBytes(base, { signal, timeout, assetBase, cache: false, limits: { memory: mostManifestBytes }, request: { cache: 'no-cache' } });
  return parseManifest(bytes, base, library);
}

/** A number from 0 to 1 that stays the same for this place and version: one that is stored, mixed with both names. */
async function drawFor(name, version, { store, options, library }) {
  let draw = await store.note('draw');
  if (typeof draw !== 'string') {
    draw = [...crypto.getRandomValues(new Uint8Array(16))].join('-');
    await store.keepNote('draw', draw);
  }
  return parseInt((await textHash(`${draw} ${name} ${version}`, options, library)).slice(0, 12), 16) / 2 ** 48;
}

/** Whether the library's version is at least the one that is asked for. */
function isRecent(version, asked) {
  const [have, want] = [version, asked].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i++) if ((have[i] ?? 0) !== (want[i] ?? 0)) return (have[i] ?? 0) > (want[i] ?? 0);
  return true;
}

const releaseOf = ({ name, task, versions }, version) => ({ name, version, task, ...versions[version] });

/** The newest release of the channel that is meant for this place, or the pinned one. One that has failed only when there is no other. */
async function choose(manifest, { bad }, fleet) {
  const { pin, channel, base, library } = fleet, { PincelError } = library;
  if (pin !== undefined) {
    if (!Object.hasOwn(manifest.versions, pin)) {
      throw new PincelError('argument', `The manifest ${base} has no version '${pin}'.`, { expected: Object.keys(manifest.versions).join(', '), got: String(pin), hint: fleetHints['argument-pin'] });
    }
    return releaseOf(manifest, pin);
  }
  if (!Object.hasOwn(manifest.channels, channel)) {
    throw new PincelError('argument', `The manifest ${base} has no channel '${channel}'.`, { expected: Object.keys(manifest.channels).join(', '), got: String(channel) });
  }
  let failed;
  for (const version of manifest.channels[channel]) {
    const release = releaseOf(manifest, version), isMeant = release.share >= 1 || await drawFor(manifest.name, version, fleet) < release.share;
    if (!isMeant || !isRecent(library.version, release.engine)) continue;
    if (!Object.hasOwn(bad, identityOf(release))) return release;
    failed ??= release;
  }
  if (failed) return failed;
  throw new PincelError('environment', `The manifest ${base} has no version for this place in '${channel}'.`, { expected: `one for version ${library.version} of the library, with the share 1`, hint: fleetHints['environment-update'] });
}

async function keptBytes(file, { key, store, options, library }) {
  const bytes = await store.file(key, file);
  return bytes && await library.digestOf(bytes, options) === integrityOf(file.sha256) ? bytes : undefined;
}

/** A file's bytes, checked: the kept ones, or fetched and kept. */
async function readFile(file, fleet, { signal, onProgress } = {}) {
  const { key, store, options: { timeout, assetBase }, library } = fleet;
  const kept = await keptBytes(file, fleet);
  if (kept) return kept;
  const bytes = await library.loadBytes(file.url, {
    signal, onProgress, timeout, assetBase, cache: false, integrity: integrityOf(file.sha256), size: file.bytes, limits: { memory: file.bytes },
  });
  if (!await store.keepFile(key, file, bytes)) {
    const { active } = await readState(fleet); // there is no space: without the former version there may be
    await store.dropOthers(key, active ? filesOf(active) : []);
    await store.keepFile(key, file, bytes);
  }
  return bytes;
}

async function isKept(release, { store, key }) {
  for (const file of filesOf(release)) if (!await store.hasFile(key, file)) return false;
  return true;
}

/** The release to load: the active one when it is there as a whole, else what the manifest says now, else what is there. */
async function activeRelease(fleet) {
  const state = await readState(fleet), { active, previous } = state;
  if (active && await isKept(active, fleet)) return active;
  let release;
  try {
    release = await choose(await fetchManifest(fleet), state, fleet);
  } catch (error) {
    if (!active || error.code !== 'fetch') throw error;
    return previous && await isKept(previous, fleet) ? previous : active;
  }
  if (!active || identityOf(active) !== identityOf(release)) await writeState(fleet, { ...state, active: release, previous: undefined });
  return release;
}

/** After an active release could not be opened, whatever the caller's options: it is not tried again, the former one is back. */
async function giveUp(release, error, fleet) {
  if (!/format|unsupported|internal/.test(error.code) || fleet.pin !== undefined) return;
  const { active, previous, bad } = await readState(fleet), identity = identityOf(release);
  if (!active || identityOf(active) !== identity) return;
  await writeState(fleet, { active: previous, bad: { ...bad, [identity]: error.message } });
}

/** Whether a release computes here what it should, in an instance of its own. @throws why it does not */
async function selfTest(release, fleet, Model) {
  const { PincelError } = fleet.library, { simd, worker, workerURL, assetBase, limits } = fleet.options;
  for (const [part, file] of Object.entries(release.files)) {
    const bytes = await readFile(file, fleet), { golden } = file;
    const shapes = golden && Object.keys(golden.shapes).length ? golden.shapes : undefined;
    const model = await Model.load(bytes, { name: `${release.name}/${part} self-test`, version: release.version, threads: 1, simd, worker, workerURL, assetBase, limits, shapes });
    try {
      const outputs = await model.run(probeInputs(model.inputs));
      for (const [name, expected] of Object.entries(golden?.outputs ?? {})) {
        const info = model.outputs.find((output) => output.name === name);
        const distance = info ? await goldenDistance(expected, outputs[name], info) : Infinity;
        if (!(distance <= golden.tolerance)) {
          throw new PincelError('value', `Version ${release.version} of '${release.name}' fails its self-test.`, {
            tensor: name, expected: expected.sha256 ?? `within ${golden.tolerance} of its golden`, got: info ? String(distance) : 'no such output', hint: fleetHints['value-golden'],
          });
        }
      }
    } finally {
      model.dispose();
    }
  }
}

/** Failures that say something about the release, not about this moment. */
const isItsFault = ({ code }) => !/abort|fetch|environment/.test(code);

/** Tests a release; what fails is remembered and not tried again. @returns {Promise<PincelError | undefined>} why it failed */
async function judge(release, state, fleet, Model) {
  const identity = identityOf(release), { trial } = state;
  const count = trial?.identity === identity ? trial.count + 1 : 1;
  if (count > mostTrials) return new fleet.library.PincelError('internal', `The self-test of version ${release.version} never ended.`, { hint: fleetHints['value-golden'] });
  await writeState(fleet, { ...state, trial: { identity, count } });
  try {
    await selfTest(release, fleet, Model);
    return undefined;
  } catch (error) {
    await writeState(fleet, state);
    if (!isItsFault(error)) throw error;
    return error;
  }
}

/** @returns {Promise<{state: 'current' | 'ready' | 'refused', name, version, error?}>} */
async function look(fleet, Model) {
  const state = await readState(fleet), { active, bad } = state;
  const release = await choose(await fetchManifest(fleet), state, fleet);
  const { name, version } = release, identity = identityOf(release), isNew = !active || identityOf(active) !== identity;
  if (Object.hasOwn(bad, identity)) return { state: 'current', name, version }; // for lack of another
  if (!isNew && active.isTested) {
    if (JSON.stringify({ ...release, isTested: true }) !== JSON.stringify(active)) await writeState(fleet, { ...state, active: { ...release, isTested: true } }); // other labels, say
    return { state: 'current', name, version };
  }
  const error = await judge(release, state, fleet, Model), { previous } = state;
  if (error) {
    await writeState(fleet, { active: isNew ? active : previous ?? active, previous: isNew ? previous : undefined, bad: { ...bad, [identity]: error.message } });
    return { state: 'refused', name, version, error };
  }
  const former = isNew ? active : previous;
  await writeState(fleet, { active: { ...release, isTested: true }, previous: former, bad });
  await fleet.store.dropOthers(fleet.key, [release, former].filter(Boolean).flatMap(filesOf));
  return { state: isNew ? 'ready' : 'current', name, version };
}

/** One look at a time: here, and among pages where pages can tell. */
function lookAlone(fleet, Model) {
  const { key } = fleet, { locks } = globalThis.navigator ?? {};
  if (!looking.has(key)) {
    const found = locks ? locks.request(`pincel ${key}`, () => look(fleet, Model)) : look(fleet, Model);
    looking.set(key, found.finally(() => looking.delete(key)));
  }
  return looking.get(key);
}

/** After the first result of a model, and not before: a look at the manifest, once in a while. */
function lookAfterwards(model, Model, dispatch, fleet) {
  const { update = true } = fleet.options;
  if (!update || fleet.pin !== undefined) return;
  model.addEventListener('run', async () => {
    if (performance.now() - (looked.get(fleet.key) ?? -Infinity) < restMilliseconds) return;
    looked.set(fleet.key, performance.now());
    try {
      const found = await lookAlone({ ...fleet, options: { ...fleet.options, signal: undefined } }, Model);
      if (found.state !== 'current') dispatch(model, 'update', found);
    } catch (error) {
      looked.delete(fleet.key); // offline, say; the next model looks again
      dispatch(model, 'update', { state: 'unknown', error });
    }
  }, { once: true });
}

/** A source whose bytes are read when they are asked for. */
const sourceOf = (file, release, fleet) => ({ name: `${release.name}.tflite`, pincelRead: (options) => readFile(file, fleet, options) });

/**
 * A source and options for Classifier, Stylizer or, without a task, Model: what
 * the manifest says of the version that is used here, under what the caller says.
 */
export async function settingsOf(address, task, options, library) {
  const fleet = await openFleet(address, options, library), release = await activeRelease(fleet), { files, name, version, settings } = release;
  if (task && release.task && release.task !== task) throw new library.PincelError('argument', `'${name}' is for ${release.task}.`, { expected: `a model for ${task}`, got: release.task });
  const sources = Object.fromEntries(Object.entries(files).map(([part, file]) => [part, sourceOf(file, release, fleet)]));
  if (!task && !sources.model) throw new library.PincelError('argument', `'${name}' is made of several networks.`, { expected: 'Stylizer.create', got: 'Model.load' });
  return {
    source: sources.model ?? sources,
    options: {
      ...settings, name, version, ...options, integrity: undefined,
      onLoaded: (model, Model, dispatch) => lookAfterwards(model, Model, dispatch, fleet),
      onFailed: (error) => giveUp(release, error, fleet),
    },
  };
}

/** What Model.update does: looks now. */
export async function update(where, Model, options, library) {
  return lookAlone(await openFleet(String(where).replace(/^manifest:/, ''), options, library), Model);
}

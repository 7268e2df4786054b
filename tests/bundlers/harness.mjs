// The packed tarball, installed where a fixture is built, and the built page driven in headless Chromium.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from '../../js/build/serve.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url)), here = fileURLToPath(new URL('.', import.meta.url));
const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];

/** Runs to its end; throws with what it printed when it fails. */
export function execute(command, parameters, cwd, { timeout = 600_000 } = {}) {
  const environment = { ...process.env, NODE_OPTIONS: '', NEXT_TELEMETRY_DISABLED: '1', CI: '1' };
  delete environment.NODE_TEST_CONTEXT;
  const { status, stdout, stderr, error } = spawnSync(command, parameters, { cwd, encoding: 'utf8', timeout, env: environment, maxBuffer: 64 << 20 });
  if (status !== 0) throw Object.assign(new Error(`${[command, ...parameters].join(' ')} failed${error ? `: ${error.message}` : ''}\n${stdout}${stderr}`.slice(-4000)), { stdout });
  return stdout;
}

/** npm pack into a new folder: {folder, tarball, files: [path]}. */
export function pack() {
  const folder = mkdtempSync(join(tmpdir(), 'pincel-package-'));
  const [{ filename, files, size, unpackedSize }] = JSON.parse(execute('npm', ['pack', '--json', '--ignore-scripts', '--loglevel=error', `--pack-destination=${folder}`], root));
  return { folder, tarball: join(folder, filename), files: files.map(({ path }) => path), size, unpackedSize };
}

/**
 * A fixture beside what it shares with the others, with the tarball and, where `registry` allows it, its own
 * devDependencies installed. Returns its folder.
 */
export function install({ folder, tarball }, name, { registry = false } = {}) {
  const place = join(folder, name);
  cpSync(join(here, 'fixtures', name), place, { recursive: true });
  cpSync(join(here, 'work.mjs'), join(place, 'work.mjs'));
  const description = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
  if (!registry) writeFileSync(join(place, 'package.json'), JSON.stringify({ ...description, devDependencies: undefined }));
  execute('npm', ['install', ...quiet, ...(registry ? [] : ['--offline', '--ignore-scripts']), tarball], place);
  return place;
}

/** What a page served from `folder` leaves as its outcome, with every complaint of its console and every failed request. */
export async function drive(browser, folder, { path = '', origin } = {}) {
  const server = origin ? { origin, close() {} } : await serve({ port: 0, mounts: { '/': folder } });
  const page = await browser.newPage(), complaints = [];
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`); });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('response', (response) => { if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`); });
  try {
    await page.goto(`${server.origin}/${path}`);
    await page.waitForFunction(() => document.documentElement.dataset.outcome, null, { timeout: 120_000 })
      .catch((error) => { throw new Error(`${error.message}\n${complaints.join('\n')}`); });
    return { outcome: JSON.parse(await page.evaluate(() => document.documentElement.dataset.outcome)), complaints };
  } finally {
    await page.close();
    await server.close();
  }
}

export const clean = ({ folder }) => rmSync(folder, { recursive: true, force: true });

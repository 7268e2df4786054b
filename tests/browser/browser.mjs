// What the browser tests share: a headless Chromium and a server with the
// built library, the tests' own pages and, where present, ../shared.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serve } from '../../js/build/serve.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));

export const sharedPresent = existsSync(folder('../../../shared/zoo'));
export const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** more: further arguments of the command line. */
export async function startBrowser(...more) {
  return chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync', ...more],
  });
}

/** isolated: send the headers that allow shared memory; headers: others to send with every file. */
export async function startServer({ isolated = true, headers = {}, mounts = {} } = {}) {
  const isolation = isolated ? {} : { 'Cross-Origin-Opener-Policy': null, 'Cross-Origin-Embedder-Policy': null };
  return serve({
    port: 0,
    headers: { ...isolation, ...headers },
    mounts: {
      '/dist/': folder('../../dist'),
      '/tests/': folder('..'),
      ...(sharedPresent ? {
        '/zoo/': folder('../../../shared/zoo'),
        '/goldens/': folder('../../../shared/goldens'),
        '/pictures/': folder('../../../shared/pictures'),
      } : {}),
      ...mounts,
    },
  });
}

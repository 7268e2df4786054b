// npm start: from a fresh clone to a painting from the command line and the
// demo in a browser.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, main } from './build.mjs';
import { serve } from './serve.mjs';
import { root, setUp } from './setup.mjs';

/** Paints a sample picture with the painter that ships, as anybody would, and says where it is. */
function paintSample() {
  const { painter } = JSON.parse(readFileSync(join(root, 'models/registry.json'), 'utf8')).models;
  if (!painter || !existsSync(join(root, 'models', painter.files.model.name))) return;
  const style = painter.styles[0].id, painting = join(root, 'build', `cat-${style}.png`);
  const words = ['js/cli/main.mjs', 'run', 'painter', 'web/samples/cat.jpg', '--style', style, '--size', '512', '--out', relative(root, painting)];
  console.log(`\n$ node ${words.join(' ')}`);
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('The sample picture could not be painted.');
  console.log(`A cat in the style of ${painter.styles[0].name.en ?? painter.styles[0].name}: ${painting}`);
}

await main(async () => {
  setUp();
  await build();
  paintSample();
  const { origin } = await serve({
    port: Number(process.env.PORT ?? 8080),
    mounts: { '/': join(root, 'web'), '/dist/': join(root, 'dist'), '/models/': join(root, 'models') },
  });
  console.log(`\nPincel is at ${origin}/ (Ctrl+C ends it)`);
});

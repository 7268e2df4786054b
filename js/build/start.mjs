// npm start: from a fresh clone to the demo in a browser.
import { join } from 'node:path';
import { build, main } from './build.mjs';
import { serve } from './serve.mjs';
import { root, setUp } from './setup.mjs';

await main(async () => {
  setUp();
  await build();
  const { origin } = await serve({
    port: Number(process.env.PORT ?? 8080),
    mounts: { '/': join(root, 'web'), '/dist/': join(root, 'dist'), '/models/': join(root, 'models') },
  });
  console.log(`\nPincel is at ${origin}/ (Ctrl+C ends it)`);
});

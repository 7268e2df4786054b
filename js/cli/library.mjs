// The built library, as packages have it.
import { existsSync } from 'node:fs';

const place = new URL('../../dist/pincel.mjs', import.meta.url);

if (!existsSync(place)) {
  process.stderr.write('pincel: The library is not built yet. Hint: npm run build\n');
  process.exit(1);
}

export const pincel = await import(place.href);

/** convert and quantize, which only their commands load. */
export const openTools = () => import(new URL('pincel-tools.mjs', place).href);

/** Works through many, as runMany and its like do. */
export const openBatch = () => import(new URL('pincel-batch.mjs', place).href);

// The stored outputs of record.mjs.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { arrays, fingerprint } from './describe.mjs';

const index = JSON.parse(readFileSync(new URL('expected.json', import.meta.url)));
const stored = gunzipSync(readFileSync(new URL('expected.bin.gz', import.meta.url)));

/** {outputs: typed arrays} or {refused: why}; throws when the case changed since. */
export function expectedOf(name, { bytes, inputs, outputs }) {
  const entry = index.cases[name];
  if (!entry) throw new Error(`'${name}' was never recorded: run record.mjs`);
  if (entry.is !== fingerprint(bytes, inputs)) throw new Error(`'${name}' changed since it was recorded: run record.mjs`);
  if (entry.refused) return { refused: entry.refused };
  let at = entry.at;
  return {
    outputs: outputs.map(({ dtype }, i) => {
      const copy = Uint8Array.from(stored.subarray(at, at += entry.sizes[i]));
      return new arrays[dtype](copy.buffer);
    }),
  };
}

// The library, fetched when a page first needs it. It is expected beside the
// pages, in dist/.
import { Failure } from './failures.mjs';

let loading;

export function engine() {
  loading ??= import('./dist/pincel.mjs').catch((error) => {
    loading = undefined;
    throw new Failure('The engine did not load. Check the connection and reload; on your own server, build it first.',
      { cause: error });
  });
  return loading;
}

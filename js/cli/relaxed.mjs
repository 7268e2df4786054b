// Node 20's V8 has relaxed SIMD behind a flag, which has to be set before the
// first module is compiled.
import { setFlagsFromString } from 'node:v8';

if (parseInt(process.versions.node, 10) < 22) setFlagsFromString('--experimental-wasm-relaxed-simd');

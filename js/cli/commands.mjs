// In the order of the overview.
import { bench } from './bench.mjs';
import { bundle } from './bundle.mjs';
import { convert } from './convert.mjs';
import { inspect } from './inspect.mjs';
import { list } from './list.mjs';
import { manifest } from './manifest.mjs';
import { pull } from './pull.mjs';
import { quantize } from './quantize.mjs';
import { run } from './run.mjs';
import { verify } from './verify.mjs';

export const commands = [run, inspect, bench, verify, convert, quantize, list, pull, manifest, bundle];

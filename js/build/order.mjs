// The functions of a module in WebAssembly's text form, in an order that gzip can make the most of:
//   node js/build/order.mjs module.wat ordered.wat
// gzip finds again what it has seen within 32 KiB. So each function is followed by the one, of those left, that most
// resembles the ones before it, the last of them most of all: that has the most lines in common, three in a row, where
// rare ones count for more than frequent ones and long functions must have more of them. It takes 1 % off the engine.
import { readFileSync, writeFileSync } from 'node:fs';

const linesAlike = 3, memory = 0.85; // what is left of a resemblance one function later: found by trying
const functions = /^ \(func [^]*?^ \)\n/gm;

/** Everything of `linesAlike` lines in a function, whatever is called there. */
function traits(text) {
  const lines = text.replace(/\$[a-z_][\w.]*/gi, '$').split('\n').slice(1).map((line) => line.trim());
  return new Set(lines.slice(linesAlike - 1).map((_, i) => lines.slice(i, i + linesAlike).join('\n')));
}

/** Indices of functions, from the longest one on. */
function order(texts) {
  const all = texts.map(traits), often = new Map();
  for (const one of all) for (const trait of one) often.set(trait, (often.get(trait) ?? 0) + 1);
  const shared = all.map((one) => [...one].filter((trait) => often.get(trait) > 1));
  const weight = (trait) => Math.log(texts.length / often.get(trait));
  const left = new Set(texts.keys()), ordered = [], resemblance = texts.map(() => 0);
  let next = texts.reduce((longest, text, i) => (text.length > texts[longest].length ? i : longest), 0);
  while (left.delete(next)) {
    ordered.push(next);
    const last = all[next];
    let most = -1;
    for (const i of left) {
      const alike = shared[i].reduce((sum, trait) => sum + (last.has(trait) ? weight(trait) : 0), 0);
      resemblance[i] = resemblance[i] * memory + alike / Math.sqrt(texts[i].length);
      if (resemblance[i] > most) [most, next] = [resemblance[i], i];
    }
  }
  return ordered;
}

const [from, to] = process.argv.slice(2);
const module = readFileSync(from, 'utf8'), texts = module.match(functions), ordered = order(texts).map((i) => texts[i]);
writeFileSync(to, module.replace(functions, () => ordered.shift()));

// npm run bench: Pincel and its peers side by side, on the same files, in the same headless browser, taking turns.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, main } from '../js/build/build.mjs';
import { root, setUp } from '../js/build/setup.mjs';
import { launch } from './browsers.mjs';
import { measure, measurePeaks, placeOf } from './measure.mjs';
import { buildNative } from './native.mjs';
import { peakModules, peakOf } from './peaks.mjs';
import { chart, machineText, table } from './report.mjs';
import { rows } from './rows.mjs';
import { serve } from './serve.mjs';

const usage = `npm run bench -- [options]

Builds Pincel, installs its peers into bench/node_modules, and compares them row by row: both sides are loaded, have to
answer alike, then run in turns. Rounds in which the machine did something else do not count. Prints a Markdown table;
writes bench/results.json and the chart bench/results.svg. All of it takes about a quarter of an hour.

  --rows LIST      only the rows whose names contain one of these, separated by commas (default: all)
  --threads LIST   numbers of threads (default: 1,2)
  --rounds N       turns of each side, at least 5 (default: 61)
  --burst MS       how long a turn lasts, at least one run (default: 30)
  --seconds N      no new round of a row after so long, but for the first five (default: 20)
  --json FILE      where the results go (default: bench/results.json)
  --markdown FILE  the table into a file, too
  --readme         the table into README.md, between its marks, and the chart to bench/chart.svg, if no row failed
  --no-build       measures dist/ as it is
  --list           the names of the rows
  --help`;

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '61' },
    burst: { type: 'string', default: '30' },
    seconds: { type: 'string', default: '20' },
    json: { type: 'string', default: join(root, 'bench/results.json') },
    markdown: { type: 'string' },
    readme: { type: 'boolean' },
    'no-build': { type: 'boolean' },
    list: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});

function installPeers() {
  const folder = join(root, 'bench'), { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const isThere = ([name, version]) => {
    const file = join(folder, 'node_modules', name, 'package.json');
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === version;
  };
  if (Object.entries(dependencies).every(isThere)) return;
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: folder, stdio: 'inherit' });
}

function checkedOptions() {
  const threads = options.threads.split(',').map(Number), rounds = Number(options.rounds);
  const burst = Number(options.burst), seconds = Number(options.seconds);
  const wanted = options.rows.split(',');
  const chosen = rows.filter(({ id }) => wanted.some((part) => id.includes(part)));
  if (!threads.every((count) => Number.isInteger(count) && count >= 1)) throw new Error(`--threads ${options.threads}: numbers from 1, separated by commas.`);
  if (!(Number.isInteger(rounds) && rounds >= 5)) throw new Error(`--rounds ${options.rounds}: a whole number, at least 5.`);
  if (!(burst > 0)) throw new Error(`--burst ${options.burst}: milliseconds.`);
  if (!(seconds > 0)) throw new Error(`--seconds ${options.seconds}: a number greater than 0.`);
  if (!chosen.length) throw new Error(`No row is called '${options.rows}'; --list names them.`);
  return { threads, rounds, burst, seconds, chosen };
}

/** Measures the rows; what cannot be measured here is said, and does not stop the others. */
async function measureAll({ chosen, threads, ...pace }, origin, program) {
  const machine = { cpu: cpus()[0].model, cores: cpus().length, browsers: {}, peaks: {} }, results = [], failures = [];
  const modules = peakModules();
  for (const name of ['chromium', 'firefox']) {
    const mine = chosen.filter(({ browser }) => browser === name);
    const browser = mine.length ? await launch(name) : undefined;
    if (!browser) {
      for (const { title } of mine) failures.push(`${title}: ${name} is not installed.`);
      continue;
    }
    try {
      machine.browsers[name] = (await browser.version()).replace('/', ' ').replace('HeadlessChrome', 'Chromium');
      machine.peaks[name] = await measurePeaks(browser, origin, modules);
      for (const row of mine) {
        const place = placeOf(row);
        for (const count of row.threads.filter((each) => threads.includes(each))) {
          try {
            if (!place) throw new Error(`${row.model} is not here.`);
            if (row.kind === 'native' && !program) throw new Error('there is no native build for this processor.');
            const measured = await measure(row, place, { browser, origin, threads: count, ...pace, program, watch: modules[0].bytes });
            const result = { row: { ...row, macs: measured.info.macs || row.macs }, threads: count, ...measured, peak: peakOf(row, machine.peaks[name]) };
            results.push(result);
            console.log(table([result]).split('\n')[2]);
          } catch (error) {
            failures.push(`${row.title}, ${count} threads: ${error.message}`);
            console.log(`| ${failures.at(-1)} |`);
          }
        }
      }
    } finally {
      await browser.close();
    }
  }
  results.sort((a, b) => rows.findIndex(({ id }) => id === a.row.id) - rows.findIndex(({ id }) => id === b.row.id));
  return { machine, results, failures };
}

/** Puts text between README's marks. */
function writeReadme(text) {
  const file = join(root, 'README.md'), readme = readFileSync(file, 'utf8');
  const marks = /(<!-- bench -->\n)[^]*?(<!-- \/bench -->)/;
  if (!marks.test(readme)) throw new Error('README.md has no marks <!-- bench --> and <!-- /bench -->.');
  writeFileSync(file, readme.replace(marks, (_, begin, end) => `${begin}${text}\n${end}`));
}

await main(async () => {
  if (options.help) return console.log(usage);
  if (options.list) return console.log(rows.map(({ id, title }) => `${id.padEnd(28)} ${title}`).join('\n'));
  const checked = checkedOptions();
  setUp({ tests: true });
  if (!options['no-build']) await build();
  installPeers();
  const program = checked.chosen.some(({ kind }) => kind === 'native') ? buildNative() : undefined;
  const folder = (path) => join(root, path);
  const server = await serve({
    '/bench/': folder('bench'), '/peers/': folder('bench/node_modules'), '/dist/': folder('dist'), '/js/': folder('js'),
    '/models/': folder('models'), '/zoo/': folder('../shared/zoo'), '/goldens/': folder('../shared/goldens'),
  });
  try {
    const { machine, results, failures } = await measureAll(checked, server.origin, program);
    if (!results.length) throw new Error(`Nothing was measured:\n${failures.join('\n')}`);
    const text = `${table(results)}\n\n${machineText(machine, results)}`;
    console.log(`\n${text}\n${failures.length ? `\nNot measured:\n${failures.join('\n')}\n` : ''}`);
    const { rounds, burst, seconds } = checked;
    writeFileSync(options.json, `${JSON.stringify({ date: new Date().toISOString(), ...machine, rounds, burst, seconds, results, failures }, null, 1)}\n`);
    writeFileSync(join(root, 'bench/results.svg'), chart(results, machine));
    if (options.markdown) writeFileSync(options.markdown, `${text}\n`);
    if (options.readme && !failures.length) { // a table with rows missing would pass for the whole
      writeReadme(`${text}\n\n![Pincel and its peers: median times as bars](bench/chart.svg)`);
      writeFileSync(join(root, 'bench/chart.svg'), chart(results, machine));
    }
    if (failures.length) process.exitCode = 1;
  } finally {
    server.close();
  }
});

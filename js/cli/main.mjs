#!/usr/bin/env node
// pincel: the library on the command line. Exit codes: 0 it worked, 1 it
// failed, 2 the command line is wrong.
import './relaxed.mjs';
import { UsageError, helpFor, overview, parse } from './arguments.mjs';
import { commands } from './commands.mjs';
import { pincel } from './library.mjs';
import { errorLine, print } from './terminal.mjs';

function find(name) {
  if (name === undefined) throw new UsageError('No command was given.', "'pincel --help' lists the commands.");
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) throw new UsageError(`There is no command '${name}'.`, `Commands: ${commands.map((one) => one.name).join(', ')}.`);
  return command;
}

/** @returns {Promise<number>} the exit code */
async function main([name, ...rest]) {
  if (name === '--version' || name === '-V') return print(pincel.version);
  if (name === '--help' || name === '-h') return print(overview(commands));
  if (name === 'help') return print(rest.length ? helpFor(find(rest[0])) : overview(commands));
  const command = find(name), { values, positionals } = parse(command, rest);
  if (values.help) return print(helpFor(command));
  return await command.run(positionals, values) ?? 0;
}

/** A reader that has seen enough (`| head`) is no failure. */
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(errorLine(error));
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

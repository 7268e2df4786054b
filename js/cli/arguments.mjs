// The command line: a command's options as node:util's parseArgs has them,
// with `help` (and `value`, how help calls an option's value).
import { parseArgs } from 'node:util';

/** What the person who typed it can put right. */
export class UsageError extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

const common = {
  json: { type: 'boolean', help: 'print JSON' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
};

/** Options of the commands that run models. */
export const engineOptions = {
  threads: { type: 'string', value: 'N', help: "threads (default: 'auto', as many as there are cores, up to 8)" },
  simd: { type: 'string', value: 'KIND', help: "kernels: 'relaxed', 'simd128' or 'scalar' (default: the best there is)" },
  mirror: { type: 'string', value: 'URL', help: 'fetch models by name from there instead of their publishers' },
};

/** How a model by file wants its pictures; models by name know. */
export const pictureOptions = {
  range: { type: 'string', value: 'RANGE', help: "values of pixels: '-1..1', '0..1' or '0..255'" },
  mean: { type: 'string', value: 'R,G,B', help: 'or: subtract this from the bytes (one number or three) …' },
  std: { type: 'string', value: 'R,G,B', help: '… and divide by this' },
  bgr: { type: 'boolean', help: 'channels in the order blue, green, red' },
};

const optionsOf = (command) => ({ ...command.options, ...common });

/** @returns {{values, positionals}} */
export function parse(command, args) {
  let parsed;
  try {
    const options = Object.fromEntries(Object.entries(optionsOf(command)).map(([name, { type, short, multiple }]) => (
      [name, { type, ...(short && { short }), ...(multiple && { multiple }) }])));
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message.split('. ')[0].replace(/\.?$/, '.'), `'pincel ${command.name} --help' lists the options.`);
  }
  const { values, positionals } = parsed, [least, most] = command.count;
  if (!values.help && (positionals.length < least || positionals.length > most)) {
    throw new UsageError(positionals.length < least ? `${command.name} needs more arguments.` : `${command.name} takes no '${positionals[most]}'.`, `Usage: ${usage(command)}`);
  }
  return { values, positionals };
}

const usage = ({ name, parameters }) => `pincel ${name} ${parameters}`.trim();

function optionLines(options) {
  const left = Object.entries(options).map(([name, { short, value }]) => `  ${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`);
  const width = Math.max(...left.map(({ length }) => length)) + 2;
  return Object.values(options).map(({ help }, i) => left[i].padEnd(width) + help);
}

export function helpFor(command) {
  return [
    `Usage: ${usage(command)} [options]`, '', ...command.about.trim().split('\n'), '', 'Options:', ...optionLines(optionsOf(command)),
    ...(command.examples ? ['', 'Examples:', ...command.examples.map((example) => `  ${example}`)] : []),
  ].join('\n');
}

export function overview(commands) {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return [
    'Usage: pincel COMMAND [options]', '', 'Runs image models: style transfer and classification.', '', 'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`), '',
    "'pincel COMMAND --help' says more. --version prints the version.",
    'A model is a file, an address, or a name that `pincel list` shows.',
    'Exit codes: 0 it worked, 1 it failed, 2 the command line is wrong.',
  ].join('\n');
}

/** An option's number within limits; undefined when it was not given. */
export function numberOf(values, name, { least = -Infinity, most = Infinity, isWhole = false } = {}) {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === '' || !(number >= least && number <= most) || (isWhole && !Number.isInteger(number))) {
    const limits = most === Infinity ? `${isWhole ? 'a whole number' : 'a number'} of ${least} or more` : `${isWhole ? 'a whole number' : 'a number'} from ${least} to ${most}`;
    throw new UsageError(`--${name} is '${text}'.`, `It takes ${limits}.`);
  }
  return number;
}

const choiceOf = (values, name, choices) => {
  if (values[name] !== undefined && !choices.includes(values[name])) throw new UsageError(`--${name} is '${values[name]}'.`, `It takes ${choices.join(', ')}.`);
  return values[name];
};

/** One number, or three with commas between them. */
function channels(values, name) {
  if (values[name] === undefined) return undefined;
  const numbers = values[name].split(',').map(Number);
  if (![1, 3].includes(numbers.length) || !numbers.every(Number.isFinite)) throw new UsageError(`--${name} is '${values[name]}'.`, 'It takes one number, or three with commas between them.');
  return numbers.length === 1 ? numbers[0] : numbers;
}

const defined = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** Options for the library from those of the command line. */
export function loadOptions(values) {
  const threads = values.threads === 'auto' ? 'auto' : numberOf(values, 'threads', { least: 1, most: 64, isWhole: true });
  return defined({
    threads, simd: choiceOf(values, 'simd', ['auto', 'relaxed', 'simd128', 'scalar']), mirror: values.mirror,
    range: choiceOf(values, 'range', ['-1..1', '0..1', '0..255']), mean: channels(values, 'mean'), std: channels(values, 'std'), bgr: values.bgr,
  });
}

/** --shape input=1,256,256,3, as often as there are inputs. */
export function shapesOf(values) {
  if (!values.shape) return undefined;
  return Object.fromEntries(values.shape.map((text) => {
    const [, name, dims] = text.match(/^(.+)=(\d+(?:,\d+)*)$/) ?? [];
    if (!name) throw new UsageError(`--shape is '${text}'.`, 'It takes the name of an input and its shape: --shape input=1,256,256,3');
    return [name, dims.split(',').map(Number)];
  }));
}

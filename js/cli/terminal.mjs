// What a person sees: tables, sizes, a progress bar, one line for an error.
// Colours and bars only where a terminal is.

const codes = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] };

const isColoured = (stream) => Boolean(stream.isTTY) && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

/** {bold(text), dim(text), …} for a stream; plain where it is no terminal. */
export function colours(stream = process.stdout) {
  const isOn = isColoured(stream);
  return Object.fromEntries(Object.entries(codes).map(([name, [on, off]]) => [name, (text) => (isOn ? `\x1b[${on}m${text}\x1b[${off}m` : `${text}`)]));
}

export function print(text) {
  process.stdout.write(`${text}\n`);
  return 0;
}

export const printJSON = (value) => print(JSON.stringify(value, (key, item) => (typeof item === 'bigint' ? Number(item) : item), 2));

/** Scores as they are shown: per cents when all are shares of one, else (a network that ends before its softmax) the numbers themselves. */
export function scoreWriter(scores) {
  const areShares = scores.every((score) => score >= 0 && score <= 1.0001);
  return areShares ? (score) => `${(100 * score).toFixed(1)} %` : (score) => score.toFixed(2);
}

/** 4070174 → '4.07 MB' */
export function formatBytes(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB'], step = bytes < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3));
  return step ? `${(bytes / 1000 ** step).toPrecision(3)} ${units[step]}` : `${bytes} bytes`;
}

/** 300774272 → '301 M' */
export function formatCount(count) {
  const units = ['', ' k', ' M', ' G', ' T'], step = count < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(count) / 3));
  return step ? `${Number((count / 1000 ** step).toPrecision(3))}${units[step]}` : `${count}`;
}

export const formatShape = (shape) => (shape.length ? shape.map((dim) => (dim < 0 ? '?' : dim)).join(' x ') : 'scalar');

/** Rows of texts as columns; `right` lists the columns that end at one place. Lines have no spaces at their ends. */
export function table(rows, { right = [], indent = '' } = {}) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => `${row[column]}`.length)));
  return rows.map((row) => indent + row.map((cell, column) => (right.includes(column) ? `${cell}`.padStart(widths[column]) : `${cell}`.padEnd(widths[column])))
    .join('  ').trimEnd()).join('\n');
}

/** 'pincel: what went wrong (expected …, got …). Hint: what to do' */
export function errorLine(error) {
  const { red, dim } = colours(process.stderr);
  const details = ['expected', 'got'].filter((field) => error[field]).map((field) => `${field} ${error[field]}`).join('; ');
  const said = `${error.message ?? error}`.replace(/\s*\n\s*/g, ' ').replace(/\.$/, '');
  const message = `${said}${details ? ` (${details})` : ''}`.replace(/[^.?!]$/, '$&.');
  const trace = process.env.PINCEL_DEBUG ? `${error.stack}\n` : '';
  return `${red('pincel:')} ${message}${error.hint ? ` ${dim(`Hint: ${error.hint}`)}` : ''}\n${trace}`;
}

/** A bar on standard error that redraws itself; nothing where that is no terminal. */
export class Progress {
  #drawn = 0;

  constructor(label, stream = process.stderr) {
    this.label = label;
    this.stream = stream;
  }

  /** `total` may be unknown */
  update(done, total, text = '') {
    const now = Date.now();
    if (!this.stream.isTTY || (now - this.#drawn < 50 && done !== total)) return;
    this.#drawn = now;
    const width = 24, filled = total ? Math.round(width * Math.min(1, done / total)) : 0;
    const bar = total ? `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${String(Math.floor(100 * Math.min(1, done / total))).padStart(3)} %` : `${done}`;
    const line = `${this.label} ${bar} ${text}`.trimStart();
    this.stream.write(`\r\x1b[K${line.slice(0, (this.stream.columns || 80) - 1)}`);
  }

  /** Takes the bar away. */
  end() {
    if (this.stream.isTTY && this.#drawn) this.stream.write('\r\x1b[K');
    this.#drawn = 0;
  }
}

/** An onProgress for loading that draws a bar while a file comes. */
export function downloadBar(name) {
  const bar = new Progress(name);
  return {
    onProgress: ({ stage, loaded, total }) => {
      if (stage === 'download') bar.update(loaded, total, formatBytes(loaded));
    },
    end: () => bar.end(),
  };
}

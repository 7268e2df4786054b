// pincel bundle: engine, model and page in one HTML file, which works from
// anywhere: from a folder, from a mail, from any host. It fetches nothing.
//
// Both engines go in, relaxed and plain SIMD, 0.11 MB each: without the first
// 8-bit networks take up to twice as long where browsers have it, without the
// second the page would not run in Safari. Threads stay out: files have no
// cross-origin isolation. Everything binary is deflated, in base64.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { UsageError, engineOptions, loadOptions, numberOf, pictureOptions } from './arguments.mjs';
import { pincel } from './library.mjs';
import { taskOf } from './run.mjs';
import { modelSource, withBar } from './sources.mjs';
import { colours, formatBytes, print, printJSON } from './terminal.mjs';

const part = (name) => readFileSync(new URL(`one-file/${name}`, import.meta.url), 'utf8');
const built = (name) => readFileSync(new URL(`../../dist/${name}`, import.meta.url));
const tasks = { paint: 'style transfer', classify: 'classification' };

const escaped = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
const inScript = (value) => JSON.stringify(value).replaceAll('<', '\\u003c');

/** A script's text as it may stand in a page. */
function script(text, name) {
  if (/<\/script|<!--/i.test(text)) throw new Error(`${name} cannot stand in a page as it is.`);
  return text;
}

/** 'great-wave 2, ink 1' or 'great-wave=2,ink=1', by names or numbers. */
function mixtureOf(text, styles) {
  const parts = text.split(',').map((one) => one.trim().match(/^(\S+?)(?:(?:\s+|\s*=\s*)([\d.]+))?$/));
  if (parts.includes(null)) throw new UsageError(`--style is '${text}'.`, "It takes a style, or several with weights: --style 'great-wave 2, ink 1'");
  for (const [, name] of parts) {
    if (styles.length && !styles.includes(name) && !(/^\d+$/.test(name) && name < styles.length)) throw new UsageError(`There is no style '${name}'.`, `Styles: ${styles.join(', ')}.`);
  }
  const mixture = Object.fromEntries(parts.map(([, name, weight = '1']) => [name, Number(weight)]));
  if (!Object.values(mixture).every(Number.isFinite) || !Object.values(mixture).some((weight) => weight > 0)) throw new UsageError(`--style is '${text}'.`, 'Weights are numbers, not all 0.');
  return mixture;
}

/** The model's file as bytes. `entry`: what the registry knows of it. */
async function bytesOf(source, role, values) {
  if (source.startsWith('pincel:')) {
    const [{ bytes }] = await pincel.pullModel(role ? `${source}/${role}` : source, loadOptions(values));
    return bytes;
  }
  if (!/^(https?|data):/i.test(source)) return readFileSync(source.startsWith('file:') ? new URL(source) : source);
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source} could not be fetched: HTTP ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}

const known = (options, names) => Object.fromEntries(names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]));
const normalisation = ['range', 'mean', 'std', 'bgr'];

/** Settings of the page for a network that paints, and which of a pair's files goes in. */
async function painterSettings(source, values) {
  const stylizer = await withBar(source, loadOptions(values), (options) => pincel.Stylizer.create(source, options));
  try {
    const { styles, predict, styleInput, transfer, options } = stylizer, { style } = values;
    const settings = { options: { ...known(transfer.metadata, normalisation), ...known(options, normalisation), styles } };
    if (!styleInput && style !== undefined) throw new UsageError('This network has its style built in.', 'Leave --style out.');
    if (predict) {
      if (style === undefined) throw new UsageError('Which style?', '--style PICTURE: a picture to paint like.');
      settings.style = [...await stylizer.styleVector(style)];
    } else if (style !== undefined) settings.style = mixtureOf(style, styles);
    else if (styleInput) {
      if (!styles.length) throw new UsageError('Which style?', '--style NUMBER, one that the network knows, or a mixture.');
      settings.styles = options.styles.map((one) => ({ id: one.id ?? one, name: one.name ?? one }));
    }
    return { settings, role: predict && 'transfer' };
  } finally {
    stylizer.dispose();
  }
}

async function classifierSettings(source, values) {
  const given = { ...loadOptions(values), ...(values.labels && { labels: values.labels }) };
  const classifier = await withBar(source, given, (options) => pincel.Classifier.create(source, options));
  try {
    return { settings: { options: { ...known(classifier.options, [...normalisation, 'crop', 'threshold']), labels: classifier.labels } } };
  } finally {
    classifier.dispose();
  }
}

const titles = { 'style transfer': { en: 'Paint a photograph', pt: 'Pintar uma fotografia' }, classification: { en: 'What is in the picture?', pt: 'O que há na imagem?' } };

/** The page's HTML. files: {name: bytes} */
export function makePage({ title, settings, files }) {
  const digest = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const library = script(built('pincel.js').toString('utf8').trim(), 'pincel.js'), page = script(part('page.js').trim(), 'page.js'), style = part('page.css').trim();
  const policy = [
    "default-src 'none'", `script-src ${digest(library)} ${digest(page)} 'wasm-unsafe-eval'`, `style-src ${digest(style)}`,
    'img-src blob: data:', 'worker-src blob:', "base-uri 'none'", "form-action 'none'",
  ].join('; ');
  const blocks = Object.entries(files).map(([name, bytes]) => (
    `<script type="text/plain" data-file="${name}" data-bytes="${bytes.length}">${deflateRawSync(bytes, { level: 9 }).toString('base64')}</script>`));
  const parts = { title: escaped(title), policy, style, library, page, files: blocks.join('\n'), settings: inScript(settings) };
  return part('page.html').replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
}

export const bundle = {
  name: 'bundle',
  summary: 'make one HTML file of engine, model and page',
  parameters: '',
  count: [0, 0],
  about: `Writes a page that holds everything it needs and fetches nothing: it works from a folder,
from a mail's attachment, from any host. Visitors choose, drop, paste or take a photograph.
With --style it paints in that style or mixture; without, they choose among the network's.`,
  options: {
    style: { type: 'string', value: 'STYLE', help: "a style the network knows, or a mixture: 'great-wave 2, ink 1'; for pairs a picture" },
    strength: { type: 'string', value: '0..1', help: 'how much of the style at first (default: 1)' },
    model: { type: 'string', value: 'MODEL', help: 'another network, by file, address or name (default: painter, or classifier)' },
    task: { type: 'string', value: 'TASK', help: "'paint' or 'classify' (default: what the model is for)" },
    labels: { type: 'string', value: 'FILE', help: 'labels, one a line, for classifiers by file' },
    title: { type: 'string', value: 'TEXT', help: "the page's heading" },
    lang: { type: 'string', value: 'LANG', help: "'en' or 'pt' (default: the visitor's)" },
    out: { type: 'string', short: 'o', value: 'FILE', help: 'the page (default: painting.html, or classifier.html)' },
    ...pictureOptions, mirror: engineOptions.mirror,
  },
  examples: ['pincel bundle --style great-wave -o painting.html', "pincel bundle --style 'great-wave 2, ink 1' --strength 0.8 --title 'Waves' --lang pt", 'pincel bundle --task classify'],

  async run(_, values) {
    const { lang, model = values.task === 'classify' ? 'pincel:classifier' : 'pincel:painter' } = values;
    if (values.task !== undefined && !Object.hasOwn(tasks, values.task)) throw new UsageError(`--task is '${values.task}'.`, 'It takes paint or classify.');
    if (lang !== undefined && !['en', 'pt'].includes(lang)) throw new UsageError(`--lang is '${lang}'.`, 'It takes en or pt.');
    if (/\.onnx$/i.test(model)) throw new UsageError('ONNX models need a larger engine.', `pincel convert ${model}, then --model the .tflite file.`);
    const strength = numberOf(values, 'strength', { least: 0, most: 1 }) ?? 1;
    const source = await modelSource(model), task = tasks[values.task] ?? await taskOf(source, {});
    if (!Object.values(tasks).includes(task)) throw new UsageError(`'${model}' is for ${task}.`, 'Pages paint or classify.');
    const refused = (task === 'classification' ? ['style', 'strength'] : ['labels']).find((name) => values[name] !== undefined);
    if (refused) throw new UsageError(`--${refused} is not for ${task}.`, '`pincel bundle --help` says what each option is for.');
    const out = values.out ?? (task === 'classification' ? 'classifier.html' : 'painting.html');
    if (!/\.html?$/i.test(out)) throw new UsageError(`--out is '${out}'.`, 'Pages are written as .html.');

    const { settings, role } = await (task === 'classification' ? classifierSettings : painterSettings)(source, values);
    const bytes = await bytesOf(source, role, values), title = values.title ?? titles[task][lang ?? 'en'];
    const files = { 'pincel-relaxed.wasm': built('pincel-relaxed.wasm'), 'pincel-simd128.wasm': built('pincel-simd128.wasm'), 'model.tflite': bytes };
    const html = makePage({ title, settings: { task, strength, lang, ...settings }, files });
    writeFileSync(out, html);
    const size = Buffer.byteLength(html);
    if (values.json) return printJSON({ file: out, bytes: size, model, task, style: settings.style });
    return print(`${model} -> ${colours().bold(out)}  ${formatBytes(size)}`);
  },
};

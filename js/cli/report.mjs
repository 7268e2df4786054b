// An HTML page about a quantised model: one file, no scripts, nothing fetched.
//
//   reportPage({
//     title, made,                          what it is about, when it was made (text)
//     facts: [{name, before, after, change}],   texts: size, time, memory …
//     quality: [{name, value, good}],           texts: PSNR, agreement …; good: true, false or absent
//     settings: [{name, value}],                texts: mode, pictures …
//     layers: [{name, op, error, kept}],        error: of the output with this layer alone in int8, 0 to 1; kept: '', 'float' or 'float result'
//     samples: [{name, aspect, pictures: [{caption, source}]}],   aspect: width / height; source: a data: URL
//   })
//
// Every text is a stranger's and escaped.

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const text = (value) => String(value ?? '').replace(/[&<>"']/g, (character) => escapes[character]);

const style = `
:root { color-scheme: light dark; --ink: #1d1b17; --faint: #6d675c; --paper: #fbf9f4; --line: #ddd6c8; --bar: #2f6f8f; --kept: #c9822b; --good: #2d7d46; --bad: #b3372f; }
@media (prefers-color-scheme: dark) { :root { --ink: #ece7dc; --faint: #a39c8e; --paper: #1a1815; --line: #3a362f; --bar: #6fb2d2; --kept: #e2a659; --good: #79c491; --bad: #e5837b; } }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 60rem; background: var(--paper); color: var(--ink); font: 16px/1.5 Georgia, 'Times New Roman', serif; }
h1 { font-weight: 500; font-size: 2rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-weight: 500; font-size: 1.3rem; margin: 2.5rem 0 .5rem; }
p { margin: .3rem 0; color: var(--faint); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid var(--line); font-weight: 400; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--faint); font-size: .9rem; }
.good { color: var(--good); } .bad { color: var(--bad); }
svg { width: 100%; height: auto; font: 12px ui-sans-serif, system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .faint { fill: var(--faint); }
.bar { fill: var(--bar); } .kept { fill: var(--kept); } .grid { stroke: var(--line); }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 .8em; vertical-align: baseline; }
.sample { display: flex; gap: 1rem; flex-wrap: wrap; margin: 1rem 0 1.5rem; }
figure { margin: 0; flex: 1 1 14rem; } img { width: 100%; height: auto; display: block; background: var(--line); }
figcaption { color: var(--faint); font-size: .9rem; margin-top: .3rem; overflow-wrap: anywhere; }
`;

const colourClass = ({ good }) => (good === undefined ? '' : ` class="${good ? 'good' : 'bad'}"`);

function factsTable(facts) {
  const rows = facts.map((fact) => `<tr><th scope="row">${text(fact.name)}</th><td>${text(fact.before)}</td><td>${text(fact.after)}</td><td${colourClass(fact)}>${text(fact.change)}</td></tr>`);
  return `<table><thead><tr><th></th><th scope="col">before</th><th scope="col">after</th><th scope="col">change</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

const pairsTable = (pairs) => `<table><tbody>${pairs.map((pair) => `<tr><th scope="row">${text(pair.name)}</th><td${colourClass(pair)}>${text(pair.value)}</td></tr>`).join('')}</tbody></table>`;

/** 1, 2 or 5 times a power of ten, not below the value. */
function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * (1 - 1e-9));
}

const percent = (share) => `${Number((100 * share).toPrecision(3))} %`;
const clipped = (name, length) => (name.length > length ? `…${name.slice(1 - length)}` : name);

/** Horizontal bars, one a layer in the network's order, with a grid. */
export function errorChart(layers) {
  const row = 18, labels = 330, width = 900, numbers = 70, top = 22, height = top + layers.length * row + 4;
  const most = roundUp(Math.max(...layers.map(({ error }) => error || 0))), across = width - labels - numbers;
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const x = labels + part * across;
    return `<line class="grid" x1="${x}" x2="${x}" y1="${top - 4}" y2="${height}"/><text class="faint" x="${x}" y="12" text-anchor="middle">${percent(part * most)}</text>`;
  });
  const bars = layers.map(({ name, op, error, kept }, i) => {
    const y = top + i * row, length = across * Math.min(1, (error || 0) / most);
    return `<g><title>${text(op)} ${text(name)}: ${percent(error || 0)}${kept ? `, ${text(kept)}` : ''}</title>`
      + `<text x="${labels - 8}" y="${y + 13}" text-anchor="end">${text(clipped(name, 46))}</text>`
      + `<rect class="${kept ? 'kept' : 'bar'}" x="${labels}" y="${y + 3}" width="${length.toFixed(1)}" height="${row - 6}"/>`
      + `<text class="faint" x="${(labels + length + 6).toFixed(1)}" y="${y + 13}">${percent(error || 0)}${kept ? ` ${text(kept)}` : ''}</text></g>`;
  });
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Error of each layer">${grid.join('')}${bars.join('')}</svg>`;
}

const isPictureURL = (source) => /^data:image\/(png|jpeg|gif|bmp);base64,[A-Za-z0-9+/=]*$/.test(source);

function sampleRow({ name, aspect, pictures }) {
  const shape = aspect > 0 ? ` style="aspect-ratio: ${Number(aspect).toFixed(4)}"` : '';
  const figures = pictures.filter(({ source }) => isPictureURL(source))
    .map(({ caption, source }) => `<figure><img src="${source}" alt="${text(name)}, ${text(caption)}"${shape}><figcaption>${text(caption)}</figcaption></figure>`);
  return `<h3>${text(name)}</h3><div class="sample">${figures.join('')}</div>`;
}

const section = (title, note, content) => `<section><h2>${title}</h2>${note ? `<p>${note}</p>` : ''}${content}</section>`;

function layerSection(layers) {
  const key = layers.some(({ kept }) => kept) ? ' <span class="key" style="background:var(--bar)"></span>int8 <span class="key" style="background:var(--kept)"></span>in higher precision' : '';
  return section('Error of each layer', `How far the network's output moves when one layer alone is in int8, relative to the output; in the network's order.${key}`, errorChart(layers));
}

/** @returns {string} the page */
export function reportPage({ title, made, facts = [], quality = [], settings = [], layers = [], samples = [] }) {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title><style>${style}</style></head><body>
<header><h1>${text(title)}</h1><p>${text(made)}</p></header>
${[
    facts.length && section('Before and after', '', factsTable(facts)),
    quality.length && section('Quality', 'The new model against the old one, on the pictures it was calibrated with or those given for testing.', pairsTable(quality)),
    layers.length && layerSection(layers),
    samples.length && section('Pictures', '', samples.map(sampleRow).join('')),
    settings.length && section('How it was made', '', pairsTable(settings)),
  ].filter(Boolean).join('\n')}
</body></html>
`;
}

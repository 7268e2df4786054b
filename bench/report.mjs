// Results as a Markdown table, and as a chart.
import { peerNames } from './rows.mjs';

const sorted = (values) => [...values].sort((a, b) => a - b);

export const median = (values) => {
  const ordered = sorted(values);
  return (ordered[ordered.length - 1 >> 1] + ordered[ordered.length >> 1]) / 2;
};

/** What a tenth of the values lie above, over what a tenth lie below. */
const unrestOf = (values) => {
  const ordered = sorted(values), tenth = Math.floor(values.length / 10);
  return ordered.at(-1 - tenth) / ordered[tenth];
};

const milliseconds = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
const spread = (times) => `${milliseconds(median(times))} (${milliseconds(Math.min(...times))}–${milliseconds(Math.max(...times))})`;

/** What was measured as numbers to show. @param result {row, threads, times, info, peak} */
export function summary({ row, threads, times: [ours, theirs], peak }) {
  const rate = row.macs && row.kind !== 'first' ? row.macs / median(ours) / 1e6 : undefined;
  const ratio = theirs && median(ours) / median(theirs);
  return {
    threads, ratio, rate, pincel: median(ours), peer: theirs && median(theirs),
    share: rate && peak && rate / (peak.rate * threads),
    isMet: row.target.ratio ? ratio <= row.target.ratio : rate >= row.target.rate,
  };
}

const targetText = ({ target }) => (target.ratio ? `≤ ${target.ratio.toFixed(2)}` : `≥ ${target.rate} G MAC/s`);
const againstText = ({ peer }) => peerNames[peer] ?? '–';

/** The issue's table, a line for each number of threads. */
export function table(results) {
  const lines = results.map((result) => {
    const { row, times: [ours, theirs], threads } = result, { ratio, rate, share, isMet } = summary(result);
    return [row.title, againstText(row), threads, spread(ours), theirs ? spread(theirs) : '–', ratio ? ratio.toFixed(2) : '–',
      `${targetText(row)} ${isMet ? '✓' : '✗'}`, rate ? rate.toFixed(1) : '–', share ? `${(100 * share).toFixed(0)} %` : '–'];
  });
  const head = ['work', 'against', 'threads', 'Pincel ms (least–greatest)', 'peer ms (least–greatest)', 'ratio', 'target', 'G MAC/s', 'of peak'];
  return [head, head.map((_, i) => (i < 2 ? '---' : '--:')), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const peakNames = {
  relaxed_dot: 'i32x4.relaxed_dot_i8x16_i7x16_add', dot_i16x8: 'i32x4.dot_i16x8 and an addition',
  relaxed_madd: 'f32x4.relaxed_madd', mul_add: 'f32x4.mul and f32x4.add',
};

/** Nine rounds in ten of the same work differ by more than this factor where something else is running. */
const quiet = 1.4;

/** Where it was measured, and what the processor can do there. */
export function machineText({ cpu, cores, browsers, peaks }, results) {
  const rates = Object.entries(peaks).map(([browser, rate]) => (
    `Peaks of one core in ${browser}, G MAC/s: ${Object.entries(rate).map(([name, value]) => `${peakNames[name]} ${value.toFixed(1)}`).join(', ')}.`));
  const unrest = median(results.flatMap(({ times }) => times.map(unrestOf)));
  const warning = unrest > quiet ? [`The machine was not quiet: rounds of the same work differed by a factor of ${unrest.toFixed(1)}, the least and the greatest tenth left out.`] : [];
  return [`${cpu}, ${cores} cores; ${Object.values(browsers).join(', ')}.`, ...rates, ...warning].join('\n');
}

// --- The chart --------------------------------------------------------------------

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const width = 860, left = 320, right = 70, lineHeight = 46, barHeight = 13, head = 64;

function bars(result, index) {
  const { row, threads } = result, { ratio, pincel, peer, isMet } = summary(result);
  const full = width - left - right, most = Math.max(1, ratio), top = head + index * lineHeight;
  const at = (share) => left + full * share / most, target = at(row.target.ratio);
  const bar = (kind, share, y, text) => {
    const end = at(share), isNear = target > end - 3 && target < end + 60 && kind === 'pincel'; // the label goes behind the mark
    return `<rect class="${kind}" x="${left}" y="${y}" width="${(end - left).toFixed(1)}" height="${barHeight}" rx="2"/>`
      + `<text class="small" x="${((isNear ? target : end) + 5).toFixed(1)}" y="${y + barHeight - 2.5}">${text}</text>`;
  };
  return `<g><text x="${left - 12}" y="${top + 12}" text-anchor="end">${escape(row.title)}</text>
<text class="small" x="${left - 12}" y="${top + 27}" text-anchor="end">${escape(againstText(row))}, ${threads} ${threads === 1 ? 'thread' : 'threads'}: ${ratio.toFixed(2)} of its time</text>
${bar('pincel', ratio, top, `${milliseconds(pincel)} ms`)}
${bar('peer', 1, top + barHeight + 3, `${milliseconds(peer)} ms`)}
<line class="target${isMet ? '' : ' missed'}" x1="${target.toFixed(1)}" x2="${target.toFixed(1)}" y1="${top - 3}" y2="${top + barHeight + 3}"/></g>`;
}

/** Bars of Pincel and its peers, for one thread where there is one; legible on light and dark pages. */
export function chart(results, machine) {
  const shown = results.filter(({ row, times, threads }) => times[1] && row.kind !== 'native' && threads === Math.min(...row.threads));
  const height = head + shown.length * lineHeight + 24;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Pincel and its peers: milliseconds a run">
<style>
  svg { background: #fffdf8; font: 14px system-ui, sans-serif } text { fill: #23201b } .small { font-size: 12px; fill: #5d564c }
  .pincel { fill: #b4502b } .peer { fill: #b9b2a5 } .target { stroke: #23201b; stroke-width: 2 } .missed { stroke-dasharray: 3 2 }
  @media (prefers-color-scheme: dark) {
    svg { background: #191714 } text { fill: #efe9dd } .small { fill: #b3aa9b }
    .pincel { fill: #e07a4f } .peer { fill: #6b655b } .target { stroke: #efe9dd }
  }
</style>
<rect class="pincel" x="${left}" y="20" width="12" height="12" rx="2"/><text x="${left + 18}" y="31">Pincel</text>
<rect class="peer" x="${left + 90}" y="20" width="12" height="12" rx="2"/><text x="${left + 108}" y="31">peer</text>
<line class="target" x1="${left + 166}" x2="${left + 166}" y1="18" y2="34"/><text x="${left + 174}" y="31">target</text>
<text class="small" x="${left}" y="50">Median time, the shorter the better</text>
${shown.map(bars).join('\n')}
<text class="small" x="12" y="${height - 8}">${escape(`${machine.cpu}, ${machine.cores} cores, ${Object.values(machine.browsers).join(', ')}`)}</text>
</svg>
`;
}

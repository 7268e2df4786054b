// pincel inspect: what a model's file holds, and whether it runs here.
import { engineOptions, loadOptions, shapesOf } from './arguments.mjs';
import { pincel } from './library.mjs';
import { modelSource, withBar } from './sources.mjs';
import { colours, errorLine, formatBytes, formatCount, formatShape, print, printJSON, table } from './terminal.mjs';

const scaleText = ({ scale, zeroPoint }) => (scale ? `scale ${scale.toPrecision(4)}, zero point ${zeroPoint}` : '');

function tensorLines({ inputs, outputs }) {
  const row = (kind) => (tensor) => [kind, tensor.name, tensor.dtype, formatShape(tensor.shape), scaleText(tensor)];
  return table([...inputs.map(row('input')), ...outputs.map(row('output'))]);
}

function operatorLines({ ops }) {
  const { red } = colours();
  return ops.map(({ op, count, supported }) => `${String(count).padStart(6)}  ${supported ? op : red(`${op}  unsupported`)}`).join('\n');
}

function nodeLines(nodes) {
  return table(nodes.map(({ op, name, shape, supported }, i) => [i, op, formatShape(shape), supported ? '' : 'unsupported', name]), { right: [0] });
}

function resourceLines({ bytes, macs, weightBytes, arenaBytes, peakMemory }) {
  return table([
    ['work', `${formatCount(macs)} multiply-accumulates a run`],
    ['memory', `${formatBytes(peakMemory)}: file ${formatBytes(bytes)}, weights ${formatBytes(weightBytes)}, activations ${formatBytes(arenaBytes)}`],
  ]);
}

function report(name, found, { nodes: allNodes }) {
  const { bold, green, red } = colours(), { nodes, supported, error } = found;
  const unsupported = nodes.filter((node) => !node.supported);
  const parts = [
    `${bold(name)}  ${formatBytes(found.bytes)}  ${supported ? green('runs here') : red('does not run here')}`, tensorLines(found),
  ];
  if (supported) parts.push(resourceLines(found));
  parts.push(`${String(nodes.length).padStart(6)}  ${bold('operators')}\n${operatorLines(found)}`);
  if (allNodes) parts.push(nodeLines(nodes));
  else if (unsupported.length) parts.push(`Unsupported nodes:\n${nodeLines(unsupported)}`);
  if (error) parts.push(errorLine(error).trimEnd());
  return parts.join('\n\n');
}

export const inspect = {
  name: 'inspect',
  summary: 'show what a model holds and whether it runs here',
  parameters: 'MODEL',
  count: [1, 1],
  about: `Shows a model's inputs, outputs, operators, multiply-accumulates and memory, and what
of it is unsupported. Exit code 1 when the model does not run here.`,
  options: {
    nodes: { type: 'boolean', help: 'list every node' },
    shape: { type: 'string', multiple: true, value: 'NAME=DIMS', help: 'plan for another input shape' },
    simd: engineOptions.simd, mirror: engineOptions.mirror,
  },
  examples: ['pincel inspect model.tflite', 'pincel inspect magenta/transfer --shape content_image=1,512,512,3'],

  async run([model], values) {
    const source = await modelSource(model), options = { ...loadOptions(values), shapes: shapesOf(values) };
    const found = await withBar(model, options, (more) => pincel.Model.inspect(source, more));
    const { error } = found;
    if (values.json) printJSON({ model, ...found, ...(error && { error: { code: error.code, message: error.message, hint: error.hint } }) });
    else print(report(model, found, values));
    return found.supported ? 0 : 1;
  },
};

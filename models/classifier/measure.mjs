// What the classifier gets right among the held-out pictures, in this engine:
//
//   node models/classifier/measure.mjs models/pincel-classifier.tflite [build/classifier/float.tflite …]
//
// prints, for each file, the share of right answers, of answers that are not
// "unsure", and of right ones among these. Labels, crop and threshold are the
// shipped model's.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Classifier } from '../../dist/pincel.mjs';

const pictures = new URL('../../../shared/training/caltech101/', import.meta.url);

/** What the registry knows of the classifier. */
const { labels, crop, threshold } = JSON.parse(readFileSync(new URL('../registry.json', import.meta.url), 'utf8')).models.classifier;

const folders = { face: 'Faces', leopard: 'Leopards', motorbike: 'Motorbikes', airplane: 'airplanes' };

/** data.py's rule: a stable tenth of the pictures, which training never saw. */
const isHeldOut = (path) => createHash('sha256').update(path).digest().readUInt32BE() % 1000 < 100;

export function heldOut() {
  return labels.flatMap((label, index) => {
    const folder = folders[label] ?? label.replaceAll(' ', '_');
    const names = readdirSync(new URL(`${folder}/`, pictures)).filter((name) => name.endsWith('.jpg')).sort();
    return names.filter((name) => isHeldOut(`${folder}/${name}`)).map((name) => ({ index, file: new URL(`${folder}/${name}`, pictures) }));
  });
}

export async function measure(model, options = {}) {
  const classifier = await Classifier.create(model, { labels, crop, threshold, threads: 1, ...options });
  const files = heldOut();
  let right = 0, answered = 0, rightAnswered = 0;
  for (const { index, file } of files) {
    const guesses = await classifier.classify(file, { topK: 1 });
    const isRight = guesses[0].index === index;
    right += isRight;
    answered += !guesses.unsure;
    rightAnswered += isRight && !guesses.unsure;
  }
  classifier.dispose();
  return { pictures: files.length, accuracy: right / files.length, coverage: answered / files.length, precision: rightAnswered / answered };
}

if (import.meta.url === new URL(process.argv[1], 'file:').href) {
  const trained = { mean: 127, std: 127.5 }; // for float; to 8 bits it makes no difference
  for (const file of process.argv.slice(2)) console.log(file, JSON.stringify(await measure(resolve(file), trained)));
}

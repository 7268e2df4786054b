"""From the checkpoint to models/pincel-classifier.tflite and its entry in models/registry.json.

Calibrates int8 on pictures of the training part, fine-tunes with rounding
simulated when int8 loses accuracy on the choosing part, and fits there the
temperature (least negative log likelihood), the share of the picture that is
looked at, and the threshold of "unsure". The held-out part is first used by
measure.mjs, which runs both files in the engine.
"""
import argparse
import json
import os
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F

from data import CHOOSING, TRAINING, Pictures
from network import SIDE, Classifier
from quantise import Folded, export
from train import mix, other_colours, to_input

BATCH, PRECISION = 64, 0.95
CROPS = (0.75, 0.8, 0.875, 0.94, 1.0)


def load(checkpoint, classes):
    network = Classifier(classes)
    network.load_state_dict(torch.load(checkpoint)['mean'])
    return network.eval().requires_grad_(False)


def batches(pictures, indices, crop):
    for start in range(0, len(indices), BATCH):
        chunk = indices[start:start + BATCH]
        yield to_input(np.stack([pictures.crop(i, pictures.central_box(i, crop), SIDE) for i in chunk]))


def logits(network, pictures, indices, crop):
    with torch.no_grad():
        return torch.cat([network(batch) for batch in batches(pictures, indices, crop)])


def accuracy(values, labels):
    return (values.argmax(1) == labels).float().mean().item()


def calibration(pictures):
    """Training pictures as training showed them, but unmixed."""
    generator = np.random.default_rng(5)
    torch.manual_seed(5)
    for _ in range(12):
        chunk = generator.choice(pictures.of(TRAINING), BATCH, replace=False)
        x = to_input(np.stack([pictures.crop(i, pictures.random_box(i, generator), SIDE) for i in chunk]))
        yield torch.cat([x[:BATCH // 2], other_colours(x[BATCH // 2:])])


def fine_tune(network, teacher, pictures, epochs, rate=1e-4):
    """Learns the float network's answers with rounding simulated; ranges stay as they are."""
    generator = np.random.default_rng(6)
    torch.manual_seed(6)
    training = pictures.of(TRAINING)
    steps = int(epochs * (len(training) // BATCH))
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    network.requires_grad_(True)
    network.simulated = True
    for step in range(steps):
        for group in optimiser.param_groups:
            group['lr'] = rate * (1 - step / steps)
        chunk = generator.choice(training, BATCH, replace=False)
        x = to_input(np.stack([pictures.crop(i, pictures.random_box(i, generator, 0.5), SIDE) for i in chunk]))
        x = mix(other_colours(x), generator)[0]
        with torch.no_grad():
            wanted = F.softmax(teacher(x), 1)
        loss = F.kl_div(F.log_softmax(network(x), 1), wanted, reduction='batchmean')
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    network.requires_grad_(False)


def best_temperature(values, labels):
    candidates = np.exp(np.linspace(np.log(0.3), np.log(3), 200))
    return float(min(candidates, key=lambda t: F.cross_entropy(values / t, labels).item()))


def unsure_threshold(scores, labels):
    """The least threshold above which at least PRECISION of the answers are right."""
    best, right = scores.max(1).values.numpy(), (scores.argmax(1) == labels).numpy()
    for threshold in np.arange(0.1, 0.95, 0.01):
        answered = best >= threshold
        if right[answered].mean() >= PRECISION:
            return round(float(threshold), 2), float(right[answered].mean()), float(answered.mean())
    raise SystemExit(f'No threshold makes {PRECISION:.0%} of the answers right.')


def register(file, crop, threshold, labels):
    """What Classifier has to know. register.mjs adds what follows from the model's bytes."""
    registry = json.loads(file.read_text())
    entry = registry['models'].setdefault('classifier', {'files': {'model': {'name': 'pincel-classifier.tflite'}}})
    entry.update(title='100 everyday things, int8', task='classification', version='1', licence='MIT',
                 publisher='The Pincel authors', crop=crop, threshold=threshold, labels=labels)
    entry['files'] = entry.pop('files')  # its place: before the labels
    entry['labels'] = entry.pop('labels')
    file.write_text(json.dumps(registry, indent=2, ensure_ascii=False) + '\n')


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--pictures', default='../shared/training/caltech101')
    options.add_argument('--work', default='build/classifier')
    options.add_argument('--models', default='models')
    options.add_argument('--fine-tune', type=float, default=1.0, metavar='EPOCHS')
    options = options.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
    started = time.time()
    work, models = pathlib.Path(options.work), pathlib.Path(options.models)
    pictures = Pictures(options.pictures, work / 'pictures.pickle')
    choosing = pictures.of(CHOOSING)
    labels = torch.from_numpy(pictures.classes[choosing])
    network = load(work / 'checkpoint.pt', len(pictures.labels))

    by_crop = {crop: accuracy(logits(network, pictures, choosing, crop), labels) for crop in CROPS}
    crop = max(CROPS, key=lambda c: by_crop[c])
    exact, rounded = Folded(network).requires_grad_(False), Folded(network).requires_grad_(False)
    wanted = logits(exact, pictures, choosing, crop)
    report = {'choosing': len(choosing), 'float': accuracy(wanted, labels), 'crop': crop,
              'float by crop': {str(c): round(a, 4) for c, a in by_crop.items()}}
    rounded.calibrate(calibration(pictures), 0.05)
    rounded.simulated = True
    found = logits(rounded, pictures, choosing, crop)
    report['int8 as calibrated'] = accuracy(found, labels)
    print(json.dumps(report), flush=True)
    if options.fine_tune:
        fine_tune(rounded, exact, pictures, options.fine_tune)
        found = logits(rounded, pictures, choosing, crop)
    report['int8'] = accuracy(found, labels)
    temperature = best_temperature(found, labels)
    threshold, precision, coverage = unsure_threshold(F.softmax(found / temperature, 1), labels)
    report.update(temperature=temperature, threshold=threshold, precision=precision, coverage=coverage,
                  seconds=round(time.time() - started))
    export(rounded, models / 'pincel-classifier.tflite', temperature)
    export(exact, work / 'float.tflite', temperature, int8=False)
    register(models / 'registry.json', crop, threshold, pictures.labels)
    print(json.dumps(report), flush=True)


if __name__ == '__main__':
    main()

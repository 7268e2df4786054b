"""Trains the classifier: labels, and distillation from the teacher's features.

The teacher (MobileNetV2, never shipped) has seen boxes of the pictures
(views.py). A linear classifier on its features, fitted here, gives soft
labels; the student sees nearly the same boxes with other colours, flipped and
mixed, and learns the labels, the soft labels and the direction of the
features. Resumes from the last epoch's checkpoint; picks up new views as they
appear. What is kept is a running mean of the weights.
"""
import argparse
import copy
import json
import math
import os
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from data import CHOOSING, TRAINING, Pictures
from network import Classifier

BATCH = 64
TEMPERATURE = 2.0


def read_views(work):
    """[(boxes, features)] of the views that exist."""
    views = []
    while (file := work / f'view-{len(views)}.npz').exists():
        with np.load(file) as stored:
            views.append((stored['boxes'], torch.from_numpy(stored['features'])))
    return views


def fit_teacher(views, pictures, classes):
    """The linear classifier on the teacher's features; returns it and its accuracy on the choosing part."""
    torch.manual_seed(2)
    training = torch.from_numpy(pictures.of(TRAINING))
    features = torch.cat([view[1][training].float() for view in views])
    labels = torch.from_numpy(pictures.classes)[training].repeat(len(views))
    head = nn.Linear(features.shape[1], classes)
    steps = 1500
    optimiser = torch.optim.AdamW(head.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        batch = torch.randint(len(labels), (256,))
        loss = F.cross_entropy(head(features[batch]), labels[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    choosing = pictures.of(CHOOSING)
    with torch.no_grad():
        best = head(views[0][1][torch.from_numpy(choosing)].float()).argmax(1).numpy()
    return head.requires_grad_(False), (best == pictures.classes[choosing]).mean()


def cycle_at(epoch, ends):
    """Which cycle an epoch belongs to, where that begins, and where it ends."""
    cycle = next(i for i, end in enumerate(ends) if epoch < end)
    return cycle, ends[cycle - 1] if cycle else 0, ends[cycle]


def to_input(pixels):
    """uint8 [n, height, width, 3] to the network's input, channels last in memory."""
    return ((torch.from_numpy(pixels).float() - 127) / 127.5).permute(0, 3, 1, 2).contiguous()


def other_colours(x):
    """Brightness, contrast, saturation and tint of each picture, by chance; one in ten becomes grey."""
    n = len(x)
    amount = lambda most: 1 + (torch.rand(n, 1, 1, 1) * 2 - 1) * most
    grey = (x * torch.tensor([.299, .587, .114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    saturation = amount(0.4) * (torch.rand(n, 1, 1, 1) > 0.1)
    x = grey + (x - grey) * saturation
    middle = x.mean((1, 2, 3), keepdim=True)
    x = (x - middle) * amount(0.4) + middle
    tint = 1 + (torch.rand(n, 3, 1, 1) * 2 - 1) * 0.1
    return (((x + 1) * amount(0.4) * tint) - 1).clamp(-1, 1)


def mix(x, generator):
    """Of eight batches six stay as they are, one is blended with its reverse, one gets a rectangle of it.

    Returns the pictures and each one's own share in it.
    """
    kind = generator.integers(8)
    share = float(generator.beta(0.8, 0.8))
    other, full = x.flip(0), x.shape[2]
    if kind == 1:
        return x * share + other * (1 - share), share
    if kind == 2:
        side = int(full * math.sqrt(1 - share))
        top, left = generator.integers(0, full - side + 1, 2)
        x[:, :, top:top + side, left:left + side] = other[:, :, top:top + side, left:left + side].clone()
        return x, 1 - side * side / full ** 2
    return x, 1.0


def mixed(target, share):
    return target if share == 1 else target * share + target.flip(0) * (1 - share)


def accuracy(network, pictures, indices, side):
    network.eval()
    right = 0
    with torch.no_grad():
        for start in range(0, len(indices), BATCH):
            chunk = indices[start:start + BATCH]
            x = to_input(np.stack([pictures.crop(i, pictures.central_box(i), side) for i in chunk]))
            right += (network(x).argmax(1).numpy() == pictures.classes[chunk]).sum()
    return right / len(indices)


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--pictures', default='../shared/training/caltech101')
    options.add_argument('--work', default='build/classifier')
    options.add_argument('--epochs', type=int, nargs='+', default=[36, 49, 84, 91, 105], help='where the cycles of the rate end')
    options.add_argument('--rates', type=float, nargs='+', default=[2e-3, 1.2e-3, 1.5e-3, 3e-4, 9e-4], help='the first rate of each cycle')
    options.add_argument('--sides', type=int, nargs='+', default=[64, 96, 96, 128, 128], help='of the pictures in each cycle')
    options = options.parse_args()
    work = pathlib.Path(options.work)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
    pictures = Pictures(options.pictures, work / 'pictures.pickle')
    training, choosing = pictures.of(TRAINING), pictures.of(CHOOSING)
    classes, labels = len(pictures.labels), torch.from_numpy(pictures.classes)
    views, head = [], None

    torch.manual_seed(3)
    student = Classifier(classes).to(memory_format=torch.channels_last)
    projection = nn.Linear(student.classes.in_features, 1280)
    mean = copy.deepcopy(student).requires_grad_(False)
    decayed = [p for p in student.parameters() if p.ndim > 1] + [projection.weight]
    others = [p for p in student.parameters() if p.ndim == 1] + [projection.bias]
    optimiser = torch.optim.AdamW([{'params': decayed, 'weight_decay': 0.05}, {'params': others, 'weight_decay': 0}])
    first, checkpoint = 0, work / 'checkpoint.pt'
    if checkpoint.exists():
        state = torch.load(checkpoint)
        student.load_state_dict(state['student'])
        projection.load_state_dict(state['projection'])
        mean.load_state_dict(state['mean'])
        optimiser.load_state_dict(state['optimiser'])
        first = state['epoch'] + 1

    steps = len(training) // BATCH
    for epoch in range(first, options.epochs[-1]):
        started = time.time()
        found = read_views(work)
        if len(found) > len(views):
            views = found
            fitted = work / f'teacher-{len(views)}.pt'
            if not fitted.exists():
                torch.save(fit_teacher(views, pictures, classes), fitted)
            head, ceiling = torch.load(fitted)
            usual = views[0][1][torch.from_numpy(training)].float().mean(0)  # features are told by what differs from it
            print(json.dumps({'views': len(views), 'teacher': round(float(ceiling), 4)}), flush=True)
        torch.manual_seed(1000 + epoch)
        generator = np.random.default_rng([4, epoch])
        order = generator.permutation(training)
        cycle, begin, end = cycle_at(epoch, options.epochs)
        side = options.sides[cycle]
        student.train()
        total = np.zeros(3)
        for step in range(steps):
            position = (epoch + step / steps - begin) / (end - begin)
            warm = min(1, ((epoch - begin) * steps + step + 1) / 200)
            rate = options.rates[cycle] * warm * (0.5 + 0.5 * math.cos(math.pi * position))
            for group in optimiser.param_groups:
                group['lr'] = rate
            chunk = order[step * BATCH:(step + 1) * BATCH]
            shown = generator.integers(len(views), size=BATCH)
            pixels = []
            for i, view in zip(chunk, shown):
                # What the teacher saw of the middle stands for the whole picture, too.
                anywhere = view == 0 and generator.integers(2)
                box = (pictures.random_box(i, generator) if anywhere
                       else pictures.shifted_box(i, views[view][0][i], generator))
                crop = pictures.crop(i, box, side)
                pixels.append(crop[:, ::-1] if generator.integers(2) else crop)
            features = torch.stack([views[view][1][i] for i, view in zip(chunk, shown)]).float()
            one_hot = F.one_hot(labels[chunk], classes).float()
            soft = F.softmax(head(features) / TEMPERATURE, 1)
            x, share = mix(other_colours(to_input(np.stack(pixels))), generator)
            inner = student.features(x.contiguous(memory_format=torch.channels_last))
            logits = student.classes(inner)
            hard_loss = F.cross_entropy(logits, mixed(one_hot * 0.9 + 0.1 / classes, share))
            soft_loss = TEMPERATURE ** 2 * F.kl_div(F.log_softmax(logits / TEMPERATURE, 1), mixed(soft, share),
                                                    reduction='batchmean')
            feature_loss = 1 - F.cosine_similarity(projection(inner), mixed(features - usual, share)).mean()
            loss = 0.3 * hard_loss + 0.7 * soft_loss + 3 * feature_loss
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(student.parameters(), 5)
            optimiser.step()
            total += [hard_loss.item(), soft_loss.item(), feature_loss.item()]
            keep = min(0.998, 1 - 1 / (epoch * steps + step + 2))
            with torch.no_grad():
                for kept, new in zip(mean.state_dict().values(), student.state_dict().values()):
                    if kept.is_floating_point():
                        kept.lerp_(new, 1 - keep)
                    else:
                        kept.copy_(new)
        part = checkpoint.with_suffix('.part')
        torch.save({'student': student.state_dict(), 'projection': projection.state_dict(), 'mean': mean.state_dict(),
                    'optimiser': optimiser.state_dict(), 'epoch': epoch}, part)
        part.rename(checkpoint)
        report = {'epoch': epoch, 'loss': [round(float(v), 3) for v in total / steps],
                  'seconds': round(time.time() - started), 'rate': round(rate, 5)}
        if epoch % 5 == 4 or epoch == options.epochs[-1] - 1:
            report['choosing'] = round(float(accuracy(mean, pictures, choosing, side)), 4)
        print(json.dumps(report), flush=True)


if __name__ == '__main__':
    main()

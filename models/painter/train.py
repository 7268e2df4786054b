"""Trains the painter. One command, resumable, seeds fixed:

    python3 models/painter/train.py --work build/painter

A checkpoint is written every 250 iterations; the same command goes on from it.
"""
import argparse
import math
import pathlib
import time

import torch
from PIL import Image, ImageOps

from data import STYLES, batch, photographs, style_picture, to_picture, to_tensor, with_short_side
from network import Painter
from perceptual import CONTENT_LAYER, STYLE_LAYERS, Features, gram

ROOT = pathlib.Path(__file__).resolve().parents[2]
COARSE = .5  # weight of the style seen at half size: it asks for strokes, not only texture
SMOOTH = 5.  # weight of the total variation
OVERSHOOT = 10.  # weight of values outside 0..1
COLOUR = 6.  # weight of the distance from the style's mean colour and contrast


def colours(pictures):
    """Mean and standard deviation of red, green and blue, [pictures, 6]."""
    return torch.cat([pictures.mean((2, 3)), pictures.flatten(2).std(2)], 1)


def style_targets(features, shared):
    """Per scale (whole, half) and layer, the styles' Gram matrices, [styles, channels, channels]; their colours."""
    targets = []
    with torch.no_grad():
        for scale in (1, 2):
            grams = {layer: [] for layer in STYLE_LAYERS}
            for style in STYLES:
                picture = with_short_side(style_picture(style, shared), style['size'] // scale)
                for layer, value in features(to_tensor(picture)).items():
                    grams[layer].append(gram(value)[0])
            targets.append({layer: torch.stack(value) for layer, value in grams.items()})
        palette = torch.cat([colours(to_tensor(style_picture(style, shared))) for style in STYLES])
    return targets, palette


def style_loss(maps, targets, index):
    """Per picture: squared distances of the Gram matrices, each relative to the style's own size."""
    loss = 0
    for layer in STYLE_LAYERS:
        target = targets[layer][index]
        loss = loss + (gram(maps[layer]) - target).pow(2).sum((1, 2)) / target.pow(2).sum((1, 2))
    return loss


def losses(features, targets, palette, photo, raw, index, content_weights, random):
    side = photo.shape[2] - 8
    top, left = torch.randint(8, (2,), generator=random).tolist()  # the perceptual network's own grid must not show
    clamped = raw + (raw.clamp(0, 1) - raw).detach()  # gradients pass the clamp
    painted = clamped[:, :, top:top + side, left:left + side]
    maps = features(painted)
    with torch.no_grad():
        content = features(photo[:, :, top:top + side, left:left + side])[CONTENT_LAYER]
    coarse = features(torch.nn.functional.avg_pool2d(painted, 2))
    style = (style_loss(maps, targets[0], index) + COARSE * style_loss(coarse, targets[1], index)).mean()
    apart = (maps[CONTENT_LAYER] - content).pow(2).mean((1, 2, 3)) / content.pow(2).mean((1, 2, 3))
    variation = (clamped[:, :, 1:] - clamped[:, :, :-1]).pow(2).mean() + (clamped[..., 1:] - clamped[..., :-1]).pow(2).mean()
    overshoot = (raw - raw.clamp(0, 1)).pow(2).mean()
    colour = (colours(painted) - palette[index]).pow(2).sum(1).mean()
    total = (style + (content_weights[index] * apart).mean() + SMOOTH * variation + OVERSHOOT * overshoot
             + COLOUR * colour)
    return total, torch.tensor([total, style, apart.mean(), variation, overshoot, colour])


def contact_sheet(painter, shared, path, side=256):
    """Every style (rows) by photographs (columns)."""
    photos = [ImageOps.fit(Image.open(shared / 'pictures' / 'photos' / name).convert('RGB'), (side, side))
              for name in ('face.jpg', 'parrot.jpg', 'pets.jpg', 'owl.jpg', 'cat_720p.jpg')]
    sheet = Image.new('RGB', (side * (len(photos) + 1), side * len(STYLES)))
    for row, style in enumerate(STYLES):
        sheet.paste(ImageOps.fit(style_picture(style, shared), (side, side)), (0, side * row))
        weights = torch.zeros(1, len(STYLES))
        weights[0, row] = 1
        for column, photo in enumerate(photos):
            with torch.no_grad():
                sheet.paste(to_picture(painter(to_tensor(photo), weights)), (side * (column + 1), side * row))
    sheet.save(path)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--shared', type=pathlib.Path, default=ROOT.parent / 'shared', help='pictures and the perceptual network')
    parser.add_argument('--work', type=pathlib.Path, required=True, help='folder of the checkpoint and the contact sheets')
    parser.add_argument('--iterations', type=int, default=16000)
    parser.add_argument('--batch', type=int, default=4)
    parser.add_argument('--side', type=int, default=160, help='of the parts trained on, pixels')
    parser.add_argument('--rate', type=float, default=3e-3, help='highest learning rate')
    return parser.parse_args()


def main():
    given = arguments()
    given.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    random = torch.Generator().manual_seed(1)
    features = Features(given.shared / 'zoo' / 'squeezenet_fp16.onnx')
    targets, palette = style_targets(features, given.shared)
    content_weights = torch.tensor([style['content'] for style in STYLES])
    pictures = photographs(given.shared / 'training' / 'caltech101', given.work / 'photographs.pt')
    painter = Painter(len(STYLES))
    optimiser = torch.optim.Adam(painter.parameters(), lr=given.rate, betas=(.9, .99))
    checkpoint, iteration, order = given.work / 'painter.pt', 0, torch.zeros(0, dtype=torch.long)
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        painter.load_state_dict(saved['painter'])
        optimiser.load_state_dict(saved['optimiser'])
        iteration, order = saved['iteration'], saved['order']
        random.set_state(saved['random'])
    since, sums = time.time(), torch.zeros(6)
    while iteration < given.iterations:
        rate = given.rate * min(1, (iteration + 1) / 50) * (.02 + .49 * (1 + math.cos(math.pi * iteration / given.iterations)))
        for group in optimiser.param_groups:
            group['lr'] = rate
        photo = batch(pictures, given.batch, given.side, random)
        while len(order) < given.batch:  # every style once, then again in another order
            order = torch.cat([order, torch.randperm(len(STYLES), generator=random)])
        index, order = order[:given.batch], order[given.batch:]
        raw = painter(photo, torch.nn.functional.one_hot(index, len(STYLES)).float())
        loss, parts = losses(features, targets, palette, photo, raw, index, content_weights, random)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(painter.parameters(), 5.)
        optimiser.step()
        iteration, sums = iteration + 1, sums + parts
        if iteration % 100 == 0:
            print(iteration, 'loss %.4f style %.4f content %.4f variation %.5f overshoot %.5f colour %.4f' % tuple(sums / 100),
                  '%.3f s each' % ((time.time() - since) / 100), flush=True)
            since, sums = time.time(), torch.zeros(6)
        if iteration % 250 == 0:
            partial = checkpoint.with_suffix('.part')
            torch.save(dict(painter=painter.state_dict(), settings=painter.settings, optimiser=optimiser.state_dict(),
                            iteration=iteration, order=order, random=random.get_state()), partial)
            partial.replace(checkpoint)
        if iteration in (500, 1000) or iteration % 1500 == 0:
            contact_sheet(painter, given.shared, given.work / f'sheet-{iteration}.png')


if __name__ == '__main__':
    main()

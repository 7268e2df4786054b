"""Photographs to paint and styles to learn."""
import json
import pathlib

import numpy as np
import torch
from PIL import Image, ImageOps

import looks

HERE = pathlib.Path(__file__).parent
STYLES = json.loads((HERE / 'styles.json').read_text())


def to_tensor(picture):
    """[1, 3, height, width], 0..1."""
    return torch.from_numpy(np.asarray(picture.convert('RGB'), np.float32) / 255).permute(2, 0, 1)[None].contiguous()


def to_picture(tensor):
    return Image.fromarray((tensor[0].clamp(0, 1).permute(1, 2, 0).numpy() * 255 + .5).astype(np.uint8))


def with_short_side(picture, size):
    scale = size / min(picture.size)
    return picture.resize([max(size, round(side * scale)) for side in picture.size], Image.LANCZOS)


def style_picture(style, shared):
    """What the style is learned from."""
    paintings = shared / 'pictures' / 'paintings'
    if 'painting' in style:
        return Image.open(paintings / style['painting']).convert('RGB')
    return looks.ink(Image.open(paintings / 'great_wave.jpg')) if style['look'] == 'ink' else looks.stained_glass()


def photographs(folder, cache, side=256, per_category=26):
    """Pictures with their short side at `side`, as uint8 [height, width, 3]; the same ones every time."""
    if cache.exists():
        return torch.load(cache)
    pictures = []
    for category in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = sorted(category.iterdir())
        limit = 5 * per_category if category.name == 'Faces' else per_category  # people look at faces first
        for path in paths[::max(1, len(paths) // limit)][:limit]:
            picture = with_short_side(Image.open(path).convert('RGB'), side)
            if max(picture.size) > 1.5 * side:
                longer = int(1.5 * side)
                picture = ImageOps.fit(picture, (longer, side) if picture.width > picture.height else (side, longer))
            pictures.append(torch.from_numpy(np.asarray(picture).copy()))
    torch.save(pictures, cache)
    return pictures


def batch(pictures, count, side, random):
    """[count, 3, side, side], 0..1: random parts at random sizes, mirrored, darker and lighter."""
    parts = []
    for _ in range(count):
        picture = pictures[int(torch.randint(len(pictures), (1,), generator=random))]
        crop = int(torch.randint(side, 257, (1,), generator=random))
        top = int(torch.randint(picture.shape[0] - crop + 1, (1,), generator=random))
        left = int(torch.randint(picture.shape[1] - crop + 1, (1,), generator=random))
        part = picture[top:top + crop, left:left + crop].permute(2, 0, 1)[None].float() / 255
        if crop != side:
            part = torch.nn.functional.interpolate(part, (side, side), mode='bilinear', antialias=True)
        flip, gamma = torch.rand(2, generator=random).tolist()
        part = part.flip(3) if flip < .5 else part
        parts.append(part.clamp(1e-4, 1) ** (.7 + .7 * gamma))
    return torch.cat(parts)

"""Looks of our own making, drawn by a few lines of arithmetic: the network
learns them as it learns a painting."""
import numpy as np
from PIL import Image, ImageFilter


def _smooth_noise(random, height, width, cell):
    """Values about -1..1 that change over `cell` pixels, [height, width]."""
    coarse = random.standard_normal((height // cell + 2, width // cell + 2)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.BICUBIC))


def ink(source, size=640):
    """Pen hatching over a picture's tones: the darker, the more directions of lines."""
    picture = source.convert('L').resize((size, round(size * source.height / source.width)), Image.LANCZOS)
    tone = np.asarray(picture.filter(ImageFilter.GaussianBlur(2)), np.float32) / 255
    tone = (tone - tone.min()) / (tone.max() - tone.min())
    height, width = tone.shape
    random = np.random.default_rng(7)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    paper = 244 + 4 * _smooth_noise(random, height, width, 3)
    page = np.stack([paper, paper - 3, paper - 12], 2)
    for direction, threshold in ((.7, .78), (-.7, .52), (.15, .32), (1.45, .16)):
        wobble = 2.5 * _smooth_noise(random, height, width, 40)
        phase = (x * np.cos(direction) + y * np.sin(direction) + wobble) * (2 * np.pi / 7)
        width_of_line = np.clip((threshold - tone) * 2.2, 0, .9) + .12 * _smooth_noise(random, height, width, 12)
        line = np.clip((np.cos(phase) - (1 - width_of_line)) * 3, 0, 1) * (tone < threshold)
        page = page * (1 - line[..., None]) + np.array([28., 30., 44.]) * line[..., None]
    edges = np.asarray(picture.filter(ImageFilter.GaussianBlur(1.2)).filter(ImageFilter.FIND_EDGES), np.float32)
    edge = np.clip((edges - 18) / 30, 0, 1)[..., None]
    page = page * (1 - edge) + np.array([20., 22., 34.]) * edge
    return Image.fromarray(np.clip(page, 0, 255).astype(np.uint8))


def stained_glass(size=640, panes=420):
    """Panes of coloured glass (cells of random points) between dark lead."""
    random = np.random.default_rng(11)
    palette = np.array([[24, 60, 150], [30, 110, 190], [170, 24, 40], [214, 60, 40], [236, 170, 40], [250, 214, 96],
                        [24, 120, 84], [90, 170, 90], [104, 40, 120], [240, 236, 214]], np.float32)
    points = random.uniform(-20, size + 20, (panes, 2)).astype(np.float32)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    distance = np.sqrt((x[..., None] - points[:, 0]) ** 2 + (y[..., None] - points[:, 1]) ** 2)
    nearest = np.partition(distance, 1, axis=2)
    cell = distance.argmin(2)
    region = _smooth_noise(random, size, size, 110)  # neighbours share a family of colours
    family = ((region[np.clip(points[:, 1], 0, size - 1).astype(int), np.clip(points[:, 0], 0, size - 1).astype(int)]
               * 2 + 5 + random.uniform(-1.5, 1.5, panes)) % len(palette)).astype(int)
    colour = palette[family][cell] * (1 + .12 * _smooth_noise(random, size, size, 9)[..., None])
    colour = colour * (1.15 - .006 * nearest[..., :1])  # light falls through the middle
    lead = np.clip((5.5 - (nearest[..., 1] - nearest[..., 0])) / 2.5, 0, 1)[..., None]
    glass = colour * (1 - lead) + np.array([16., 15., 18.]) * lead
    return Image.fromarray(np.clip(glass, 0, 255).astype(np.uint8))

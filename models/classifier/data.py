"""The pictures: which belong to which part, and their crops."""
import hashlib
import pathlib
import pickle

import numpy as np
from PIL import Image

HELD_OUT, CHOOSING, TRAINING = 'held-out', 'choosing', 'training'
SHORT_SIDE, LONG_SIDE = 192, 320


def part_of(relative_path):
    """A stable tenth is held out for testing; a further 5 % serves to choose and to calibrate."""
    number = int.from_bytes(hashlib.sha256(relative_path.encode()).digest()[:4], 'big') % 1000
    return HELD_OUT if number < 100 else CHOOSING if number < 150 else TRAINING


def label_of(folder):
    return {'Faces': 'face', 'Leopards': 'leopard', 'Motorbikes': 'motorbike', 'airplanes': 'airplane'}.get(
        folder, folder.replace('_', ' '))


def folders(root):
    return sorted((p.name for p in pathlib.Path(root).iterdir() if p.is_dir()), key=lambda name: label_of(name))


def shrink(picture):
    """At most SHORT_SIDE on the shorter side; of very long pictures the middle."""
    width, height = picture.size
    ratio = min(1, SHORT_SIDE / min(width, height))
    width, height = max(1, round(width * ratio)), max(1, round(height * ratio))
    picture = picture.resize((width, height), Image.BILINEAR)
    left, top = max(0, (width - LONG_SIDE) // 2), max(0, (height - LONG_SIDE) // 2)
    return picture.crop((left, top, left + min(width, LONG_SIDE), top + min(height, LONG_SIDE)))


class Pictures:
    """All pictures in memory, small: `pixels[i]` uint8 [height, width, 3], `classes[i]`, `parts[i]`."""

    def __init__(self, root, cache):
        root, cache = pathlib.Path(root), pathlib.Path(cache)
        names = folders(root)
        self.labels = [label_of(name) for name in names]
        self.paths = [f'{name}/{file.name}' for name in names for file in sorted((root / name).glob('*.jpg'))]
        self.classes = np.array([names.index(path.split('/')[0]) for path in self.paths])
        self.parts = np.array([part_of(path) for path in self.paths])
        if not cache.exists():
            pixels = [np.asarray(shrink(Image.open(root / path).convert('RGB'))) for path in self.paths]
            part = cache.with_suffix('.part')
            part.write_bytes(pickle.dumps(pixels, protocol=4))
            part.rename(cache)
        self.pixels = pickle.loads(cache.read_bytes())

    def of(self, part):
        return np.flatnonzero(self.parts == part)

    def crop(self, index, box, size):
        """The box (left, top, right, bottom) of a picture, as a square of bytes."""
        return np.asarray(Image.fromarray(self.pixels[index]).resize((size, size), Image.BILINEAR, box=tuple(box)))

    def central_box(self, index, fraction=1.0):
        height, width = self.pixels[index].shape[:2]
        side = min(width, height) * fraction
        return (width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2

    def random_box(self, index, generator, smallest=0.3):
        """A box of `smallest` to all of the area and of an aspect ratio between 3/4 and 4/3."""
        height, width = self.pixels[index].shape[:2]
        for _ in range(10):
            area = width * height * generator.uniform(smallest, 1)
            aspect = np.exp(generator.uniform(np.log(3 / 4), np.log(4 / 3)))
            w, h = np.sqrt(area * aspect), np.sqrt(area / aspect)
            if w <= width and h <= height:
                left, top = generator.uniform(0, width - w), generator.uniform(0, height - h)
                return left, top, left + w, top + h
        return self.central_box(index)

    def shifted_box(self, index, box, generator, most=0.06):
        """Nearly the same box: each edge moved by up to `most` of its size."""
        height, width = self.pixels[index].shape[:2]
        left, top, right, bottom = box
        w, h = right - left, bottom - top
        dx, dy = generator.uniform(-most, most, 2) * w, generator.uniform(-most, most, 2) * h
        return (max(0, left + dx[0]), max(0, top + dy[0]), min(width, right + dx[1]), min(height, bottom + dy[1]))

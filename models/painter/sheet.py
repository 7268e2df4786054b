"""The contact sheet of the README and the thumbnails of the pages, painted by
the int8 model in Pincel's own engine.

    python3 models/painter/sheet.py
"""
import json
import pathlib
import subprocess
import tempfile

from PIL import Image, ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ('astronaut', 'cat', 'coffee', 'rocket', 'raccoon')
CELL = 180


def paint(photo, style, out):
    subprocess.run(['node', 'js/cli/main.mjs', 'run', 'painter', photo, '--style', style, '--size', '384', '--out', out],
                   cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Image.open(out).convert('RGB')


def main():
    styles = json.loads((ROOT / 'models/painter/styles.json').read_text())
    photos = [ROOT / 'web/samples' / f'{name}.jpg' for name in SAMPLES]
    rows = len(styles) + 1
    sheet = Image.new('RGB', (CELL * len(photos), CELL * rows))
    thumbnails = ROOT / 'models' / 'styles'
    thumbnails.mkdir(exist_ok=True)
    for column, photo in enumerate(photos):
        sheet.paste(ImageOps.fit(Image.open(photo).convert('RGB'), (CELL, CELL)), (CELL * column, 0))
        for row, style in enumerate(styles, 1):
            with tempfile.NamedTemporaryFile(suffix='.png') as file:
                painting = paint(photo, style['id'], file.name)
                sheet.paste(ImageOps.fit(painting, (CELL, CELL)), (CELL * column, CELL * row))
                if photo.stem == 'cat':
                    ImageOps.fit(painting, (160, 160)).save(thumbnails / f"{style['id']}.jpg", quality=82)
    sheet.save(ROOT / 'models/painter/sheet.jpg', quality=80)


if __name__ == '__main__':
    main()

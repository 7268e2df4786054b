"""Shows every picture's views to the teacher and keeps its features.

A view is a box of a picture. View 0 is the central square of every picture;
views 1.. are random boxes of the training part. Each view is one file,
`view-N.npz` with boxes [pictures, 4] and features [pictures, width] float16;
files that exist are not made again.
"""
import argparse
import pathlib
import subprocess
import threading

import numpy as np

from data import TRAINING, Pictures

CENTRAL_SIDE, RANDOM_SIDE, CHUNK = 224, 160, 256  # sides of what the teacher sees, in pixels


class Teacher:
    def __init__(self, model, node, side):
        script = pathlib.Path(__file__).with_name('teacher.mjs')
        command = [*node.split(), script, model, str(side)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def features(self, frames, width=1280):
        """frames: uint8 [n, side, side, 3]; returns float16 [n, width]."""
        writer = threading.Thread(target=self.send, args=[frames.tobytes()])
        writer.start()
        data = self.process.stdout.read(len(frames) * width * 4)
        writer.join()
        return np.frombuffer(data, np.float32).reshape(len(frames), width).astype(np.float16)


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--pictures', default='../shared/training/caltech101')
    options.add_argument('--teacher', default='../shared/zoo/mobilenet_v2_ptq.tflite')
    options.add_argument('--work', default='build/classifier')
    options.add_argument('--node', default='node --experimental-wasm-relaxed-simd')
    options.add_argument('--views', type=int, default=5)
    options = options.parse_args()
    work = pathlib.Path(options.work)
    work.mkdir(parents=True, exist_ok=True)
    pictures = Pictures(options.pictures, work / 'pictures.pickle')
    for view in range(options.views):
        file = work / f'view-{view}.npz'
        if file.exists():
            continue
        side = RANDOM_SIDE if view else CENTRAL_SIDE
        teacher = Teacher(options.teacher, options.node, side)
        generator = np.random.default_rng([1, view])
        boxes = [pictures.random_box(i, generator) if view else pictures.central_box(i)
                 for i in range(len(pictures.paths))]
        shown = np.arange(len(boxes)) if view == 0 else pictures.of(TRAINING)
        features = np.zeros((len(boxes), 1280), np.float16)
        for start in range(0, len(shown), CHUNK):
            chunk = shown[start:start + CHUNK]
            frames = np.stack([pictures.crop(i, boxes[i], side) for i in chunk])
            features[chunk] = teacher.features(frames)
        teacher.close()
        np.savez(work / f'part-{view}.npz', boxes=np.array(boxes, np.float32), features=features)
        (work / f'part-{view}.npz').rename(file)
        print('view', view, flush=True)


if __name__ == '__main__':
    main()

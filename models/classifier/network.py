"""The classifier: a small residual network of full 3x3 convolutions.

Input [n, 3, 128, 128] RGB, (byte - 127) / 127.5. About 59 M MAC and 1.05 M
weights, all of whose activations are bounded (ReLU6), for the sake of int8.
"""
import torch.nn.functional as F
from torch import nn

SIDE = 128


class Convolution(nn.Sequential):
    """A convolution without bias and its batch normalisation.

    Padding is TensorFlow's SAME for even sizes: with stride 2 a 3x3 is padded right and below only.
    """

    def __init__(self, inputs, outputs, size=3, stride=1):
        uneven = stride == 2 and size == 3
        convolution = nn.Conv2d(inputs, outputs, size, stride, 0 if uneven else size // 2, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(outputs))
        self.uneven = uneven

    def forward(self, x):
        return super().forward(F.pad(x, (0, 1, 0, 1)) if self.uneven else x)


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.first = Convolution(inputs, outputs, 3, stride)
        self.second = Convolution(outputs, outputs)
        self.shortcut = Convolution(inputs, outputs, 1, stride) if stride != 1 or inputs != outputs else None

    def forward(self, x):
        beside = self.shortcut(x) if self.shortcut else x
        return F.relu6(beside + self.second(F.relu6(self.first(x))))


class Classifier(nn.Module):
    def __init__(self, classes=100, width=512):
        super().__init__()
        self.stem = Convolution(3, 16, 3, 2)  # 64x64
        self.down = Convolution(16, 32, 3, 2)  # 32x32
        self.blocks = nn.Sequential(
            Block(32, 64, 2),  # 16x16
            Block(64, 96, 2), Block(96, 96), Block(96, 96),  # 8x8
            Block(96, 160, 2))  # 4x4
        self.head = Convolution(160, width, 1)
        self.classes = nn.Linear(width, classes)

    def features(self, x):
        x = self.blocks(F.relu6(self.down(F.relu6(self.stem(x)))))
        return F.relu6(self.head(x)).mean((2, 3))

    def forward(self, x):
        return self.classes(self.features(x))

"""SqueezeNet 1.1's features, by which content and style are judged."""
import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import numpy_helper

STYLE_LAYERS = ('conv1', 'fire3', 'fire4', 'fire5')
CONTENT_LAYER = 'fire4'


class Features(nn.Module):
    """RGB pictures 0..1, [batch, 3, height, width], to a dictionary of feature maps."""

    def __init__(self, path):
        super().__init__()
        self.weights = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
                        for tensor in onnx.load(path).graph.initializer}
        self.mean = torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)  # of blue, green, red

    def _conv(self, x, name, stride=1, pad=0):
        return F.conv2d(x, self.weights[f'{name}_w_0'], self.weights[f'{name}_b_0'], stride, pad)

    def _fire(self, x, name):
        squeezed = F.relu(self._conv(x, f'{name}/squeeze1x1'))
        return F.relu(torch.cat([self._conv(squeezed, f'{name}/expand1x1'),
                                 self._conv(squeezed, f'{name}/expand3x3', pad=1)], 1))

    def forward(self, x):
        maps = {}
        x = maps['conv1'] = F.relu(self._conv(x[:, [2, 1, 0]] * 255 - self.mean, 'conv1', stride=2))
        x = self._fire(F.max_pool2d(x, 3, 2), 'fire2')
        x = maps['fire3'] = self._fire(x, 'fire3')
        x = maps['fire4'] = self._fire(F.max_pool2d(x, 3, 2), 'fire4')
        maps['fire5'] = self._fire(x, 'fire5')
        return maps


def gram(features):
    """[batch, channels, height, width] to the channels' mean products, [batch, channels, channels]."""
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]

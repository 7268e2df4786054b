"""Writes the trained painter as .tflite: the float one, and the int8 one that ships.

    python3 models/painter/export.py --work build/painter

int8 arithmetic: weights symmetric with a scale per output channel, activations
with one scale per tensor, set by their range over calibration pictures in every
style. Normalisations stay in float inside (their input and output are int8):
they do not see the scale and offset of their input's channels, so each
convolution before one is scaled and shifted, channel by channel, to fill its
output's range. Channels after them are scaled to be of like size, and the next
convolution's weights by the inverse (cross-layer equalisation, Nagel et al.
2019). The style enters as float weights over the styles.
"""
import argparse
import pathlib
import sys

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from data import STYLES, batch, photographs  # noqa: E402
from network import Painter  # noqa: E402
from tflite_writer import Model  # noqa: E402
from train import ROOT  # noqa: E402

SIDE = 256  # of the picture in the file; runtimes may set another
# Layers left in float, one after the other: what their norms make of dark pictures with a few lights exceeds 8 bits.
IN_FLOAT = ('down0', 'down1')
MOST = 16  # times as large as it was, at most, does equalisation make a channel
CLIP = 1e-4  # of an activation's values lie beyond its range, half on each side


class Ranges:
    """Values seen of each tensor, thinned out; `channels`: kept apart."""

    def __init__(self):
        self.values = {}

    def see(self, name, x, channels=False):
        rows = x.detach().transpose(0, 1).flatten(1) if channels else x.detach().flatten()[None]
        step = max(1, rows.shape[1] // 4000)
        self.values.setdefault(name, []).append(rows[:, ::step].clone().numpy())

    def of(self, name):
        """Lowest and highest, [rows, 2]."""
        rows = np.concatenate(self.values[name], 1)
        return np.stack([np.quantile(rows, CLIP / 2, 1), np.quantile(rows, 1 - CLIP / 2, 1)], 1)


def observe(painter, photos, ranges):
    """Runs the network layer by layer in every style, as Painter.forward does."""
    def layer(name, module, x, style):
        if module.upsample:
            x = torch.nn.functional.interpolate(x, scale_factor=2, mode='nearest')
        y = module.conv(x)
        ranges.see(name, y, channels=True)
        y = module.norm(y, style)
        y = torch.relu(y) if module.relu else y
        ranges.see(name + '/norm', y)
        ranges.see(name + '/norm channels', y, channels=True)
        return y

    for index in range(len(STYLES)):
        style = torch.nn.functional.one_hot(torch.full((len(photos),), index), len(STYLES)).float()
        x = photos
        for i, module in enumerate(painter.down):
            x = layer(f'down{i}', module, x, style)
        for i, (first, second) in enumerate(painter.blocks):
            x = x + layer(f'block{i}b', second, layer(f'block{i}a', first, x, style), style)
            ranges.see(f'block{i}/sum', x)
            ranges.see(f'block{i}/sum channels', x, channels=True)
        for i, module in enumerate(painter.up):
            x = layer(f'up{i}', module, x, style)


def equalise(painter, ranges):
    """Scales the channels between layers to like size; the network computes what it did."""
    def apply(names, makers, users):
        reach = np.max([np.abs(ranges.of(name + ' channels')).max(1) for name in names], 0)
        reach = np.maximum(reach, reach.max() / MOST)
        factor = torch.from_numpy((reach.max() / reach).astype(np.float32))
        for module in makers:
            module.norm.gamma *= factor
            module.norm.beta *= factor
        for conv in users:
            conv.weight /= factor[None, :, None, None]

    blocks = painter.blocks
    apply(['down0/norm'], [painter.down[0]], [painter.down[1].conv])
    for i, (first, second) in enumerate(blocks):
        apply([f'block{i}a/norm'], [first], [second.conv])
    # What the blocks add to: one scale for each of its channels, from the first to the last.
    apply(['down1/norm', *(f'block{i}/sum' for i in range(len(blocks)))],
          [painter.down[1], *(second for _, second in blocks)],
          [*(first.conv for first, _ in blocks), painter.up[0].conv])
    apply(['up0/norm'], [painter.up[0]], [painter.up[1].conv])
    apply(['up1/norm'], [painter.up[1]], [painter.out])


class Writer:
    """Builds the graph. `ranges` None: in float."""

    def __init__(self, painter, ranges, description):
        self.painter, self.ranges, self.model = painter, ranges, Model(description)
        self.pads = self.constant('pads', np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32))
        self.axes = self.constant('axes', np.array([1, 2], np.int32))
        self.epsilon = self.constant('epsilon', np.array(1e-5, np.float32))
        self.quantisation = {}  # tensor: (scale, zero point)
        self.shape = {}
        self.plain = {}  # int8 tensor: as float

    def constant(self, name, values, **quantisation):
        return self.model.tensor(name, values, **quantisation)

    def activation(self, name, shape, quantisation=None):
        """A picture; int8 when it has a (scale, zero point)."""
        scale, zero_point = quantisation or (None, None)
        made = self.model.tensor(name, 'int8' if quantisation else 'float32', shape, scale=scale, zero_point=zero_point)
        self.shape[made], self.quantisation[made] = shape, quantisation
        return made

    def range(self, name):
        """(scale, zero point) of an int8 tensor, 0 among its values; None in float."""
        if not self.ranges:
            return None
        low, high = self.ranges.of(name)[0]
        low, high = min(low, 0), max(high, 0)
        scale = (high - low) / 255
        return float(scale), int(np.clip(round(-128 - low / scale), -128, 127))

    def conv(self, name, module, x, out_quantisation, factors=None, offsets=None):
        """3x3 over the mirrored picture. factors, offsets: applied to the output channels, before quantisation."""
        batch_size, height, width, channels = self.shape[x]
        weights = module.weight.detach().numpy().transpose(0, 2, 3, 1).astype(np.float64)
        outputs = len(weights)
        bias = np.zeros(outputs) if module.bias is None else module.bias.detach().numpy().astype(np.float64)
        if factors is not None:
            weights, bias = weights * factors[:, None, None, None], bias * factors + offsets
        padded = self.activation(name + '/mirrored', [batch_size, height + 2, width + 2, channels], self.quantisation[x])
        self.model.operator('MIRROR_PAD', [x, self.pads], [padded], mode='REFLECT')
        shape = [batch_size, height // module.stride, width // module.stride, outputs]
        out = self.activation(name + '/conv', shape, out_quantisation)
        if out_quantisation:
            scale = np.maximum(np.abs(weights).max((1, 2, 3)) / 127, 1e-9)
            integers = np.clip(np.round(weights / scale[:, None, None, None]), -127, 127).astype(np.int8)
            unit = self.quantisation[x][0] * scale
            parameters = [self.constant(name + '/weights', integers, scale=scale),
                          self.constant(name + '/bias', np.round(bias / unit).astype(np.int32), scale=unit)]
        else:
            parameters = [self.constant(name + '/weights', weights.astype(np.float32)),
                          self.constant(name + '/bias', bias.astype(np.float32))]
        self.model.operator('CONV_2D', [padded, *parameters], [out], padding='VALID', stride_w=module.stride,
                            stride_h=module.stride)
        return out

    def float_of(self, x, name):
        if not self.quantisation[x]:
            return x
        out = self.activation(name, self.shape[x])
        self.model.operator('DEQUANTIZE', [x], [out])
        return out

    def style_vector(self, name, table):
        """table: [styles, channels]; the mixture of its rows, [1, 1, 1, channels]."""
        channels = table.shape[1]
        weights = self.constant(name + '/table', np.ascontiguousarray(table.detach().numpy().T))
        row, out = self.activation(name + '/row', [1, channels]), self.activation(name, [1, 1, 1, channels])
        self.model.operator('FULLY_CONNECTED', [self.style, weights, -1], [row])
        shape = self.constant(name + '/shape', np.array([1, 1, 1, channels], np.int32))
        self.model.operator('RESHAPE', [row, shape], [out], new_shape=[1, 1, 1, channels])
        return out

    def norm(self, name, module, x, relu, quantisation):
        """In operators that every runtime has; Pincel finds them and runs one."""
        shape, channels = self.shape[x], self.shape[x][3]
        gamma = self.style_vector(name + '/gamma', module.gamma)
        beta = self.style_vector(name + '/beta', module.beta)
        x = self.float_of(x, name + '/float')

        def step(op, inputs, part, size, **options):
            out = self.activation(f'{name}/{part}', size)
            self.model.operator(op, inputs, [out], **options)
            return out

        one = [1, 1, 1, channels]
        mean = step('MEAN', [x, self.axes], 'mean', one, keep_dims=True)
        squares = step('SQUARED_DIFFERENCE', [x, mean], 'squares', shape)
        variance = step('MEAN', [squares, self.axes], 'variance', one, keep_dims=True)
        shifted = step('ADD', [variance, self.epsilon], 'shifted', one)
        scale = step('MUL', [step('RSQRT', [shifted], 'reciprocal', one), gamma], 'scale', one)
        shift = step('SUB', [beta, step('MUL', [mean, scale], 'mean_scaled', one)], 'shift', one)
        scaled = step('MUL', [x, scale], 'scaled', shape)
        out = step('ADD', [scaled, shift], 'normal', shape, activation='RELU' if relu else 'NONE')
        if not quantisation:
            return out
        made = self.activation(name, shape, quantisation)
        self.model.operator('QUANTIZE', [out], [made])
        return made

    def upsampled(self, name, x):
        batch_size, height, width, channels = self.shape[x]
        out = self.activation(name + '/larger', [batch_size, 2 * height, 2 * width, channels], self.quantisation[x])
        size = self.constant(name + '/size', np.array([2 * height, 2 * width], np.int32))
        self.model.operator('RESIZE_NEAREST_NEIGHBOR', [x, size], [out])
        return out

    def layer(self, name, module, x):
        if module.upsample:
            x = self.upsampled(name, x)
        factors = offsets = quantisation = None
        if self.ranges and name in IN_FLOAT:
            x = self.float_of(x, name + '/input')
        elif self.ranges:
            low, high = self.ranges.of(name).T
            # Every channel to -1..1: the norm's epsilon is small beside any variance that is seen.
            factors = 2 / np.maximum(high - low, 1e-3)
            offsets, quantisation = -(high + low) / 2 * factors, (1 / 127, 0)
        y = self.conv(name, module.conv, x, quantisation, factors, offsets)
        quantisation = None if name in IN_FLOAT[:-1] else self.range(name + '/norm')
        return self.norm(name + '/norm', module.norm, y, module.relu, quantisation)

    def add(self, name, a, b):
        out = self.activation(name, self.shape[a], self.range(name))
        self.model.operator('ADD', [a, b], [out])
        return out

    def clamped(self, x):
        """To 0..1. int8 does so by itself."""
        if self.quantisation[x]:
            return x
        above, out = self.activation('above', self.shape[x]), self.activation('painting', self.shape[x])
        one = self.constant('one', np.array(1, np.float32))
        self.model.operator('RELU', [x], [above])
        self.model.operator('MINIMUM', [above, one], [out])
        return out

    def write(self, path):
        unit = (1 / 255, -128) if self.ranges else None
        photo = x = self.activation('photo', [1, SIDE, SIDE, 3], unit)
        self.style = self.activation('style', [1, len(STYLES)])
        for i, module in enumerate(self.painter.down):
            x = self.layer(f'down{i}', module, x)
        for i, (first, second) in enumerate(self.painter.blocks):
            x = self.add(f'block{i}/sum', x, self.layer(f'block{i}b', second, self.layer(f'block{i}a', first, x)))
        for i, module in enumerate(self.painter.up):
            x = self.layer(f'up{i}', module, x)
        painting = self.clamped(self.conv('out', self.painter.out, x, unit))
        self.model.write(path, inputs=[photo, self.style], outputs=[painting])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--shared', type=pathlib.Path, default=ROOT.parent / 'shared')
    parser.add_argument('--work', type=pathlib.Path, required=True, help='folder of the checkpoint')
    parser.add_argument('--out', type=pathlib.Path, default=ROOT / 'models')
    given = parser.parse_args()
    torch.set_num_threads(1)
    saved = torch.load(given.work / 'painter.pt')
    painter = Painter(**saved['settings'])
    painter.load_state_dict(saved['painter'])
    pictures = photographs(given.shared / 'training' / 'caltech101', given.work / 'photographs.pt')
    Writer(painter, None, 'Pincel painter, float').write(given.out / 'pincel-painter-float.tflite')
    photos = batch(pictures, 24, SIDE, torch.Generator().manual_seed(2))
    photos = torch.cat([photos, photos[:8] ** 3, photos[8:16] ** 6])  # and some by night
    with torch.no_grad():
        before, ranges = Ranges(), Ranges()
        observe(painter, photos, before)
        equalise(painter, before)
        observe(painter, photos, ranges)
    Writer(painter, ranges, 'Pincel painter, int8').write(given.out / 'pincel-painter.tflite')


if __name__ == '__main__':
    main()

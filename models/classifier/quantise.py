"""The trained network without batch normalisation, in float and in simulated int8, and its export.

Weights: symmetric, a scale per output channel. Activations: asymmetric, one
scale per tensor, from the training part's pictures. The simulation rounds
where int8 kernels round, so that what it measures and fine-tunes is what ships.
"""
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from network import SIDE  # noqa: E402
from tflite_writer import Model  # noqa: E402

INPUT_SCALE, INPUT_ZERO = 1 / 127.5, 127  # of the bytes


def folded(convolution):
    """Weights [outputs, inputs, height, width] and bias of a convolution with its batch normalisation."""
    weights, norm = convolution[0].weight, convolution[1]
    factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return weights * factor.view(-1, 1, 1, 1), norm.bias - norm.running_mean * factor


class Layer(nn.Module):
    def __init__(self, weights, bias, stride=1, bounded=True):
        super().__init__()
        self.weights, self.bias = nn.Parameter(weights.detach().clone()), nn.Parameter(bias.detach().clone())
        self.stride, self.bounded = stride, bounded

    def scales(self):
        return self.weights.detach().abs().amax((1, 2, 3)).clamp(min=1e-8) / 127

    def forward(self, x, simulated):
        weights, size = self.weights, self.weights.shape[2]
        if simulated:
            zeros = torch.zeros(len(weights), dtype=torch.int32)
            weights = torch.fake_quantize_per_channel_affine(weights, self.scales(), zeros, 0, -127, 127)
        if self.stride == 2 and size == 3:
            x = F.pad(x, (0, 1, 0, 1))
        x = F.conv2d(x, weights, self.bias, self.stride, size // 2 if self.stride == 1 else 0)
        return F.relu6(x) if self.bounded else x


class Folded(nn.Module):
    """`ranges[name]` is (scale, zero point) of a tensor, `seen[name]` its (least, greatest) while observing."""

    def __init__(self, network):
        super().__init__()
        layers = {'stem': Layer(*folded(network.stem), 2), 'down': Layer(*folded(network.down), 2)}
        self.plan = []  # of blocks: name, whether its shortcut is a convolution
        for i, block in enumerate(network.blocks, 1):
            stride = block.first[0].stride[0]
            layers[f'block{i}_first'] = Layer(*folded(block.first), stride)
            layers[f'block{i}_second'] = Layer(*folded(block.second), bounded=False)
            if block.shortcut:
                layers[f'block{i}_shortcut'] = Layer(*folded(block.shortcut), stride, bounded=False)
            self.plan.append((f'block{i}', block.shortcut is not None))
        layers['head'] = Layer(*folded(network.head))
        classes = network.classes
        layers['classes'] = Layer(classes.weight[:, :, None, None], classes.bias, bounded=False)
        self.layers = nn.ModuleDict(layers)
        self.ranges, self.seen, self.observing, self.simulated = {}, {}, False, False

    def tensor(self, name, x):
        if self.observing:
            values = x.detach().flatten()
            least, greatest = self.seen.setdefault(name, ([], []))
            least.append(min(0, values.min().item()))
            greatest.append(max(0, values.max().item()))
        if self.simulated:
            x = torch.fake_quantize_per_tensor_affine(x, *self.ranges[name], -128, 127)
        return x

    def layer(self, name, x):
        return self.tensor(name, self.layers[name](x, self.simulated))

    def forward(self, x):
        """x as in network.py; returns logits [n, classes]."""
        x = self.layer('down', self.layer('stem', x))
        for name, projects in self.plan:
            second = self.layer(f'{name}_second', self.layer(f'{name}_first', x))
            beside = self.layer(f'{name}_shortcut', x) if projects else x
            x = self.tensor(name, F.relu6(beside + second))
        x = self.tensor('features', self.layer('head', x).mean((2, 3), keepdim=True))
        return self.layer('classes', x).flatten(1)

    def calibrate(self, batches, share):
        """Ranges that hold all but the outermost `share` of the batches' extremes."""
        self.seen, self.observing = {}, True
        with torch.no_grad():
            for batch in batches:
                self(batch)
        self.observing = False
        for name, (least, greatest) in self.seen.items():
            low, high = np.quantile(least, share), np.quantile(greatest, 1 - share)
            scale = max(high - low, 1e-6) / 255
            self.ranges[name] = (float(np.float32(scale)), int(np.clip(round(-128 - low / scale), -128, 127)))


def export(network, file, temperature=1.0, int8=True):
    """Writes the .tflite file: a picture [1, SIDE, SIDE, 3] in, scores (softmax of logits / temperature) out."""
    model = Model('Pincel classifier')
    kind = 'int8' if int8 else 'float32'
    shrink = lambda name: 1 / temperature if name == 'classes' else 1.0

    def result(name, shape):
        if not int8:
            return model.tensor(name, kind, shape)
        scale, zero = network.ranges[name]
        return model.tensor(name, kind, shape, scale=scale * shrink(name), zero_point=zero)

    def convolution(name, x, x_scale, side):
        layer = network.layers[name]
        weights = layer.weights.detach().permute(0, 2, 3, 1).numpy()
        bias = layer.bias.detach().numpy()
        if int8:
            scales = layer.scales().numpy().astype(np.float64)
            values = np.clip(np.round(weights / scales[:, None, None, None]), -127, 127).astype(np.int8)
            bias_scales = scales * x_scale
            w = model.tensor(f'{name}/weights', values, scale=scales * shrink(name))
            b = model.tensor(f'{name}/bias', np.round(bias / bias_scales).astype(np.int32),
                             scale=bias_scales * shrink(name), zero_point=0)
        else:
            w = model.tensor(f'{name}/weights', np.ascontiguousarray(weights * np.float32(shrink(name))))
            b = model.tensor(f'{name}/bias', bias * np.float32(shrink(name)))
        y = result(name, [1, side, side, len(bias)])
        model.operator('CONV_2D', [x, w, b], [y], padding='SAME', stride_w=layer.stride, stride_h=layer.stride,
                       activation='RELU6' if layer.bounded else 'NONE')
        return y, network.ranges[name][0] if int8 else None

    scale, shape = INPUT_SCALE if int8 else None, [1, SIDE, SIDE, 3]
    if int8:  # not every runtime takes int8 from outside
        picture = model.tensor('picture', 'uint8', shape, scale=scale, zero_point=INPUT_ZERO)
        x = model.tensor('picture/int8', kind, shape, scale=scale, zero_point=INPUT_ZERO - 128)
        model.operator('QUANTIZE', [picture], [x])
    else:
        picture = x = model.tensor('picture', kind, shape)
    x, scale = convolution('stem', x, scale, SIDE // 2)
    x, scale = convolution('down', x, scale, SIDE // 4)
    side = SIDE // 4
    for name, projects in network.plan:
        side //= network.layers[f'{name}_first'].stride
        first, first_scale = convolution(f'{name}_first', x, scale, side)
        second, _ = convolution(f'{name}_second', first, first_scale, side)
        beside = convolution(f'{name}_shortcut', x, scale, side)[0] if projects else x
        x = result(name, [1, side, side, network.layers[f'{name}_second'].bias.shape[0]])
        model.operator('ADD', [beside, second], [x], activation='RELU6')
        scale = network.ranges[name][0] if int8 else None
    x, _ = convolution('head', x, scale, side)
    axes = model.tensor('features/axes', np.array([1, 2], np.int32))
    features = result('features', [1, 1, 1, network.layers['head'].bias.shape[0]])
    model.operator('MEAN', [x, axes], [features], keep_dims=1)
    x, _ = convolution('classes', features, network.ranges['features'][0] if int8 else None, 1)
    classes = network.layers['classes'].bias.shape[0]
    shape = model.tensor('logits/shape', np.array([1, classes], np.int32))
    logits = (model.tensor('logits', kind, [1, classes], scale=network.ranges['classes'][0] / temperature,
                           zero_point=network.ranges['classes'][1]) if int8 else model.tensor('logits', kind, [1, classes]))
    model.operator('RESHAPE', [x, shape], [logits], new_shape=[1, classes])
    if int8:
        reals = model.tensor('logits/real', 'float32', [1, classes])
        model.operator('DEQUANTIZE', [logits], [reals])
        logits = reals
    scores = model.tensor('scores', 'float32', [1, classes])
    model.operator('SOFTMAX', [logits], [scores], beta=1)
    model.write(file, inputs=[picture], outputs=[scores])

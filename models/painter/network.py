"""The painter: one network, many styles (conditional instance normalisation,
Dumoulin et al., "A Learned Representation for Artistic Style", 2017).

The convolutions are shared. After each but the last, every channel is
normalised over the picture and then scaled and shifted by numbers that belong
to the style, so a style is 800 numbers and styles mix by mixing those.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


class ConditionalNorm(nn.Module):
    """x: [batch, channels, height, width]; style: weights over the styles, [batch, styles]."""

    def __init__(self, styles, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(styles, channels))
        self.beta = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, style):
        batch, channels, height, width = x.shape
        # batch_norm over batch * channels is instance_norm with a scale per sample, in one kernel
        return F.batch_norm(x.reshape(1, batch * channels, height, width), None, None, (style @ self.gamma).reshape(-1),
                            (style @ self.beta).reshape(-1), True, 0., 1e-5).reshape(x.shape)


class Conv(nn.Module):
    """3x3 over the mirrored picture: zeros at the border would paint a frame."""

    def __init__(self, inputs, outputs, stride=1, bias=False):
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.full((outputs,), .5)) if bias else None
        nn.init.kaiming_normal_(self.weight, nonlinearity='relu')

    def forward(self, x):
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode='reflect'), self.weight, self.bias, self.stride)


class Layer(nn.Module):
    """Convolution, normalisation, ReLU. `upsample`: on the picture at twice its size."""

    def __init__(self, styles, inputs, outputs, stride=1, upsample=False, relu=True):
        super().__init__()
        self.conv, self.norm = Conv(inputs, outputs, stride), ConditionalNorm(styles, outputs)
        self.upsample, self.relu = upsample, relu

    def forward(self, x, style):
        if self.upsample:
            x = F.interpolate(x, scale_factor=2, mode='nearest')
        x = self.norm(self.conv(x), style)
        return F.relu(x) if self.relu else x


class Painter(nn.Module):
    """Pictures 0..1 in and out, [batch, 3, height, width], sides divisible by 4.

    686 M multiply-accumulates at 256x256. The last layer's values are clamped
    to 0..1 rather than bent by a sigmoid: quantised, a clamp costs nothing and
    loses no levels.
    """

    def __init__(self, styles, stem=16, body=40, blocks=4, up=16, fine=8):
        super().__init__()
        self.settings = dict(styles=styles, stem=stem, body=body, blocks=blocks, up=up, fine=fine)
        self.down = nn.ModuleList([Layer(styles, 3, stem, stride=2), Layer(styles, stem, body, stride=2)])
        self.blocks = nn.ModuleList([
            nn.ModuleList([Layer(styles, body, body), Layer(styles, body, body, relu=False)]) for _ in range(blocks)])
        self.up = nn.ModuleList([Layer(styles, body, up, upsample=True), Layer(styles, up, fine, upsample=True)])
        self.out = Conv(fine, 3, bias=True)
        with torch.no_grad():
            self.out.weight *= .2

    def forward(self, x, style):
        """Not clamped."""
        for layer in self.down:
            x = layer(x, style)
        for first, second in self.blocks:
            x = x + second(first(x, style), style)
        for layer in self.up:
            x = layer(x, style)
        return self.out(x)

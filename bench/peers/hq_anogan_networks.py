"""HQ-AnoGAN's networks in PyTorch, as functions of a dictionary of parameters and buffers under our names.

Written from the published descriptions (arXiv 1912.04958, 2006.06676, 2008.00951). The activation is positively homogeneous,
so that its gain is multiplied into what comes before it: weights, biases, demodulation, strengths of noise.
"""

import functools
import math

import torch
import torch.nn.functional as F

SLOPE = 0.2
GAIN = math.sqrt(2)
HALF = math.sqrt(0.5)
MULTIPLIER = 0.01
TAPS = (0.125, 0.375, 0.375, 0.125)

# Low-pass filter of the wavelet sym6 (Daubechies), which ADA resamples with.
SYM6 = (
    0.015404109, 0.003490712, -0.117990111, -0.048311743, 0.491055942, 0.787641141,
    0.337929422, -0.072637523, -0.021060293, 0.044724902, 0.001767712, -0.007800708,
)  # fmt: skip


def lrelu(x):
    return F.leaky_relu(x, SLOPE, inplace=True)


@functools.cache
def fir_matrix(side, up, down, pads, gain):
    """[to, side]: one axis of resampling with TAPS."""
    rows = (side * up + sum(pads) - len(TAPS)) // down + 1
    matrix = torch.zeros(rows, side)
    for i in range(rows):
        for k, tap in enumerate(TAPS):
            source, between = divmod(i * down + k - pads[0], up)
            if between == 0 and 0 <= source < side:
                matrix[i, source] += gain * tap
    return matrix


class Filter:
    """Resampling with TAPS: by a dense matrix on each axis, or by depthwise convolutions, of 4x4 or of 4x1 and 1x4."""

    def __init__(self, form):
        self.form = form

    def down(self, x, padding, stride, gain=1.0):
        """Every `stride`-th filtered pixel of x with `padding` zeros on all sides; `gain` is that of one axis."""
        if self.form == "matrices":
            return self.both_axes(x, 1, stride, (padding, padding), gain)
        return self.convolve(x, F.conv2d, stride, padding, gain)

    def double(self, x, rim=0):
        """Twice the sides, filtered, and `rim` pixels more on all sides."""
        if self.form == "matrices":
            return self.both_axes(x, 2, 1, (2 + rim, 1 + rim), 2.0)
        return self.convolve(x, F.conv_transpose2d, 2, 1 - rim, 2.0)

    def both_axes(self, x, up, down, pads, gain):
        rows = fir_matrix(x.shape[2], up, down, pads, gain)
        return rows @ x @ rows.t()

    def convolve(self, x, conv, stride, padding, gain):
        taps, c = torch.tensor(TAPS) * gain, x.shape[1]
        if self.form == "depthwise":
            return conv(x, torch.outer(taps, taps).expand(c, 1, 4, 4), None, stride, padding, groups=c)
        x = conv(x, taps.view(4, 1).expand(c, 1, 4, 1), None, (stride, 1), (padding, 0), groups=c)
        return conv(x, taps.view(1, 4).expand(c, 1, 1, 4), None, (1, stride), (0, padding), groups=c)


class Spread(torch.autograd.Function):
    """The transpose of Sample: what samples hold goes back to the pixels."""

    @staticmethod
    def forward(ctx, samples, grid, shape):
        ctx.save_for_backward(grid)
        like = samples.new_empty(1).expand(shape)
        return torch.ops.aten.grid_sampler_2d_backward(samples, like, grid, 0, 0, True, (True, False))[0]

    @staticmethod
    def backward(ctx, slope):
        return Sample.apply(slope, *ctx.saved_tensors), None, None


class Sample(torch.autograd.Function):
    """Bilinear sampling. It is linear in the images, so that its derivatives of any order are itself and its transpose."""

    @staticmethod
    def forward(ctx, x, grid):
        ctx.save_for_backward(grid)
        ctx.side = x.shape
        return F.grid_sample(x, grid, align_corners=True)

    @staticmethod
    def backward(ctx, slope):
        return Spread.apply(slope.contiguous(), *ctx.saved_tensors, ctx.side), None


class Augmentation:
    """ADA's geometric and colour stages, told by our arrays what to do with each image."""

    def __init__(self, size, sampling):
        self.size = size
        self.sampling = sampling
        self.period = 4 * (size - 1)
        self.samples = 2 * size + len(SYM6) - 2
        low = [tap / sum(SYM6) for tap in SYM6]
        self.doubling = torch.zeros(self.period + 1, size)
        for row in range(self.period + 1):
            for k in range(row % 2, len(low), 2):
                place = (row - k) // 2 % (2 * (size - 1))
                self.doubling[row, min(place, 2 * (size - 1) - place)] += 2 * low[k]
        self.halving = torch.zeros(size, self.samples)
        for row in range(size):
            self.halving[row, 2 * row : 2 * row + len(low)] = torch.tensor(low)

    def prepare(self, arrays):
        """Places as this form of sampling takes them; part of drawing, which neither side times."""
        places, weights = arrays["places"].long(), arrays["weights"]
        colour = [arrays[name].view(-1, 1, 1, 1) for name in ("matrix", "offset")]
        if self.sampling == "gather":
            side = self.period + 1
            corners = places[:, None] + torch.tensor([0, 1, side, side + 1]).view(1, 4, 1)
            return (corners.flatten(1), weights), *colour
        right, lower = weights[:, 1] + weights[:, 3], weights[:, 2] + weights[:, 3]
        x = places % (self.period + 1) + right
        y = places // (self.period + 1) + lower
        grid = torch.stack([x, y], -1) * (2 / self.period) - 1
        return grid.view(-1, self.samples, self.samples, 2), *colour

    def __call__(self, x, prepared):
        where, matrix, offset = prepared
        doubled = self.doubling @ x @ self.doubling.t()
        if self.sampling == "gather":
            corners, weights = where
            four = doubled.flatten(1).gather(1, corners).view(weights.shape)
            sampled = (four * weights).sum(1).view(-1, 1, self.samples, self.samples)
        else:
            sampled = Sample.apply(doubled, where)
        return torch.addcmul(offset, self.halving @ sampled @ self.halving.t(), matrix)


class StyleGan:
    """Mapping, synthesis and discriminator."""

    def __init__(self, options, size, settings):
        self.latent = options["latent"]
        self.mapping_layers = options["mappingLayers"]
        self.group = options["group"]
        self.sides = [4 << i for i in range(int(math.log2(size)) - 1)]
        self.styles = 2 * len(self.sides)
        self.filter = Filter(settings["filter"])
        self.modulate = self.grouped if settings["modulation"] == "grouped" else self.in_activations
        self.transposed = settings["up"] == "transposed"

    def map(self, p, z):
        w = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for i in range(self.mapping_layers):
            weight, bias = p[f"mapping/{i}/weight"], p[f"mapping/{i}/bias"]
            w = lrelu(F.linear(w, weight * (MULTIPLIER * GAIN / math.sqrt(self.latent)), bias * (MULTIPLIER * GAIN)))
        return w

    def broadcast(self, w):
        return w[:, None].expand(-1, self.styles, -1)

    def up_conv(self, x, weight, groups=1):
        """x doubled, filtered and convolved; `weight` is [groups·O, I, 3, 3]."""
        if not self.transposed:
            return F.conv2d(self.filter.double(x, 1), weight, groups=groups)
        # Filter and convolution change places: the convolution then skips the zeros between pixels.
        o, i = weight.shape[0] // groups, weight.shape[1]
        turned = weight.view(groups, o, i, 3, 3).transpose(1, 2).reshape(groups * i, o, 3, 3).flip(2, 3)
        y = F.conv_transpose2d(x, turned, None, 2, groups=groups)
        return self.filter.down(y, 1, 1, 2.0)

    def in_activations(self, x, weight, style, up):
        """Styles scale the input's channels, demodulation the output's. Returns both factors of the result."""
        energy = weight.square().sum((2, 3))
        factor = torch.rsqrt(style.square() @ energy.t() + 1e-8) * GAIN
        x = x * style[:, :, None, None]
        y = self.up_conv(x, weight) if up else F.conv2d(x, weight, None, 1, 1)
        return y, factor[:, :, None, None]

    def grouped(self, x, weight, style, up):
        """A convolution of its own for each image."""
        n, o = style.shape[0], weight.shape[0]
        own = weight * style[:, None, :, None, None]
        own = own * (torch.rsqrt(own.square().sum((2, 3, 4), keepdim=True) + 1e-8) * GAIN)
        x = x.expand(n, *x.shape[1:]).reshape(1, -1, *x.shape[2:])
        own = own.flatten(0, 1)
        y = self.up_conv(x, own, n) if up else F.conv2d(x, own, None, 1, 1, groups=n)
        return y.view(n, o, *y.shape[2:]), None

    def style(self, p, name, w, gain=1.0):
        weight, bias = p[name + "/affine/weight"], p[name + "/affine/bias"]
        return F.linear(w, weight * (gain / math.sqrt(self.latent)), bias * gain if gain != 1 else bias)

    def styled_conv(self, p, name, x, w, noise, up):
        y, factor = self.modulate(x, p[name + "/weight"], self.style(p, name, w), up)
        noise = noise * (p[name + "/noiseStrength"] * GAIN)
        y = y.add_(noise) if factor is None else torch.addcmul(noise, y, factor)
        return lrelu(y.add_((p[name + "/bias"] * GAIN).view(1, -1, 1, 1)))

    def to_image(self, p, name, x, w):
        weight = p[name + "/weight"]
        style = self.style(p, name, w, 1 / math.sqrt(weight.shape[1]))
        # Each image's own weights are few here, and one product of matrices does them all.
        own = weight.flatten(1) * style[:, None]
        return torch.baddbmm(p[name + "/bias"].view(1, -1, 1), own, x.flatten(2)).view(len(x), -1, *x.shape[2:])

    def synthesise(self, p, styles, noise, prefix="synthesis"):
        """Images of styles [N, L, d]; `noise` by number of the convolution."""
        x, image, layer = p[prefix + "/constant"], None, 0
        for side in self.sides:
            block = f"{prefix}/{side}"
            for conv in ("conv1",) if side == 4 else ("conv0", "conv1"):
                x = self.styled_conv(p, f"{block}/{conv}", x, styles[:, layer], noise[layer], conv == "conv0")
                layer += 1
            part = self.to_image(p, block + "/toImage", x, styles[:, layer])
            image = part if image is None else part.add_(self.filter.double(image))
        return image

    def conv(self, p, name, x, padding, stride=1, gain=GAIN):
        weight, bias = p[name + "/weight"], p.get(name + "/bias")
        scale = gain / math.sqrt(weight[0].numel())
        return F.conv2d(x, weight * scale, None if bias is None else bias * gain, stride, padding)

    def features(self, p, x):
        """What each of the discriminator's blocks leaves."""
        x = lrelu(self.conv(p, "discriminator/fromImage", x, 0))
        features = []
        for side in self.sides[:0:-1]:
            block = f"discriminator/{side}"
            y = lrelu(self.conv(p, block + "/conv0", x, 1))
            y = lrelu(self.conv(p, block + "/conv1", self.filter.down(y, 2, 1), 0, 2, GAIN * HALF))
            skip = self.conv(p, block + "/skip", self.filter.down(x, 1, 2), 0, 1, HALF)
            x = skip.add_(y)
            features.append(x)
        return features

    def judge(self, p, x):
        """Logits; groups are of neighbouring images."""
        x = self.features(p, x)[-1]
        n, c, h, w = x.shape
        variance = x.reshape(n // self.group, self.group, c, h, w).var(1, unbiased=False)
        deviation = (variance + 1e-8).sqrt().mean((1, 2, 3))
        deviation = deviation.repeat_interleave(self.group).view(n, 1, 1, 1).expand(n, 1, h, w)
        y = lrelu(self.conv(p, "discriminator/4/conv", torch.cat([x, deviation], 1), 1))
        weight, bias = p["discriminator/4/dense/weight"], p["discriminator/4/dense/bias"]
        y = lrelu(F.linear(y.flatten(1), weight * (GAIN / math.sqrt(weight.shape[1])), bias * GAIN))
        weight = p["discriminator/4/out/weight"]
        return F.linear(y, weight / math.sqrt(weight.shape[1]), p["discriminator/4/out/bias"])[:, 0]


class Encoder:
    """pSp's lite encoder, while it is trained."""

    STAGES = (1, 2, 3, 4)
    # Styles before the first are read from the coarse map, before the second from the middle one.
    MIDDLE_FROM, FINE_FROM = 3, 7

    def __init__(self, styles):
        self.styles = styles

    def norm(self, p, name, x):
        running = p[name + "/runningMean"], p[name + "/runningVariance"]
        return F.batch_norm(x, *running, p[name + "/scale"], p[name + "/shift"], True)

    def unit(self, p, name, x, stride):
        y = F.conv2d(self.norm(p, name + "/norm1", x), p[name + "/conv1/weight"], None, 1, 1)
        y = F.conv2d(F.prelu(y, p[name + "/prelu/slope"]), p[name + "/conv2/weight"], None, stride, 1)
        y = self.norm(p, name + "/norm2", y)
        means = y.mean((2, 3), keepdim=True)
        hidden = F.relu(F.conv2d(means, p[name + "/weights/1/weight"]))
        y = y * torch.sigmoid(F.conv2d(hidden, p[name + "/weights/2/weight"]))
        shortcut = p.get(name + "/shortcut/weight")
        if shortcut is None:
            return y + x[:, :, ::stride, ::stride]
        return y + self.norm(p, name + "/shortcut/norm", F.conv2d(x, shortcut, None, stride))

    def map2style(self, p, name, x):
        i = 1
        while x.shape[2] > 1:
            conv = f"{name}/conv{i}"
            x = F.leaky_relu(F.conv2d(x, p[conv + "/weight"], p[conv + "/bias"], 2, 1), 0.01, inplace=True)
            i += 1
        weight = p[name + "/dense/weight"]
        return F.linear(x.flatten(1), weight / math.sqrt(weight.shape[1]), p[name + "/dense/bias"])

    def offsets(self, p, x):
        x = self.norm(p, "encoder/stem/norm", F.conv2d(x, p["encoder/stem/weight"], None, 1, 1))
        x = F.prelu(x, p["encoder/stem/prelu/slope"])
        maps = []
        for stage in self.STAGES:
            for unit in (1, 2):
                x = self.unit(p, f"encoder/body/stage{stage}/unit{unit}", x, 3 - unit)
            maps.append(x)
        pyramid = []
        for scale, x in zip(("coarse", "middle", "fine"), reversed(maps)):
            y = F.conv2d(x, p[f"encoder/lateral/{scale}/weight"], p[f"encoder/lateral/{scale}/bias"])
            if pyramid:
                y = y + F.interpolate(pyramid[-1], y.shape[2:], mode="bilinear", align_corners=True)
            pyramid.append(y)
        read = [pyramid[(i >= self.MIDDLE_FROM) + (i >= self.FINE_FROM)] for i in range(self.styles)]
        return torch.stack([self.map2style(p, f"encoder/style/{i}", x) for i, x in enumerate(read)], 1)

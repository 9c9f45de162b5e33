"""ProxyAno's training step in PyTorch: the peer of steps/proxyano.ts, as fast as we could make it on a CPU.

What may differ in speed but not in result is a setting, and the fastest is used:
  layout   of images and weights: contiguous or channels_last
  adam     fused, foreach or loop
  heap     glibc's default, or kept
  compile  eager, or torch.compile of both losses
"""

import torch
import torch.nn.functional as F

from peer import adam, keep_heap, read_arrays, serve

EPSILON = 1e-5
MOMENTUM = 0.1
TINY = 1e-12
SLOPE = 0.2
POOLS = 4
STRIDES = (2, 2, 2, 1, 1)

BUFFERS = ("/runningMean", "/runningVariance", "/direction")


def is_idle_bias(name):
    """Of a convolution before a batch normalisation, which subtracts it again: P-Net has them, and neither side uses them."""
    return name.endswith("/bias") and not name.endswith("/out/bias")


def unit_rows(x):
    return x * torch.rsqrt(x.square().sum(1, keepdim=True) + TINY)


def double(x):
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


class Networks:
    """Both modules and the discriminator as functions of a dictionary of parameters and buffers, under our names."""

    def __init__(self, options, layout):
        self.threshold = options["threshold"]
        self.sharpness = options["sharpness"]
        self.layout = layout

    def double_conv(self, p, name, x, gather=True):
        for layer in (f"{name}/1", f"{name}/2"):
            norm = layer + "/norm"
            running = (p[norm + "/runningMean"], p[norm + "/runningVariance"]) if gather else (None, None)
            x = F.conv2d(x, p[layer + "/weight"], None, 1, 1)
            x = F.batch_norm(x, *running, p[norm + "/scale"], p[norm + "/shift"], True, MOMENTUM, EPSILON)
            x = F.relu(x, inplace=True)
        return x

    def encode(self, p, name, x, gather=True):
        levels = [self.double_conv(p, name + "/enc0", x, gather)]
        for i in range(1, POOLS + 1):
            levels.append(self.double_conv(p, f"{name}/enc{i}", F.max_pool2d(levels[-1], 2), gather))
        return levels

    def to_image(self, p, name, x):
        return torch.sigmoid(F.conv2d(x, p[name + "/out/weight"], p[name + "/out/bias"]))

    def read_memory(self, p, features):
        n, c, h, w = features.shape
        slots = p["pem/memory/slots"]
        queries = features.permute(0, 2, 3, 1).reshape(n * h * w, c)
        weights = F.softmax(unit_rows(queries) @ unit_rows(slots).t() * self.sharpness, 1)
        # The largest of N weights is at least 1/N and the threshold is below that: no row loses all.
        kept = F.threshold(weights, self.threshold, 0)
        weights = kept / kept.sum(1, keepdim=True)
        mixture = (weights @ slots).view(n, h, w, c).permute(0, 3, 1, 2)
        return mixture.contiguous(memory_format=self.layout), weights

    def extract_proxy(self, p, x):
        features = self.encode(p, "pem/encoder", x)[-1]
        y, weights = self.read_memory(p, features)
        for i in range(POOLS):
            y = self.double_conv(p, f"pem/decoder/dec{i}", double(y))
        return self.to_image(p, "pem/decoder", y), weights

    def reconstruct(self, p, proxy, gather):
        levels = self.encode(p, "irm/encoder", proxy, gather)
        y = levels.pop()
        for i in range(POOLS):
            y = self.double_conv(p, f"irm/dec{i}", torch.cat([levels.pop(), double(y)], 1), gather)
        return self.to_image(p, "irm", y)

    def discriminator(self, p, x, keep_directions):
        for i, stride in enumerate(STRIDES):
            name = f"discriminator/conv{i}"
            x = F.conv2d(x, spectral(p[name + "/weight"], p[name + "/direction"], keep_directions), None, stride, 1)
            if i < len(STRIDES) - 1:
                x = F.leaky_relu(x, SLOPE, inplace=True)
        return x


def spectral(weight, direction, keep_direction):
    """The weight divided by its largest singular value, as one step of power iteration estimates it."""
    matrix = weight.flatten(1)
    with torch.no_grad():
        v = F.normalize(matrix.t().mv(direction), dim=0)
        u = F.normalize(matrix.mv(v), dim=0)
        if keep_direction:
            direction.copy_(u)
    return weight / u.dot(matrix.mv(v))


class Losses:
    """Both objectives. The functions take every tensor as an argument, so that they can be compiled as they stand."""

    def __init__(self, networks, options):
        self.networks = networks
        self.entropy_weight = options["entropyWeight"]
        self.adversarial_weight = options["adversarialWeight"]

    def restoration(self, p, frozen, image, proxy, damaged):
        extracted, weights = self.networks.extract_proxy(p, image)
        extraction = F.l1_loss(extracted, proxy)
        entropy = -(weights * torch.log(weights + TINY)).sum(1).mean()
        # Two passes, each with statistics of its own; the running ones are those of predicted proxies.
        from_damaged = self.networks.reconstruct(p, damaged, False)
        from_predicted = self.networks.reconstruct(p, extracted.detach(), True)
        reconstruction = (F.l1_loss(from_damaged, image) + F.l1_loss(from_predicted, image)) / 2
        adversarial = F.softplus(-self.networks.discriminator(frozen, from_damaged, False)).mean()
        total = extraction + self.entropy_weight * entropy + reconstruction + self.adversarial_weight * adversarial
        return total, from_damaged.detach(), extraction, entropy, reconstruction, adversarial

    def discriminator(self, p, image, restored):
        real, fake = self.networks.discriminator(p, torch.cat([image, restored]), True).chunk(2)
        return (F.softplus(-real).mean() + F.softplus(fake).mean()) / 2


def build_from(request):
    options = request["options"]
    values = {name: value for name, value in read_arrays(request["parameters"]).items() if not is_idle_bias(name)}
    batches = read_arrays(request["batches"])
    turns = 1 + max(int(name.split("/")[1]) for name in batches)

    def build(settings):
        keep_heap(settings["heap"] == "kept")
        torch._dynamo.reset()
        layout = torch.channels_last if settings["layout"] == "channels_last" else torch.contiguous_format
        p = {
            name: value.clone(memory_format=layout if value.dim() == 4 else torch.preserve_format).requires_grad_(
                not name.endswith(BUFFERS)
            )
            for name, value in values.items()
        }
        frozen = {name: value.detach() for name, value in p.items()}
        critic = [value for name, value in p.items() if value.requires_grad and name.startswith("discriminator/")]
        modules = [value for name, value in p.items() if value.requires_grad and not name.startswith("discriminator/")]
        module_adam = adam(modules, settings["adam"], options["adam"])
        critic_adam = adam(critic, settings["adam"], options["adam"] | {"learningRate": options["discriminatorRate"]})
        losses = Losses(Networks(options, layout), options)
        forms = [losses.restoration, losses.discriminator]
        if settings["compile"] == "compiled":
            forms = [torch.compile(form, dynamic=False) for form in forms]
        restoration_loss, discriminator_loss = forms

        def step(optimiser, loss):
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

        restored = None

        def train_modules(turn):
            nonlocal restored
            image, proxy, damaged = (batches[f"{name}/{turn % turns}"] for name in ("image", "proxy", "damaged"))
            total, restored, *parts = restoration_loss(p, frozen, image, proxy, damaged)
            step(module_adam, total)
            names = ("extraction", "entropy", "reconstruction", "adversarial")
            return {name: value.item() for name, value in zip(names, parts)}

        def train_discriminator(turn):
            loss = discriminator_loss(p, batches[f"image/{turn % turns}"], restored)
            step(critic_adam, loss)
            return {"discriminator": loss.item()}

        return {"modules": train_modules, "discriminator": train_discriminator}

    return build


START = {"layout": "contiguous", "adam": "fused", "heap": "default", "compile": "eager"}


def axes_for(compilable):
    layouts = ("contiguous", "channels_last")
    axes = [
        [{"layout": layout} for layout in layouts],
        [{"adam": form} for form in ("fused", "foreach", "loop")],
        [{"heap": heap} for heap in ("default", "kept")],
    ]
    compiled = [{"compile": "compiled", "layout": layout} for layout in layouts]
    return axes + [compiled] if compilable else axes


if __name__ == "__main__":
    serve(build_from, START, axes_for)

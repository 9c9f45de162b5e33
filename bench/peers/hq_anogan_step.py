"""HQ-AnoGAN's training in PyTorch: the peer of steps/hq-anogan.ts, as fast as we could make it on a CPU.

What may differ in speed but not in result is a setting, and the fastest is used:
  layout      of images and weights: contiguous or channels_last
  modulation  of convolutions: styles on the channels of activations (the faster wherever we tried), or on weights, in a
              convolution of a group an image
  up          doubling convolutions: filter_first, or transposed, where the filter follows a transposed convolution, which
              has a quarter of the products
  filter      with [1,3,3,1]: as dense matrices, as depthwise convolutions, or as separable ones
  sampling    of the augmentation: grid_sample, or gather of four neighbours
  passes      of the discriminator over generated and real images: one, on all together, or two
  adam        fused, foreach or loop (of Ranger too, which has no fused form)
  heap        glibc's default, or kept
  compile     eager, or torch.compile of all losses without second derivatives
"""

import math

import torch
import torch.nn.functional as F

from hq_anogan_networks import Augmentation, Encoder, StyleGan
from peer import adam, keep_heap, read_arrays, serve

LATENT_MOVES = 0.005
LENGTH_MOVES = 0.01
BUFFERS = ("/noise", "/runningMean", "/runningVariance", "mapping/average", "pathLength/average")


class Ranger:
    """RAdam on centralised gradients, with Lookahead."""

    INTERVAL, BLEND = 6, 0.5

    def __init__(self, parameters, rate, foreach):
        self.radam = torch.optim.RAdam(parameters, lr=rate, betas=(0.95, 0.999), eps=1e-5, foreach=foreach)
        self.parameters = parameters
        self.slow = [p.detach().clone() for p in parameters]
        self.steps = 0

    @torch.no_grad()
    def step(self):
        for p in self.parameters:
            # Of one value an output nothing would be left.
            if p.dim() > 1 and p.numel() > p.shape[0]:
                p.grad.sub_(p.grad.mean(tuple(range(1, p.dim())), keepdim=True))
        self.radam.step()
        self.steps += 1
        if self.steps % self.INTERVAL == 0:
            torch._foreach_lerp_(self.slow, self.parameters, self.BLEND)
            torch._foreach_copy_(self.parameters, self.slow)


class Losses:
    """All objectives. The functions take every tensor as an argument, so that they can be compiled as they stand."""

    def __init__(self, gan, encoder, augmentation, options, settings):
        self.gan, self.encoder, self.augment = gan, encoder, augmentation
        self.gamma = options["gamma"]
        self.path_length_weight = options["pathLengthWeight"]
        self.perceptual_weight = options["perceptualWeight"]
        self.one_pass = settings["passes"] == "one"

    def fakes(self, p, b):
        """Generated images, and the mean of their first latents' w."""
        first, second = self.gan.map(p, torch.cat([b["z"], b["other"]])).chunk(2)
        styles = torch.lerp(first[:, None], second[:, None], b["mask"])
        return self.gan.synthesise(p, styles, b["noise"]), first.detach().mean(0)

    def generator(self, p, frozen, b):
        fakes, latent = self.fakes(p, b)
        return F.softplus(-self.gan.judge(frozen, self.augment(fakes, b["fake"]))).mean(), latent

    def discriminator(self, p, fakes, b):
        if self.one_pass:
            images = self.augment(torch.cat([fakes, b["image"]]), b["both"])
            fake, real = self.gan.judge(p, images).chunk(2)
        else:
            fake = self.gan.judge(p, self.augment(fakes, b["fake"]))
            real = self.gan.judge(p, self.augment(b["image"], b["real"]))
        return F.softplus(fake).mean() + F.softplus(-real).mean(), real.detach().sign().mean()

    def r1(self, p, b):
        image = b["image"].detach().requires_grad_()
        logits = self.gan.judge(p, self.augment(image, b["real"]))
        (slope,) = torch.autograd.grad(logits.sum(), image, create_graph=True)
        return slope.square().sum((1, 2, 3)).mean() * (self.gamma / 2)

    def path_length(self, p, average, b):
        styles = self.gan.broadcast(self.gan.map(p, b["z"]))
        images = self.gan.synthesise(p, styles, b["noise"])
        direction = b["direction"] / math.sqrt(images[0, 0].numel())
        (slope,) = torch.autograd.grad((images * direction).sum(), styles, create_graph=True)
        lengths = slope.square().sum(2).mean(1).sqrt()
        return (lengths - average).square().mean() * self.path_length_weight, lengths.detach().mean()

    def inversion(self, p, frozen, noise, image):
        styles = self.encoder.offsets(p, image) + frozen["mapping/average"]
        restored = self.gan.synthesise(frozen, styles, noise, "average/synthesis")
        with torch.no_grad():
            wanted = self.gan.features(frozen, image)
            energies = [features.square().mean() + 1e-8 for features in wanted]
        pixels = F.mse_loss(image, restored)
        found = self.gan.features(frozen, restored)
        distances = [F.mse_loss(a, b) / energy for a, b, energy in zip(found, wanted, energies)]
        perceptual = sum(distances) / len(distances)
        return pixels + self.perceptual_weight * perceptual, pixels, perceptual


def inputs_by_turn(path, layers, augmentation, settings):
    """{(program, turn): inputs}, as the losses take them; nothing else of the file stays in memory."""
    inputs = {}
    for name, value in read_arrays(path).items():
        program, *path, turn = name.split("/")
        inputs.setdefault((program, int(turn)), {})["/".join(path)] = value
    for b in inputs.values():
        for kind in ("fake", "real"):
            if f"augment/{kind}/places" in b:
                b[kind] = {key: b.pop(f"augment/{kind}/{key}") for key in ("places", "weights", "matrix", "offset")}
        if settings["passes"] == "one" and "fake" in b and "real" in b:
            fake, real = b.pop("fake"), b.pop("real")
            b["both"] = {key: torch.cat([fake[key], real[key]]) for key in fake}
        for kind in {"fake", "real", "both"} & b.keys():
            b[kind] = augmentation.prepare(b[kind])
        if "noise/0" in b:
            b["noise"] = [b.pop(f"noise/{i}") for i in range(layers)]
    return inputs


def build_from(request):
    options, size, batch = request["options"], request["config"]["size"], request["config"]["batch"]
    values = read_arrays(request["parameters"])

    def build(settings):
        keep_heap(settings["heap"] == "kept")
        torch._dynamo.reset()
        layout = torch.channels_last if settings["layout"] == "channels_last" else torch.contiguous_format
        p = {
            name: value.clone(memory_format=layout if value.dim() == 4 else torch.preserve_format).requires_grad_(
                not name.endswith(BUFFERS) and not name.startswith("average/")
            )
            for name, value in values.items()
        }
        frozen = {name: value.detach() for name, value in p.items()}

        def trained(*prefixes):
            return [value for name, value in p.items() if value.requires_grad and name.startswith(prefixes)]

        generator = trained("mapping/", "synthesis/")
        discriminator, encoder = trained("discriminator/"), trained("encoder/")
        averages = [name for name in p if name.startswith("average/") and not name.endswith(BUFFERS)]
        averaged = [frozen[name] for name in averages], [frozen[name.removeprefix("average/")] for name in averages]
        generator_adam, discriminator_adam = (
            adam(own, settings["adam"], options["adam"][name])
            for own, name in ((generator, "generator"), (discriminator, "discriminator"))
        )
        ranger = Ranger(encoder, options["encoderRate"], settings["adam"] != "loop")

        gan = StyleGan(options, size, settings)
        augmentation = Augmentation(size, settings["sampling"])
        losses = Losses(gan, Encoder(gan.styles), augmentation, options, settings)
        forms = [losses.fakes, losses.generator, losses.discriminator, losses.inversion]
        if settings["compile"] == "compiled":
            forms = [torch.compile(form, dynamic=False) for form in forms]
        fakes_of, generator_loss, discriminator_loss, inversion_loss = forms
        constant = [
            frozen[f"average/synthesis/{side}/{conv}/noise"]
            for side in gan.sides
            for conv in ("conv0", "conv1")
            if side > 4 or conv == "conv1"
        ]
        inputs = inputs_by_turn(request["batches"], len(constant), augmentation, settings)
        turns = 1 + max(turn for _, turn in inputs)

        def step(optimiser, parameters, loss):
            for value in parameters:
                value.grad = None
            loss.backward(inputs=parameters)
            for value in parameters:
                # A regulariser has no slope in some; their moments fade and their steps count all the same.
                if value.grad is None:
                    value.grad = torch.zeros_like(value)
            optimiser.step()

        def train_generator(turn):
            loss, latent = generator_loss(p, frozen, inputs["generator", turn % turns])
            step(generator_adam, generator, loss)
            frozen["mapping/average"].lerp_(latent, LATENT_MOVES)
            return {"generator": loss.item()}

        def regularise_generator(turn):
            average = frozen["pathLength/average"]
            penalty, length = losses.path_length(p, average, inputs["path length", turn % turns])
            step(generator_adam, generator, penalty * options["intervals"]["pathLength"])
            average.lerp_(length, LENGTH_MOVES)
            return {"pathLength": penalty.item()}

        def train_discriminator(turn):
            b = inputs["discriminator", turn % turns]
            with torch.no_grad():
                fakes, latent = fakes_of(frozen, b)
            loss, _sign = discriminator_loss(p, fakes, b)
            step(discriminator_adam, discriminator, loss)
            frozen["mapping/average"].lerp_(latent, LATENT_MOVES)
            return {"discriminator": loss.item()}

        def regularise_discriminator(turn):
            penalty = losses.r1(p, inputs["r1", turn % turns])
            step(discriminator_adam, discriminator, penalty * options["intervals"]["r1"])
            return {"r1": penalty.item()}

        def move_averages(turn):
            half_life = min(options["averageHalfLife"], 0.05 * batch * (turn + 1))
            torch._foreach_lerp_(*averaged, 1 - 0.5 ** (batch / half_life))
            return {}

        def train_encoder(turn):
            parts = inversion_loss(p, frozen, constant, inputs["encoder", turn % turns]["image"])
            step(ranger, encoder, parts[0])
            return dict(zip(("encoder", "pixels", "perceptual"), (part.item() for part in parts)))

        return {
            "generator": train_generator,
            "pathLength": regularise_generator,
            "discriminator": train_discriminator,
            "r1": regularise_discriminator,
            "average": move_averages,
            "encoder": train_encoder,
        }

    return build


START = {
    "layout": "contiguous",
    "modulation": "activations",
    "up": "transposed",
    "filter": "depthwise",
    "sampling": "grid_sample",
    "passes": "one",
    "adam": "fused",
    "heap": "default",
    "compile": "eager",
}


def axes_for(compilable):
    layouts, filters = ("contiguous", "channels_last"), ("depthwise", "separable", "matrices")
    axes = [
        [{"filter": form, "layout": layout} for form in filters for layout in layouts],
        [{"up": up} for up in ("transposed", "filter_first")],
        [{"modulation": form} for form in ("activations", "grouped")],
        [{"sampling": form} for form in ("grid_sample", "gather")],
        [{"passes": passes} for passes in ("one", "two")],
        [{"adam": form} for form in ("fused", "foreach", "loop")],
        [{"heap": heap} for heap in ("default", "kept")],
    ]
    compiled = [{"compile": "compiled", "layout": layout} for layout in layouts]
    return axes + [compiled] if compilable else axes


if __name__ == "__main__":
    serve(build_from, START, axes_for)

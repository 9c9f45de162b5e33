"""SAGAN's training step in PyTorch: the peer of steps/sagan.ts, as fast as we could make it on a CPU.

What may differ in speed but not in result is a setting, and the fastest is used:
  norm     instance normalisation as group_norm, instance_norm or layer_norm
  layout   of images and weights: contiguous or channels_last
  penalty  the critic's gradient by autograd.grad(create_graph=True), or written out as transposed convolutions, which
           the critic's piecewise linearity allows, so that one backward pass is enough
  passes   of the generator for its three batches: one, on all together, or three
  adam     fused, foreach or loop
  heap     glibc's default, or kept
  compile  eager, or torch.compile of generator and both losses
"""

import torch
import torch.nn.functional as F

from peer import adam, keep_heap, read_arrays, serve

EPSILON = 1e-5
SLOPE = 0.01


def group_norm(x, scale=None, shift=None):
    return F.group_norm(x, x.shape[1], scale, shift, EPSILON)


def instance_norm(x, scale=None, shift=None):
    return F.instance_norm(x, weight=scale, bias=shift, eps=EPSILON)


def layer_norm(x, scale=None, shift=None):
    n, c, h, w = x.shape
    y = F.layer_norm(x.reshape(n * c, h * w), (h * w,), eps=EPSILON).view(n, c, h, w)
    return y if scale is None else torch.addcmul(shift.view(1, c, 1, 1), y, scale.view(1, c, 1, 1))


NORMS = {"group_norm": group_norm, "instance_norm": instance_norm, "layer_norm": layer_norm}


def split_windows(x, g):
    n, c, h, w = x.shape
    return x.view(n, c, g, h // g, g, w // g).permute(0, 2, 4, 1, 3, 5).reshape(n * g * g, c, h // g, w // g)


def join_windows(x, g):
    rows, c, h, w = x.shape
    return x.reshape(rows // (g * g), g, g, c, h, w).permute(0, 3, 1, 4, 2, 5).reshape(rows // (g * g), c, g * h, g * w)


def position_codes(g):
    bits = (g * g).bit_length()
    return torch.tensor([[float(w >> (bits - 1 - b) & 1) for b in range(bits)] for w in range(g * g)])


class Networks:
    """Generator and critic as functions of a dictionary of parameters, under our names."""

    def __init__(self, options, norm):
        self.grid = options["grid"]
        self.blocks = options["residualBlocks"]
        self.effective = options["positionCode"] == "effective"
        self.norm = NORMS[norm]
        self.codes = position_codes(self.grid)

    def norm_layer(self, p, name, x):
        return self.norm(x, p[name + "/scale"], p[name + "/shift"])

    def conv(self, p, name, x, stride, pad):
        return self.norm_layer(p, name, F.conv2d(x, p[name + "/weight"], None, stride, pad))

    def conv_relu(self, p, name, x, stride, pad):
        return F.relu(self.conv(p, name, x, stride, pad), inplace=True)

    def up(self, p, name, x):
        y = F.conv_transpose2d(x, p[name + "/weight"], None, 2, 1)
        return F.relu(self.norm_layer(p, name, y), inplace=True)

    def residual(self, p, name, x):
        return x + self.conv(p, name + "/2", self.conv_relu(p, name + "/1", x, 1, 1), 1, 1)

    def fuse(self, p, name, parts):
        hidden = self.conv_relu(p, name + "/1", torch.cat(parts, 1), 1, 1)
        return hidden + self.conv(p, name + "/2", hidden, 1, 1)

    def acm(self, p, name, f):
        weight, bias = p[name + "/weight"], p[name + "/bias"]
        rows, c = f.shape[:2]
        count = self.codes.shape[0]
        codes = (self.codes @ weight[:, c:, 0, 0].t()).repeat(rows // count, 1).view(rows, c, 1, 1)
        y = F.conv2d(f, weight[:, :c], bias)
        return F.relu(self.norm(y) + codes if self.effective else self.norm(y + codes), inplace=True)

    def gate(self, p, name, gate, skip):
        def project(part, x):
            return self.norm(F.conv2d(x, p[f"{name}/{part}/weight"], p[f"{name}/{part}/bias"]))

        joint = F.relu(project("gate", gate) + project("skip", skip), inplace=True)
        return skip * torch.sigmoid(project("psi", joint))

    def restore(self, p, x):
        stem = self.conv_relu(p, "generator/stem", x, 1, 3)
        s1 = self.acm(p, "generator/acm1", self.conv_relu(p, "generator/enc1", stem, 2, 1))
        s2 = self.acm(p, "generator/acm2", self.conv_relu(p, "generator/enc2", s1, 2, 1))
        e = self.acm(p, "generator/bottleneck/acm", self.conv_relu(p, "generator/enc3", s2, 2, 1))
        for i in range(self.blocks):
            e = self.residual(p, f"generator/bottleneck/res{i}", e)
        f1 = self.fuse(p, "generator/fuse1", [e, self.gate(p, "generator/gate1", e, e)])
        d1 = self.up(p, "generator/dec1", f1)
        f2 = self.fuse(p, "generator/fuse2", [d1, self.gate(p, "generator/gate2", d1, s2)])
        d2 = self.up(p, "generator/dec2", f2)
        f3 = self.fuse(p, "generator/fuse3", [d2, self.gate(p, "generator/gate3", d2, s1)])
        d3 = self.up(p, "generator/dec3", f3)
        up1 = self.up(p, "generator/up1/2", self.up(p, "generator/up1/1", d1))
        fused = self.fuse(p, "generator/mff", [up1, self.up(p, "generator/up2", d2), d3])
        return F.conv2d(fused, p["generator/out/weight"], None, 1, 3)

    def generator(self, p, x, mask):
        r = join_windows(self.restore(p, split_windows(x, self.grid)), self.grid)
        return torch.tanh(x + mask * (r - x) + x)

    def critic(self, p, x):
        for i in range(critic_depth(x)):
            x = F.leaky_relu(F.conv2d(x, p[f"critic/conv{i}/weight"], p[f"critic/conv{i}/bias"], 2, 1), SLOPE, inplace=True)
        return F.conv2d(x, p["critic/out/weight"], None, 1, 1)

    def critic_slope(self, p, x):
        """The gradient of the sum of D's outputs in x: the transposed convolutions, gated as the forward pass was."""
        gates, sides = [], []
        with torch.no_grad():
            for i in range(critic_depth(x)):
                sides.append(x.shape[2])
                y = F.conv2d(x, p[f"critic/conv{i}/weight"], p[f"critic/conv{i}/bias"], 2, 1)
                x = F.leaky_relu(y, SLOPE)
                gates.append(torch.where(y > 0, 1.0, SLOPE))
        ones = torch.ones(x.shape[0], 1, x.shape[2], x.shape[3])
        slope = F.conv_transpose2d(ones, p["critic/out/weight"], None, 1, 1)
        for i in reversed(range(len(gates))):
            odd = sides[i] - 2 * slope.shape[2]
            slope = F.conv_transpose2d(slope * gates[i], p[f"critic/conv{i}/weight"], None, 2, 1, odd)
        return slope


def critic_depth(x):
    return min(6, x.shape[2].bit_length() - 1)


class Losses:
    """Both objectives. The functions take every tensor as an argument, so that they can be compiled as they stand."""

    def __init__(self, networks, options, settings):
        self.networks = networks
        self.identity_weight = options["identityWeight"]
        self.written_out = settings["penalty"] == "written_out"
        self.one_pass = settings["passes"] == "one"

    def critic(self, p, normal, fake, mix):
        both = self.networks.critic(p, torch.cat([normal, fake]))
        n = normal.shape[0]
        distance = both[:n].mean() - both[n:].mean()
        mixed = fake + mix * (normal - fake)
        if self.written_out:
            slope = self.networks.critic_slope(p, mixed)
        else:
            mixed.requires_grad_()
            (slope,) = torch.autograd.grad(self.networks.critic(p, mixed).sum(), mixed, create_graph=True)
        norm = slope.square().sum((1, 2, 3)).clamp_min(1e-30).sqrt()
        penalty = (norm - 1).square().mean()
        return 10 * penalty - distance, penalty

    def generator(self, p, frozen, unlabelled, normal, pasted, mask):
        images, generator = [unlabelled, normal, pasted], self.networks.generator
        if self.one_pass:
            restored = generator(p, torch.cat(images), mask).chunk(3)
        else:
            restored = [generator(p, x, m) for x, m in zip(images, mask.chunk(3))]
        adversarial = -self.networks.critic(frozen, restored[0]).mean()
        identity = (normal - restored[1]).abs().mean()
        restoration = (normal - restored[2]).square().mean()
        return adversarial + self.identity_weight * identity + restoration, adversarial, identity, restoration


def build_from(request):
    options = request["options"]
    values = read_arrays(request["parameters"])
    batches = read_arrays(request["batches"])
    turns = 1 + max(int(name.split("/")[2]) for name in batches)

    def build(settings):
        keep_heap(settings["heap"] == "kept")
        torch._dynamo.reset()
        layout = torch.channels_last if settings["layout"] == "channels_last" else torch.contiguous_format
        p = {
            name: value.clone(memory_format=layout if value.dim() == 4 else torch.preserve_format).requires_grad_()
            for name, value in values.items()
        }
        frozen = {name: value.detach() for name, value in p.items()}
        own = {prefix: [value for name, value in p.items() if name.startswith(prefix)] for prefix in ("critic/", "generator/")}
        optimisers = {prefix: adam(group, settings["adam"], options["adam"]) for prefix, group in own.items()}
        networks = Networks(options, settings["norm"])
        losses = Losses(networks, options, settings)
        forms = [networks.generator, losses.critic, losses.generator]
        if settings["compile"] == "compiled":
            forms = [torch.compile(form, dynamic=False) for form in forms]
        restore, critic_loss, generator_loss = forms

        def step(prefix, loss):
            optimisers[prefix].zero_grad(set_to_none=True)
            loss.backward(inputs=own[prefix])
            optimisers[prefix].step()

        def train_critic(turn):
            for i in range(options["iterations"]):
                b = {name.split("/")[0]: v for name, v in batches.items() if name.endswith(f"/{i}/{turn % turns}")}
                with torch.no_grad():
                    fake = restore(frozen, b["unlabelled"], b["mask"])
                total, penalty = critic_loss(p, b["normal"], fake, b["mix"])
                step("critic/", total)
            return {"critic": total.item(), "penalty": penalty.item()}

        def train_generator(turn):
            i = options["iterations"] - 1
            b = {name.split("/")[0]: v for name, v in batches.items() if name.endswith(f"/{i}/{turn % turns}")}
            masks = b["masks"].transpose(0, 1).reshape(-1, 1, *b["masks"].shape[2:])
            parts = generator_loss(p, frozen, b["unlabelled"], b["normal"], b["pasted"], masks)
            step("generator/", parts[0])
            return dict(zip(("generator", "adversarial", "identity", "restoration"), (x.item() for x in parts)))

        return {"critic": train_critic, "generator": train_generator}

    return build


START = {
    "norm": "group_norm",
    "layout": "contiguous",
    "penalty": "double_backward",
    "passes": "one",
    "adam": "fused",
    "heap": "default",
    "compile": "eager",
}


def axes_for(compilable):
    layouts = ("contiguous", "channels_last")
    axes = [
        [{"norm": norm, "layout": layout} for norm in NORMS for layout in layouts],
        [{"penalty": penalty} for penalty in ("double_backward", "written_out")],
        [{"passes": passes} for passes in ("one", "three")],
        [{"adam": form} for form in ("fused", "foreach", "loop")],
        [{"heap": heap} for heap in ("default", "kept")],
    ]
    # Compiled code cannot be differentiated twice.
    compiled = [{"compile": "compiled", "penalty": "written_out", "layout": layout} for layout in layouts]
    return axes + [compiled] if compilable else axes


if __name__ == "__main__":
    serve(build_from, START, axes_for)

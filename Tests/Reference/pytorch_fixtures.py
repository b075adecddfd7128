#!/usr/bin/env python3
"""Writes Tests/Reference/fixtures/*.json: what PyTorch computes for published networks, made narrow.

Run it once after changing a network here or in Tests/Reference/programs; the tests only read the fixtures.

    python3 -m venv torchvenv
    torchvenv/bin/pip install "torch>=2" numpy
    torchvenv/bin/python Tests/Reference/pytorch_fixtures.py [NETWORK...]

Weights and images are not stored: both sides make them from one integer hash (`numbers` below, `FixtureNumbers` in
the Swift tests). Parameters are matched by their order of creation, which follows the text of the programs.

Everything is computed in float64. The same run in float32 is compared with it here, and the largest differences are
printed and stored: they say what a correct float32 implementation can be expected to reach.
"""

import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

BATCH, CLASSES, SIZE, STEPS, BATCHES, GAIN = 4, 10, 16, 50, 4, 4


# --- Numbers ----------------------------------------------------------------------------------------------------------


def words(stream, count):
    """`count` 32-bit words: a multiply-xorshift hash of (stream, index)."""
    x = np.arange(count, dtype=np.uint64) * np.uint64(0x85EBCA77) + np.uint64((stream * 0x9E3779B1 + 0x165667B1) % 2**32)
    x &= np.uint64(0xFFFFFFFF)
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39), (15, 1)):
        x ^= x >> np.uint64(shift)
        x = (x * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    return x.astype(np.uint32)


def numbers(stream, count):
    """`count` multiples of 2^-23 in [-1, 1)."""
    return (words(stream, count) >> 8).astype(np.float64) / 2**23 - 1


def as_float32(values):
    """Rounded to float32 but stored as float64, so that both precisions start from the same values."""
    return values.astype(np.float32).astype(np.float64)


def images(stream):
    return as_float32(numbers(1_000_000 + stream, BATCH * 3 * SIZE * SIZE)).reshape(BATCH, 3, SIZE, SIZE)


def labels(stream):
    return (words(2_000_000 + stream, BATCH) % CLASSES).astype(np.int64)


def initialize(model):
    """Convolutions uniform with variance gain^2 / fan-in, the rest as usual; norms undo the gain.

    Batch norm makes a convolution's scale irrelevant forward, but divides its gradient: with large weights training is
    smooth enough for float32 and float64 to stay together for 50 steps. Otherwise rounding grows tenfold a step.
    """
    stream = 0
    with torch.no_grad():
        for module in model.modules():
            for name, tensor in module.named_parameters(recurse=False):
                u = numbers(stream, tensor.numel())
                if tensor.dim() in (2, 4):
                    gain = getattr(model, "gain", GAIN) if tensor.dim() == 4 else 1
                    u = u * (gain * np.sqrt(3.0 / tensor[0].numel()))
                elif isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)) and name == "weight":
                    u = 1 + 0.25 * u
                else:
                    u = 0.125 * u
                tensor.copy_(torch.from_numpy(as_float32(u)).reshape(tensor.shape))
                stream += 1
            if isinstance(module, nn.BatchNorm2d):
                for tensor, centre in ((module.running_mean, 0), (module.running_var, GAIN**2)):
                    u = centre + 0.25 * numbers(stream, tensor.numel())
                    tensor.copy_(torch.from_numpy(as_float32(u)))
                    stream += 1


# --- Networks, from the papers, registering layers in the order in which the programs apply them -----------------------


def conv(inputs, outputs, kernel, stride=1, dilation=1, groups=1):
    padding = dilation * (kernel - 1) // 2
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)


class OptionA(nn.Module):
    """Every other pixel, and zeros for the channels that are missing."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.missing, self.stride = outputs - inputs, stride

    def forward(self, x):
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.missing))


class Residual(nn.Module):
    def __init__(self, branch, shortcut):
        super().__init__()
        self.branch, self.shortcut = branch, shortcut

    def forward(self, x):
        return F.relu(self.branch(x) + self.shortcut(x))


def head(channels):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES)]


def resnet20():
    layers = [conv(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()]
    channels = 4
    for outputs in (4, 8, 16):
        for block in range(3):
            stride = 2 if block == 0 and outputs > 4 else 1
            branch = nn.Sequential(
                conv(channels, outputs, 3, stride), nn.BatchNorm2d(outputs), nn.ReLU(),
                conv(outputs, outputs, 3), nn.BatchNorm2d(outputs))
            layers.append(Residual(branch, OptionA(channels, outputs, stride)))
            channels = outputs
    return nn.Sequential(*layers, *head(16))


def resnext29():
    layers = [conv(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU()]
    channels = 8
    for outputs, width in ((16, 8), (32, 16), (64, 32)):
        for block in range(3):
            stride = 2 if block == 0 and outputs > 16 else 1
            branch = nn.Sequential(
                conv(channels, width, 1), nn.BatchNorm2d(width), nn.ReLU(),
                conv(width, width, 3, stride, groups=4), nn.BatchNorm2d(width), nn.ReLU(),
                conv(width, outputs, 1), nn.BatchNorm2d(outputs))
            same = stride == 1 and channels == outputs
            shortcut = nn.Identity() if same else nn.Sequential(
                conv(channels, outputs, 1, stride), nn.BatchNorm2d(outputs))
            layers.append(Residual(branch, shortcut))
            channels = outputs
    return nn.Sequential(*layers, *head(64))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, expand, stride):
        super().__init__()
        wide = inputs * expand
        layers = [] if expand == 1 else [conv(inputs, wide, 1), nn.BatchNorm2d(wide), nn.ReLU6()]
        layers += [conv(wide, wide, 3, stride, groups=wide), nn.BatchNorm2d(wide), nn.ReLU6()]
        layers += [conv(wide, outputs, 1), nn.BatchNorm2d(outputs)]
        self.layers = nn.Sequential(*layers)
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return self.layers(x) + x if self.is_residual else self.layers(x)


def mobilenet_v2():
    layers = [conv(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU6()]
    channels = 4
    for expand, outputs, count, stride in (
        (1, 2, 1, 1), (6, 3, 2, 1), (6, 4, 3, 2), (6, 8, 4, 2), (6, 12, 3, 1), (6, 20, 3, 2), (6, 40, 1, 1)):
        for block in range(count):
            layers.append(InvertedResidual(channels, outputs, expand, stride if block == 0 else 1))
            channels = outputs
    return nn.Sequential(*layers, conv(40, 160, 1), nn.BatchNorm2d(160), nn.ReLU6(), *head(160))


def relu_conv_bn(inputs, outputs):
    return nn.Sequential(nn.ReLU(), conv(inputs, outputs, 1), nn.BatchNorm2d(outputs))


def separable(c):
    half = lambda: [nn.ReLU(), conv(c, c, 3, groups=c), conv(c, c, 1), nn.BatchNorm2d(c)]
    return nn.Sequential(*half(), *half())


def dilated(c):
    return nn.Sequential(nn.ReLU(), conv(c, c, 3, dilation=2, groups=c), conv(c, c, 1), nn.BatchNorm2d(c))


class FactorizedReduce(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.a = conv(inputs, outputs // 2, 1, 2)
        self.b = conv(inputs, outputs // 2, 1, 2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        x = F.relu(x)
        return self.norm(torch.cat([self.a(x), self.b(x[:, :, 1:, 1:])], dim=1))


class Cell(nn.Module):
    def __init__(self, before, last, c, reduced_before):
        super().__init__()
        self.fit0 = FactorizedReduce(before, c) if reduced_before else relu_conv_bn(before, c)
        self.fit1 = relu_conv_bn(last, c)


class Normal(Cell):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        c = arguments[2]
        self.separables = nn.ModuleList(separable(c) for _ in range(5))
        self.dilated = dilated(c)

    def forward(self, s0, s1):
        a, b = self.fit0(s0), self.fit1(s1)
        s = self.separables
        n2 = s[0](a) + s[1](b)
        n3 = s[2](a) + s[3](b)
        n4 = s[4](b) + a
        n5 = a + self.dilated(n2)
        return torch.cat([n2, n3, n4, n5], dim=1)


class Reduction(Cell):
    def forward(self, s0, s1):
        a, b = self.fit0(s0), self.fit1(s1)
        pool = lambda x: F.max_pool2d(x, 3, 2, 1)
        n2 = pool(a) + pool(b)
        n3 = n2 + pool(b)
        n4 = pool(a) + n2
        n5 = n2 + pool(b)
        return torch.cat([n2, n3, n4, n5], dim=1)


class DARTS(nn.Module):
    def __init__(self, c=4):
        super().__init__()
        self.stem = nn.Sequential(conv(3, 3 * c, 3), nn.BatchNorm2d(3 * c))
        self.cells = nn.ModuleList()
        before = last = 3 * c
        reduced = False
        for index in range(8):
            is_reduction = index in (2, 5)
            if is_reduction:
                c *= 2
            self.cells.append((Reduction if is_reduction else Normal)(before, last, c, reduced))
            before, last, reduced = last, 4 * c, is_reduction
        self.head = nn.Sequential(*head(last))

    def forward(self, x):
        s0 = s1 = self.stem(x)
        for cell in self.cells:
            s0, s1 = s1, cell(s0, s1)
        return self.head(s1)


class Learned(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.value = nn.Parameter(torch.zeros(shape))

    def forward(self):
        return self.value


class LayerNorm(nn.LayerNorm):
    """Over the channels of each place."""

    def __init__(self, channels):
        super().__init__(channels, eps=1e-6)

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(c, c, 7, padding=3, groups=c), LayerNorm(c), nn.Conv2d(c, 4 * c, 1), nn.GELU(),
            nn.Conv2d(4 * c, c, 1))
        self.scale = Learned(c, 1, 1)

    def forward(self, x):
        return x + self.branch(x) * self.scale()


class Attention(nn.Module):
    def __init__(self, c, heads):
        super().__init__()
        self.qkv, self.projection, self.heads = nn.Conv2d(c, 3 * c, 1), nn.Conv2d(c, c, 1), heads

    def forward(self, x):
        n, c, h, w = x.shape
        q, k, v = self.qkv(x).reshape(n, 3, self.heads, c // self.heads, h * w).transpose(3, 4).unbind(1)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.projection(y.transpose(2, 3).reshape(n, c, h, w))


class Encoder(nn.Module):
    def __init__(self, c, heads):
        super().__init__()
        self.mix = nn.Sequential(LayerNorm(c), Attention(c, heads))
        self.each = nn.Sequential(LayerNorm(c), nn.Conv2d(c, 2 * c, 1), nn.GELU(), nn.Conv2d(2 * c, c, 1))

    def forward(self, x):
        x = x + self.mix(x)
        return x + self.each(x)


class Transformer(nn.Module):
    """ConvNeXt blocks, then encoder layers on patches and a class token, with an auxiliary classifier."""

    gain, losses = 1, (("logits", 1), ("early", 0.4))

    def __init__(self):
        super().__init__()
        self.maps = nn.Sequential(nn.Conv2d(3, 8, 2, 2), LayerNorm(8), ConvNeXtBlock(8), ConvNeXtBlock(8))
        self.patches = nn.Conv2d(8, 12, 2, 2)
        self.token, self.position = Learned(12, 1, 1), Learned(12, 17, 1)
        self.encoders = nn.Sequential(Encoder(12, 3), Encoder(12, 3), LayerNorm(12))
        self.head, self.early = nn.Linear(12, CLASSES), nn.Linear(8, CLASSES)

    def forward(self, x):
        maps = self.maps(x)
        patches = self.patches(maps).flatten(2).unsqueeze(3)
        y = torch.cat([self.token().expand(len(x), -1, -1, -1), patches], dim=2) + self.position()
        y = self.encoders(y)
        logits = self.head(y[:, :, 0, 0] - y[:, :, 1:].abs().mean((2, 3)))
        return (logits, self.early(maps.mean((2, 3)))) if self.training else logits


# Learning rates are low where the network is deep: a ReLU that rounding turns on or off changes a gradient by a jump.
NETWORKS = {
    "resnet20": (resnet20, dict(lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-3), 0.0, 0),
    "resnext29": (resnext29, dict(lr=5e-4, momentum=0.9, nesterov=False, weight_decay=1e-2), 0.0, 10),
    "mobilenet_v2": (mobilenet_v2, dict(lr=3e-6, momentum=0.9, nesterov=True, weight_decay=1e-2), 0.1, 40),
    "darts_v2": (DARTS, dict(lr=5e-3, momentum=0.5, nesterov=False, weight_decay=5e-3), 0.0, 0),
    "transformer": (Transformer, dict(lr=0.02, momentum=0.9, nesterov=False, weight_decay=1e-3), 0.1, 20),
}


# --- Fixtures ---------------------------------------------------------------------------------------------------------


def parts_of(model):
    """Parameters and running statistics, module by module."""
    for module in model.modules():
        for _, tensor in module.named_parameters(recurse=False):
            yield tensor, True
        if isinstance(module, nn.BatchNorm2d):
            yield module.running_mean, False
            yield module.running_var, False


def sketch(index, tensor):
    """The norm of a tensor and its scalar product with a fixed pseudo-random one: what a fixture stores of it."""
    values = tensor.detach().double().numpy().ravel()
    return [float(np.linalg.norm(values)), float(values @ numbers(3_000_000 + index, values.size))]


def compute(make, optimizer, smoothing, offset, dtype):
    model = make().to(dtype)
    initialize(model)
    result = {}

    def batch(step):
        stream = offset + step % BATCHES
        return torch.from_numpy(images(stream)).to(dtype), torch.from_numpy(labels(stream))

    x, y = batch(0)
    with torch.no_grad():
        result["inference"] = model.eval()(x).double().flatten().tolist()
    model.train()
    sgd = torch.optim.SGD(model.parameters(), **optimizer)
    curve = []
    for step in range(STEPS):
        x, y = batch(step)
        sgd.zero_grad()
        scores = model(x)
        scores = scores if isinstance(scores, tuple) else (scores,)
        logits, weights = scores[0], [weight for _, weight in getattr(model, "losses", (("", 1),))]
        loss = sum(w * F.cross_entropy(s, y, label_smoothing=smoothing) for w, s in zip(weights, scores))
        loss.backward()
        if step == 0:
            result["logits"] = logits.detach().double().flatten().tolist()
            result["gradients"] = [sketch(i, p.grad) for i, (p, l) in enumerate(parts_of(model)) if l]
        sgd.step()
        curve.append(loss.item())
    result["curve"] = curve
    result["final"] = [sketch(i, p) for i, (p, _) in enumerate(parts_of(model))]
    return result


def rounded(value, digits=10):
    if isinstance(value, list):
        return [rounded(v, digits) for v in value]
    return float(f"{value:.{digits}g}")


def main():
    torch.set_num_threads(1)
    folder = pathlib.Path(__file__).parent / "fixtures"
    folder.mkdir(exist_ok=True)
    for name in sys.argv[1:] or NETWORKS:
        make, optimizer, smoothing, offset = NETWORKS[name]
        exact = compute(make, optimizer, smoothing, offset, torch.float64)
        single = compute(make, optimizer, smoothing, offset, torch.float32)
        deviation = {
            key: float(np.max(np.abs(np.subtract(exact[key], single[key])) / np.max(np.abs(exact[key]))))
            for key in ("inference", "logits", "curve")
        }
        total = np.sqrt(sum(g[0] ** 2 for g in exact["gradients"]))
        deviation["gradients"] = max(
            max(abs(a[0] - b[0]), abs(a[1] - b[1])) / (a[0] + 1e-3 * total)
            for a, b in zip(exact["gradients"], single["gradients"]))
        print(name, "loss", exact["curve"][0], "to", exact["curve"][-1], "gradient norm", total)
        print("  float32 deviates by", deviation)
        fixture = {
            "network": name,
            "torch": torch.__version__.split("+")[0],
            "batch": BATCH,
            "batches": BATCHES,
            "offset": offset,
            "smoothing": smoothing,
            "optimizer": optimizer,
            "gain": getattr(make, "gain", GAIN),
            "losses": [{"of": of, "weight": weight} for of, weight in getattr(make, "losses", ())],
            "parameters": sum(p.numel() for p in make().parameters()),
            "float32_deviation": {key: rounded(value, 3) for key, value in deviation.items()},
            **{key: rounded(value) for key, value in exact.items()},
        }
        (folder / f"{name}.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

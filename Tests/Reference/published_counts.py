#!/usr/bin/env python3
"""Writes Tests/Reference/counts/published_counts.json: parameters and multiply-accumulates of published networks.

The networks are torchvision's and timm's, which were written by others, and the few below, which share nothing with
the compiler. A hook on every convolution and linear layer counts its multiply-accumulates from the shapes that flow
through it, and one on attention those of its two products: no biases, norms, activations or poolings. Parameters are those that are learned; auxiliary heads are left
out. Nothing is computed: all tensors live on PyTorch's `meta` device, which only knows shapes.

Run it after changing a network here; the tests only read the fixture.

    python3 -m venv torchvenv
    torchvenv/bin/pip install "torch>=2" torchvision timm
    torchvenv/bin/python Tests/Reference/published_counts.py
"""

import json
import pathlib
import warnings

import timm
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from timm.layers import Attention
from timm.models.nasnet import NASNetALarge
from torchvision.models.googlenet import GoogLeNet, Inception, InceptionAux


def counts(make, shape):
    """Parameters and multiply-accumulates of one image of `shape`."""
    try:
        with torch.device("meta"):
            model = make()
    except NotImplementedError:  # some constructors compute their widths with tensors
        model = make().to("meta")
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.eval()
        macs = 0

        def hook(module, inputs, output):
            nonlocal macs
            macs += output.numel() * module.weight[0].numel()

        def attention_hook(module, inputs, output):
            nonlocal macs
            macs += 2 * output.shape[1] * output.numel()

        for module in model.modules():
            if isinstance(module, Attention):
                module.register_forward_hook(attention_hook)
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                module.register_forward_hook(hook)
        with torch.no_grad():
            model(torch.empty(1, *shape))
    return sum(p.numel() for p in model.parameters()), macs


# --- Networks that neither library has --------------------------------------------------------------------------------


def conv(inputs, outputs, kernel, stride=1, groups=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)


class Residual(nn.Module):
    """`pre` is shared by branch and shortcut."""

    def __init__(self, branch, shortcut, pre=None):
        super().__init__()
        self.branch, self.shortcut, self.pre = branch, shortcut, pre or nn.Identity()

    def forward(self, x):
        shared = self.pre(x)
        return self.branch(shared) + (x if isinstance(self.shortcut, nn.Identity) else self.shortcut(shared))


class OptionA(nn.Module):
    """Every second place, and zeros for the channels that are missing."""

    def __init__(self, stride, missing):
        super().__init__()
        self.stride, self.missing = stride, missing

    def forward(self, x):
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.missing))


def head(channels, classes):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]


def cifar_resnet(n, option, classes=10):
    layers, c = [conv(3, 16, 3), nn.BatchNorm2d(16)], 16
    for stage in range(3):
        for copy in range(n):
            out, stride = 16 << stage, 2 if stage and not copy else 1
            branch = nn.Sequential(conv(c, out, 3, stride), nn.BatchNorm2d(out), conv(out, out, 3), nn.BatchNorm2d(out))
            if c == out:
                shortcut = nn.Identity()
            elif option == "A":
                shortcut = OptionA(stride, out - c)
            else:
                shortcut = nn.Sequential(conv(c, out, 1, stride), nn.BatchNorm2d(out))
            layers.append(Residual(branch, shortcut))
            c = out
    return nn.Sequential(*layers, *head(c, classes))


def preact_bottleneck_cifar(n, classes=10):
    """Pre-activation ResNet of 9n + 2 layers; projections have no norm."""
    layers, c = [conv(3, 16, 3)], 16
    for stage in range(3):
        for copy in range(n):
            width, stride = 16 << stage, 2 if stage and not copy else 1
            out = 4 * width
            branch = nn.Sequential(
                conv(c, width, 1), nn.BatchNorm2d(width), conv(width, width, 3, stride), nn.BatchNorm2d(width),
                conv(width, out, 1))
            shortcut = nn.Identity() if c == out else conv(c, out, 1, stride)
            layers.append(Residual(branch, shortcut, nn.BatchNorm2d(c)))
            c = out
    return nn.Sequential(*layers, nn.BatchNorm2d(c), *head(c, classes))


def wide_resnet(depth, k, classes=10):
    n, layers, c = (depth - 4) // 6, [conv(3, 16, 3)], 16
    for stage in range(3):
        for copy in range(n):
            out, stride = (16 << stage) * k, 2 if stage and not copy else 1
            branch = nn.Sequential(conv(c, out, 3, stride), nn.BatchNorm2d(out), conv(out, out, 3))
            shortcut = nn.Identity() if c == out else conv(c, out, 1, stride)
            layers.append(Residual(branch, shortcut, nn.BatchNorm2d(c)))
            c = out
    return nn.Sequential(*layers, nn.BatchNorm2d(c), *head(c, classes))


def resnext_cifar(cardinality, base, classes=10):
    layers, c = [conv(3, 64, 3), nn.BatchNorm2d(64)], 64
    for stage in range(3):
        for copy in range(3):
            out, width = 256 << stage, cardinality * base << stage
            stride = 2 if stage and not copy else 1
            branch = nn.Sequential(
                conv(c, width, 1), nn.BatchNorm2d(width), conv(width, width, 3, stride, cardinality),
                nn.BatchNorm2d(width), conv(width, out, 1), nn.BatchNorm2d(out))
            shortcut = nn.Identity() if c == out else nn.Sequential(conv(c, out, 1, stride), nn.BatchNorm2d(out))
            layers.append(Residual(branch, shortcut))
            c = out
    return nn.Sequential(*layers, *head(c, classes))


class Grow(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return torch.cat([x, self.layer(x)], 1)


def densenet_cifar(depth, k, bottleneck, classes=10):
    n = (depth - 4) // (6 if bottleneck else 3)
    c = 2 * k if bottleneck else 16
    layers = [conv(3, c, 3)]
    for block in range(3):
        for _ in range(n):
            if bottleneck:
                layer = [nn.BatchNorm2d(c), conv(c, 4 * k, 1), nn.BatchNorm2d(4 * k), conv(4 * k, k, 3)]
            else:
                layer = [nn.BatchNorm2d(c), conv(c, k, 3)]
            layers.append(Grow(nn.Sequential(*layer)))
            c += k
        layers.append(nn.BatchNorm2d(c))
        if block < 2:
            out = c // 2 if bottleneck else c
            layers += [conv(c, out, 1), nn.AvgPool2d(2)]
            c = out
    return nn.Sequential(*layers, *head(c, classes))


def alexnet_two_gpus():
    """The network of the paper: the two halves of layers 2, 4 and 5 lie on two GPUs."""
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, 4, 2), nn.MaxPool2d(3, 2), nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.Conv2d(384, 384, 3, padding=1, groups=2),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.MaxPool2d(3, 2), nn.Flatten(), nn.Linear(9216, 4096),
        nn.Linear(4096, 4096), nn.Linear(4096, 1000))


def googlenet_of_the_paper():
    """torchvision normalises batches instead of using biases, and has 3x3 convolutions in the place of the 5x5 ones."""

    class Block(Inception):
        def __init__(self, inputs, c1, r3, c3, r5, c5, pool):
            super().__init__(inputs, c1, r3, c3, r5, c5, pool, conv_block=nn.Conv2d)
            self.branch3[1] = nn.Conv2d(r5, c5, kernel_size=5, padding=2)

    return GoogLeNet(aux_logits=False, init_weights=False, blocks=[nn.Conv2d, Block, InceptionAux])


class UNet(nn.Module):
    """Unpadded convolutions but for the 2x2 ones on the way up."""

    def __init__(self, classes=2):
        super().__init__()
        widths = [64, 128, 256, 512, 1024]
        twice = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3), nn.Conv2d(o, o, 3))
        self.down = nn.ModuleList(twice(i, o) for i, o in zip([1] + widths, widths))
        self.up = nn.ModuleList(
            nn.Sequential(nn.Upsample(scale_factor=2), nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(2 * c, c, 2))
            for c in widths[-2::-1])
        self.join = nn.ModuleList(twice(2 * c, c) for c in widths[-2::-1])
        self.head = nn.Conv2d(64, classes, 1)

    def forward(self, x):
        kept = []
        for level in self.down:
            x = level(F.max_pool2d(x, 2) if kept else x)
            kept.append(x)
        for up, join, skip in zip(self.up, self.join, kept[-2::-1]):
            x = up(x)
            cut = (skip.shape[2] - x.shape[2]) // 2
            x = join(torch.cat([skip[:, :, cut : cut + x.shape[2], cut : cut + x.shape[3]], x], 1))
        return self.head(x)


class ShuffleUnit(nn.Module):
    def __init__(self, inputs, outputs, groups, stride, grouped_first):
        super().__init__()
        self.stride, self.groups = stride, groups
        width, grown = outputs // 4, outputs - inputs if stride == 2 else outputs
        self.layers = nn.Sequential(
            conv(inputs, width, 1, groups=groups if grouped_first else 1), nn.BatchNorm2d(width),
            conv(width, width, 3, stride, groups=width), nn.BatchNorm2d(width), conv(width, grown, 1, groups=groups),
            nn.BatchNorm2d(grown))

    def forward(self, x):
        y = self.layers(x)
        return torch.cat([F.avg_pool2d(x, 3, 2, 1), y], 1) if self.stride == 2 else x + y


def shufflenet_v1(groups, widths):
    layers, c = [conv(3, 24, 3, 2), nn.BatchNorm2d(24), nn.MaxPool2d(3, 2, 1)], 24
    for stage, (out, copies) in enumerate(zip(widths, (4, 8, 4))):
        for copy in range(copies):
            layers.append(ShuffleUnit(c, out, groups, 1 if copy else 2, stage + copy > 0))
            c = out
    return nn.Sequential(*layers, *head(c, 1000))


def mobilenet_v1(alpha):
    c = int(32 * alpha)
    layers = [conv(3, c, 3, 2), nn.BatchNorm2d(c)]
    for times, copies in ((2, 1), (4, 2), (8, 2), (16, 6), (32, 2)):
        for copy in range(copies):
            out, stride = int(32 * alpha) * times, 2 if times > 2 and copy == 0 else 1
            layers += [conv(c, c, 3, stride, c), nn.BatchNorm2d(c), conv(c, out, 1), nn.BatchNorm2d(out)]
            c = out
    return nn.Sequential(*layers, *head(c, 1000))


# --- The list ---------------------------------------------------------------------------------------------------------

VISION = torchvision.models
PHOTO = (3, 224, 224)
SMALL = (3, 32, 32)


def own(make, *arguments):
    return "a module of `published_counts.py`", lambda: make(*arguments)


def vision(name, **options):
    return f"torchvision's {name}", lambda: getattr(VISION, name)(**options)


def image_models(name, **options):
    return f"timm's {name}", lambda: timm.create_model(name, **options)


# Program, use, (source, constructor), shape of the image.
NETWORKS = [
    ("alexnet", "AlexNet()", own(alexnet_two_gpus), PHOTO),
    ("alexnet", "AlexNetOneTower()", vision("alexnet"), PHOTO),
    *[("vgg", f"VGG{n}()", vision(f"vgg{n}"), PHOTO) for n in (11, 13, 16, 19)],
    ("vgg", "VGG16(norm: true)", vision("vgg16_bn"), PHOTO),
    ("squeezenet", "SqueezeNet10()", vision("squeezenet1_0"), PHOTO),
    ("squeezenet", "SqueezeNet11()", vision("squeezenet1_1"), PHOTO),
    ("googlenet", "GoogLeNet()", (
        "torchvision's GoogLeNet with the paper's 5x5 convolutions and biases", googlenet_of_the_paper), PHOTO),
    ("inception_v3", "InceptionV3()", vision("inception_v3", aux_logits=False, init_weights=False), (3, 299, 299)),
    ("xception", "Xception()", image_models("legacy_xception"), (3, 299, 299)),
    ("resnet_basic", "ResNet18()", vision("resnet18"), PHOTO),
    ("resnet_basic", "ResNet34()", vision("resnet34"), PHOTO),
    ("resnet50", "ResNet50()", vision("resnet50"), PHOTO),
    ("resnet50", "ResNet50(blocks: [3, 4, 23, 3])", vision("resnet101"), PHOTO),
    ("resnet50", "ResNet50(blocks: [3, 8, 36, 3])", vision("resnet152"), PHOTO),
    ("resnext50", "ResNeXt50()", vision("resnext50_32x4d"), PHOTO),
    ("resnext50", "ResNeXt101()", vision("resnext101_32x8d"), PHOTO),
    ("wide_resnet", "WideResNet50()", vision("wide_resnet50_2"), PHOTO),
    ("wide_resnet", "WideResNet50(blocks: [3, 4, 23, 3])", vision("wide_resnet101_2"), PHOTO),
    ("wide_resnet", "WideResNet()", own(wide_resnet, 28, 10), SMALL),
    ("wide_resnet", "WideResNet(depth: 16, k: 8)", own(wide_resnet, 16, 8), SMALL),
    ("wide_resnet", "WideResNet(depth: 40, k: 4)", own(wide_resnet, 40, 4), SMALL),
    ("resnet20", "ResNet20()", own(cifar_resnet, 3, "A"), SMALL),
    *[("resnet20", f"ResNet20(n: {n})", own(cifar_resnet, n, "A"), SMALL) for n in (5, 7, 9, 18, 200)],
    ("resnet_cifar_b", "ResNet20B()", own(cifar_resnet, 3, "B"), SMALL),
    *[("resnet_cifar_b", f"ResNet20B(n: {n})", own(cifar_resnet, n, "B"), SMALL) for n in (5, 7, 9, 18)],
    ("preresnet", "PreResNet164()", own(preact_bottleneck_cifar, 18), SMALL),
    ("preresnet", "PreResNet164(n: 111)", own(preact_bottleneck_cifar, 111), SMALL),
    ("preresnet", "PreResNet50()", image_models("resnetv2_50"), PHOTO),
    ("preresnet", "PreResNet50(blocks: [3, 4, 23, 3])", image_models("resnetv2_101"), PHOTO),
    ("resnext29", "ResNeXt29()", own(resnext_cifar, 8, 64), SMALL),
    ("resnext29", "ResNeXt29(cardinality: 16)", own(resnext_cifar, 16, 64), SMALL),
    ("resnext29", "ResNeXt29(classes: 100)", own(resnext_cifar, 8, 64, 100), SMALL),
    ("densenet", "DenseNet121()", vision("densenet121"), PHOTO),
    ("densenet", "DenseNet169()", vision("densenet169"), PHOTO),
    ("densenet", "DenseNet201()", vision("densenet201"), PHOTO),
    ("densenet", "DenseNet161()", vision("densenet161"), PHOTO),
    ("densenet40", "DenseNet40()", own(densenet_cifar, 40, 12, False), SMALL),
    ("densenet40", "DenseNet40(n: 32)", own(densenet_cifar, 100, 12, False), SMALL),
    ("densenet40", "DenseNet40(n: 32, k: 24)", own(densenet_cifar, 100, 24, False), SMALL),
    ("densenet", "DenseNetBC100()", own(densenet_cifar, 100, 12, True), SMALL),
    ("densenet", "DenseNetBC100(depth: 250, k: 24)", own(densenet_cifar, 250, 24, True), SMALL),
    ("densenet", "DenseNetBC100(depth: 190, k: 40)", own(densenet_cifar, 190, 40, True), SMALL),
    ("se_resnet", "SEResNet50()", image_models("seresnet50"), PHOTO),
    ("se_resnet", "SEResNet50(blocks: [3, 4, 23, 3])", image_models("seresnet101"), PHOTO),
    ("res2net", "Res2Net50()", image_models("res2net50_26w_4s"), PHOTO),
    ("res2net", "Res2Net50(base: 14, scale: 8)", image_models("res2net50_14w_8s"), PHOTO),
    ("hrnet", "HRNetW18()", image_models("hrnet_w18"), PHOTO),
    ("hrnet", "HRNetW18(c: 32)", image_models("hrnet_w32"), PHOTO),
    ("unet", "UNet()", own(UNet), (1, 572, 572)),
    ("mobilenet_v1", "MobileNetV1()", image_models("mobilenetv1_100"), PHOTO),
    *[("mobilenet_v1", f"MobileNetV1(alpha: {alpha})", own(mobilenet_v1, alpha), PHOTO) for alpha in (0.75, 0.5, 0.25)],
    ("mobilenet_v1", "MobileNetV1(alpha: 1.25)", image_models("mobilenetv1_125"), PHOTO),
    ("mobilenet_v2", "MobileNetV2()", vision("mobilenet_v2"), PHOTO),
    ("mobilenet_v3", "MobileNetV3Large()", vision("mobilenet_v3_large"), PHOTO),
    ("mobilenet_v3", "MobileNetV3Small()", vision("mobilenet_v3_small"), PHOTO),
    ("shufflenet_v1", "ShuffleNetV1()", own(shufflenet_v1, 3, (240, 480, 960)), PHOTO),
    ("shufflenet_v1", "ShuffleNetV1(groups: 8, c: 384)", own(shufflenet_v1, 8, (384, 768, 1536)), PHOTO),
    ("shufflenet_v2", "ShuffleNetV2()", vision("shufflenet_v2_x1_0"), PHOTO),
    ("shufflenet_v2", "ShuffleNetV2(c: 48)", vision("shufflenet_v2_x0_5"), PHOTO),
    ("shufflenet_v2", "ShuffleNetV2(c: 176)", vision("shufflenet_v2_x1_5"), PHOTO),
    ("shufflenet_v2", "ShuffleNetV2(c: 244, last: 2048)", vision("shufflenet_v2_x2_0"), PHOTO),
    ("mnasnet", "MnasNetA1()", image_models("semnasnet_100"), PHOTO),
    ("mnasnet", "MnasNetB1()", vision("mnasnet1_0"), PHOTO),
    *[("efficientnet", f"EfficientNetB{n}()", vision(f"efficientnet_b{n}"), (3, side, side))
      for n, side in enumerate((224, 240, 260, 300))],
    ("regnet", "RegNetX200MF()", image_models("regnetx_002"), PHOTO),
    ("regnet", "RegNetX400MF()", image_models("regnetx_004"), PHOTO),
    ("regnet", "RegNetX3200MF()", image_models("regnetx_032"), PHOTO),
    ("regnet", "RegNetY400MF()", image_models("regnety_004"), PHOTO),
    ("regnet", "RegNetY8000MF()", image_models("regnety_080"), PHOTO),
    ("nasnet_a", "NASNetALarge()", image_models("nasnetalarge"), (3, 331, 331)),
    ("nasnet_a", "NASNetAMobile(n: 6)", (
        "timm's NASNetALarge(stem_size=32, num_features=1056)",
        lambda: NASNetALarge(stem_size=32, num_features=1056, pad_type="same")), PHOTO),
    ("convnext_t", "ConvNeXtT()", vision("convnext_tiny"), PHOTO),
    ("vit_ti16", "ViTTi16()", image_models("vit_tiny_patch16_224"), PHOTO),
    ("pnasnet5", "PNASNet5Large()", image_models("pnasnet5large"), (3, 331, 331)),
]


def main():
    rows = []
    for program, use, (source, make), shape in NETWORKS:
        params, macs = counts(make, shape)
        rows.append({"program": program, "use": use, "source": source, "params": params, "macs": macs})
        print(f"{use:70} {params:12,} {macs:16,}  {source}")
    text = "[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]\n"
    (pathlib.Path(__file__).parent / "counts" / "published_counts.json").write_text(text)


if __name__ == "__main__":
    main()

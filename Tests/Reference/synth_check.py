#!/usr/bin/env python3
"""Measures how hard a synthetic set is: a linear model, a small ResNet, and the spread over random small networks.

    irlas data synth --out DIR           # or any folder in CIFAR-10's binary format, with or without meta.json
    python3 Tests/Reference/synth_check.py DIR [--spread]

Prints test accuracies: `linear` should stay below 0.60, `resnet` exceed 0.90, and with --spread the standard deviation
over 50 random small networks should be at least twice that over seeds of one network. Needs numpy and torch.
"""

import argparse
import json
import pathlib
import random
import time

import numpy
import torch
from torch import nn
from torch.nn import functional


def load(folder, train_files, test_files):
    folder = pathlib.Path(folder)
    side = 32
    if (folder / "meta.json").exists():
        side = json.loads((folder / "meta.json").read_text())["height"]
    record = 1 + 3 * side * side

    def read(names):
        raw = numpy.concatenate([numpy.fromfile(folder / name, numpy.uint8) for name in names])
        raw = raw.reshape(-1, record)
        images = torch.from_numpy(raw[:, 1:].reshape(-1, 3, side, side).astype(numpy.float32) / 255)
        return images, torch.from_numpy(raw[:, 0].astype(numpy.int64))

    train, test = read(train_files), read(test_files)
    mean = train[0].mean((0, 2, 3), keepdim=True)
    std = train[0].std((0, 2, 3), keepdim=True)
    return [((images - mean) / std, labels) for images, labels in (train, test)]


def fit(model, train, test, epochs, rate, decay, batch=128, augment=False, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images, labels = train
    steps = epochs * (len(labels) // batch)
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9, nesterov=True, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    for _ in range(epochs):
        order = torch.randperm(len(labels), generator=generator)
        model.train()
        for start in range(0, len(order) - batch + 1, batch):
            chosen = order[start : start + batch]
            x = images[chosen]
            if augment:
                if torch.rand((), generator=generator) < 0.5:
                    x = x.flip(3)
                dy, dx = torch.randint(-2, 3, (2,), generator=generator).tolist()
                x = torch.roll(x, (dy, dx), (2, 3))
            loss = functional.cross_entropy(model(x), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        return numpy.mean([
            (model(x).argmax(1) == y).float().mean().item()
            for x, y in zip(test[0].split(500), test[1].split(500))
        ])


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride=1, kernel=3, residual=True):
        super().__init__()
        self.one = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.two = nn.Conv2d(outputs, outputs, kernel, 1, kernel // 2, bias=False)
        self.bn_one, self.bn_two = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.residual = residual
        self.fit = nn.Identity()
        if residual and (stride > 1 or inputs != outputs):
            self.fit = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn_two(self.two(functional.relu(self.bn_one(self.one(x)))))
        return functional.relu(y + self.fit(x)) if self.residual else functional.relu(y)


def resnet(width=16):
    return nn.Sequential(
        nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        Block(width, width), Block(width, 2 * width, 2), Block(2 * width, 4 * width, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, 10),
    )


def random_network(draw):
    """A small network: random widths, depths, kernels, strides, shortcuts and kinds of layer."""
    width = draw.choice([6, 8, 12])
    layers = [nn.Conv2d(3, width, draw.choice([1, 3, 5]), draw.choice([1, 2]), 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    for stage in range(draw.choice([1, 2, 3])):
        outputs = width * draw.choice([1, 2])
        kind = draw.choice(["block", "block", "plain", "depthwise", "pool"])
        if kind == "block":
            layers.append(Block(width, outputs, 2, draw.choice([1, 3, 3]), draw.random() < 0.5))
        elif kind == "plain":
            layers += [nn.Conv2d(width, outputs, draw.choice([1, 3]), 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        elif kind == "depthwise":
            layers += [nn.Conv2d(width, width, 3, 2, 1, groups=width, bias=False), nn.Conv2d(width, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        else:
            layers += [nn.MaxPool2d(2) if draw.random() < 0.5 else nn.AvgPool2d(2), nn.Conv2d(width, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--train-files", nargs="+", default=[f"data_batch_{i}.bin" for i in range(1, 6)])
    parser.add_argument("--test-files", nargs="+", default=["test_batch.bin"])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--spread", action="store_true")
    parser.add_argument("--only-spread", action="store_true")
    parser.add_argument("--networks", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--spread-epochs", type=int, default=6)
    parser.add_argument("--limit", type=int, default=6000, help="training pictures for the spread")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train, test = load(options.folder, options.train_files, options.test_files)
    print(f"{len(train[1])} training and {len(test[1])} test pictures of {tuple(train[0].shape[1:])}", flush=True)

    if not options.only_spread:
        torch.manual_seed(0)
        linear = nn.Sequential(nn.Flatten(), nn.Linear(train[0][0].numel(), 10))
        print(f"linear  {fit(linear, train, test, 10, 0.002, 1e-3):.4f}", flush=True)
        torch.manual_seed(0)
        start = time.time()
        print(f"resnet  {fit(resnet(), train, test, options.epochs, 0.1, 5e-4, augment=True):.4f}", end="")
        print(f"  ({time.time() - start:.0f} s, {options.epochs} epochs)", flush=True)
    if not (options.spread or options.only_spread):
        return
    subset = (train[0][: options.limit], train[1][: options.limit])
    networks, seeds = [], []
    for index in range(options.networks):
        draw = random.Random(index)
        torch.manual_seed(0)
        networks.append(fit(random_network(draw), subset, test, options.spread_epochs, 0.1, 5e-4, batch=64))
        print(f"network {index} {networks[-1]:.4f}", flush=True)
    for seed in range(options.seeds):
        torch.manual_seed(seed)
        seeds.append(fit(resnet(8), subset, test, options.spread_epochs, 0.1, 5e-4, batch=64, seed=seed))
        print(f"seed {seed} {seeds[-1]:.4f}", flush=True)
    across, within = numpy.std(networks, ddof=1), numpy.std(seeds, ddof=1)
    print(f"spread  networks {across:.4f}, seeds {within:.4f}, ratio {across / within:.2f}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How much faster two threads train ResNeXt-29 than one, and that they train it to the same bytes.

Runs `irlas train` on a small drawn data set with 1 and 2 threads in turn, several rounds; compares the seconds a
step takes in each pair and the checkpoints' bytes. The first run of each is not counted: it fills the kernel cache.

  usage: Benchmarks/threads.py IRLAS [--rounds N] [--set base=64] [--batch N]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("irlas")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--images", type=int, default=32)
parser.add_argument("--set", dest="settings", action="append", default=[])
options = parser.parse_args()

root = pathlib.Path(__file__).resolve().parent.parent
sample = root / "samples" / "published" / "resnext29.irlas"
recipe = """
recipe Bench {
  data:      cifar10 -> flip -> normalize
  optimizer: sgd(lr: 0.01, momentum: 0.9, nesterov: true, decay: 5e-4)
}
"""

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    program = folder / "resnext29.irlas"
    program.write_text(sample.read_text() + recipe)
    data = folder / "data"
    # As few test images as can be: evaluation is not what is timed.
    subprocess.run(
        [options.irlas, "data", "synth", data, "--train", str(options.images), "--test", "10", "--quiet"],
        check=True, stdout=subprocess.DEVNULL)

    def train(threads, name):
        out = folder / name
        command = [
            options.irlas, "train", program, "--recipe", "Bench", "--out", out, "--data", data, "--threads", str(threads),
            "--batch", str(options.batch), "--epochs", "1", "--quiet", "--format", "json",
        ]
        for setting in options.settings:
            command += ["--set", setting]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        rate = json.loads(text.splitlines()[-1])["samples_per_second"]
        return options.batch / rate, (out / "checkpoint.safetensors").read_bytes()

    train(1, "warm1")
    ratios, ones, twos = [], [], []
    for round in range(options.rounds):
        one, bytes_one = train(1, f"one{round}")
        two, bytes_two = train(2, f"two{round}")
        assert bytes_one == bytes_two, "1 and 2 threads gave different checkpoints"
        ratios.append(one / two)
        ones.append(one)
        twos.append(two)
        print(f"round {round + 1}: 1 thread {one:.2f} s a step, 2 threads {two:.2f} s, ratio {one / two:.2f}", flush=True)
    print(
        f"medians: 1 thread {statistics.median(ones):.2f} s a step, 2 threads {statistics.median(twos):.2f} s; "
        f"ratio median {statistics.median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f}); same bytes")

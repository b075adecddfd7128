#!/usr/bin/env python3
"""What products of bfloat16 cost in accuracy.

    Benchmarks/precision.py IRLAS [FOLDER]

Trains samples/digits.irlas and the expert of Benchmarks/evidence/front.irlas, the latter on pictures that `irlas data synth`
makes, with the same seeds in both precisions, and evaluates what single precision has trained in bfloat16 too. Prints
the test accuracies and the mean differences with their standard errors.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SEEDS = range(5)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    irlas, folder = sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else tempfile.mkdtemp()
    pictures = os.path.join(folder, "pictures")
    if not os.path.exists(pictures):
        run(irlas, "data", "synth", pictures, "--train", "6000", "--test", "2000", "--seed", "1")
    digits = [os.path.join(HERE, "..", "samples", "digits.irlas")]
    drawn = [os.path.join(HERE, "evidence", "front.irlas"), "Expert", "--data", pictures]
    for title, program, options in [("digits", digits, []), ("drawn pictures", drawn, ["--epochs", "8"])]:
        rows = [accuracies(irlas, program, options, os.path.join(folder, f"{title} {seed}"), seed) for seed in SEEDS]
        print(f"{title}: test accuracy in % with seeds {', '.join(map(str, SEEDS))}")
        columns = list(zip(*rows))
        labels = ["trained and evaluated in f32", "trained in f32, evaluated in bf16", "trained and evaluated in bf16"]
        for label, column in zip(labels, columns):
            differences = [100 * (a - b) for a, b in zip(column, columns[0])]
            error = statistics.stdev(differences) / len(differences) ** 0.5
            print(f"  {label:34} {'  '.join(f'{100 * a:.2f}' for a in column)}   mean {100 * statistics.mean(column):.2f}, "
                  f"difference {statistics.mean(differences):+.2f} ({error:.2f})")


def accuracies(irlas, program, options, folder, seed):
    """Of one seed: f32, f32 evaluated in bf16, bf16."""
    for precision in ["f32", "bf16"]:
        run(irlas, "train", *program, *options, "--seed", str(seed), "--precision", precision, "--quiet", "--out",
            os.path.join(folder, precision))
    return [evaluate(irlas, program, os.path.join(folder, trained), precision)
            for trained, precision in [("f32", "f32"), ("f32", "bf16"), ("bf16", "bf16")]]


def evaluate(irlas, program, trained, precision):
    weights = os.path.join(trained, "checkpoint.safetensors")
    output = run(irlas, "eval", *program, "--weights", weights, "--precision", precision, "--format", "json")
    return json.loads(output.splitlines()[-1])["test_accuracy"]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How well `irlas predict-latency` ranks networks that it has not seen.

    Benchmarks/latency.py IRLAS FOLDER [--tuned 40] [--judged 100] [--threads 1] [--batch 1]

Draws networks from the space of Benchmarks/evidence/front.irlas, measures the kernels of the first ones (`irlas tune`, in a
cache of its own), predicts the latency of the others, and measures those afterwards, all taking turns. Prints Spearman's
rank correlation of prediction and measurement, over all and within the band of multiply-adds (a factor of 1.25) that most
of the networks are in, how far predictions are off, and the correlation of multiply-adds themselves for comparison.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

ROUNDS, RUNS = 5, 30


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("irlas")
    parser.add_argument("folder")
    parser.add_argument("--tuned", type=int, default=40)
    parser.add_argument("--judged", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1)
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    environment = dict(os.environ, XDG_CACHE_HOME=os.path.abspath(os.path.join(options.folder, "cache")))
    machine = ["--batch", str(options.batch), "--threads", str(options.threads)]

    def irlas(*arguments):
        return subprocess.run([options.irlas, *arguments], check=True, capture_output=True, text=True, env=environment).stdout

    space = os.path.join(os.path.dirname(os.path.abspath(__file__)), "evidence", "front.irlas")
    count = options.tuned + options.judged
    networks = os.path.join(options.folder, "networks")
    if not os.path.exists(networks):
        irlas("sample", space, "Net", "--seed", "1", "--count", str(count), "--output", networks)
    paths = sorted(os.path.join(networks, name) for name in os.listdir(networks) if name.endswith(".irlas"))[:count]
    for path in paths[:options.tuned]:
        irlas("tune", path, *machine, "--quiet")
    judged = paths[options.tuned:]
    predicted = [json.loads(irlas("predict-latency", path, *machine, "--format", "json")) for path in judged]
    macs = [json.loads(irlas("stats", path, "--format", "json"))["macs"] for path in judged]
    times = [[] for _ in judged]
    for turn in range(ROUNDS):
        for place, path in enumerate(judged):
            output = subprocess.run([options.irlas, "bench", path, *machine, "--rounds"], input=f"{RUNS}\n{RUNS}\n",
                                    check=True, capture_output=True, text=True, env=environment).stdout
            times[place].append(statistics.median(json.loads(output.splitlines()[2])["ms"]))
        print(f"round {turn + 1} of {ROUNDS}", file=sys.stderr)
    measured = [statistics.median(values) for values in times]
    guess = [row["predicted_ms"] for row in predicted]
    known = sum(row["measured_calls"] for row in predicted) / sum(row["calls"] for row in predicted)
    print(f"{len(judged)} networks, batch {options.batch}, {options.threads} threads; "
          f"{100 * known:.0f} % of their calls had been measured in {options.tuned} others")
    print(f"rank correlation {spearman(guess, measured):.3f} (multiply-adds: {spearman(macs, measured):.3f})")
    low = max(macs, key=lambda low: sum(low <= other <= 1.25 * low for other in macs))
    band = [place for place, value in enumerate(macs) if low <= value <= 1.25 * low]
    print(f"within {low / 1e6:.1f} to {1.25 * low / 1e6:.1f} M multiply-adds, {len(band)} networks: "
          f"{spearman([guess[p] for p in band], [measured[p] for p in band]):.3f} "
          f"(multiply-adds: {spearman([macs[p] for p in band], [measured[p] for p in band]):.3f})")
    ratios = sorted(g / m for g, m in zip(guess, measured))
    print(f"predicted / measured: median {statistics.median(ratios):.2f}, "
          f"10 to 90 % {ratios[len(ratios) // 10]:.2f} to {ratios[-1 - len(ratios) // 10]:.2f}")


def spearman(a, b):
    """The correlation of ranks, equal values having their mean rank."""
    def ranks(values):
        order = sorted(values)
        return [order.index(v) + (order.count(v) - 1) / 2 for v in values]
    x, y = ranks(a), ranks(b)
    return statistics.correlation(x, y) if len(set(x)) > 1 and len(set(y)) > 1 else 0.0


if __name__ == "__main__":
    main()

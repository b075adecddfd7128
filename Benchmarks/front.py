#!/usr/bin/env python3
"""A search with a mirror against random search of equal budget and against the expert, on accuracy and latency.

    Benchmarks/front.py IRLAS FOLDER

Runs the three searches of Benchmarks/evidence/front.irlas (or goes on with them) in FOLDER, on pictures that `irlas data
synth` makes. What a search has measured while it ran is what it was steered by; for the comparison the latency of every
program of every front is measured again, all of them taking turns, and the median counts. Each run's score is the area
that its front dominates above a corner fixed beforehand: an accuracy of 0.1 (chance) and a latency of 5 ms for 16
pictures on one thread, latencies by their natural logarithm. Accuracies are those of the 1,000 validation pictures,
which are the same for all programs.

The expert is trained with the seed of each run. Prints the mean scores, the differences with bootstrap intervals, A of
Vargha and Delaney, and the p of Wilcoxon's signed-rank test, both comparisons corrected after Holm.
"""
import json
import math
import os
import statistics
import subprocess
import sys

CHANCE, SLOWEST = 0.1, 5.0  # The corner: accuracy, milliseconds.
ROUNDS, RUNS = 7, 20
STRATEGIES = ["Baseline", "Random", "Mirrored"]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    irlas, folder = sys.argv[1:]
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "evidence", "front.irlas")
    os.makedirs(folder, exist_ok=True)
    pictures = os.path.join(folder, "pictures")
    if not os.path.exists(pictures):
        subprocess.run([irlas, "data", "synth", pictures, "--train", "6000", "--test", "1000", "--seed", "1"], check=True)
    fronts = {}
    for name in STRATEGIES:
        study = os.path.join(folder, name)
        resume = ["--resume"] if os.path.exists(os.path.join(study, "study.sqlite")) else []
        subprocess.run([irlas, "search", program, name, "--data", pictures, "--out", study] + resume, check=True)
        fronts[name] = completed(irlas, study)
    latencies = measure(irlas, os.path.join(folder, "programs"), fronts)
    scores = {name: [volume(rows, latencies) for _, rows in sorted(runs.items())] for name, runs in fronts.items()}
    print(f"area above accuracy {CHANCE} and {SLOWEST} ms, {len(scores['Mirrored'])} runs each")
    for name in STRATEGIES:
        print(f"{name:9} {statistics.mean(scores[name]):.4f}  ({min(scores[name]):.4f} to {max(scores[name]):.4f})")
    pairs = [("Mirrored", "Baseline"), ("Mirrored", "Random")]
    tests = [compare(scores[b], scores[a]) for a, b in pairs]
    for (a, b), test, p in zip(pairs, tests, holm([test["p"] for test in tests])):
        print(f"{a} less {b}: {test['mean']:+.4f} ({test['low']:+.4f} to {test['high']:+.4f}), "
              f"A {test['A']:.2f}, p {test['p']:.4f}, corrected {p:.4f}")
    with open(os.path.join(folder, "front.json"), "w") as file:
        json.dump({"scores": scores, "latency_ms": latencies}, file, indent=1)


def completed(irlas, study):
    """The completed trials of each run that no other one dominates by what the search measured: (accuracy, latency, hash, text)."""
    output = subprocess.run([irlas, "study", "export", study, "--format", "json"], check=True, capture_output=True,
                            text=True).stdout
    runs = {}
    for line in output.splitlines():
        trial = json.loads(line)
        if trial["state"] != "completed":
            continue
        values = trial["figures"]
        accuracy = next(value for key, value in values.items() if key.startswith("accuracy"))
        latency = next(value for key, value in values.items() if key.startswith("latency"))
        runs.setdefault(trial["seed"], []).append((accuracy, latency, trial["program"], trial["text"]))
    return {seed: [row for row in rows if not any(o[0] >= row[0] and o[1] <= row[1] and o[:2] != row[:2] for o in rows)]
            for seed, rows in runs.items()}


def measure(irlas, folder, fronts):
    """The median latency of each program in milliseconds, all programs taking turns."""
    os.makedirs(folder, exist_ok=True)
    texts = {}
    for runs in fronts.values():
        for rows in runs.values():
            for _, _, program, text in rows:
                if program not in texts:
                    texts[program] = os.path.join(folder, f"{program}.irlas")
                    with open(texts[program], "w") as file:
                        file.write(text)
    times = {program: [] for program in texts}
    for _ in range(ROUNDS):
        for program, path in texts.items():
            with subprocess.Popen([irlas, "bench", path, "--batch", "16", "--threads", "1", "--rounds"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
                # The first turn settles caches and clocks.
                output, _ = worker.communicate(f"{RUNS}\n{RUNS}\n")
            times[program].append(statistics.median(json.loads(output.splitlines()[2])["ms"]))
    return {program: statistics.median(values) for program, values in times.items()}


def volume(rows, latencies):
    """The dominated area of a front with the latencies measured again."""
    points = sorted(((a, math.log(SLOWEST / latencies[p])) for a, _, p, _ in rows), reverse=True)
    area, height = 0.0, 0.0
    for accuracy, speed in points:
        if accuracy > CHANCE and speed > height:
            area += (accuracy - CHANCE) * (speed - height)
            height = speed
    return area


def compare(first, second):
    """Of two lists of scores by seed: the second less the first."""
    differences = [b - a for a, b in zip(first, second)]
    n = len(differences)
    state = 1
    means = []
    for _ in range(10_000):
        total = 0.0
        for _ in range(n):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            total += differences[(state >> 33) % n]
        means.append(total / n)
    means.sort()
    wins = sum((b > a) + 0.5 * (b == a) for a in first for b in second)
    return {"mean": statistics.mean(differences), "low": means[250], "high": means[-251],
            "A": wins / (len(first) * len(second)), "p": signed_rank(differences)}


def signed_rank(differences):
    """The two-sided p of Wilcoxon's signed-rank test, exact (all signs are gone through by sums of ranks)."""
    values = [d for d in differences if d != 0]
    if not values:
        return 1.0
    order = sorted(abs(d) for d in values)
    ranks = [2 * order.index(abs(d)) + order.count(abs(d)) + 1 for d in values]  # twice the mean rank
    seen = sum(rank for rank, d in zip(ranks, values) if d > 0)
    ways = {0: 1}
    for rank in ranks:
        grown = dict(ways)
        for total, count in ways.items():
            grown[total + rank] = grown.get(total + rank, 0) + count
        ways = grown
    middle = sum(ranks) / 2
    extreme = sum(count for total, count in ways.items() if abs(total - middle) >= abs(seen - middle))
    return extreme / 2 ** len(values)


def holm(probabilities):
    order = sorted(range(len(probabilities)), key=lambda i: probabilities[i])
    corrected, largest = [0.0] * len(probabilities), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, probabilities[index] * (len(probabilities) - place)))
        corrected[index] = largest
    return corrected


if __name__ == "__main__":
    main()

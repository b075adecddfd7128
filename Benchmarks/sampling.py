#!/usr/bin/env python3
"""How many blocks of a network-structure-code space are drawn, checked and compared a second, on one core.

    Benchmarks/sampling.py .build/release/irlas

`irlas space count` draws programs and hashes them; the difference between a large and a small number of draws is what
the draws themselves take.
"""
import resource
import statistics
import subprocess
import sys
import tempfile

SPACE = """irlas 1
use std

space Block(c) {
  in x
  grow h[2..8] = choose(
    conv:     pick(x, h) -> relu -> conv(choose(1x1, 3x3, 5x5), c) -> bn,
    max_pool: pick(x, h) -> max_pool(choose(1x1, 3x3)),
    avg_pool: pick(x, h) -> avg_pool(choose(1x1, 3x3)),
    identity: pick(x, h),
    add:      pick(x, h) + (pick(x, h) -> fit),
    concat:   (pick(x, h), pick(x, h)) -> concat,
  )
  return h.leaves -> concat
}

space Blocks {
  in x: [32, 16, 16]
  return x -> Block(32)
}
"""


def seconds(irlas, path, draws):
    """Processor time of one count with so many draws, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = subprocess.run(
        [irlas, "space", "count", path, "Blocks", "--samples", str(draws), "--format", "json"],
        check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, text.strip()


def main():
    irlas = sys.argv[1]
    with tempfile.NamedTemporaryFile("w", suffix=".irlas") as file:
        file.write(SPACE)
        file.flush()
        rates = []
        for _ in range(5):
            few, _ = seconds(irlas, file.name, 1000)
            many, text = seconds(irlas, file.name, 21000)
            rates.append(20000 / (many - few))
    print(f"{statistics.median(rates):.0f} blocks a second of processor time "
          f"({min(rates):.0f} to {max(rates):.0f}), both hashes included")
    print(text)


if __name__ == "__main__":
    main()

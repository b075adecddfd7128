"""From raw times to a table and a drawing.

The time of a contender in a round is the median of its steps; its time is the median over the rounds. A ratio is a
peer's time over that of IRLAS in the same round, so that a machine that slows down for a while slows both; the ratio
reported is the median over the rounds, with the 10th and 90th percentile. In each group of peers the one with the
smallest time is "the best peer".

  usage: report.py RESULTS.json [--svg FILE]
"""

import json
import pathlib
import statistics
import sys

RATIO_SPREAD = 1.15
"""A ratio whose 90th percentile is further than this above its 10th is noise, not a result."""
STEP_SPREAD = 1.30
"""The same for the steps of a contender within a round (the median over the rounds)."""
OTHERS_SHARE = 0.05
"""The same for the share of the processors' time that other work had."""

LIMITS = {"output": 1e-4, "loss": 1e-4, "gradients": 5e-2}
"""How far results in float32 may be from those of a peer. Gradients of a network with kinks: see run.py."""
SMOOTH_LIMITS = {"loss": 1e-4, "worst_gradient": 1e-3}
"""How far those of its smooth twin may be."""

UNITS = {"time": "ms", "memory": "MiB", "first": "s"}


def quantile(values, share):
    """The quantile by linear interpolation."""
    values = sorted(values)
    place = share * (len(values) - 1)
    low = int(place)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)


def spread(values):
    low = quantile(values, 0.1)
    return quantile(values, 0.9) / low if low > 0 else float("inf")


def per_round(contender):
    """One figure a round: the median of its steps."""
    return [statistics.median(times) for times in contender["rounds"]]


def figures(contender):
    """Median, 10th and 90th percentile over the rounds; nil for a contender that failed."""
    if not contender.get("rounds"):
        return None
    values = per_round(contender)
    return statistics.median(values), quantile(values, 0.1), quantile(values, 0.9)


def disagreements(work):
    """What lies outside the limits, as text."""
    if work["precision"] != "f32":
        return []
    checked = [(name, (c.get("ready") or {}).get("agreement"), LIMITS) for name, c in work["contenders"].items()]
    checked.append(("the smooth twin", work.get("smooth"), SMOOTH_LIMITS))
    return [
        f"{name}: {what} differs by {agreement[what]:.1e}" for name, agreement, limits in checked if agreement
        for what, limit in limits.items() if what in agreement and not agreement[what] <= limit]


def noise(work, ratios, names):
    """Why a ratio is not to be trusted; nothing if it is."""
    reasons = []
    if len(ratios) < 3:
        reasons.append(f"{len(ratios)} rounds only")
    elif spread(ratios) > RATIO_SPREAD:
        reasons.append(f"ratios spread {spread(ratios):.2f}x")
    for name in names:
        rounds = [r for r in work["contenders"][name]["rounds"] if len(r) >= 5]
        if rounds and (width := statistics.median(spread(r) for r in rounds)) > STEP_SPREAD:
            reasons.append(f"steps of {name} spread {width:.2f}x")
    if work.get("others_share", 0) > OTHERS_SHARE:
        reasons.append(f"other work had {work['others_share']:.0%} of the machine")
    return reasons


def comparisons(work):
    """For each group of peers: the best one and the ratio, with what was asked for."""
    ours = work["contenders"].get("irlas", {})
    rows = []
    for group in dict.fromkeys(c["group"] for c in work["contenders"].values()):
        peers = {
            name: c for name, c in work["contenders"].items()
            if c["group"] == group and name != "irlas" and c.get("rounds")}
        if not peers or not ours.get("rounds"):
            continue
        best = min(peers, key=lambda name: figures(peers[name])[0])
        ratios = [b / a for a, b in zip(per_round(ours), per_round(peers[best])) if a > 0]
        least, aim = work["targets"].get(group, (None, None))
        ratio = statistics.median(ratios)
        verdict = "" if least is None else "aim" if ratio >= aim else "met" if ratio >= least else "missed"
        rows.append({
            "work": work["name"], "group": group, "best": best, "ratio": ratio, "low": quantile(ratios, 0.1),
            "high": quantile(ratios, 0.9), "least": least, "aim": aim, "verdict": verdict,
            "noise": noise(work, ratios, ["irlas", best]),
        })
    return rows


def table(head, rows):
    """Markdown with aligned columns."""
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    def line(row):
        return "| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |"
    return "\n".join([line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def number(value):
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def text(results):
    """Both tables and everything that is wrong with them."""
    lines, times, ratios, notes, warnings = [], [], [], [], []
    for work in results["work"]:
        best = comparisons(work)
        for name, contender in work["contenders"].items():
            found = figures(contender)
            agreement = (contender.get("ready") or {}).get("agreement") or {}
            times.append([
                work["name"], name, UNITS[work["measure"]],
                number(found[0]) if found else "-",
                f"{number(found[1])} - {number(found[2])}" if found else contender.get("error", "-")[:60],
                f"{agreement['output']:.0e}" if "output" in agreement else "",
                f"{agreement['gradients']:.0e}" if "gradients" in agreement else "",
            ])
            if contender.get("error"):
                warnings.append(f"{work['name']}: {name} failed: {contender['error']}")
        for row in best:
            ratios.append([
                row["work"], row["group"], row["best"], f"{row['ratio']:.2f}x", f"{row['low']:.2f} - {row['high']:.2f}",
                f"{row['least']:.2f}" if row["least"] else "", f"{row['aim']:.2f}" if row["aim"] else "",
                row["verdict"] + (" (noisy)" if row["noise"] else "")])
            if row["noise"]:
                warnings.append(f"{row['work']} against {row['best']} is noisy: {', '.join(row['noise'])}")
        if work.get("smooth"):
            notes.append(
                f"{work['name']}: loss and every gradient of the smooth twin agree within {work['smooth']['loss']:.0e} and "
                f"{work['smooth']['worst_gradient']:.0e}")
        warnings += [f"{work['name']}: {text}" for text in disagreements(work)]
    lines.append(table(["work", "contender", "unit", "median", "p10 - p90", "output", "gradients"], times))
    if ratios:
        lines.append(table(
            ["work", "peers", "best peer", "ratio", "p10 - p90", "at least", "aim", "verdict"], ratios))
    if notes or warnings:
        lines.append("\n".join([*notes, *(f"! {warning}" for warning in warnings)]))
    return "\n\n".join(lines) + "\n"


def drawing(results):
    """The ratios as SVG: a dot with its spread for each line of the second table, on a logarithmic axis."""
    import math
    rows = [row for work in results["work"] for row in comparisons(work)]
    if not rows:
        return None
    left, width, height, top = 300, 460, 22, 40
    bounds = [v for row in rows for v in (row["low"], row["high"], row["aim"] or 1)] + [1]
    low, high = min(0.5, min(bounds) * 0.95), max(2.5, max(bounds) * 1.05)
    def x(ratio):
        return left + width * math.log(max(ratio, 1e-3) / low) / math.log(high / low)
    colours = {"aim": "#2f7d4f", "met": "#4a7fb5", "missed": "#b5553f", "": "#777777"}
    bottom = top + height * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{bottom + 50}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{left + width + 90}" height="{bottom + 50}" fill="#ffffff"/>',
        f'<text x="{left}" y="18" fill="#222222">best peer over IRLAS (right of 1: IRLAS is ahead), p10 to p90; '
        'a tick for "at least"</text>']
    ticks = [t for t in (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 50, 100) if low <= t <= high]
    for tick in ticks:
        parts.append(
            f'<line x1="{x(tick):.1f}" y1="{top - 6}" x2="{x(tick):.1f}" y2="{bottom}" '
            f'stroke="{"#222222" if tick == 1 else "#dddddd"}"/>'
            f'<text x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555555">{tick:g}</text>')
    for index, row in enumerate(rows):
        y = top + height * index + height / 2
        colour = colours[row["verdict"]]
        faint = ' opacity="0.45"' if row["noise"] else ""
        parts.append(
            f'<text x="{left - 10}" y="{y + 4:.1f}" text-anchor="end" fill="#222222">{row["work"]}, {row["best"]}</text>')
        if row["least"]:
            parts.append(
                f'<line x1="{x(row["least"]):.1f}" y1="{y - 7:.1f}" x2="{x(row["least"]):.1f}" y2="{y + 7:.1f}" '
                'stroke="#222222" stroke-width="2"/>')
        parts.append(
            f'<g{faint}><line x1="{x(row["low"]):.1f}" y1="{y:.1f}" x2="{x(row["high"]):.1f}" y2="{y:.1f}" '
            f'stroke="{colour}" stroke-width="3"/><circle cx="{x(row["ratio"]):.1f}" cy="{y:.1f}" r="4.5" '
            f'fill="{colour}"/></g><text x="{left + width + 12}" y="{y + 4:.1f}" fill="{colour}">'
            f'{row["ratio"]:.2f}{" noisy" if row["noise"] else ""}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    results = json.loads(pathlib.Path(sys.argv[1]).read_text())
    print(text(results))
    if len(sys.argv) == 4 and sys.argv[2] == "--svg":
        pathlib.Path(sys.argv[3]).write_text(drawing(results) or "")

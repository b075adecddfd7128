#!/usr/bin/env python3
"""Prints the values of SciPy that Tests/IRLASStudyTests/StatisticsTests.swift compares with (SciPy 1.17, NumPy 2)."""
import numpy as np
from scipy import stats

small = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, -1.55, 3.06, -1.3]
print("exact", stats.wilcoxon(small, method="exact"))

# Equal sizes and a zero: the exact distribution over signs, which SciPy gets by going through all of them.
tied = [0.5, -0.5, 1.0, 1.0, 0.0, 2.0, -1.0, 3.0, 3.0, 0.25]
kept = np.array([d for d in tied if d != 0])
ranks = stats.rankdata(np.abs(kept))
total = ranks.sum()
positive = ranks[kept > 0].sum()
sums = np.array([((np.arange(len(kept)) >= 0) & ((m >> np.arange(len(kept))) & 1 == 1)) @ ranks for m in range(2 ** len(kept))])
print("tied", positive, min(1, 2 * min((sums <= positive).mean(), (sums >= positive).mean())))
print("tied, permutation", stats.permutation_test(
    (kept,), lambda d: ranks[d > 0].sum(), permutation_type="samples", n_resamples=np.inf, alternative="two-sided").pvalue)

# Beyond 200 pairs the normal approximation, without correction for continuity.
large = [((i * 7919) % 1009 - 450) / 1009 for i in range(1, 301)]
print("normal", stats.wilcoxon(large, zero_method="wilcox", correction=False, method="asymptotic"))

x = [0.81, 0.79, 0.84, 0.80, 0.77]
y = [0.83, 0.80, 0.86, 0.79, 0.84]
u = stats.mannwhitneyu(y, x).statistic
print("A12", u / (len(x) * len(y)))

p = [0.01, 0.04, 0.03, 0.005]
order = np.argsort(p)
holm, largest = [0.0] * 4, 0.0
for place, index in enumerate(order):
    largest = max(largest, min(1.0, p[index] * (4 - place)))
    holm[index] = largest
print("Holm", holm)
boot = stats.bootstrap((np.array(y) - np.array(x),), np.mean, method="percentile", n_resamples=200000, rng=1)
print("bootstrap", boot.confidence_interval)

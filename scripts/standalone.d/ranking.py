"""How well one list of numbers ranks what another one measures."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy import stats

RESAMPLES = 2000


def tau_b(a: Sequence[float], b: Sequence[float]) -> float:
    """Kendall's tau-b; NaN where one of both is constant."""
    return float(stats.kendalltau(a, b, variant="b").statistic)


def interval(a: Sequence[float], b: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """95 %, by resampling networks (percentile bootstrap)."""
    chance = np.random.default_rng(seed)
    left, right = np.asarray(a), np.asarray(b)
    values = []
    for _ in range(RESAMPLES):
        picked = chance.integers(0, len(left), len(left))
        values.append(tau_b(left[picked].tolist(), right[picked].tolist()))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def ceiling(by_seed: Sequence[Sequence[float]]) -> list[tuple[Sequence[float], Sequence[float]]]:
    """Pairs of seeds: what training again says of the same networks."""
    return list(itertools.combinations(by_seed, 2))


def ceiling_interval(by_seed: Sequence[Sequence[float]], seed: int = 0) -> tuple[float, float]:
    """Of the mean over pairs of seeds, as interval()."""
    chance = np.random.default_rng(seed)
    table = np.asarray(by_seed)
    values = []
    for _ in range(RESAMPLES):
        picked = chance.integers(0, table.shape[1], table.shape[1])
        taus = [tau_b(a[picked].tolist(), b[picked].tolist()) for a, b in ceiling(list(table))]
        values.append(float(np.mean(taus)))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)

"""How well one list of numbers ranks what another one measures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
Signs = npt.NDArray[np.float64]


def _signs(values: Sequence[float]) -> Signs:
    """Of the difference of each pair."""
    column = np.asarray(values, dtype=float)
    signs: Signs = np.sign(column[:, None] - column[None, :])
    return signs


def _tau(a: Signs, b: Signs) -> float:
    both = float((a * a).sum() * (b * b).sum())
    return float((a * b).sum()) / both**0.5 if both > 0 else float("nan")


def tau_b(a: Sequence[float], b: Sequence[float]) -> float:
    """Kendall's tau-b; NaN where one of both is constant."""
    return _tau(_signs(a), _signs(b))


def _bootstrap(count: int, tau: Callable[[npt.NDArray[np.int64]], float]) -> tuple[float, float]:
    """95 % of resampled networks lie between these; the same numbers each time."""
    chance = np.random.default_rng(0)
    values = [tau(chance.integers(0, count, count)) for _ in range(RESAMPLES)]
    told = [value for value in values if not np.isnan(value)]
    if not told:
        return float("nan"), float("nan")
    low, high = np.percentile(told, [2.5, 97.5])
    return float(low), float(high)


def interval(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Of tau_b(a, b), 95 %, percentile bootstrap over networks."""
    left, right = _signs(a), _signs(b)
    return _bootstrap(len(a), lambda p: _tau(left[np.ix_(p, p)], right[np.ix_(p, p)]))


def ceiling(by_seed: Sequence[Sequence[float]]) -> float:
    """What training again says of the same networks: mean tau-b over pairs of seeds."""
    return float(np.mean([tau_b(a, b) for a, b in itertools.combinations(by_seed, 2)]))


def ceiling_interval(by_seed: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Of ceiling(), as interval()."""
    pairs = list(itertools.combinations([_signs(seed) for seed in by_seed], 2))

    def mean(p: npt.NDArray[np.int64]) -> float:
        return float(np.mean([_tau(a[np.ix_(p, p)], b[np.ix_(p, p)]) for a, b in pairs]))

    return _bootstrap(len(by_seed[0]), mean)

"""Statistics of scripts/rank_correlation and scripts/baselines, against scipy's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tinynas as tn

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "standalone.d"))
stats: Any = pytest.importorskip("scipy.stats")


def test_tau_b_is_scipys_with_ties() -> None:
    from ranking import ceiling, tau_b

    chance = np.random.default_rng(1)
    for _ in range(50):
        a, b, c = chance.integers(0, 6, (3, 12)).astype(float).tolist()
        expected = [stats.kendalltau(x, y).statistic for x, y in ((a, b), (a, c), (b, c))]
        assert tau_b(a, b) == pytest.approx(expected[0])
        assert ceiling([a, b, c]) == pytest.approx(float(np.mean(expected)))
    assert np.isnan(tau_b([1, 1, 1], [1, 2, 3]))


def test_interval_holds_what_it_should() -> None:
    """Of 60 samples of 30 pairs with correlation 0.8 (tau 0.59), about 57 hold it."""
    from ranking import interval

    chance = np.random.default_rng(2)
    held = 0
    for _ in range(60):
        a = chance.normal(size=30)
        b = 0.8 * a + 0.6 * chance.normal(size=30)
        low, high = interval(a.tolist(), b.tolist())
        held += low <= 2 / np.pi * np.arcsin(0.8) <= high
    assert held >= 52


def test_networks_are_spread_over_macs_and_distinct() -> None:
    from drawing import BAND, band, stratified

    space = tn.SearchSpace("fashion-mnist")
    spread = stratified(space, 24, 0)
    macs = [one.subnet.macs for one in spread]
    assert len({one.subnet.id for one in spread}) == 24
    assert macs == sorted(macs)
    ratio = space.largest().macs / space.smallest().macs
    for step in range(24):  # one in each: the space has networks of all sizes
        low = space.smallest().macs * ratio ** (step / 24)
        assert low * 0.999 <= macs[step] <= low * ratio ** (1 / 24) * 1.001
    narrow = band(space, 16, 0, {one.subnet.id for one in spread})
    assert len({one.subnet.id for one in [*spread, *narrow]}) == 40
    inside = [one.subnet.macs for one in narrow]
    assert max(inside) / min(inside) <= np.exp(2 * BAND)
    assert [one.genes for one in stratified(space, 24, 0)] == [one.genes for one in spread]


def test_difference_has_welchs_interval() -> None:
    from baselines import difference

    ours, theirs = [0.91, 0.92, 0.90], [0.88, 0.89, 0.86, 0.87]
    found = difference(ours, theirs)
    assert found is not None
    expected = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.95)
    assert found["points"] - found["half"] == pytest.approx(100 * expected.low)
    assert found["points"] + found["half"] == pytest.approx(100 * expected.high)
    # One seed of ours: the deviation of theirs stands for both.
    alone = difference([0.91], theirs)
    assert alone is not None
    spread = np.std(theirs, ddof=1) * np.sqrt(1 + 1 / 4)
    assert alone["half"] == pytest.approx(100 * stats.t.ppf(0.975, 3) * spread)
    assert difference([0.91], [0.9]) is None

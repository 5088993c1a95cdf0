"""Regret against measurements, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

PEER_COLOURS = ["#0072b2", "#56b4e9", "#009e73", "#cc79a7", "#8c564b", "#7f7f7f"]
OUR_COLOURS = {"tinynas": "#d55e00", "random": "#000000"}


def _style(name: str, ours: list[str], peers: list[str], banded: bool) -> dict[str, Any]:
    style: dict[str, Any] = {"linewidth": 2.2 if banded else 1.2}
    if name in peers:
        style["color"] = PEER_COLOURS[peers.index(name) % len(PEER_COLOURS)]
    else:
        style["color"] = OUR_COLOURS.get(name, "#a0732c")
        if name not in OUR_COLOURS:
            style["linestyle"] = ["--", "-.", ":", (0, (3, 1, 1, 1, 1, 1))][
                [one for one in ours if one not in OUR_COLOURS].index(name) % 4
            ]
    return style


def draw(
    path: Path,
    title: str,
    curves: dict[str, list[list[float]]],
    ours: list[str],
    banded: list[str],
    aim: float,
) -> None:
    """Medians over all budgets and seeds; bands hold the quartiles of the searches in `banded`."""
    figure, axes = plt.subplots(figsize=(8, 4.8), layout="constrained", facecolor="white")
    peers = [name for name in curves if name not in ours]
    for name, runs in curves.items():
        values = np.array(runs)
        counts = np.arange(1, values.shape[1] + 1)
        style = _style(name, ours, peers, name in banded)
        axes.plot(counts, np.median(values, axis=0), label=name, **style)
        if name in banded:
            low, high = np.percentile(values, [25, 75], axis=0)
            axes.fill_between(counts, low, high, color=style["color"], alpha=0.13, linewidth=0)
    axes.axhline(aim, color="0.5", linewidth=0.8, linestyle=(0, (1, 3)))
    axes.annotate(
        f"{aim} points", (counts[-1], aim), ha="right", va="bottom", fontsize=8, color="0.4"
    )
    axes.set_xlabel("distinct networks measured")
    axes.set_ylabel("points below the best that fits")
    axes.set_title(title, fontsize=10)
    axes.set_xlim(1, counts[-1])
    # The first few draws are far off, and as far for every search.
    axes.set_ylim(0, max(np.median(np.array(runs)[:, 5]) for runs in curves.values()))
    axes.grid(color="0.92", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, ncols=2, frameon=False)
    figure.savefig(path, dpi=130)
    plt.close(figure)

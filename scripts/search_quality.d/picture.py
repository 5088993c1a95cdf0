"""Regret against measurements, as a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402


def draw(path: Path, title: str, curves: dict[str, list[list[float]]]) -> None:
    """Median over all budgets and seeds; the band of the first search holds its quartiles."""
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for number, (name, runs) in enumerate(curves.items()):
        values = np.array(runs)
        counts = np.arange(1, values.shape[1] + 1)
        median = np.median(values, axis=0)
        style = {"linewidth": 2.4} if number == 0 else {"linewidth": 1.1}
        (line,) = axes.plot(counts, median, label=name, **style)
        if number == 0:
            low, high = np.percentile(values, [25, 75], axis=0)
            axes.fill_between(counts, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
    axes.axhline(0.3, color="0.6", linewidth=0.8, linestyle=":")
    axes.set_xlabel("networks measured")
    axes.set_ylabel("regret, points of accuracy (median)")
    axes.set_title(f"{title}: regret against measurements")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, ncols=2)
    figure.savefig(path, dpi=130)
    plt.close(figure)

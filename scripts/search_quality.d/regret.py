"""What the runs of all searches say together: medians, shares, tests, as JSON and Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from tables import Table

AIM = 0.3  #: points of regret
OURS = "tinynas"
Curves = npt.NDArray[np.float64]  # (runs, measurements)


@dataclass(frozen=True)
class Comparison:
    """Curves of the same budgets and seeds for each search, run by run."""

    table: Table
    measurements: int
    seeds: int
    curves: dict[str, Curves]  #: rows: budget by budget, seed by seed
    peers: list[str]

    def of_budget(self, name: str, budget: int) -> Curves:
        return self.curves[name][budget * self.seeds : (budget + 1) * self.seeds]

    @property
    def counts(self) -> list[int]:
        return sorted({self.measurements // part for part in (15, 5, 3, 1)})


def quartiles(values: Any) -> list[float]:
    return [round(float(q), 4) for q in np.percentile(values, [25, 50, 75])]


def until(curves: Curves, regret: float) -> int | None:
    """Measurements until the median is no more than `regret`."""
    reached = np.flatnonzero(np.median(curves, axis=0) <= regret + 1e-9)
    return int(reached[0]) + 1 if reached.size else None


def p_value(a: Any, b: Any) -> float:
    """Wilcoxon's signed-rank test, two-sided; runs with equal regret count (Pratt, 1959)."""
    if np.array_equal(a, b):
        return 1.0
    return float(stats.wilcoxon(a, b, zero_method="pratt").pvalue)


def summary(comparison: Comparison, name: str) -> dict[str, Any]:
    curves, ours = comparison.curves[name], comparison.curves[OURS]
    at = {str(count): curves[:, count - 1] for count in comparison.counts}
    return {
        "search": name,
        "peer": name in comparison.peers,
        "regret": {count: quartiles(values) for count, values in at.items()},
        "within_aim": round(float(np.mean(curves[:, -1] <= AIM + 1e-9)), 4),
        "until_aim": until(curves, AIM),
        "p": {
            count: p_value(values, ours[:, int(count) - 1]) if name != OURS else None
            for count, values in at.items()
        },
    }


def by_budget(comparison: Comparison) -> list[dict[str, Any]]:
    rows = []
    for place, budget in enumerate(comparison.table.budgets):
        fitting = comparison.table.fitting(place)
        last = {
            name: quartiles(comparison.of_budget(name, place)[:, -1]) for name in comparison.curves
        }
        ours = comparison.of_budget(OURS, place)[:, -1]
        best = max(row.accuracy for row in fitting)
        rows.append(
            {
                **vars(budget),
                "fitting": len(fitting),
                "near_best": sum(row.accuracy >= best - AIM - 1e-9 for row in fitting),
                "best_accuracy": best,
                "regret": last,
                "within_aim": round(float(np.mean(ours <= AIM + 1e-9)), 4),
            }
        )
    return rows


def savings(comparison: Comparison) -> list[dict[str, Any]]:
    """Measurements of ours until its median is where a peer's is after all measurements."""
    rows = []
    for name in [*comparison.peers, "random"]:
        if name not in comparison.curves:
            continue
        median = float(np.median(comparison.curves[name][:, -1]))
        rows.append(
            {
                "search": name,
                "median": round(median, 4),
                "measurements": until(comparison.curves[name], median),
                "ours": until(comparison.curves[OURS], median),
            }
        )
    return rows


def document(comparison: Comparison) -> dict[str, Any]:
    return {
        "format": "tinynas-search-quality",
        "format_version": 1,
        "table": {key: value for key, value in comparison.table.head.items() if key != "budgets"},
        "networks": len(comparison.table.rows),
        "seeds": comparison.seeds,
        "measurements": comparison.measurements,
        "searches": [summary(comparison, name) for name in comparison.curves],
        "budgets": by_budget(comparison),
        "savings": savings(comparison),
    }


def _line(cells: list[Any]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |\n"


def _head(cells: list[str]) -> str:
    return _line(cells) + "|" + "---|" * len(cells) + "\n"


def _quartiles(values: list[float]) -> str:
    return f"{values[1]:.2f} ({values[0]:.2f} to {values[2]:.2f})"


def _count(value: int | None, most: int) -> str:
    return f"> {most}" if value is None else str(value)


def markdown(document: dict[str, Any]) -> str:
    last = document["measurements"]
    text = (
        f"Table {document['table']['space']}: {document['networks']:,} networks, each measured on "
        f"{document['table']['images']:,} validation images; {len(document['budgets'])} budgets, "
        f"{document['seeds']} seeds. Regret: points of accuracy below the best network that fits, "
        "median (quartiles) over budgets and seeds. p: Wilcoxon's signed-rank test, paired by "
        f"budget and seed, against {OURS} after {last} measurements.\n\n"
    )
    counts = list(document["searches"][0]["regret"])
    heads = ["search", *(f"after {count}" for count in counts), f"runs within {AIM}"]
    text += _head([*heads, f"measurements until the median is {AIM}", "p"])
    for row in document["searches"]:
        cells = [row["search"], *(_quartiles(row["regret"][count]) for count in counts)]
        cells += [f"{row['within_aim']:.0%}", _count(row["until_aim"], last)]
        p = row["p"][str(last)]
        text += _line([*cells, "-" if p is None else f"{p:.1g}"])
    names = [row["search"] for row in document["searches"]]
    text += (
        f"\nMedian regret after {last} measurements by budget; within {AIM}: runs of {OURS}.\n\n"
    )
    text += _head(
        ["budget", "networks that fit", "of these near the best", f"within {AIM}", *names]
    )
    for row in document["budgets"]:
        cells = [row["name"], f"{row['fitting']:,}", row["near_best"], f"{row['within_aim']:.0%}"]
        text += _line([*cells, *(f"{row['regret'][name][1]:.2f}" for name in names)])
    text += f"\nMeasurements until the median is where another search ends after {last}.\n\n"
    text += _head(["search", "its median", "it needs", f"{OURS} needs"])
    for row in document["savings"]:
        cells = [row["search"], f"{row['median']:.2f}", row["measurements"]]
        text += _line([*cells, _count(row["ours"], last)])
    return text

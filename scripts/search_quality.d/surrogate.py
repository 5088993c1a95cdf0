"""How well the search's surrogate ranks unseen networks, against how many it has seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import tinynas as tn
from scipy import stats
from tables import Row, Table
from tinynas._core import predict_scores

SIZES = [20, 50, 100, 150, 300]
HELD_OUT = 300
REPEATS = 10


def _subnets(table: Table, rows: list[Row]) -> list[tn.Subnet]:
    return [table.space.subnet(list(row.genotype)) for row in rows]


def _tau(values: list[float], rows: list[Row]) -> float:
    return float(stats.kendalltau(values, [row.accuracy for row in rows]).statistic)


def taus(table: Table, budget: int, seed: int) -> dict[str, float]:
    """Kendall's tau-b with the accuracy of held-out networks that fit; the surrogate is fitted to
    others that fit, drawn evenly."""
    fitting = table.fitting(budget)
    order = np.random.default_rng([budget, seed]).permutation(len(fitting))
    held = [fitting[i] for i in order[:HELD_OUT]]
    rest = [fitting[i] for i in order[HELD_OUT:]]
    found = {
        "MACs": _tau([float(row.macs) for row in held], held),
        "parameters": _tau([float(row.params) for row in held], held),
    }
    for size in SIZES:
        seen = rest[:size]
        told = [tn.Measurement(row.accuracy, row.accuracy) for row in seen]
        predicted = predict_scores(_subnets(table, seen), told, _subnets(table, held))
        found[f"surrogate, {size}"] = _tau(predicted, held)
    return found


def document(table: Table) -> dict[str, Any]:
    by_budget = []
    for place, budget in enumerate(table.budgets):
        found = [taus(table, place, seed) for seed in range(REPEATS)]
        medians = {name: round(float(np.median([f[name] for f in found])), 4) for name in found[0]}
        by_budget.append({"budget": budget.name, "tau": medians})
    return {"held_out": HELD_OUT, "repeats": REPEATS, "budgets": by_budget}


def markdown(document: dict[str, Any]) -> str:
    names = list(document["budgets"][0]["tau"])
    text = (
        f"Kendall's tau-b with accuracy of {document['held_out']} held-out networks that fit, "
        f"median of {document['repeats']} draws; the surrogate was fitted to so many others.\n\n"
    )
    text += "| budget | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1) + "\n"
    rows = [(row["budget"], row["tau"]) for row in document["budgets"]]
    mean = {name: float(np.mean([tau[name] for _, tau in rows])) for name in names}
    for label, tau in [*rows, ("mean", mean)]:
        text += f"| {label} | " + " | ".join(f"{tau[name]:.2f}" for name in names) + " |\n"
    return text

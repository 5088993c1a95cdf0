"""How well the search's surrogate ranks unseen networks, against how many it has seen, beside
ensembles of other models (scikit-learn, which nevergrad brings) that see the same features."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import tinynas as tn
from scipy import stats
from sklearn.ensemble import BaggingRegressor, ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import RidgeCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import Row, Table
from tinynas._core import predict_scores

SIZES = [20, 50, 100, 150, 300]
ENSEMBLE_SIZES = [50, 150]  #: ensembles take seconds to fit
HELD_OUT = 300
REPEATS = 10


def _subnets(table: Table, rows: list[Row]) -> list[tn.Subnet]:
    return [table.space.subnet(list(row.genotype)) for row in rows]


def _tau(values: list[float], rows: list[Row]) -> float:
    return float(stats.kendalltau(values, [row.accuracy for row in rows]).statistic)


def _features(table: Table, rows: list[Row]) -> Any:
    """(networks, features), what the surrogate sees: active genes one-hot and as positions, others
    at the mean of a uniform draw; log MACs and its square, log parameters, log peak SRAM."""
    genes = table.space.genes
    features = []
    for row, subnet in zip(rows, _subnets(table, rows), strict=True):
        active = subnet.choices
        seen: list[float] = []
        for name, choices in genes.items():
            count = len(choices)
            if name in active:
                at = choices.index(active[name])
                seen += [float(at == choice) for choice in range(count)] + [at / (count - 1)]
            else:
                seen += count * [1 / count] + [0.5]
        macs = float(np.log1p(row.macs))
        seen += [macs, macs * macs, float(np.log1p(row.params))]
        features.append([*seen, float(np.log1p(row.peak_sram_bytes))])
    return np.array(features)


def _ensembles(seed: int) -> dict[str, Any]:
    """With what ranked best in a pilot of one draw, both tables: features a tree's split sees (0.3,
    0.5, all), random forest or extra trees, units and weight decay (0.01, 1, 10) of the MLPs."""
    ridge = BaggingRegressor(RidgeCV(np.logspace(-2, 4, 13)), 20, random_state=seed)
    mlp = MLPRegressor(hidden_layer_sizes=(64, 64), alpha=1, learning_rate_init=3e-3, max_iter=300)
    return {
        "300 trees": ExtraTreesRegressor(300, max_features=0.3, random_state=seed),
        "20 ridges": make_pipeline(StandardScaler(), ridge),
        "8 MLPs": make_pipeline(StandardScaler(), BaggingRegressor(mlp, 8, random_state=seed)),
    }


def _ensemble_taus(table: Table, rest: list[Row], held: list[Row], seed: int) -> dict[str, float]:
    features, asked = _features(table, rest[: max(ENSEMBLE_SIZES)]), _features(table, held)
    found = {}
    for size in ENSEMBLE_SIZES:
        accuracies = np.array([row.accuracy for row in rest[:size]])
        targets = (accuracies - accuracies.mean()) / accuracies.std()
        for name, ensemble in _ensembles(seed).items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                ensemble.fit(features[:size], targets)
            found[f"{name}, {size}"] = _tau(ensemble.predict(asked), held)
    return found


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
    return found | _ensemble_taus(table, rest, held, seed)


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
        f"median of {document['repeats']} draws; the models were fitted to so many others.\n\n"
    )
    text += "| budget | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1) + "\n"
    rows = [(row["budget"], row["tau"]) for row in document["budgets"]]
    mean = {name: float(np.mean([tau[name] for _, tau in rows])) for name in names}
    for label, tau in [*rows, ("mean", mean)]:
        text += f"| {label} | " + " | ".join(f"{tau[name]:.2f}" for name in names) + " |\n"
    return text

"""Searches from other packages (scripts/requirements-peers.txt), as their documentation has them.

Each gets whole numbers, one a gene, in the order of the choices, and is told what does not fit in
the way of its package."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Any

from recorder import Recorder, SpentError

POPULATION = 32  #: of those that have one; at 100, two thirds of 150 measurements would be random


def _optuna(recorder: Recorder, make_sampler: Callable[[Any], Any]) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=make_sampler(optuna.samplers))
    while True:
        trial = study.ask()
        chosen = [trial.suggest_int(str(i), 0, n - 1) for i, n in enumerate(recorder.choices)]
        accuracy, excess = recorder.measure(chosen)
        trial.set_constraint("excess", excess)
        study.tell(trial, 0.0 if accuracy is None else accuracy)


def optuna_tpe(recorder: Recorder, seed: int) -> None:
    _optuna(recorder, lambda samplers: samplers.TPESampler(seed=seed))


def optuna_nsga2(recorder: Recorder, seed: int) -> None:
    def make(samplers: Any) -> Any:
        return samplers.NSGAIISampler(seed=seed, population_size=POPULATION)

    _optuna(recorder, make)


def pymoo_nsga2(recorder: Recorder, seed: int) -> None:
    import numpy as np
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.operators.sampling.rnd import IntegerRandomSampling
    from pymoo.optimize import minimize

    last = np.array(recorder.choices) - 1

    class Networks(ElementwiseProblem):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(
                n_var=len(last), n_obj=1, n_ieq_constr=1, xl=0 * last, xu=last, vtype=int
            )

        def _evaluate(self, x: Any, out: dict[str, float], *_: Any, **__: Any) -> None:
            accuracy, excess = recorder.measure([int(gene) for gene in x])
            out["F"] = 0.0 if accuracy is None else -accuracy
            out["G"] = excess

    algorithm = NSGA2(
        pop_size=POPULATION,
        sampling=IntegerRandomSampling(),
        crossover=SBX(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        mutation=PM(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    minimize(Networks(), algorithm, ("n_gen", 10**6), seed=seed, verbose=False)


def nevergrad_de(recorder: Recorder, seed: int) -> None:
    """Of its optimisers, the best here in a pilot (NGOpt, DiscreteOnePlusOne and NgIohTuned stayed
    behind), as were bounded whole numbers among its ways to write a choice."""
    import nevergrad as ng

    numbers = [ng.p.Scalar(lower=0, upper=n - 1) for n in recorder.choices]
    space = ng.p.Tuple(*(number.set_integer_casting() for number in numbers))
    space.random_state.seed(seed)
    optimizer = ng.optimizers.TwoPointsDE(parametrization=space, budget=recorder.limit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # asks beyond the budget: repeats are not paid for
        while True:
            asked = optimizer.ask()
            accuracy, excess = recorder.measure([int(gene) for gene in asked.value])
            optimizer.tell(asked, 100 + 100 * excess if accuracy is None else 100 - accuracy)


def pyglove_regularized(recorder: Recorder, seed: int) -> None:
    """Only distinct networks that fit become members: told of the others, it stays far behind."""
    import pyglove as pg

    evolution = pg.evolution.regularized_evolution(
        population_size=POPULATION, tournament_size=8, seed=seed
    )
    evolution.setup(pg.dna_spec(pg.List([pg.oneof(list(range(n))) for n in recorder.choices])))
    while True:
        dna = evolution.propose()
        before = len(recorder.measured)
        accuracy, _ = recorder.measure(dna.to_numbers())
        if accuracy is not None and len(recorder.measured) > before:
            evolution.feedback(dna, accuracy)


PEERS: dict[str, Callable[[Recorder, int], None]] = {
    "Optuna TPE": optuna_tpe,
    "Optuna NSGA-II": optuna_nsga2,
    "pymoo NSGA-II": pymoo_nsga2,
    "nevergrad TwoPointsDE": nevergrad_de,
    "PyGlove regularized": pyglove_regularized,
}


def run(name: str, recorder: Recorder, seed: int) -> None:
    """Until the measurements are spent, or nothing new comes."""
    with contextlib.suppress(SpentError):
        PEERS[name](recorder, seed)

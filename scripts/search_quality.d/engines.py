"""The searches that are compared: ours by ask and tell, the peers as their packages run them."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import tinynas as tn
from recorder import Recorder, Spent

PENALTY = -1000.0  #: score of what does not fit, less its excess: below every score


def free_genes(recorder: Recorder) -> list[list[int]]:
    """By gene, the choices that the table leaves: one of a frozen gene."""
    columns = zip(*recorder.table.rows, strict=True)
    return [sorted(set(column)) for column in columns]


def ours(name: str) -> Callable[[Recorder, int], None]:
    def run(recorder: Recorder, seed: int) -> None:
        engine = tn.Engine(
            recorder.table.space,
            "stm32f746",
            engine=name,  # type: ignore[arg-type]
            seed=seed,
            measurements=recorder.limit,
            sram=recorder.budget.sram_bytes + _reserved_sram(),
            flash=recorder.budget.flash_bytes,
        )
        while not engine.done:
            told = []
            for proposal in engine.ask(8):
                score, excess = recorder.measure(proposal.subnet.genotype)
                assert score is not None, f"{proposal.id} exceeds the budget by {excess}"
                told.append((proposal, score))
            engine.tell(told)

    return run


def _reserved_sram() -> int:
    return tn.Budget("stm32f746").reserved_sram_bytes


def _penalised(recorder: Recorder, genes: list[int]) -> float:
    score, excess = recorder.measure(genes)
    return PENALTY - excess if score is None else score


def optuna_sampler(name: str) -> Callable[[Recorder, int], None]:
    def run(recorder: Recorder, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        sampler = {
            "tpe": lambda: optuna.samplers.TPESampler(seed=seed),
            "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=seed),
        }[name]()
        genes = free_genes(recorder)

        def objective(trial: optuna.Trial) -> float:
            return _penalised(
                recorder,
                [trial.suggest_categorical(str(i), choices) for i, choices in enumerate(genes)],
            )

        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.optimize(objective, n_trials=200 * recorder.limit)

    return run


def pymoo_nsga2(recorder: Recorder, seed: int) -> None:
    import numpy as np
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.operators.sampling.rnd import IntegerRandomSampling
    from pymoo.optimize import minimize

    genes = free_genes(recorder)

    class Networks(ElementwiseProblem):  # type: ignore[misc]
        def __init__(self) -> None:
            last = np.array([len(choices) - 1 for choices in genes])
            super().__init__(n_var=len(genes), n_obj=1, n_ieq_constr=1, xl=0 * last, xu=last, vtype=int)

        def _evaluate(self, x: np.ndarray, out: dict[str, float], *_: object, **__: object) -> None:
            chosen = [choices[int(i)] for i, choices in zip(x, genes, strict=True)]
            score, excess = recorder.measure(chosen)
            out["F"] = 0.0 if score is None else -score
            out["G"] = excess

    algorithm = NSGA2(
        pop_size=32,
        sampling=IntegerRandomSampling(),
        crossover=SBX(prob=0.9, eta=3, vtype=float, repair=RoundingRepair()),
        mutation=PM(eta=3, vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    minimize(Networks(), algorithm, ("n_gen", 10**6), seed=seed, verbose=False)


def nevergrad_optimizer(recorder: Recorder, seed: int) -> None:
    import nevergrad as ng

    genes = free_genes(recorder)
    variables = [ng.p.Choice(choices) for choices in genes if len(choices) > 1]
    space = ng.p.Tuple(*variables)
    space.random_state.seed(seed)
    optimizer = ng.optimizers.NGOpt(parametrization=space, budget=recorder.limit)
    while True:
        asked = optimizer.ask()
        values = iter(asked.value)
        chosen = [next(values) if len(choices) > 1 else choices[0] for choices in genes]
        optimizer.tell(asked, -_penalised(recorder, chosen))


def pyglove_regularized(recorder: Recorder, seed: int) -> None:
    import pyglove as pg

    genes = free_genes(recorder)
    space = pg.List([pg.oneof(choices) for choices in genes])
    algorithm = pg.evolution.regularized_evolution(population_size=32, tournament_size=8, seed=seed)
    for chosen, feedback in pg.sample(space, algorithm):
        feedback(_penalised(recorder, list(chosen)))


ENGINES: dict[str, Callable[[Recorder, int], None]] = {
    "tinynas": ours("tinynas"),
    "evolution": ours("evolution"),
    "regularized": ours("regularized"),
    "nsga2": ours("nsga2"),
    "random": ours("random"),
    "Optuna TPE": optuna_sampler("tpe"),
    "Optuna NSGA-II": optuna_sampler("nsga2"),
    "pymoo NSGA-II": pymoo_nsga2,
    "nevergrad NGOpt": nevergrad_optimizer,
    "PyGlove aging evolution": pyglove_regularized,
}


def run(name: str, recorder: Recorder, seed: int) -> None:
    """Until the measurements are spent, or nothing new that fits is found."""
    try:
        ENGINES[name](recorder, seed)
    except Spent:
        pass

"""The engines of tinynas, by ask and tell, as one would use them."""

from __future__ import annotations

from typing import Any

import tinynas as tn
from recorder import Recorder

NAMES = ["tinynas", "evolution", "regularized", "nsga2", "random"]
#: The published loop draws its first 100 networks, two thirds of 150; populations of the peers are
#: of 32, as here.
SMALL_EVOLUTION = "evolution, population 32"
BATCH = 8  # as `tinynas search` hands networks to the evaluator


def run(name: Any, recorder: Recorder, seed: int, **options: Any) -> None:
    if name == SMALL_EVOLUTION:
        name, options = "evolution", {"population": 32, "generation": 32, "parents": 8, **options}
    engine = tn.Engine(
        recorder.table.space,
        engine=name,
        seed=seed,
        measurements=recorder.limit,
        **recorder.budget.options(),
        **options,
    )
    while not engine.done:
        told = []
        for proposal in engine.ask(BATCH):
            accuracy, excess = recorder.measure(proposal.subnet.genotype)
            if accuracy is None:
                raise AssertionError(
                    f"{name}: {proposal.id} exceeds '{recorder.budget.name}' by {excess:.1%}"
                )
            told.append((proposal, accuracy))
        engine.tell(told)

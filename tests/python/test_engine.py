"""Ask and tell."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import tinynas as tn

ENGINES = ["tinynas", "evolution", "regularized", "nsga2", "random"]
SMALL: dict[str, Any] = {
    "tinynas": {"design": 12},
    "evolution": {"population": 12, "generation": 10},
    "regularized": {"population": 12},
    "nsga2": {"population": 12},
    "random": {},
}


def make(engine: Any = "tinynas", seed: int = 3, measurements: int = 40) -> tn.Engine:
    return tn.Engine(
        "fashion-mnist",
        "stm32g031k8",
        engine=engine,
        seed=seed,
        measurements=measurements,
        **SMALL[engine],
    )


def score(proposal: tn.Proposal) -> float:
    """Something that depends on the network alone."""
    return math.log(proposal.macs) + (int(proposal.id[:4], 16) % 97) / 50


def run(search: tn.Engine, cut: int, shuffled: random.Random | None) -> list[str]:
    ids: list[str] = []
    while not search.done:
        proposals = search.ask(cut)
        assert proposals, "ask must end a generation only when it was told"
        waiting = proposals
        while proposals := search.ask(cut):
            waiting = waiting + proposals
        ids += [proposal.id for proposal in waiting]
        if shuffled:
            shuffled.shuffle(waiting)
        search.tell((proposal, score(proposal)) for proposal in waiting)
    return ids


@pytest.mark.parametrize("engine", ENGINES)
def test_same_trace_for_every_cut_and_order_of_telling(engine: str) -> None:
    one = run(make(engine), 1, None)
    assert len(one) == len(set(one)) == 40
    assert run(make(engine), 5, random.Random(1)) == one
    assert run(make(engine), 64, random.Random(2)) == one
    assert run(make(engine, seed=4), 5, None) != one


@pytest.mark.parametrize("engine", ENGINES)
def test_everything_proposed_fits_and_trials_hold_what_was_told(engine: str) -> None:
    search = make(engine)
    run(search, 8, None)
    budget = tn.Budget("stm32g031k8")
    assert search.planned >= 40
    assert [trial.trial for trial in search.trials] == list(range(40))
    for trial in search.trials:
        plan = tn.plan(trial.subnet, mcu="stm32g031k8")
        assert trial.fits and plan.fits
        assert plan.peak_sram_bytes == trial.peak_sram_bytes <= budget.sram_bytes
        assert plan.flash_bytes == trial.flash_bytes <= budget.flash_bytes
        assert trial.score == score(trial)
    front = search.pareto
    assert front[0].score == max(trial.score for trial in search.trials)
    for a in front:
        for b in front:
            better = a.score >= b.score
            smaller = a.peak_sram_bytes <= b.peak_sram_bytes and a.flash_bytes <= b.flash_bytes
            assert a.id == b.id or not (better and smaller)


def test_results_that_cannot_be_are_refused() -> None:
    search = make()
    first = search.ask(1)[0]
    with pytest.raises(tn.BadInputError):
        search.tell([(first, math.nan)])
    with pytest.raises(tn.BadInputError):
        search.tell([(first.trial + 1000, 0.5)])
    search.tell([(first.trial, tn.Measurement(score=-0.5, accuracy=0.9))])
    with pytest.raises(tn.BadInputError):
        search.tell([(first, 0.5)])
    with pytest.raises(tn.BadInputError):
        search.ask(-1)


def test_options_out_of_range_and_spaces_given_as_objects() -> None:
    space = tn.SearchSpace("toy")
    assert tn.Engine(space, "stm32f746").space.hash == space.hash
    with pytest.raises(tn.BadInputError):
        tn.Engine(space, "stm32f746", measurements=0)
    with pytest.raises(tn.BadInputError, match="rank_by"):
        tn.Engine(space, "stm32f746", rank_by="speed")  # type: ignore[arg-type]
    with pytest.raises(tn.BadInputError, match="did you mean 'random'"):
        tn.Engine(space, "stm32f746", engine="randm")  # type: ignore[arg-type]
    with pytest.raises(tn.BadInputError, match="'random' has no option 'parents'"):
        tn.Engine(space, "stm32f746", engine="random", parents=3)


def test_nothing_fits_ends_at_once() -> None:
    search = tn.Engine("fashion-mnist", "stm32g031k8", sram="2KiB")
    assert search.ask(8) == []
    assert search.done
    assert search.trials == []


def test_known_networks_are_free_and_not_proposed() -> None:
    first = make(seed=1, measurements=24)
    run(first, 8, None)
    second = make(seed=2, measurements=16)
    second.know([(trial, trial.measurement) for trial in first.trials])
    assert len(second.trials) == 24
    run(second, 8, None)
    ids = [trial.id for trial in second.trials]
    assert len(ids) == 24 + 16 == len(set(ids))
    assert [trial.origin for trial in second.trials].count("known") == 24
    pending = make(seed=3)
    pending.ask(1)
    with pytest.raises(tn.BadInputError, match="under way"):
        pending.know([])
    with pytest.raises(tn.BadInputError, match="space 'toy'"):
        pending.know([(tn.SearchSpace("toy").smallest(), 0.5)])

"""Ask and tell."""

from __future__ import annotations

import math
import random

import pytest
import tinynas as tn


def make(seed: int = 3, measurements: int = 40) -> tn.Evolution:
    return tn.Evolution(
        "fashion-mnist", "stm32g031k8", seed=seed, measurements=measurements, population=12
    )


def score(proposal: tn.Proposal) -> float:
    """Something that depends on the network alone."""
    return math.log(proposal.macs) + (int(proposal.id[:4], 16) % 97) / 50


def run(search: tn.Evolution, cut: int, shuffled: random.Random | None) -> list[str]:
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


def test_same_trace_for_every_cut_and_order_of_telling() -> None:
    one = run(make(), 1, None)
    assert len(one) == len(set(one)) == 40
    assert run(make(), 5, random.Random(1)) == one
    assert run(make(), 64, random.Random(2)) == one
    assert run(make(seed=4), 5, None) != one


def test_everything_proposed_fits_and_trials_hold_what_was_told() -> None:
    search = make()
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
    assert tn.Evolution(space, "stm32f746").space.hash == space.hash
    with pytest.raises(tn.BadInputError):
        tn.Evolution(space, "stm32f746", measurements=0)
    with pytest.raises(tn.BadInputError, match="rank_by"):
        tn.Evolution(space, "stm32f746", rank_by="speed")  # type: ignore[arg-type]


def test_nothing_fits_ends_at_once() -> None:
    search = tn.Evolution("fashion-mnist", "stm32g031k8", sram="2KiB")
    assert search.ask(8) == []
    assert search.done
    assert search.trials == []

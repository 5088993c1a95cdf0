"""Boards, budgets and search spaces through the bindings."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tinynas as tn


def test_every_part_equals_the_command_lines(cli_json: Callable[..., Any]) -> None:
    expected = cli_json("mcus")["mcus"]
    parts = tn.list_mcus()
    assert [part.name for part in parts] == [row["name"] for row in expected]
    assert len(parts) >= 40
    for part, row in zip(parts, expected, strict=True):
        assert part.core == row["core"]
        assert part.largest_contiguous_bytes == row["largest_contiguous_bytes"]
        assert part.sram_bytes == row["sram_bytes"]
        assert [region.bytes for region in part.regions] == [r["bytes"] for r in row["regions"]]
        if part.flash_internal:
            assert tn.Budget(part).sram_bytes == row["sram_budget_bytes"]


def test_budget_overrides_take_ints_and_texts() -> None:
    assert tn.find_mcu("STM32F746").largest_contiguous_bytes == 320 * 1024
    text = tn.Budget("stm32f746", sram="64KiB", flash="256KiB", reserve_sram="8KiB")
    number = tn.Budget(tn.find_mcu("stm32f746"), sram=65536, flash=262144, reserve_sram=8192)
    assert (text.sram_bytes, text.flash_bytes) == (number.sram_bytes, number.flash_bytes)
    assert text.sram_bytes + text.reserved_sram_bytes == 65536
    assert text.flash_bytes == 262144
    assert text.reserved_sram_bytes >= 8192


@pytest.mark.parametrize("bad", [True, 1.5, -1, "lots", "", [1]])
def test_bytes_that_are_none_are_refused_by_name(bad: Any) -> None:
    with pytest.raises(tn.BadInputError, match=r"^sram"):
        tn.Budget("stm32f746", sram=bad)


def test_board_file_of_the_users_own(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(Path(tn.find_mcu("stm32f746").source_file).read_text())
    assert tn.find_mcu(own).largest_contiguous_bytes == 320 * 1024
    own.write_text("name = 3\n")
    with pytest.raises(tn.BadInputError, match=r"own\.toml"):
        tn.find_mcu(str(own))


def test_toy_space_is_closed_under_its_moves() -> None:
    space = tn.SearchSpace("toy")
    seen = {space.smallest()}
    frontier = [space.smallest()]
    while frontier:
        for neighbour in space.neighbours(frontier.pop()):
            if neighbour not in seen:
                seen.add(neighbour)
                frontier.append(neighbour)
    assert len(seen) == space.cardinality()
    assert len({subnet.id for subnet in seen}) == len(seen)
    assert space.largest() in seen
    everything = sorted(seen, key=lambda subnet: subnet.id)
    chance = random.Random(0)
    for seed in range(200):
        a, b = chance.choice(everything), chance.choice(everything)
        assert space.sample(seed) in seen
        assert space.crossover(a, b, seed) in seen
        mutant = space.mutate(a, seed, 0.3)
        assert mutant in seen and mutant != a


def test_moves_are_deterministic_and_subnets_round_trip(tmp_path: Path) -> None:
    space = tn.SearchSpace("mcunet")
    for seed in range(50):
        subnet = space.sample(seed)
        assert subnet == space.sample(seed)
        assert hash(subnet) == hash(space.sample(seed))
        assert space.subnet(subnet.genotype) == subnet
        assert set(subnet.choices) <= set(space.genes)
        for gene, choice in subnet.choices.items():
            assert choice in space.genes[gene]
        path = tmp_path / f"{seed}.json"
        subnet.save(path)
        assert tn.load_subnet(path) == subnet
        assert subnet.space.name == "mcunet"
    assert space.sample(1) != space.sample(2)
    assert space.sample(1) != "not a subnet"


def test_the_best_cell_is_a_space_whose_networks_fit_as_often_as_ranked(
    cli_json: Callable[..., Any], tmp_path: Path
) -> None:
    own = tmp_path / "best.toml"
    budget = ["--mcu", "stm32g031k8", "--networks", "1000"]
    document = cli_json("spaces", "rank", "--space", "fashion-mnist", *budget, "--write-space", own)
    ranking = document["rankings"][0]
    best = ranking["cells"][0]
    assert len(ranking["cells"]) == 3 * 9
    space = tn.SearchSpace(own)
    assert (space.name, space.hash) == (best["name"], best["space_hash"])
    # Other draws, planned through the bindings: four standard errors of two samples.
    plans = [space.sample(seed).plan(mcu="stm32g031k8") for seed in range(1000)]
    share = sum(plan.fits is True for plan in plans) / len(plans)
    error = (2 * best["share"] * (1 - best["share"]) / 1000) ** 0.5
    assert 0.1 < best["share"] < 0.9
    assert abs(share - best["share"]) < 4 * error


def test_subnets_of_another_space_are_refused() -> None:
    toy, mcunet = tn.SearchSpace("toy"), tn.SearchSpace("mcunet")
    with pytest.raises(tn.BadInputError, match="not of 'toy'"):
        toy.neighbours(mcunet.smallest())
    with pytest.raises(tn.BadInputError, match="genotype"):
        toy.subnet([999])
    with pytest.raises(tn.BadInputError):
        toy.subnet([0])


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(tn.BadInputError, match="did you mean 'stm32f746'"):
        tn.find_mcu("stm32f764x")
    with pytest.raises(tn.BadInputError, match="did you mean 'mcunet'"):
        tn.SearchSpace("mcunett")
    with pytest.raises(ValueError, match="did you mean"):
        tn.Budget("stm32f74")


def test_every_error_is_a_tinynas_error() -> None:
    for name in dir(tn):
        thing = getattr(tn, name)
        if isinstance(thing, type) and issubclass(thing, BaseException):
            assert issubclass(thing, tn.TinynasError)

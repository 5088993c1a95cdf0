"""Every engine on the measured tables of tests/golden."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tinynas as tn

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "search_quality.d"))

import golden_tables  # noqa: E402
import ours  # noqa: E402
import tables  # noqa: E402
from recorder import Recorder  # noqa: E402

TABLES = tables.names()
MEASUREMENTS = 40


@pytest.fixture(scope="module", params=TABLES)
def table(request: pytest.FixtureRequest) -> tables.Table:
    if not tables.table_path(request.param).exists():
        pytest.fail(f"run scripts/golden_tables {request.param}")
    return tables.read_table(request.param)


def run(table: tables.Table, engine: str, budget: int, seed: int, measurements: int) -> Recorder:
    recorder = Recorder(table, budget, measurements)
    ours.run(engine, recorder, seed)
    return recorder


def test_tables_are_of_the_shipped_supernets(table: tables.Table) -> None:
    supernet = ROOT / "supernets" / table.head["supernet"] / "supernet.pt"
    again = f"the table is of another supernet: run scripts/golden_tables {table.name}"
    assert table.head["supernet_sha256"] == hashlib.sha256(supernet.read_bytes()).hexdigest(), again
    card = (supernet.parent / "MODEL_CARD.md").read_text()
    assert f"splits {table.head['split_hash']}" in card, again
    assert table.head["space_hash"] == table.space.hash, again
    assert table.head["split"] == "validation"


def test_tables_hold_every_network_once(table: tables.Table) -> None:
    subnets = table.space.enumerate()
    assert [row.genotype for row in table.rows] == [subnet.genotype for subnet in subnets]
    assert [row.id for row in table.rows] == [subnet.id for subnet in subnets]
    assert all(0 < row.accuracy <= 100 for row in table.rows)


def test_footprints_are_those_of_today(table: tables.Table) -> None:
    for row in table.rows[:: len(table.rows) // 60]:
        subnet = table.space.subnet(list(row.genotype))
        plan = subnet.plan(mcu=table.budgets[0].mcu)
        planned = (plan.peak_sram_bytes, plan.flash_bytes, plan.macs, plan.params)
        written = (row.peak_sram_bytes, row.flash_bytes, row.macs, row.params)
        assert planned == written, f"planning changed: run scripts/golden_tables {table.name}"
        fits = [bool(subnet.plan(**budget.options()).fits) for budget in table.budgets]
        assert [digit == "1" for digit in row.fits] == fits


def test_budgets_ask_something_of_a_search(table: tables.Table) -> None:
    """Drawing networks that fit stays clearly below the best; so does, under some budget, measuring
    those with the most MACs."""
    places = range(len(table.budgets))
    assert all(golden_tables.random_regret(table, place) > 0.3 for place in places)
    assert max(golden_tables.macs_regret(table, place) for place in places) >= 0.3


@pytest.mark.parametrize("engine", ours.NAMES)
def test_what_engines_measure_is_new_and_what_they_return_fits(
    table: tables.Table, engine: str
) -> None:
    for place, budget in enumerate(table.budgets):
        recorder = run(table, engine, place, 1, MEASUREMENTS)  # throws at one that does not fit
        assert len({row.id for row in recorder.measured}) == MEASUREMENTS == recorder.proposals
        best = max(recorder.measured, key=lambda row: row.accuracy)
        assert table.space.subnet(list(best.genotype)).plan(**budget.options()).fits


def test_tinynas_finds_better_networks_than_random_choice(table: tables.Table) -> None:
    """Regret in points; a search that draws blindly comes out at the same mean."""
    regrets: dict[str, list[float]] = {"tinynas": [], "random": []}
    for engine, found in regrets.items():
        for budget in range(0, len(table.budgets), 3):
            for seed in range(6):
                found.append(run(table, engine, budget, seed, 60).regret()[-1])
    better = np.array(regrets["random"]) - np.array(regrets["tinynas"])
    assert np.mean(regrets["tinynas"]) < 0.5 * np.mean(regrets["random"]), regrets
    assert np.mean(better > 0) > 0.6, regrets


def test_the_recorder_counts_what_is_new_and_fits(table: tables.Table) -> None:
    place = min(range(len(table.budgets)), key=lambda i: len(table.fitting(i)))
    recorder = Recorder(table, place, 10)
    fitting = table.fitting(place)
    outside = next(row for row in table.rows if row.fits[place] != "1")
    assert recorder.measure(fitting[0].genotype) == (fitting[0].accuracy, 0.0)
    recorder.measure(fitting[0].genotype)
    accuracy, excess = recorder.measure(outside.genotype)
    assert accuracy is None and excess > 0
    assert len(recorder.measured) == 1
    best = max(fitting, key=lambda row: row.accuracy)
    recorder.measure(best.genotype)
    assert recorder.regret() == [round(best.accuracy - fitting[0].accuracy, 4)] + 9 * [0.0]


@pytest.mark.nightly
def test_returned_networks_fit_when_another_process_plans_them(table: tables.Table) -> None:
    import constraints

    counts, broken = constraints.check(table.name, 10_000)
    assert broken == []
    engines: dict[str, Any] = {name: counts[name] for name in ours.NAMES}
    assert set(engines.values()) == {2_000}
    assert counts["nothing fits"] < 5_000


def test_a_violation_would_be_seen(table: tables.Table) -> None:
    import json

    import constraints

    largest = table.space.largest()
    needs = largest.plan(mcu="stm32f746")
    reserved = tn.Budget("stm32f746").reserved_sram_bytes
    options: dict[str, Any] = {"mcu": "stm32f746", "flash": needs.flash_bytes}
    one: dict[str, Any] = {"search": 0, "engine": "x", "genotype": list(largest.genotype)}
    options |= {"sram": needs.peak_sram_bytes + reserved, "macs": needs.macs}
    for limit in ("sram", "flash", "macs"):
        for less, broken in ((0, 0), (1, 1)):
            one["options"] = options | {limit: options[limit] - less}
            assert len(constraints.violations(table.name, [json.dumps(one)])) == broken

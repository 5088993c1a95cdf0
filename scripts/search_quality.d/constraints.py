"""Many short searches under drawn budgets; another process plans anew what they returned."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import ours
import tinynas as tn
from tables import Table, read_table

LIMITED = ["peak_sram_bytes", "flash_bytes", "latency_ms", "macs"]
PARTS = ["stm32f746", "stm32f412", "stm32g031k8", "rp2040", "nrf52840"]


def drawn_options(table: Table, chance: np.random.Generator) -> dict[str, Any]:
    """A part, and limits between somewhat less than the least and the most that networks of the
    table need; SRAM and flash always, MACs half of the time, latency on half of the parts that have
    a prediction."""
    mcu = PARTS[chance.integers(len(PARTS))]
    sram, flash, latency, macs = (
        chance.uniform(0.8, 1) * np.quantile([getattr(row, name) for row in table.rows], share)
        for name, share in zip(LIMITED, chance.uniform(size=4), strict=True)
    )
    reserved = tn.Budget(mcu, flash=int(flash)).reserved_sram_bytes
    options: dict[str, Any] = {"mcu": mcu, "sram": int(sram) + reserved, "flash": int(flash)}
    if chance.uniform() < 0.5:
        options["macs"] = int(macs)
    here = table.space.subnet(list(table.rows[0].genotype)).plan(mcu=mcu, flash=int(flash))
    if here.latency_ms is not None and chance.uniform() < 0.5:
        # Quantiles are of the table's part: scaled by what one network takes on both.
        scale = here.latency_ms[1] / table.rows[0].latency_ms
        options["latency_ms"] = round(float(latency) * scale, 2)
    return options


def search_one(table: Table, number: int) -> dict[str, Any]:
    chance = np.random.default_rng(number)
    options = drawn_options(table, chance)
    name: Any = ours.NAMES[number % len(ours.NAMES)]
    measurements = int(chance.integers(1, 25))
    engine = tn.Engine(table.space, engine=name, seed=number, measurements=measurements, **options)
    best: tuple[float, tn.Proposal] | None = None
    while not engine.done:
        told = []
        for proposal in engine.ask(ours.BATCH):
            accuracy = table.by_genotype[proposal.subnet.genotype].accuracy
            told.append((proposal, accuracy))
            if best is None or accuracy > best[0]:
                best = (accuracy, proposal)
        engine.tell(told)
    found = list(best[1].subnet.genotype) if best else None
    return {"search": number, "engine": name, "options": options, "genotype": found}


def violations(table: str, lines: list[str]) -> list[str]:
    """Of what searches returned, planned anew. One that returned nothing is wrong where the
    smallest network fits."""
    whole = read_table(table)
    broken = []
    for line in lines:
        one = json.loads(line)
        options = one["options"]
        most_macs = options.pop("macs", None)
        budget = tn.Budget(options["mcu"], sram=options["sram"], flash=options["flash"])
        if one["genotype"] is None:
            least = whole.space.smallest().plan(**options)
            if least.fits and (most_macs is None or least.macs <= most_macs):
                broken.append(f"search {one['search']} returned nothing, the smallest network fits")
            continue
        plan = whole.space.subnet(one["genotype"]).plan(**options)
        limit = options.get("latency_ms")
        fits = plan.peak_sram_bytes <= budget.sram_bytes and plan.flash_bytes <= budget.flash_bytes
        if limit is not None:
            assert plan.latency_ms is not None
            fits = fits and plan.latency_ms[1] <= limit
        fits = fits and (most_macs is None or plan.macs <= most_macs)
        if not fits or plan.fits is not True:
            broken.append(f"search {one['search']} ({one['engine']}): {plan.to_dict()}")
    return broken


def check(table: str, searches: int, first: int = 0) -> tuple[Counter[str], list[str]]:
    """Searches by engine (and how many of them found that nothing fits), and each violation."""
    whole = read_table(table)
    lines = []
    counts: Counter[str] = Counter()
    for number in range(first, first + searches):
        one = search_one(whole, number)
        counts[one["engine"]] += 1
        counts["nothing fits"] += one["genotype"] is None
        lines.append(json.dumps(one))
        if (number - first + 1) % 1000 == 0:
            print(f"search_quality: {number - first + 1} of {searches} searches", file=sys.stderr)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), table],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return counts, done.stdout.splitlines()


if __name__ == "__main__":
    for violation in violations(sys.argv[1], sys.stdin.read().splitlines()):
        print(violation)

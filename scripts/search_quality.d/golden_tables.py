"""Measures every network of a small space that searches are judged on.

    scripts/golden_tables [TABLE] [--supernet NAME|FILE.pt] [--data PATH] [--threads 1]

Writes tests/golden/TABLE.csv.gz. TABLE names tests/golden/TABLE.toml (default: fashion-mnist), a
part of the space of the shipped supernet TABLE. Each network is measured on all validation images
(never on test images), and planned: alone, and under each of the budgets that searches get. With
one thread about an hour a table. What is measured is kept in build/golden, so the
command can be killed and given again. A table of the same supernet, images and fidelity keeps its
measurements and is only planned anew."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import by_macs
import tables
import tinynas as tn
from recorder import Recorder
from tables import Budget, Genes, Row, Table

RECALIBRATION_IMAGES = 512  # more than a search takes
BATCH = 64
MCU = "stm32f746"
#: By table: shares of the networks that limits on SRAM, flash and latency alone leave, tight to
#: loose; 1: no limit. Where random choice, or measuring those with the most MACs, comes near the
#: best, a budget proves nothing: see what is printed. Latency follows MACs, so a limit on it leaves
#: the most MACs to many networks.
BUDGETS = {
    "fashion-mnist": [
        (0.1, 0.4, 1.0),
        (1.0, 0.4, 0.45),
        (0.55, 1.0, 0.5),
        (0.65, 1.0, 0.75),
        (0.85, 0.7, 1.0),
        (1.0, 0.75, 1.0),
        (0.85, 0.85, 1.0),
        (0.85, 1.0, 1.0),
    ],
    "cifar10": [
        (0.2, 0.75, 1.0),
        (1.0, 0.3, 1.0),
        (1.0, 0.5, 0.5),
        (1.0, 0.6, 0.6),
        (1.0, 0.5, 0.85),
        (1.0, 0.5, 1.0),
        (1.0, 0.75, 0.6),
        (0.85, 1.0, 1.0),
    ],
}
RANDOM_MEASUREMENTS = 150
MACS_MEASUREMENTS = 50
Measured = tuple[float, float]


def stop(message: str) -> SystemExit:
    print(f"golden_tables: {message}", file=sys.stderr)
    return SystemExit(2)


def split_hash(data: str) -> str:
    """Which image belongs to which split. A supernet refuses images that are split otherwise."""
    command = [sys.executable, "-m", "tinynas", "data", "inspect", data, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise stop(done.stderr.strip())
    return str(json.loads(done.stdout)["split_hash"])


def identity(supernet: tn.Supernet, space: tn.SearchSpace, data: str) -> dict[str, Any]:
    """What measurements depend on."""
    return {
        "space": space.name,
        "space_hash": space.hash,
        "supernet": Path(supernet.path).parent.name,
        "supernet_sha256": hashlib.sha256(Path(supernet.path).read_bytes()).hexdigest(),
        "data": supernet.dataset_name,
        "split_hash": split_hash(data),
        "split": "validation",
        "recalibration_images": RECALIBRATION_IMAGES,
    }


def measurements_of_table(name: str, key: dict[str, Any]) -> dict[Genes, Measured]:
    """Of the table that is there, where it measured the same."""
    if not tables.table_path(name).exists():
        return {}
    table = tables.read_table(name)
    if any(table.head.get(field) != value for field, value in key.items()):
        return {}
    return {row.genotype: (row.score, row.accuracy) for row in table.rows}


def measure_all(
    name: str, supernet: tn.Supernet, subnets: list[tn.Subnet], key: dict[str, Any]
) -> dict[Genes, Measured]:
    found = measurements_of_table(name, key)
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    kept = tables.ROOT / "build" / "golden" / f"{name}-{digest}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    if kept.exists():
        for line in kept.read_text().splitlines(keepends=True):
            if line.endswith("\n"):  # the last one may be torn
                genotype, score, accuracy = json.loads(line)
                found[tuple(genotype)] = (score, accuracy)
    left = [subnet for subnet in subnets if subnet.genotype not in found]
    with kept.open("a") as file:
        for first in range(0, len(left), BATCH):
            batch = left[first : first + BATCH]
            measured = supernet.evaluate(
                batch, images=0, recalibration_images=RECALIBRATION_IMAGES, split="validation"
            )
            for subnet, one in zip(batch, measured, strict=True):
                found[subnet.genotype] = (one.score, 100 * one.accuracy)
                file.write(json.dumps([subnet.genotype, *found[subnet.genotype]]) + "\n")
            file.flush()
            done = len(subnets) - len(left) + first + len(batch)
            print(f"golden_tables: {name}: {done} of {len(subnets)} measured", file=sys.stderr)
    return found


def budgets_of(table: str, plans: list[tn.MemoryPlan]) -> list[Budget]:
    reserved = tn.Budget(MCU).reserved_sram_bytes

    def quantile(values: list[Any], share: float) -> Any:
        return sorted(values)[round(share * (len(values) - 1))]

    made = []
    for sram, flash, latency in BUDGETS[table]:
        limits = {
            "SRAM": (sram, quantile([p.peak_sram_bytes for p in plans], sram) + reserved),
            "flash": (flash, quantile([p.flash_bytes for p in plans], flash)),
            "latency": (latency, latency_limit(quantile([latency_ms(p) for p in plans], latency))),
        }
        told = [f"{kind} {share:.0%}" for kind, (share, _) in limits.items() if share < 1]
        sram_, flash_, latency_ = (v if share < 1 else None for share, v in limits.values())
        made.append(Budget(", ".join(told) or "all", MCU, sram_, flash_, latency_))
    return made


def latency_ms(plan: tn.MemoryPlan) -> float:
    assert plan.latency_ms is not None
    return plan.latency_ms[1]


def latency_limit(quantile: float) -> float:
    """A tenth of a millisecond, never below the network that set it."""
    return math.ceil(10 * quantile) / 10


def fits(subnet: tn.Subnet, budget: Budget) -> str:
    return "1" if subnet.plan(**budget.options()).fits else "0"


def random_regret(table: Table, budget: int) -> float:
    """Median regret of drawing RANDOM_MEASUREMENTS networks that fit, all equally likely: exact."""
    accuracies = sorted((row.accuracy for row in table.fitting(budget)), reverse=True)
    count, missed = len(accuracies), 1.0
    for better in range(max(0, count - RANDOM_MEASUREMENTS)):
        missed *= (count - better - RANDOM_MEASUREMENTS) / (count - better)
        if missed <= 0.5:
            return accuracies[0] - accuracies[better]
    return 0.0


def macs_regret(table: Table, budget: int) -> float:
    """Regret of measuring the MACS_MEASUREMENTS networks that fit with the most MACs."""
    recorder = Recorder(table, budget, MACS_MEASUREMENTS)
    by_macs.run(recorder)
    return recorder.regret()[-1]


def make(name: str, supernet_name: str, data: str | None, threads: int) -> None:
    if name not in tables.names():
        raise stop(f"TABLE: '{name}' is not one of {', '.join(tables.names())}")
    if name not in BUDGETS:
        raise stop(f"TABLE: BUDGETS of scripts/search_quality.d/golden_tables.py lacks '{name}'")
    supernet = tn.Supernet(supernet_name, data=data, threads=threads)
    space = tables.read_space(name)
    subnets = space.enumerate()
    key = identity(supernet, space, data or "/usr/share/datasets/fashion-mnist")
    measured = measure_all(name, supernet, subnets, key)
    print(f"golden_tables: {name}: planning", file=sys.stderr)
    plans = [subnet.plan(mcu=MCU) for subnet in subnets]
    budgets = budgets_of(name, plans)
    rows = [
        Row(
            subnet.genotype,
            subnet.id,
            *measured[subnet.genotype],
            plan.peak_sram_bytes,
            plan.flash_bytes,
            plan.macs,
            plan.params,
            latency_ms(plan),
            "".join(fits(subnet, budget) for budget in budgets),
        )
        for subnet, plan in zip(subnets, plans, strict=True)
    ]
    images = supernet.evaluate(subnets[:1], images=0)[0].images
    head = {"format": tables.FORMAT, "format_version": tables.FORMAT_VERSION, **key}
    head |= {"images": images, "budgets": [vars(budget) for budget in budgets]}
    table = Table(name, head, rows)
    tables.write_table(table)
    print(tables.table_path(name))
    for place, budget in enumerate(budgets):
        print(
            f"{budget.name}: {len(table.fitting(place)):,} fit; points below the best: "
            f"random choice after {RANDOM_MEASUREMENTS} {random_regret(table, place):.2f}, "
            f"most MACs first after {MACS_MEASUREMENTS} {macs_regret(table, place):.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/golden_tables",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("table", nargs="?", default="fashion-mnist", metavar="TABLE")
    parser.add_argument("--supernet", metavar="NAME|FILE.pt", help="default: the shipped TABLE")
    parser.add_argument("--data", metavar="PATH", help="default: Debian's Fashion-MNIST")
    parser.add_argument("--threads", type=int, default=1, help="0: all cores")
    options = parser.parse_args()
    try:
        make(options.table, options.supernet or options.table, options.data, options.threads)
    except tn.TinynasError as error:
        raise stop(str(error)) from None


if __name__ == "__main__":
    main()

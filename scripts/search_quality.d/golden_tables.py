"""Measures every network of the small spaces that searches are judged on, and writes tests/golden/NAME.csv.

    scripts/golden_tables [NAME...]

Score on 1,000 validation images (what a search ranks by), accuracy on all of them (what it is judged by), exact SRAM, flash,
MACs, parameters, and predicted latency on an STM32F746. The supernet's hash is written too: a table of another supernet is
made anew by the same command. About half an hour of two cores a table; what was measured is kept in build/golden and not
measured again."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import tinynas as tn
from tables import SPECS, Row, TableSpec, table_path, write_table

ROOT = Path(__file__).resolve().parents[2]
BATCH = 32


def measure(supernet: tn.Supernet, subnets: list[tn.Subnet], spec: TableSpec) -> list[Row]:
    scores = supernet.evaluate(subnets, images=spec.score_images)
    accuracies = supernet.evaluate(subnets, images=0)
    rows: list[Row] = []
    for subnet, score, accuracy in zip(subnets, scores, accuracies, strict=True):
        plan = subnet.plan(mcu=spec.latency_mcu)
        assert plan.latency_ms is not None
        footprint = (plan.peak_sram_bytes, plan.flash_bytes, plan.macs, plan.params)
        measured = (score.score, 100 * accuracy.accuracy)
        rows.append(Row(subnet.genotype, *measured, *footprint, plan.latency_ms[1]))
    return rows


def make(name: str, data: str | None) -> None:
    spec = SPECS[name]
    path = ROOT / "supernets" / spec.supernet / "supernet.pt"
    supernet = tn.Supernet(path, data=data)
    subnets = supernet.space.frozen(spec.frozen).enumerate()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    kept = ROOT / "build" / "golden" / f"{name}-{digest}-{len(subnets)}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    rows = [Row(**json.loads(line)) for line in kept.read_text().splitlines()] if kept.exists() else []
    with kept.open("a") as file:
        while len(rows) < len(subnets):
            for row in measure(supernet, subnets[len(rows) : len(rows) + BATCH], spec):
                rows.append(row)
                file.write(json.dumps(vars(row)) + "\n")
            file.flush()
            print(f"{name}: {len(rows)} of {len(subnets)}", file=sys.stderr)
    rows = [Row(tuple(row.genotype), *list(vars(row).values())[1:]) for row in rows]
    head = {
        "space": supernet.space.name,
        "space_hash": supernet.space.hash,
        "supernet_sha256": digest,
        "frozen": dict(spec.frozen),
        "score_images": spec.score_images,
        "accuracy_images": supernet.evaluate(subnets[:1], images=0)[0].images,
        "latency_mcu": spec.latency_mcu,
    }
    table_path(name).parent.mkdir(parents=True, exist_ok=True)
    write_table(table_path(name), head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SPECS))
    parser.add_argument("--data", help="images of the supernet, where it is not Debian's Fashion-MNIST")
    options = parser.parse_args()
    for name in options.names or SPECS:
        if name not in SPECS:
            sys.exit(f"golden_tables: '{name}' is not one of {', '.join(SPECS)}")
        make(name, options.data)


if __name__ == "__main__":
    main()

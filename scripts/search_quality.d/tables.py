"""Every network of a small space, measured once: what a search can be judged on without a supernet at hand."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import tinynas as tn

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "golden"
COLUMNS = ["genotype", "score", "accuracy", "peak_sram_bytes", "flash_bytes", "macs", "params"]
COLUMNS += ["latency_high_ms"]
Genes = tuple[int, ...]


@dataclass(frozen=True)
class TableSpec:
    """A part of a shipped supernet's space."""

    supernet: str
    frozen: Mapping[str, float]
    latency_mcu: str = "stm32f746"
    score_images: int = 1000


SPECS = {
    "fashion-mnist": TableSpec(
        "fashion-mnist",
        {
            "stem.width": 1.0,
            "stage0.width": 1.0,
            "stage0.block0.kernel": 3,
            "stage1.width": 0.75,
            "stage1.depth": 1,
            "stage1.block*.kernel": 3,
            "stage1.block*.expand": 3,
            "stage2.block*.expand": 4,
            "stage3.depth": 1,
            "stage3.block*.kernel": 5,
            "stage3.block*.expand": 4,
        },
    ),
}


@dataclass(frozen=True)
class Row:
    """One network; accuracies are top-1 in per cent on validation images, with supernet weights."""

    genotype: Genes
    score: float  #: higher is better; on `score_images` validation images
    accuracy: float  #: on all validation images
    peak_sram_bytes: int
    flash_bytes: int
    macs: int
    params: int
    latency_high_ms: float


@dataclass
class Table:
    name: str
    head: dict[str, str | int | dict[str, float]]
    rows: dict[Genes, Row]
    space: tn.SearchSpace = field(init=False)

    def __post_init__(self) -> None:
        frozen = self.head["frozen"]
        assert isinstance(frozen, dict)
        self.space = tn.SearchSpace(str(self.head["space"])).frozen(frozen)


def table_path(name: str) -> Path:
    return FOLDER / f"{name}.csv"


def write_table(path: Path, head: Mapping[str, object], rows: list[Row]) -> None:
    """The head as JSON behind '#', then the rows; written beside and renamed."""
    beside = path.with_suffix(".tmp")
    with beside.open("w", newline="") as file:
        file.write("# " + json.dumps(head) + "\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            genes = "-".join(map(str, row.genotype))
            numbers = [f"{row.score:.6f}", f"{row.accuracy:.2f}", row.peak_sram_bytes]
            numbers += [row.flash_bytes, row.macs, row.params, f"{row.latency_high_ms:.3f}"]
            writer.writerow([genes, *numbers])
    beside.rename(path)


def read_table(name: str) -> Table:
    lines = table_path(name).read_text().splitlines()
    rows: dict[Genes, Row] = {}
    for line in csv.DictReader(lines[1:]):
        genes = tuple(int(gene) for gene in line["genotype"].split("-"))
        rows[genes] = Row(
            genes,
            float(line["score"]),
            float(line["accuracy"]),
            int(line["peak_sram_bytes"]),
            int(line["flash_bytes"]),
            int(line["macs"]),
            int(line["params"]),
            float(line["latency_high_ms"]),
        )
    return Table(name, json.loads(lines[0][2:]), rows)

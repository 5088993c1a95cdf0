"""Every network of a small space, measured once: what searches are judged on."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tinynas as tn

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "golden"
FORMAT = "tinynas-golden-table"
FORMAT_VERSION = 1
COLUMNS = ["genotype", "id", "score", "accuracy", "peak_sram_bytes", "flash_bytes", "macs"]
COLUMNS += ["params", "latency_ms", "fits"]
Genes = tuple[int, ...]


@dataclass(frozen=True)
class Budget:
    """What a search may use, in the words of tinynas.Engine and Subnet.plan. `sram` and `flash` are
    bytes of the part, the reserves of its file included; None: all that the part has."""

    name: str
    mcu: str
    sram: int | None
    flash: int | None
    latency_ms: float | None

    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"mcu": self.mcu}
        for name in ("sram", "flash", "latency_ms"):
            if getattr(self, name) is not None:
                options[name] = getattr(self, name)
        return options


@dataclass(frozen=True)
class Row:
    """One network with supernet weights (float, BN recalibrated) on validation images."""

    genotype: Genes
    id: str
    score: float  #: higher is better: what a search ranks by
    accuracy: float  #: top-1, per cent
    peak_sram_bytes: int  #: planned without a budget, as the next three
    flash_bytes: int
    macs: int
    params: int
    latency_ms: float  #: predicted, upper end of the interval, on the budgets' part
    fits: str  #: a digit for each budget, 1: its plan under that budget fits


@dataclass(frozen=True)
class Table:
    name: str
    head: dict[str, Any]
    rows: list[Row]  #: in the order of SearchSpace.enumerate

    @cached_property
    def space(self) -> tn.SearchSpace:
        return read_space(self.name)

    @cached_property
    def by_genotype(self) -> dict[Genes, Row]:
        return {row.genotype: row for row in self.rows}

    @cached_property
    def budgets(self) -> list[Budget]:
        return [Budget(**budget) for budget in self.head["budgets"]]

    def fitting(self, budget: int) -> list[Row]:
        return [row for row in self.rows if row.fits[budget] == "1"]


def names() -> list[str]:
    """Of the spaces that tables are made of."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_space(name: str) -> tn.SearchSpace:
    return tn.SearchSpace(FOLDER / f"{name}.toml")


def table_path(name: str) -> Path:
    return FOLDER / f"{name}.csv.gz"


def digest(*files: Path) -> str:
    """Of what these hold."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:12]


def write_table(table: Table) -> None:
    """Head as JSON behind '#', then the rows. Equal tables are equal files: no time in them."""
    text = io.StringIO(newline="")
    text.write("# " + json.dumps(table.head) + "\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in table.rows:
        genes = "-".join(map(str, row.genotype))
        measured = [f"{row.score:.6f}", f"{row.accuracy:.2f}"]
        footprint = [row.peak_sram_bytes, row.flash_bytes, row.macs, row.params]
        writer.writerow([genes, row.id, *measured, *footprint, f"{row.latency_ms:.2f}", row.fits])
    path = table_path(table.name)
    beside = path.with_suffix(".tmp")
    beside.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))
    beside.rename(path)


def read_table(name: str) -> Table:
    """Throws FileNotFoundError where the table was never made."""
    lines = gzip.decompress(table_path(name).read_bytes()).decode().splitlines()
    rows = [
        Row(
            tuple(int(gene) for gene in line["genotype"].split("-")),
            line["id"],
            float(line["score"]),
            float(line["accuracy"]),
            int(line["peak_sram_bytes"]),
            int(line["flash_bytes"]),
            int(line["macs"]),
            int(line["params"]),
            float(line["latency_ms"]),
            line["fits"],
        )
        for line in csv.DictReader(lines[1:])
    ]
    return Table(name, json.loads(lines[0].removeprefix("# ")), rows)

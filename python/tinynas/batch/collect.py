"""What a sweep found: the winner of every cell, and which of them none beats."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from typing import Any

from tinynas.batch.files import read_json
from tinynas.batch.status import FINISHED, CellStatus, summary
from tinynas.batch.sweep_directory import SweepDirectory
from tinynas.batch.text_table import bytes_text, percent_text, text_table


@dataclass(frozen=True)
class Winner:
    """Accuracies are shares, 0 to 1, of supernet weights. `pareto`: no other winner of the same
    space is at least as good in int8 validation accuracy, SRAM and flash and better in one."""

    cell: str
    board: str
    budget: str
    space: str
    seed: int
    network: str
    validation_int8: float | None
    validation: float
    test_int8: float | None
    test: float | None
    peak_sram_bytes: int
    flash_bytes: int
    macs: int
    params: int
    pareto: bool = False


def collect(directory: SweepDirectory, statuses: list[CellStatus]) -> list[Winner]:
    """Of the finished cells: space by space, most accurate first. Accuracies of several spaces are
    of several data sets, so each space has a front of its own."""
    finished = {status.cell for status in statuses if status.state == FINISHED}
    winners = []
    for cell in directory.cells:
        if cell.name not in finished:
            continue
        result = read_json(directory.run_dir(cell.name) / "result.json")
        assert result is not None
        best, accuracy = result["best"], result["best"]["accuracy"]
        winners.append(
            Winner(
                cell.name,
                cell.board,
                cell.budget,
                cell.space,
                cell.seed,
                best["id"],
                accuracy["validation_int8"],
                accuracy["validation"],
                accuracy["test_int8"],
                accuracy["test"],
                best["peak_sram_bytes"],
                best["flash_bytes"],
                best["macs"],
                best["params"],
            )
        )
    marked = [
        Winner(**{**asdict(winner), "pareto": not any(_beats(o, winner) for o in winners)})
        for winner in winners
    ]
    spaces = list(dict.fromkeys(winner.space for winner in marked))
    return sorted(marked, key=lambda w: (spaces.index(w.space), -_ranked(w), w.peak_sram_bytes))


def _ranked(winner: Winner) -> float:
    """What decides within a search too."""
    int8 = winner.validation_int8
    return winner.validation if int8 is None else int8


def _beats(one: Winner, other: Winner) -> bool:
    if one.space != other.space:
        return False
    mine = (-_ranked(one), one.peak_sram_bytes, one.flash_bytes)
    others = (-_ranked(other), other.peak_sram_bytes, other.flash_bytes)
    return mine != others and all(a <= b for a, b in zip(mine, others, strict=True))


def collect_text(winners: list[Winner], statuses: list[CellStatus]) -> str:
    header = ["", "board", "budget", "space", "network", "seed", "int8, validation", "int8, test"]
    header += ["float, test", "SRAM", "flash", "MACs"]
    rows = [
        [
            "*" if w.pareto else "",
            w.board,
            w.budget,
            w.space,
            w.network,
            str(w.seed),
            percent_text(w.validation_int8),
            percent_text(w.test_int8),
            percent_text(w.test),
            bytes_text(w.peak_sram_bytes),
            bytes_text(w.flash_bytes),
            f"{w.macs:,}",
        ]
        for w in winners
    ]
    front = "* on the Pareto front of its space: int8 validation accuracy, SRAM, flash"
    return text_table(header, rows, left=5) + f"\n{front}\n{summary(statuses)}\n"


def collect_csv(winners: list[Winner]) -> str:
    """A line a winner; the fields are those of Winner, pareto as 0 or 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Winner.__dataclass_fields__)
    for winner in winners:
        values = asdict(winner).values()
        writer.writerow([int(value) if isinstance(value, bool) else value for value in values])
    return text.getvalue()


def collect_document(
    directory: SweepDirectory, winners: list[Winner], statuses: list[CellStatus]
) -> dict[str, Any]:
    """Of `tinynas batch collect --json`."""
    return {
        "schema_version": 1,
        "directory": str(directory.path),
        "name": directory.name,
        "cells": len(statuses),
        "finished": len(winners),
        "winners": [asdict(winner) for winner in winners],
        "unfinished": [asdict(status) for status in statuses if not status.done],
        "nothing_fits": [s.cell for s in statuses if s.done and s.state != FINISHED],
    }

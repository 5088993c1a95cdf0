"""How far a sweep is. The run directories say it; Slurm is asked only for what is queued."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from tinynas.batch.files import is_locked, read_json
from tinynas.batch.slurm_queue import QueuedTask, queued_cells
from tinynas.batch.sweep import Cell
from tinynas.batch.sweep_directory import SweepDirectory
from tinynas.batch.text_table import text_table

WAITING, QUEUED, RUNNING = "waiting", "queued", "running"
FINISHED, NOTHING_FITS = "finished", "nothing fits"
INTERRUPTED, FAILED = "interrupted", "failed"
STATES = (FINISHED, NOTHING_FITS, RUNNING, QUEUED, WAITING, INTERRUPTED, FAILED)


# What a result's excess is of.
OVER = (("sram_bytes", "bytes of SRAM"), ("flash_bytes", "bytes of flash"), ("macs", "MACs"))


@dataclass(frozen=True)
class CellStatus:
    """`measured` of `measurements` networks; None before the search began. `task` is Slurm's and
    what it says of it; `reason` is of a failure, or how far off the nearest network is."""

    cell: str
    state: str
    measured: int | None = None
    measurements: int | None = None
    task: str | None = None
    reason: str | None = None

    @property
    def done(self) -> bool:
        return self.state in (FINISHED, NOTHING_FITS)


def sweep_status(directory: SweepDirectory) -> list[CellStatus]:
    """Of all cells, in their order."""
    queued = queued_cells(directory)
    return [cell_status(directory, cell, queued.get(cell.name)) for cell in directory.cells]


def cell_status(
    directory: SweepDirectory, cell: Cell, queued: QueuedTask | None = None
) -> CellStatus:
    folder, run_dir = directory.cell_dir(cell.name), directory.run_dir(cell.name)
    task = f"{queued.task} {queued.state}" if queued else None
    # Before the files: a search that ends in between is seen as finished, not as interrupted.
    locked = is_locked(folder / "lock")
    try:
        run = read_json(run_dir / "run.json")
        checkpoint = read_json(run_dir / "checkpoint.json") or {}
        result = read_json(run_dir / "result.json")
        failure = read_json(folder / "failure.json")
    except (OSError, ValueError) as error:
        reason = f"{run_dir}: is damaged ({error}); delete it and submit again"
        return CellStatus(cell.name, FAILED, task=task, reason=" ".join(reason.split()))

    measured = measurements = None
    if run is not None:
        foreign = _foreign_field(run, cell)
        if foreign:
            reason = f"{run_dir}: holds another run ({foreign}); delete it and submit again"
            return CellStatus(cell.name, FAILED, task=task, reason=reason)
        measured = _measured(directory, cell)
        measurements = run["run"]["search"].get("measurements")

    def status(state: str, reason: str | None = None) -> CellStatus:
        return CellStatus(cell.name, state, measured, measurements, task, reason)

    if result is not None and checkpoint.get("finished"):
        if result.get("best") is None:
            return status(NOTHING_FITS, _nearest(result))
        return status(FINISHED)
    if locked or (queued and queued.state == "RUNNING"):
        return status(RUNNING)
    if failure is not None:
        return status(FAILED, str(failure.get("reason")))
    if queued:
        return status(QUEUED)
    return status(WAITING if run is None else INTERRUPTED)


def _foreign_field(run: dict[str, Any], cell: Cell) -> str | None:
    """What shows that the run is not the cell's."""
    about = run.get("run")
    if not isinstance(about, dict) or not isinstance(about.get("search"), dict):
        return "run.json is none of a search"
    of_run = {
        "mcu": (about.get("mcu") or {}).get("name"),
        "space": (about.get("space") or {}).get("name"),
        "seed": about["search"].get("seed"),
    }
    of_cell = {"mcu": cell.board, "space": cell.space, "seed": cell.seed}
    for name, value in of_cell.items():
        if of_run[name] != value:
            return f"{name} is {of_run[name]}, not {value}"
    return None


def _measured(directory: SweepDirectory, cell: Cell) -> int:
    """Whole lines of trials.jsonl that are trials of the search itself."""
    try:
        lines = (directory.run_dir(cell.name) / "trials.jsonl").read_bytes().split(b"\n")
    except OSError:
        return 0
    return sum(line.startswith(b'{"kind":"trial"') for line in lines[:-1])


def _nearest(result: dict[str, Any]) -> str | None:
    smallest = result.get("smallest")
    if not isinstance(smallest, dict):
        return None
    excess = smallest.get("excess") or {}
    over = [f"{excess[key]:,} {unit}" for key, unit in OVER if excess.get(key)]
    if excess.get("latency_ms"):
        over.append(f"{excess['latency_ms']:.1f} ms")
    return f"the nearest, {smallest.get('id')}, is {' and '.join(over)} over" if over else None


def status_text(statuses: list[CellStatus]) -> str:
    """A line a cell, then one with the sums."""
    header = ["cell", "state", "measured", "task", "reason"]
    rows = [
        [
            status.cell,
            status.state,
            "-" if status.measured is None else f"{status.measured} of {status.measurements}",
            status.task or "",
            status.reason or "",
        ]
        for status in statuses
    ]
    if not any(status.task for status in statuses):
        header.pop(3)
        for row in rows:
            row.pop(3)
    return text_table(header, rows, left=len(header)) + "\n" + summary(statuses) + "\n"


def summary(statuses: list[CellStatus]) -> str:
    """ "4 cells: 3 finished, 1 failed"."""
    counts = Counter(status.state for status in statuses)
    parts = [f"{counts[state]} {state}" for state in STATES if counts[state]]
    plural = "s" if len(statuses) != 1 else ""
    return f"{len(statuses)} cell{plural}: {', '.join(parts)}"


def status_document(directory: SweepDirectory, statuses: list[CellStatus]) -> dict[str, Any]:
    """Of `tinynas batch status --json`."""
    counts = Counter(status.state for status in statuses)
    return {
        "schema_version": 1,
        "directory": str(directory.path),
        "name": directory.name,
        "counts": {state: counts[state] for state in STATES},
        "cells": [
            {**asdict(status), "run_dir": str(directory.run_dir(status.cell))}
            for status in statuses
        ],
    }

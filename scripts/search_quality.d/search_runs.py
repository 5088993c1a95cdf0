"""Searches on a table, each kept in a file once it is done."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass
from functools import lru_cache
from pathlib import Path

import by_macs
import ours
import peers
from recorder import Recorder
from tables import Table, read_table

Curve = list[float]  # regret in points after 1, 2, ... measurements


@dataclass(frozen=True)
class Run:
    table: str
    budget: int
    search: str
    seed: int
    measurements: int


@lru_cache(maxsize=1)
def _table(name: str) -> Table:
    return read_table(name)


def search(run: Run) -> Curve:
    recorder = Recorder(_table(run.table), run.budget, run.measurements)
    if run.search == by_macs.NAME:
        by_macs.run(recorder)
    elif run.search in peers.PEERS:
        peers.run(run.search, recorder, run.seed)
    else:
        ours.run(run.search, recorder, run.seed)
    return recorder.regret()


def _search(run: Run) -> tuple[Run, Curve]:
    return run, search(run)


def search_all(runs: Iterable[Run], kept: Path, jobs: int) -> dict[Run, Curve]:
    """Of each run; what `kept` holds is not done again."""
    runs = list(runs)
    found: dict[Run, Curve] = {}
    if kept.exists():
        for line in kept.read_text().splitlines(keepends=True):
            if line.endswith("\n"):  # the last one may be torn
                record = json.loads(line)
                found[Run(**record["run"])] = record["regret"]
    left = [run for run in runs if run not in found]
    with kept.open("a") as file, multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for number, (run, curve) in enumerate(pool.imap(_search, left), 1):
            found[run] = curve
            file.write(json.dumps({"run": asdict(run), "regret": curve}) + "\n")
            file.flush()
            if number % 50 == 0 or number == len(left):
                shown = ", ".join(map(str, astuple(run)))
                print(f"search_quality: {number} of {len(left)}: {shown}", file=sys.stderr)
    return {run: found[run] for run in runs}

"""A sweep as the other modules see it, and as sweep.json keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FORMAT = "tinynas-sweep"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Cell:
    """One search. `name` is also that of its run directory."""

    name: str
    board: str
    budget: str  # what limits it, for people: "own" or for example "sram16KiB"
    space: str
    seed: int
    arguments: tuple[str, ...]  # of `tinynas search`, all but --run-dir and --resume

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "board": self.board,
            "budget": self.budget,
            "space": self.space,
            "seed": self.seed,
            "arguments": list(self.arguments),
        }


@dataclass(frozen=True)
class SlurmOptions:
    """What a task of the job array asks for; None is the cluster's own default."""

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    minutes: int = 60
    memory_mib: int | None = None
    gpus: int = 0
    cpus: int = 1
    parallel: int = 256  # tasks at once
    options: dict[str, str | bool] = field(default_factory=dict)  # of sbatch, by long name


@dataclass(frozen=True)
class Sweep:
    """`axes` is what must stay the same for a directory to go on with: the file's content with
    defaults filled in and paths absolute, without how the cells are run."""

    name: str
    file: str
    axes: dict[str, Any]
    cells: tuple[Cell, ...]
    slurm: SlurmOptions
    jobs: int  # searches at once on this machine


def first_difference(here: Any, there: Any, place: str = "") -> tuple[str, Any, Any] | None:
    """The first field in which two `axes` differ: its name and both values; None: nowhere."""
    if isinstance(here, dict) and isinstance(there, dict):
        for key in [*here, *(key for key in there if key not in here)]:
            name = f"{place}.{key}" if place else str(key)
            found = first_difference(here.get(key), there.get(key), name)
            if found:
                return found
        return None
    return None if here == there else (place, here, there)

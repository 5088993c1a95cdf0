"""A sweep's directory.

sweep.json          what was submitted: axes and cells
runs/CELL/          the run directory of `tinynas search`
cells/CELL/         log.txt, lock (held while it is searched), failure.json (of the last try)
submissions.jsonl   which task of which Slurm job was given which cell
slurm/              what submitit keeps
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tinynas as tn
from tinynas.batch.files import FileLock, read_json, write_json
from tinynas.batch.sweep import FORMAT, FORMAT_VERSION, Cell, Sweep, first_difference
from tinynas.errors import BadInputError


@dataclass(frozen=True)
class SweepDirectory:
    path: Path
    name: str
    axes: dict[str, Any]
    cells: tuple[Cell, ...]

    def run_dir(self, cell: str) -> Path:
        return self.path / "runs" / cell

    def cell_dir(self, cell: str) -> Path:
        return self.path / "cells" / cell

    @property
    def submissions(self) -> Path:
        return self.path / "submissions.jsonl"

    @property
    def slurm_dir(self) -> Path:
        return self.path / "slurm"

    def lock(self) -> FileLock:
        """Keeps a second `batch submit` out. Raises BadInputError where there is one."""
        try:
            return FileLock(self.path / "lock")
        except BlockingIOError:
            raise BadInputError(
                f"{self.path}: another `tinynas batch submit` is at work in it; wait for it"
            ) from None
        except OSError as error:
            raise BadInputError(f"{self.path}: cannot be written: {error.strerror}") from None


def open_directory(path: Path) -> SweepDirectory:
    """Raises BadInputError where there is no sweep, or one of a newer version."""
    path = path.resolve()
    file = path / "sweep.json"
    try:
        document = read_json(file)
        if document is None:
            raise BadInputError(
                f"{path}: holds no sweep (no sweep.json); name the --out of `tinynas batch submit`"
            )
        if document.get("format") != FORMAT:
            raise BadInputError(f"{file}: is not of a sweep; name another directory")
        if document["format_version"] > FORMAT_VERSION:
            raise BadInputError(f"{file}: was written by a newer version of tinynas; update it")
        cells = tuple(
            Cell(**{**cell, "arguments": tuple(cell["arguments"])}) for cell in document["cells"]
        )
        return SweepDirectory(path, str(document["name"]), dict(document["sweep"]), cells)
    except BadInputError:  # a ValueError too
        raise
    except OSError as error:
        raise BadInputError(f"{file}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError):
        raise BadInputError(f"{file}: is damaged; submit the sweep to another --out") from None


def require_usable(sweep: Sweep, path: Path) -> SweepDirectory | None:
    """The same sweep's directory, or None where `path` is still to be made; writes nothing. Raises
    BadInputError where it holds another sweep (names the field that differs) or anything else."""
    if not path.exists():
        return None
    if not path.is_dir():
        raise BadInputError(f"{path}: is a file; name another --out")
    if not (path / "sweep.json").exists():
        if any(path.iterdir()):
            raise BadInputError(f"{path}: holds files that are no sweep; name another --out")
        return None
    directory = open_directory(path)
    # As JSON has them: 20.0 is 20.0, tuples are lists.
    found = first_difference(json.loads(json.dumps(sweep.axes)), directory.axes)
    if found:
        name, here, there = found
        raise BadInputError(
            f"{sweep.file}: {name} is {json.dumps(here)} here and {json.dumps(there)} in the sweep "
            f"that {path} holds; make them equal or name another --out"
        )
    return directory


def make_directory(sweep: Sweep, path: Path) -> SweepDirectory:
    """Whole or not at all. Raises BadInputError where it cannot be written."""
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.tmp{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        for cell in sweep.cells:
            (temporary / "cells" / cell.name).mkdir(parents=True)
        document = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "version": tn.__version__,
            "name": sweep.name,
            "sweep": sweep.axes,
            "cells": [cell.to_dict() for cell in sweep.cells],
        }
        write_json(temporary / "sweep.json", document)
        temporary.rename(path)
    except OSError as error:
        raise BadInputError(
            f"{path}: cannot be made: {error.strerror}; name another --out"
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return SweepDirectory(path, sweep.name, sweep.axes, sweep.cells)


def remove_directory(directory: SweepDirectory) -> None:
    """One that was made just now and in which nothing was run."""
    with contextlib.suppress(OSError):
        shutil.rmtree(directory.path)

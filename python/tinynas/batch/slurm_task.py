"""What a Slurm task runs; submitit pickles it, and makes it anew on the node."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tinynas.batch.cell_search import CellSearch
from tinynas.batch.sweep_directory import open_directory

# Slurm sends it before the time limit; `tinynas search` heeds it, unlike submitit's USR2.
PREEMPT_SIGNAL = "USR1"
STOP_SIGNAL = signal.SIGUSR1
SECONDS = 60  # that Slurm's commands may take


class CellTask:
    """Searches one cell. Slurm's signals go to every process of a task, so the search checkpoints
    by itself; only when it has ended is the task requeued."""

    def __init__(self, directory: str, cell: str) -> None:
        self.directory = directory
        self.cell = cell

    def __call__(self) -> None:
        """Exits with the search's own code where it failed, so that Slurm knows."""
        requeue = signal.signal(STOP_SIGNAL, lambda number, frame: None)
        directory = open_directory(Path(self.directory))
        cell = next(cell for cell in directory.cells if cell.name == self.cell)
        try:
            search = CellSearch(directory, cell, own_session=False)
        except BlockingIOError:
            return  # another task has it: it was submitted twice
        search.wait()
        outcome = search.finish()
        if outcome.finished:
            return
        if outcome.interrupted and callable(requeue) and _is_running():
            requeue(STOP_SIGNAL, None)  # submitit's own, which asks for checkpoint()
        sys.exit(outcome.code)

    def checkpoint(self) -> Any:
        """What submitit is to run when the task starts again: the same, which resumes."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def _is_running() -> bool:
    """Whether Slurm takes this job for running. After `scancel`, and while it requeues the job by
    itself, it does not; to requeue it then would undo that."""
    command = ["squeue", "--noheader", f"--jobs={os.environ['SLURM_JOB_ID']}", "--format=%T"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.stdout.strip() == "RUNNING"

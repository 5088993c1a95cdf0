"""Which cells Slurm still has in its queue."""

from __future__ import annotations

import contextlib
import getpass
import json
import shutil
import subprocess
from dataclasses import dataclass

from tinynas.batch.sweep_directory import SweepDirectory

SECONDS = 30  # that squeue may take


@dataclass(frozen=True)
class QueuedTask:
    task: str  # "12_3", or "12" of a job that is no array
    state: str  # PENDING, RUNNING, COMPLETING, ...


def job_name(directory: SweepDirectory) -> str:
    return f"tinynas-{directory.name}"


def submitted_tasks(directory: SweepDirectory) -> dict[str, str]:
    """The latest task of each cell that was ever submitted; a torn last line is left out."""
    tasks: dict[str, str] = {}
    with contextlib.suppress(FileNotFoundError):
        for line in directory.submissions.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):
                tasks.update(json.loads(line)["tasks"])
    return tasks


def queued_cells(directory: SweepDirectory) -> dict[str, QueuedTask]:
    """By cell; empty where nothing was submitted or squeue cannot be asked."""
    tasks = submitted_tasks(directory)
    if not tasks or shutil.which("squeue") is None:
        return {}
    # By user and name: squeue refuses ids that it has forgotten.
    command = ["squeue", "--noheader", "--array", f"--user={getpass.getuser()}"]
    command += [f"--name={job_name(directory)}", "--format=%i %T"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return {}
    states = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if " " in line)
    return {
        cell: QueuedTask(task, states[task].strip())
        for cell, task in tasks.items()
        if task in states
    }

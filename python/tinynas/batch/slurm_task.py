"""What a Slurm task runs; submitit pickles it, and makes it anew on the node."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tinynas.batch.cell_search import CellSearch
from tinynas.batch.sweep_directory import open_directory

# Slurm sends it before the time limit; `tinynas search` heeds it, unlike submitit's USR2.
PREEMPT_SIGNAL = "USR1"
RESTARTS = 100  # of one task; each time it has measured something more
KILLED_RESTARTS = 3  # of one that SIGKILL ended: what runs out of memory does so every time

# Around the task in the batch script. A shell with a trap waits for the task before it goes on.
SETUP = [f"export SUBMITIT_PREEMPT_SIGNAL={PREEMPT_SIGNAL}", f"trap : TERM {PREEMPT_SIGNAL}"]
TEARDOWN = [
    "code=$?",
    'task="${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"',
    "case $code in",
    # 75: a checkpoint; 138, 143: SIGUSR1 and SIGTERM while the program was starting.
    f"  75 | 138 | 143) restarts={RESTARTS} ;;",
    f"  137) restarts={KILLED_RESTARTS} ;;",
    "  *) restarts=0 ;;",
    "esac",
    # Where Slurm ends the job (scancel) or requeues it by itself, it does not take it for running.
    'if [ "${SLURM_RESTART_COUNT:-0}" -lt "$restarts" ] &&',
    '  [ "$(squeue --noheader --jobs="$task" --format=%T)" = RUNNING ]; then',
    '  scontrol requeue "$task" && sleep 60 # which ends this script',
    "fi",
    "exit $code",
]


class CellTask:
    """Searches one cell, and exits with the search's own code where it did not finish."""

    def __init__(self, directory: str, cell: str) -> None:
        self.directory = directory
        self.cell = cell

    def __call__(self) -> None:
        # Slurm's signals go to every process of a task: the search checkpoints by itself, and
        # submitit, which would requeue the task before that, must not hear of it.
        signal.signal(signal.SIGUSR1, lambda number, frame: None)
        directory = open_directory(Path(self.directory))
        cell = next(cell for cell in directory.cells if cell.name == self.cell)
        try:
            search = CellSearch(directory, cell, own_session=False)
        except BlockingIOError:
            return  # another task has it: it was submitted twice
        search.wait()
        outcome = search.finish()
        if not outcome.finished:
            sys.exit(outcome.code)

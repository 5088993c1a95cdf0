"""One cell's `tinynas search`, as a child process."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tinynas.batch.files import FileLock, write_atomic
from tinynas.batch.sweep import Cell
from tinynas.batch.sweep_directory import SweepDirectory

FOUND, NOTHING_FITS, INTERRUPTED = 0, 3, 75
# The environment's other TINYNAS_* set options of `tinynas search`, and cells must be alike.
KEPT_VARIABLES = ("TINYNAS_DATA_DIR", "TINYNAS_EXECUTABLE")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
PR_SET_PDEATHSIG = 1


def program() -> list[str]:
    """The native executable where $TINYNAS_EXECUTABLE names one, else this Python's."""
    named = os.environ.get("TINYNAS_EXECUTABLE")
    return [str(Path(named).resolve())] if named else [sys.executable, "-m", "tinynas"]


def command(directory: SweepDirectory, cell: Cell) -> list[str]:
    run_dir = str(directory.run_dir(cell.name))
    return [*program(), "search", *cell.arguments, "--run-dir", run_dir, "--resume", "auto"]


@dataclass(frozen=True)
class Outcome:
    code: int  # of `tinynas search`; 128 + signal where one ended it
    reason: str = ""  # of a failure, one line

    @property
    def finished(self) -> bool:
        return self.code in (FOUND, NOTHING_FITS)

    @property
    def interrupted(self) -> bool:
        return self.code == INTERRUPTED


class CellSearch:
    """A search under way. Its output is appended to cells/CELL/log.txt; a failure's reason is kept
    in failure.json until the next try."""

    def __init__(self, directory: SweepDirectory, cell: Cell, own_session: bool) -> None:
        """Starts it. With `own_session` a terminal's Ctrl-C does not reach it. Raises
        BlockingIOError where another process searches this cell, OSError where files cannot be
        written or the program cannot be started."""
        folder = directory.cell_dir(cell.name)
        folder.mkdir(parents=True, exist_ok=True)
        self.cell = cell
        self._log = folder / "log.txt"
        self._failure = folder / "failure.json"
        self._lock = FileLock(folder / "lock")
        try:
            self._failure.unlink(missing_ok=True)
            os.truncate(self._lock.fd, 0)
            os.write(self._lock.fd, f"{socket.gethostname()} {os.getpid()}\n".encode())
            with self._log.open("ab") as log:
                self._log_start = log.seek(0, os.SEEK_END)
                self._process = subprocess.Popen(
                    command(directory, cell),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=_environment(),
                    pass_fds=(self._lock.fd,),  # held as long as the search lives
                    start_new_session=own_session,
                    preexec_fn=_end_with_parent,
                )
        except OSError as error:
            self._keep_failure(1, f"cannot be started: {error.filename}: {error.strerror}")
            self._lock.close()
            raise

    def poll(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def wait(self) -> None:
        self._process.wait()

    def stop(self) -> None:
        """Asks for a checkpoint; a second time it ends at once, which loses nothing that was
        measured."""
        self._process.send_signal(signal.SIGTERM)

    def finish(self) -> Outcome:
        """After it has ended; to be called once."""
        code = self._process.wait()
        outcome = self._outcome(code)
        try:
            if not outcome.finished and not outcome.interrupted:
                self._keep_failure(outcome.code, outcome.reason)
        finally:
            self._lock.close()
        return outcome

    def _keep_failure(self, code: int, reason: str) -> None:
        write_atomic(self._failure, json.dumps({"exit_code": code, "reason": reason}) + "\n")

    def _outcome(self, code: int) -> Outcome:
        if code in (FOUND, NOTHING_FITS, INTERRUPTED):
            return Outcome(code)
        if code < 0:
            # A stop signal before it is heeded: nothing was measured that a checkpoint lacks.
            if -code in STOP_SIGNALS:
                return Outcome(INTERRUPTED)
            hint = "; out of memory?" if -code == signal.SIGKILL else ""
            return Outcome(128 - code, f"ended by {signal.Signals(-code).name}{hint}")
        return Outcome(code, self._last_line() or f"ended with exit code {code}")

    def _last_line(self) -> str:
        """What the search said last, without its name."""
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        said = [line.strip() for line in lines if line.strip()]
        return said[-1].removeprefix("tinynas: ").removeprefix("error: ") if said else ""


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TINYNAS_") or name in KEPT_VARIABLES
    }


def _end_with_parent() -> None:
    """In the child: a search whose parent was killed checkpoints and ends (Linux)."""
    for number in STOP_SIGNALS:  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

"""Cells on this machine, a few at once."""

from __future__ import annotations

import signal
import time
from collections import deque
from types import FrameType
from typing import Any

from tinynas.batch.cell_search import STOP_SIGNALS, CellSearch
from tinynas.batch.status import CellStatus, cell_status
from tinynas.batch.sweep import Cell
from tinynas.batch.sweep_directory import SweepDirectory
from tinynas.batch.terminal import say

SECONDS_BETWEEN_LOOKS = 0.05


class LocalCluster:
    """Ctrl-C, SIGTERM and SIGUSR1 let the searches checkpoint; a second one ends them at once."""

    def __init__(self, directory: SweepDirectory, jobs: int) -> None:
        self._directory = directory
        self._jobs = jobs
        self._stops = 0  # signals that came
        self._heeded = 0
        self._running: list[CellSearch] = []

    def run(self, cells: list[Cell]) -> bool:
        """Searches the cells, `jobs` at once; False where it was interrupted. A cell that fails
        does not stop the others. Raises OSError where files cannot be written."""
        before = {number: signal.signal(number, self._stop) for number in STOP_SIGNALS}
        waiting = deque(cells)
        try:
            while self._running or (waiting and not self._stops):
                while waiting and len(self._running) < self._jobs and not self._stops:
                    self._start(waiting.popleft())
                while self._heeded < self._stops:
                    self._heeded += 1
                    self._stop_all()
                self._take_ended()
                time.sleep(SECONDS_BETWEEN_LOOKS)
        finally:
            self._stop_all()  # none are left unless an error ended the loop
            for number, handler in before.items():
                signal.signal(number, handler)
        return not self._stops

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1

    def _stop_all(self) -> None:
        for search in self._running:
            search.stop()

    def _start(self, cell: Cell) -> None:
        try:
            self._running.append(CellSearch(self._directory, cell, own_session=True))
        except BlockingIOError:
            say(f"{cell.name}: another process searches it")
            return
        say(f"{cell.name}: started")

    def _take_ended(self) -> None:
        for search in [search for search in self._running if search.poll()]:
            self._running.remove(search)
            search.finish()
            say(_line(cell_status(self._directory, search.cell)))


def _line(status: CellStatus) -> str:
    parts: list[Any] = [f"{status.cell}: {status.state}"]
    if status.measured:
        parts.append(f"measured {status.measured} of {status.measurements}")
    if status.reason:
        parts.append(status.reason)
    return ", ".join(parts)

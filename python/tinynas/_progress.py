"""One line of progress on stderr, as the command line has it."""

from __future__ import annotations

import sys
import time

SECONDS_BETWEEN_LINES = 15.0


class StderrProgress:
    """Rewrites one line on a terminal; elsewhere writes one in a quarter of a minute."""

    def __init__(self) -> None:
        self.is_terminal = sys.stderr is not None and sys.stderr.isatty()
        self.width = 0
        self.last = time.monotonic()

    def __call__(self, line: str) -> None:
        if self.is_terminal:
            sys.stderr.write("\r" + line.ljust(self.width))
            sys.stderr.flush()
            self.width = len(line)
        elif time.monotonic() - self.last >= SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clears the line that is being rewritten."""
        if self.width > 0:
            sys.stderr.write("\r" + " " * self.width + "\r")
            sys.stderr.flush()
            self.width = 0

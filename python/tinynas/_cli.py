"""The console script: the same command line as the native executable."""

from __future__ import annotations

import signal
import sys

from tinynas._core import cli_main


def main() -> None:
    # As in a native program: Python would only note Ctrl-C while C++ runs, and ignores SIGPIPE.
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    sys.exit(cli_main(["tinynas", *sys.argv[1:]]))


if __name__ == "__main__":
    main()

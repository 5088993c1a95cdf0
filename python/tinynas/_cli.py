"""The console script: the same command line as the native executable."""

from __future__ import annotations

import signal
import sys

from tinynas._core import cli_main


def let_signals_reach_native_code() -> None:
    # Python would only note Ctrl-C while C++ runs, and ignores SIGPIPE.
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


def main() -> None:
    let_signals_reach_native_code()
    sys.exit(cli_main(["tinynas", *sys.argv[1:]]))


if __name__ == "__main__":
    main()

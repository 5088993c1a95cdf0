"""Lines on stderr: progress and messages."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """One printable line, whatever a file or another program put into it."""
    plain = " ".join(line.split())
    text = "".join(c if c.isprintable() else "?" for c in plain)
    print(f"tinynas: {text}", file=sys.stderr, flush=True)

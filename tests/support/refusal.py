"""How bad input ends."""

from __future__ import annotations

import subprocess
from pathlib import Path


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that it ended with: exit code 2, nothing on stdout."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def refused(executable: Path, *arguments: str | Path) -> str:
    """The one line that the command ends with."""
    return refusal(
        subprocess.run(
            [str(executable), *map(str, arguments)], capture_output=True, text=True, check=False
        )
    )

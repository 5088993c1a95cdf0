"""`python -m tinynas` is the native command line."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import tinynas as tn


def run(command: list[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=cwd
    )


def test_same_output_and_exit_codes(executable: Path) -> None:
    for arguments in (
        ["mcus", "show", "stm32f746"],
        ["spaces", "--json"],
        ["plan", "missing.json"],
        ["plan"],
        ["serach"],
    ):
        ours = run([sys.executable, "-m", "tinynas", *arguments])
        native = run([str(executable), *arguments])
        assert (ours.returncode, ours.stdout, ours.stderr) == (
            native.returncode,
            native.stdout,
            native.stderr,
        )
        assert "Traceback" not in ours.stderr


def test_version() -> None:
    shown = run([sys.executable, "-m", "tinynas", "--version"])
    assert shown.returncode == 0
    assert tn.__version__ in shown.stdout.splitlines()[0]
    assert re.fullmatch(r"\d+\.\d+\.\d+", tn.__version__)


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m tinynas mcus --json | head -c 10"
    piped = run(["bash", "-c", "set -o pipefail; " + command])
    assert "Traceback" not in piped.stderr and "error" not in piped.stderr
    assert len(piped.stdout) == 10


def test_a_bare_import_needs_neither_torch_nor_numpy() -> None:
    code = "import tinynas, sys; print({'torch', 'numpy'} & set(sys.modules))"
    assert run([sys.executable, "-c", code]).stdout.strip() == "set()"

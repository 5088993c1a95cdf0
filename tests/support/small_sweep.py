"""A sweep of four searches on real images that takes seconds, and the command line that runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SWEEP = """
boards = ["stm32f103c8", "stm32g031k8"]
seeds = [0, 1]

[search]
measurements = 2
threads = 1

[local]
jobs = 2

[slurm]
time = "0:10:00"
memory = "1GiB"
gpus = 1
"""
CELLS = [
    f"{board}-fashion-mnist-seed{seed}"
    for board in ("stm32f103c8", "stm32g031k8")
    for seed in (0, 1)
]


@dataclass
class Batch:
    """`python -m tinynas.batch`, whose cells run the native executable."""

    executable: Path

    def environment(self) -> dict[str, str]:
        return {**os.environ, "TINYNAS_EXECUTABLE": str(self.executable)}

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tinynas.batch", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
        )

    def run(self, *words: str | Path, expect: int = 0) -> subprocess.CompletedProcess[str]:
        process = self.start(*words)
        out, errors = process.communicate(timeout=300)
        assert process.returncode == expect, out + errors
        assert "Traceback" not in errors
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)

    def status(self, directory: Path) -> dict[str, dict[str, Any]]:
        """By cell."""
        document = json.loads(self.run("status", directory, "--json").stdout)
        return {cell["cell"]: cell for cell in document["cells"]}


@dataclass
class LocalSweep:
    """`first` was interrupted and `second` went on."""

    directory: Path
    file: Path
    first: subprocess.CompletedProcess[str]
    between: dict[str, dict[str, Any]]
    second: subprocess.CompletedProcess[str]


def trials(directory: Path, cell: str) -> Path:
    return directory / "runs" / cell / "trials.jsonl"


def wait_until(condition: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happens"
        time.sleep(0.02)

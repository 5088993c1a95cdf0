"""A sweep of four searches that takes seconds, and the command line that runs it."""

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

from support.shapes import write_shapes

SPACE = '{ space = "shapes.toml", supernet = "trained/supernet.pt", data = "data" }'
# A search takes a second or two after its first measurement: long enough to be stopped.
SWEEP = f"""
boards = ["stm32f103c8", "stm32g031k8"]
spaces = [{SPACE}]
seeds = [0, 1]

[search]
measurements = 400
threads = 1

[local]
jobs = 2

[slurm]
time = "0:10:00"
memory = "1GiB"
gpus = 1
"""
CELLS = [
    f"{board}-shapes-seed{seed}" for board in ("stm32f103c8", "stm32g031k8") for seed in (0, 1)
]
# A search that does not end while a test looks at it.
LONG_CELL = "stm32g031k8-shapes-seed0"
LONG_SWEEP = f"""
boards = ["stm32g031k8"]
spaces = [{SPACE}]
[search]
measurements = 100_000
threads = 1
"""
TRAINING = ["--epochs", "1", "--batch", "64", "--shards", "2"]


def write_small_space(executable: Path, folder: Path) -> None:
    """What SPACE names, in `folder`."""
    write_shapes(folder, train=400)
    path = folder / "shapes.toml"
    larger = path.read_text().replace("depth = [1, 2]", "depth = [1, 2, 3]")
    path.write_text(larger.replace("expand = [2, 3]", "expand = [2, 3, 4]"))
    command = [str(executable), "train", "--space", str(path), "--data", str(folder / "data")]
    command += ["--out", str(folder / "trained"), *TRAINING]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


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

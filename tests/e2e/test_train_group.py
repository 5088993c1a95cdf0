"""Processes that train together take the steps that one process takes."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest
import tinynas as tn
from support.shapes import write_shapes

if not tn.with_torch:
    pytest.skip("this build has no torch", allow_module_level=True)

# Six steps an epoch; channels are sorted before the first ends.
OPTIONS = ["--epochs", "4", "--batch", "32", "--shards", "4"]
OPTIONS += ["--learning-rate", "0.05"]
MODULE = [sys.executable, "-m", "tinynas.train"]
# Four shards of gradients are summed as (a + b) + (c + d) in place of ((a + b) + c) + d: measured
# 8e-9 of the weights' norm after 24 steps. With two shards the bits are the same.
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("group")
    write_shapes(root)
    return root


def arguments(folder: Path, out: str) -> list[str]:
    paths = {"--space": "shapes.toml", "--data": "data", "--out": out}
    return [word for key, name in paths.items() for word in (key, str(folder / name))] + OPTIONS


def finish(command: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done


def start(commands: list[list[str]]) -> list[subprocess.Popen[str]]:
    """What torchrun does, with each process's own streams in our hands."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    return [
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                **group,
                "WORLD_SIZE": str(len(commands)),
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
            },
        )
        for rank, command in enumerate(commands)
    ]


def ends(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str, str]]:
    """Exit code, stdout and stderr of each, which must not hang."""
    found = []
    for process in processes:
        out, errors = process.communicate(timeout=180)
        found.append((process.returncode, out, errors))
    return found


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def weights(path: Path) -> list[float]:
    """All of a supernet: its file is a zip of float32 tensors."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if "/data/" in name)
        return [value for name in names for value in array("f", archive.read(name))]


def difference(one: Path, other: Path) -> float:
    """Of the weights, as a share of their norm."""
    first, second = weights(one / "supernet.pt"), weights(other / "supernet.pt")
    assert len(first) == len(second) > 1000
    return math.dist(first, second) / math.hypot(*first)


def test_two_processes_train_what_one_does(folder: Path) -> None:
    alone = finish([*MODULE, *arguments(folder, "alone")])
    assert alone.stdout == f"{folder}/alone/supernet.pt\n"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    together = finish(
        [*torchrun, "--nproc-per-node", "2", *MODULE[1:], *arguments(folder, "together")]
    )
    assert together.stdout == f"{folder}/together/supernet.pt\n"
    assert together.stderr.count("epoch 1.0") == 1
    assert difference(folder / "alone", folder / "together") < TOLERANCE
    assert "2 processes" in (folder / "together" / "MODEL_CARD.md").read_text()
    histories = [json.loads((folder / out / "history.json").read_text()) for out in NAMES]
    assert [line["step"] for line in histories[0]] == [6, 12, 18, 24]
    for one, two in zip(*histories, strict=True):
        assert one["loss"] == pytest.approx(two["loss"], rel=1e-4)
        assert one["smallest_validation"] == pytest.approx(two["smallest_validation"], abs=0.1)


NAMES = ("alone", "together")


def test_stopped_killed_and_resumed(folder: Path) -> None:
    """Runs after the test above, whose weights it must reach."""
    if not (folder / "together").exists():
        pytest.skip("needs the weights of test_two_processes_train_what_one_does")
    line = [*MODULE, *arguments(folder, "resumed")]
    checkpoint, history = folder / "resumed/checkpoint.pt", folder / "resumed/history.json"

    processes = start([line, line])
    wait_for(lambda: history.exists() or processes[0].poll() is not None)
    processes[1].send_signal(signal.SIGTERM)
    (code, out, leader), (other_code, other_out, other) = ends(processes)
    assert (code, other_code) == (75, 75), leader + other
    assert "the same command continues it" in leader.splitlines()[-1]
    assert (out, other_out, other) == ("", "", "")

    stopped = checkpoint.stat().st_mtime_ns
    processes = start([line, line])
    wait_for(lambda: checkpoint.stat().st_mtime_ns != stopped or processes[0].poll() is not None)
    processes[1].kill()
    (code, _, leader), _ = ends(processes)
    assert code == 1
    assert "has ended or does not answer" in leader.splitlines()[-1]

    for code, _, errors in ends(start([line, line])):
        assert code == 0, errors
    assert difference(folder / "together", folder / "resumed") == 0


def test_processes_that_are_not_started_alike(folder: Path) -> None:
    line = [*MODULE, *arguments(folder, "unlike")]
    (code, _, leader), (other_code, _, other) = ends(start([line, [*line, "--seed", "1"]]))
    assert (code, other_code) == (2, 2)
    assert leader.count("\n") == other.count("\n") == 1
    assert "not started alike" in leader
    assert "process 1 of 2: 'seed' is 1 here and 0 in process 0" in other
    assert not (folder / "unlike" / "checkpoint.pt").exists()


@pytest.mark.nightly
def test_two_processes_finetune_what_one_does(folder: Path) -> None:
    if not (folder / "alone").exists():
        pytest.skip("needs the supernet of test_two_processes_train_what_one_does")
    tinynas = [sys.executable, "-m", "tinynas"]
    files = ["--supernet", str(folder / "alone/supernet.pt"), "--data", str(folder / "data")]
    search = ["search", "--mcu", "stm32f030r8", "--measurements", "4", *files]
    tuning = ["--epochs", "2", "--quantised-epochs", "1", "--batch", "32"]
    for name in NAMES:
        finish([*tinynas, *search, "--run-dir", str(folder / f"run-{name}")])
    finish([*MODULE, "--finetune", str(folder / "run-alone"), *tuning])
    line = [*MODULE, "--finetune", str(folder / "run-together"), *tuning]
    (code, out, errors), (other_code, other_out, other) = ends(start([line, line]))
    assert (code, other_code) == (0, 0), errors + other
    assert "Kept, by int8 accuracy" in out and (other_out, other) == ("", "")
    # Two shards: a sum of two does not depend on its order.
    for name in ("weights.pt", "model.tflite"):
        one, two = (folder / f"run-{run}" / "best" / name for run in NAMES)
        assert one.read_bytes() == two.read_bytes(), name

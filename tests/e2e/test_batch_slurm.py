"""A sweep as a job array of a real Slurm, which is started here, on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.small_sweep import (
    CELLS,
    LONG_SWEEP,
    Batch,
    LocalSweep,
    trials,
    wait_until,
)

CLUSTER = Path(__file__).resolve().parents[2] / "scripts" / "slurm_dev_cluster"
DAEMONS = ("slurmctld", "slurmd", "munged")


@pytest.fixture(scope="module", autouse=True)
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """SLURM_CONF of a cluster with two nodes, each with a core and a "GPU"."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [name for name in DAEMONS if shutil.which(name, path=path) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed (Debian's slurmctld, slurmd, munge)")
    folder = tmp_path_factory.mktemp("slurm")
    started = subprocess.run(
        [CLUSTER, "start", folder], capture_output=True, text=True, timeout=60, check=False
    )
    try:
        assert started.returncode == 0, started.stderr
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SLURM_CONF", started.stdout.strip())
            yield
    finally:
        subprocess.run([CLUSTER, "stop", folder], check=True, timeout=60)


def ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def tasks(submitted: str) -> dict[str, str]:
    """By cell, from what `batch submit` printed."""
    return {cell: task for task, cell in (line.split() for line in submitted.splitlines())}


def field(task: str, name: str) -> str:
    words = ask("scontrol", "--oneliner", "show", "job", task).split()
    return next((w.partition("=")[2] for w in words if w.startswith(f"{name}=")), "")


def measures(directory: Path, cell: str) -> bool:
    path = trials(directory, cell)
    return path.is_file() and path.stat().st_size > 0


def test_stopped_and_requeued_tasks_end_like_undisturbed_ones(
    batch: Batch, local_sweep: LocalSweep, tmp_path: Path
) -> None:
    """In the local sweep the last two cells ran undisturbed."""
    directory = tmp_path / "out"
    words = ("submit", local_sweep.file, "--cluster", "slurm", "--out", directory)
    task = tasks(batch.run(*words).stdout)
    assert list(task) == CELLS
    array = task[CELLS[0]].partition("_")[0]
    assert list(task.values()) == [f"{array}_{i}" for i in range(4)]
    asked = {name: field(task[CELLS[0]], name) for name in ("TresPerNode", "MinMemoryNode")}
    assert asked == {"TresPerNode": "gres:gpu:1", "MinMemoryNode": "1G"}
    assert field(task[CELLS[0]], "TimeLimit") == "00:10:00"

    again = batch.run(*words)
    assert again.stdout == "" and "4 are at work" in again.stderr

    ways = {
        CELLS[0]: ["scancel", "--signal=KILL", f"{task[CELLS[0]]}.0"],  # as of a lack of memory
        CELLS[1]: ["scancel", "--signal=USR1", f"{task[CELLS[1]]}.0"],  # before the time is up
        CELLS[2]: ["scontrol", "requeue", task[CELLS[2]]],
        CELLS[3]: ["scancel", "--signal=TERM", f"{task[CELLS[3]]}.0"],  # before preemption
    }
    for cell, way in ways.items():
        wait_until(lambda cell=cell: measures(directory, cell))  # type: ignore[misc]
        ask(*way)
    for cell in ways:
        wait_until(lambda cell=cell: field(task[cell], "Restarts") == "1")  # type: ignore[misc]
    for cell in (CELLS[1], CELLS[3]):  # the task ended as a search does after a checkpoint
        assert "exit code 75" in (directory / "slurm" / f"{task[cell]}_0_log.err").read_text()

    wait_until(lambda: ask("squeue", "--noheader") == "")
    states = {cell: status["state"] for cell, status in batch.status(directory).items()}
    assert states == dict.fromkeys(CELLS, "finished")
    for cell in CELLS:
        for name in ("trials.jsonl", "result.json", "best/model.tflite"):
            path = Path("runs") / cell / name
            assert (directory / path).read_bytes() == (local_sweep.directory / path).read_bytes()
    assert (
        batch.run("collect", directory).stdout == batch.run("collect", local_sweep.directory).stdout
    )


def test_what_people_cancel_stays_cancelled(
    batch: Batch, sweep_folder: Path, tmp_path: Path
) -> None:
    file, directory = sweep_folder / "one.toml", tmp_path / "out"
    file.write_text(LONG_SWEEP)
    words = ("submit", file, "--cluster", "slurm", "--out", directory)
    [(cell, task)] = tasks(batch.run(*words).stdout).items()
    wait_until(lambda: measures(directory, cell))
    status = batch.status(directory)[cell]
    assert (status["state"], status["task"]) == ("running", f"{task} RUNNING")
    ask("scancel", task)
    wait_until(lambda: ask("squeue", "--noheader") == "")
    assert batch.status(directory)[cell]["state"] == "interrupted"
    # Then the same command submits it again.
    [(_, second)] = tasks(batch.run(*words).stdout).items()
    assert second != task
    ask("scancel", second)


def test_what_slurm_refuses_leaves_nothing(
    batch: Batch, sweep_folder: Path, tmp_path: Path
) -> None:
    file, directory = sweep_folder / "one.toml", tmp_path / "out"
    for option, reason in (
        ('partition = "none"', "invalid partition specified: none"),
        ("gpus = 8", "Requested node configuration is not available"),
    ):
        file.write_text(f"{LONG_SWEEP}[slurm]\n{option}\n")
        done = batch.run("submit", file, "--cluster", "slurm", "--out", directory, expect=2)
        assert done.stderr.startswith(f"tinynas: error: {file}: slurm: ")
        assert reason in done.stderr and done.stderr.count("\n") == 1
        assert list(tmp_path.iterdir()) == []

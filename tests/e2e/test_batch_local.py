"""A sweep on this machine as people run it: interrupted, gone on with, collected."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.small_sweep import (
    CELLS,
    LONG_CELL,
    LONG_SWEEP,
    SPACE,
    Batch,
    LocalSweep,
    trials,
    wait_until,
)
from tinynas.batch.sweep_directory import make_directory
from tinynas.batch.sweep_file import load_sweep

ROOT = Path(__file__).resolve().parents[2]


def test_interrupted_and_gone_on_with(local_sweep: LocalSweep) -> None:
    assert local_sweep.first.returncode == 75, local_sweep.first.stderr
    assert local_sweep.first.stdout == ""
    assert "the same command goes on" in local_sweep.first.stderr.splitlines()[-1]
    states = [local_sweep.between[cell]["state"] for cell in CELLS]
    assert states == ["interrupted", "interrupted", "waiting", "waiting"]
    assert local_sweep.between[CELLS[0]]["measured"] >= 1
    assert "4 cells: 4 finished" in local_sweep.second.stdout
    for cell in CELLS:
        log = (local_sweep.directory / "cells" / cell / "log.txt").read_text()
        assert f"Run directory: {local_sweep.directory / 'runs' / cell}" in log


def test_a_cell_is_the_search_that_was_asked_for(
    local_sweep: LocalSweep, sweep_folder: Path, cli_json: Callable[..., Any], tmp_path: Path
) -> None:
    flags = ["--mcu", "stm32f103c8", "--seed", "0", "--measurements", "400", "--threads", "1"]
    flags += ["--space", str(sweep_folder / "shapes.toml"), "--data", str(sweep_folder / "data")]
    flags += ["--supernet", str(sweep_folder / "trained" / "supernet.pt")]
    cli_json("search", *flags, "--run-dir", tmp_path / "run")
    run = local_sweep.directory / "runs" / CELLS[0]
    for name in ("trials.jsonl", "result.json", "best/subnet.json", "best/model.tflite"):
        assert (run / name).read_bytes() == (tmp_path / "run" / name).read_bytes(), name


def test_finished_cells_are_not_run_again(local_sweep: LocalSweep, batch: Batch) -> None:
    def times() -> list[int]:
        files = (path for path in local_sweep.directory.rglob("*") if path.is_file())
        return [path.stat().st_mtime_ns for path in sorted(files)]

    before = times()
    again = batch.run("submit", local_sweep.file, "--out", local_sweep.directory)
    assert "4 of 4 cells are finished" in again.stderr
    assert again.stdout == local_sweep.second.stdout
    assert times() == before


def test_collect(local_sweep: LocalSweep, batch: Batch) -> None:
    document = json.loads(batch.run("collect", local_sweep.directory, "--json").stdout)
    rows = list(
        csv.DictReader(io.StringIO(batch.run("collect", local_sweep.directory, "--csv").stdout))
    )
    text = batch.run("collect", local_sweep.directory).stdout
    assert document["finished"] == len(rows) == 4 and document["unfinished"] == []
    for winner, row in zip(document["winners"], rows, strict=True):
        result = json.loads(
            (local_sweep.directory / "runs" / winner["cell"] / "result.json").read_text()
        )
        best = result["best"]
        assert row["network"] == winner["network"] == best["id"] and best["id"] in text
        assert int(row["peak_sram_bytes"]) == best["peak_sram_bytes"]
        assert float(row["validation_int8"]) == best["accuracy"]["validation_int8"]
        assert int(row["pareto"]) == winner["pareto"]
    accuracies = [winner["validation_int8"] for winner in document["winners"]]
    assert accuracies == sorted(accuracies, reverse=True)
    assert any(winner["pareto"] for winner in document["winners"])


def test_nothing_fits_and_a_failure(batch: Batch, sweep_folder: Path, tmp_path: Path) -> None:
    """Neither stops the others; the failed cell is searched again by the same command."""
    file, directory = sweep_folder / "harsh.toml", tmp_path / "out"
    file.write_text(
        f'boards = ["stm32g031k8"]\nspaces = [{SPACE}]\nbudgets = [{{ flash = "2KiB" }}]\n'
        "seeds = [0, 1]\n[local]\njobs = 2\n"
    )
    names = [f"stm32g031k8-flash2KiB-shapes-seed{seed}" for seed in (0, 1)]
    shown = batch.run("submit", file, "--out", directory, "--dry-run").stdout.splitlines()
    assert [f"--seed {seed} " in line for seed, line in enumerate(shown)] == [True, True]
    assert not directory.exists()
    foreign = make_directory(load_sweep(file), directory).run_dir(names[1]) / "run.json"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("{}")
    done = batch.run("submit", file, "--out", directory, expect=1)
    status = batch.status(directory)
    assert status[names[0]]["state"] == "nothing fits"
    assert "bytes of flash over" in status[names[0]]["reason"]
    assert status[names[1]]["state"] == "failed"
    assert str(foreign.parent) in status[names[1]]["reason"] in done.stdout
    assert json.loads((directory / "cells" / names[1] / "failure.json").read_text())["exit_code"]
    foreign.unlink()
    assert "2 nothing fits" in batch.run("submit", file, "--out", directory).stdout
    assert not (directory / "cells" / names[1] / "failure.json").exists()
    assert "has no winner yet" in batch.run("collect", directory, expect=2).stderr


def test_a_killed_submit_leaves_nothing_running(
    batch: Batch, sweep_folder: Path, tmp_path: Path
) -> None:
    file, directory = sweep_folder / "long.toml", tmp_path / "out"
    file.write_text(LONG_SWEEP)
    process = batch.start("submit", file, "--out", directory)
    path = trials(directory, LONG_CELL)
    wait_until(lambda: path.is_file() and path.stat().st_size > 0)
    assert batch.status(directory)[LONG_CELL]["state"] == "running"
    refused = batch.run("submit", file, "--out", directory, expect=2)
    assert "another `tinynas batch submit` is at work" in refused.stderr
    process.kill()
    process.communicate(timeout=60)
    wait_until(lambda: batch.status(directory)[LONG_CELL]["state"] == "interrupted", 60)
    assert json.loads((path.parent / "checkpoint.json").read_text())["finished"] is False


@pytest.mark.nightly
def test_the_example_on_real_images(batch: Batch, fashion_mnist: Path, tmp_path: Path) -> None:
    directory = tmp_path / "out"
    batch.run("submit", ROOT / "configs" / "batch" / "local.toml", "--out", directory)
    winners = json.loads(batch.run("collect", directory, "--json").stdout)["winners"]
    assert len(winners) == 4 and min(w["test_int8"] for w in winners) > 0.9


@pytest.mark.parametrize("words", [["status"], ["collect", "--csv"], ["collect", "--json"]])
def test_the_native_program_hands_over(
    local_sweep: LocalSweep, batch: Batch, executable: Path, words: list[str]
) -> None:
    done = subprocess.run(
        [str(executable), "batch", *words, str(local_sweep.directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == batch.run(*words, local_sweep.directory).stdout


def test_the_native_program_passes_exit_codes_on(executable: Path, tmp_path: Path) -> None:
    for words, text in (
        (["batch", "status", str(tmp_path)], "holds no sweep"),
        (["batch", "sttaus"], "did you mean 'status'"),
        (["batch", "submit", str(tmp_path / "none.toml")], "none.toml: cannot be read"),
    ):
        done = subprocess.run(
            [str(executable), *words], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert text in done.stderr and done.stderr.count("\n") == 1


def test_without_the_package_the_native_program_says_how_to_get_it(
    executable: Path, tmp_path: Path
) -> None:
    """A Python without tinynas, and data without a source tree's package."""
    for name in ("configs", "search_spaces", "supernets"):
        (tmp_path / name).symlink_to(ROOT / name)
    environment = {"PATH": "/usr/bin:/bin", "TINYNAS_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [str(executable), "batch", "status", "."],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'tinynas[batch]'" in done.stderr and done.stderr.count("\n") == 1

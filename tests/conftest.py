from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tinynas as tn
from support.small_search import OPTIONS, Run
from support.small_sweep import (
    CELLS,
    SWEEP,
    Batch,
    LocalSweep,
    trials,
    wait_until,
    write_small_space,
)

ROOT = Path(__file__).resolve().parents[1]
FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture(scope="session")
def fashion_mnist() -> Path:
    if not FASHION_MNIST.is_dir():
        pytest.skip(f"{FASHION_MNIST} is not there (Debian's dataset-fashion-mnist)")
    return FASHION_MNIST


@pytest.fixture(scope="session")
def executable() -> Path:
    named = os.environ.get("TINYNAS_EXECUTABLE")
    path = Path(named).resolve() if named else ROOT / "build" / "release" / "tinynas"
    if not path.is_file():
        pytest.skip(f"{path} is not built")
    return path


@pytest.fixture(scope="session")
def cli_json(executable: Path) -> Callable[..., Any]:
    """Runs the native executable with --json and reads what it prints."""

    def run(*arguments: str | Path, expect: int = 0) -> Any:
        command = [str(executable), *map(str, arguments), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == expect, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def searched_run(
    cli_json: Callable[..., Any], fashion_mnist: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """A finished search that tests read and never change."""
    folder = tmp_path_factory.mktemp("searched") / "run"
    document = cli_json("search", *OPTIONS, "--run-dir", folder, "--threads", "1")
    return Run(folder, document)


SHARED = Path(os.environ.get("TINYNAS_SHARED_DIR", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared_networks() -> list[Path]:
    networks = sorted((SHARED / "reference" / "networks").glob("*.json"))
    if not networks:
        pytest.skip(f"{SHARED} holds no reference networks")
    return networks


@pytest.fixture(scope="session")
def shared_tflite() -> dict[str, Path]:
    """Published int8 models by name."""
    models = sorted((SHARED / "reference" / "tflite").glob("*.tflite"))
    if not models:
        pytest.skip(f"{SHARED} holds no .tflite files")
    return {path.stem: path for path in models}


@pytest.fixture(scope="session")
def batch(executable: Path) -> Batch:
    return Batch(executable)


@pytest.fixture(scope="session")
def sweep_folder(executable: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sweep files written here find the space, supernet and images that they name."""
    if not tn.with_torch:
        pytest.skip("this build has no torch")
    folder = tmp_path_factory.mktemp("sweep")
    write_small_space(executable, folder)
    return folder


@pytest.fixture(scope="session")
def local_sweep(batch: Batch, sweep_folder: Path) -> LocalSweep:
    """A finished sweep that tests read and never change; its first two cells were interrupted."""
    file, directory = sweep_folder / "small.toml", sweep_folder / "local"
    file.write_text(SWEEP)
    words = ("submit", file, "--cluster", "local", "--out", directory)
    process = batch.start(*words)
    for cell in CELLS[:2]:
        path = trials(directory, cell)
        wait_until(lambda path=path: path.is_file() and path.stat().st_size > 0)  # type: ignore[misc]
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=120)
    first = subprocess.CompletedProcess(process.args, process.returncode, out, errors)
    between = batch.status(directory)
    return LocalSweep(directory, file, first, between, batch.run(*words))

"""`tinynas search --verify`: the winner's C on an emulated board, as the last thing of a search."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from firmware.board import missing_tools

ROOT = Path(__file__).resolve().parents[2]
MCU = "stm32g031k8"
OPTIONS = ["--measurements", "2", "--seed", "3", "-q"]

needs_tools = pytest.mark.skipif(
    missing_tools() != "", reason=f"tools for the board are missing: {missing_tools()}"
)


def search(
    executable: Path, *arguments: str | Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(executable), "search", *OPTIONS, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, **(environment or {})},
    )


ON_BOARD = ["--mcu", MCU, "--run-dir"]


@pytest.fixture(scope="module")
def run(
    executable: Path, fashion_mnist: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A run directory, and what a search with --verify said."""
    folder = tmp_path_factory.mktemp("verified") / "run"
    done = search(executable, *ON_BOARD, folder, "--verify")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@needs_tools
def test_search_ends_with_the_verification(run: tuple[Path, str]) -> None:
    folder, said = run
    assert said.endswith("\nverified on an emulated Cortex-M0+\n")
    assert said.index(f"Run directory: {folder}") < said.index("outputs equal: yes, 8 of 8")


@needs_tools
def test_verification_is_no_part_of_the_run(executable: Path, run: tuple[Path, str]) -> None:
    folder, _ = run
    before = files(folder)
    plain = search(executable, *ON_BOARD, folder, "--json")
    again = search(executable, *ON_BOARD, folder, "--json", "--verify")
    assert plain.returncode == again.returncode == 0, plain.stderr + again.stderr
    assert files(folder) == before
    document, verified = json.loads(plain.stdout), json.loads(again.stdout)
    assert document.pop("verified") is None
    verdict: Any = verified.pop("verified")
    assert document == verified
    assert verdict["holds"] is True and verdict["core"] == "Cortex-M0+"
    assert verdict["predicted"]["arena_bytes"] == document["best"]["peak_sram_bytes"]
    alone = subprocess.run(
        [executable, "verify", folder, "--mcu", MCU, "--json", "-q"],
        capture_output=True,
        check=True,
    )
    same = json.loads(alone.stdout)
    assert same["verified"] is True
    for key in ("predicted", "measured", "inputs", "equal", "machine"):
        assert same[key] == verdict[key]


@needs_tools
def test_a_winner_that_is_not_as_planned(
    executable: Path, run: tuple[Path, str], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    for name in ("configs", "search_spaces"):
        shutil.copytree(ROOT / name, data / name)
    (data / "supernets").symlink_to(ROOT / "supernets")
    runtime = data / "configs" / "runtimes" / "tinynas.toml"
    text = runtime.read_text()
    assert 'statics_per_tensor = "2B"' in text
    runtime.write_text(text.replace('statics_per_tensor = "2B"', 'statics_per_tensor = "3B"'))
    environment = {"TINYNAS_DATA_DIR": str(data)}
    arguments: list[str | Path] = [*ON_BOARD, run[0], "--verify"]
    done = search(executable, *arguments, environment=environment)
    assert done.returncode == 1, done.stderr
    assert done.stdout.endswith("NOT as planned on an emulated Cortex-M0+\n")
    done = search(executable, *arguments, "--json", environment=environment)
    assert done.returncode == 1
    assert json.loads(done.stdout)["verified"]["holds"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mcu", "esp32-s3", "--flash", "4MiB"], "not emulated"),
        (["--mcu", MCU, "--runtime", "tflm"], "--verify"),
    ],
)
def test_refusals_come_before_the_search(
    executable: Path, fashion_mnist: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    folder = tmp_path / "run"
    done = search(executable, *arguments, "--run-dir", folder, "--verify")
    assert done.returncode == 2
    assert words in done.stderr and done.stderr.count("\n") == 1
    assert not folder.exists()


def test_missing_tools_are_told_before_the_search(
    executable: Path, fashion_mnist: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    done = search(executable, *ON_BOARD, folder, "--verify", environment={"PATH": str(tmp_path)})
    assert done.returncode == 2
    assert "apt-get install gcc-arm-none-eabi" in done.stderr and done.stderr.count("\n") == 1
    assert not folder.exists()

"""scripts/compare_recipes on a small folder of pictures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.shapes import write_shapes

pytest.importorskip("scipy")
pytest.importorskip("tomli_w")
tinynas = pytest.importorskip("tinynas")
ROOT = Path(__file__).resolve().parents[2]


def compare(executable: Path, folder: Path, *recipes: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "scripts" / "compare_recipes"), "--epochs", "1"]
    line += ["--space", str(folder / "shapes.toml"), "--data", str(folder / "data")]
    line += ["--subnets", "4", "--out", str(folder / "out"), *recipes]
    environment = {**os.environ, "TINYNAS_EXECUTABLE": str(executable)}
    return subprocess.run(
        line, capture_output=True, text=True, timeout=120, check=False, env=environment
    )


def write_shapes_and_recipe(folder: Path) -> Path:
    write_shapes(folder)
    recipe = folder / "recipe.toml"
    # 200 pictures make one batch of the usual size.
    recipe.write_text(recipe.read_text().replace("[augm", "batch = 16\n[augm", 1))
    return recipe


def test_recipes_and_changed_ones(executable: Path, tmp_path: Path) -> None:
    if not tinynas.with_torch:
        pytest.skip("this build has no torch")
    recipe = write_shapes_and_recipe(tmp_path)
    changed = f"{recipe}:average_decay=0.9,augmentation.erase=2"
    done = compare(executable, tmp_path, str(recipe), changed)
    assert done.returncode == 0, done.stderr
    rows = [
        line.split(" | ") for line in done.stdout.splitlines() if line.startswith(f"| {recipe}")
    ]
    assert len(rows) == 2
    assert rows[0][4] == "-" and " to " in rows[1][4]
    (folder,) = [path.parent for path in (tmp_path / "out").glob("*/recipe.toml")]
    assert "average_decay = 0.9" in (folder / "recipe.toml").read_text()
    assert "average of weights 0.9" in (folder / "MODEL_CARD.md").read_text()
    with_zero = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*/*.pt")}
    twice = compare(executable, tmp_path, "--seeds", "2", str(recipe), changed)
    assert "2 seeds" in twice.stdout and " to " in twice.stdout.splitlines()[-1], twice.stderr
    names = sorted(path.name[-5:] for path in (tmp_path / "out").iterdir())
    assert names == ["seed0", "seed0", "seed1", "seed1"]
    assert {path: path.stat().st_mtime_ns for path in with_zero} == with_zero
    # What is there is not trained again.
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*/supernet.pt")}
    again = compare(executable, tmp_path, str(recipe), changed)
    assert again.stdout == done.stdout
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_random_subnets_that_fit_a_board(executable: Path, tmp_path: Path) -> None:
    if not tinynas.with_torch:
        pytest.skip("this build has no torch")
    recipe = write_shapes_and_recipe(tmp_path)
    space = tinynas.SearchSpace(tmp_path / "shapes.toml")
    arenas = sorted(space.sample(seed).plan().peak_sram_bytes for seed in range(40))
    sram = str(arenas[10] + tinynas.Budget("stm32l031k6").reserved_sram_bytes)
    board = ["--mcu", "stm32l031k6", "--sram", sram]
    done = compare(executable, tmp_path, *board, str(recipe), f"{recipe}@fit")
    assert done.returncode == 0, done.stderr
    assert " to " in done.stdout.splitlines()[-1]
    plain, fitting = sorted((tmp_path / "out").iterdir(), key=lambda folder: "stm32" in folder.name)
    assert "stm32l031k6" not in (plain / "MODEL_CARD.md").read_text()
    assert "stm32l031k6" in (fitting / "MODEL_CARD.md").read_text()
    measured = json.loads((fitting / "validation.json").read_text())
    ends = {space.largest().id, space.smallest().id}
    drawn = {subnet.id: subnet for subnet in map(space.sample, range(1000))}
    assert ends < set(measured) and len(measured) <= 6
    for subnet_id in set(measured) - ends:
        plan = drawn[subnet_id].plan(mcu="stm32l031k6", sram=sram)
        assert plan.fits


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["default@fit"], "name it with --mcu"),
        (["--sram", "8KiB", "default"], "name it with --mcu"),
        (["--mcu", "stm32l031k7", "default"], "stm32l031k7"),
        (["--mcu", "stm32l031k6", "--flash", "1KiB", "default"], "allow more memory"),
    ],
)
def test_a_board_that_makes_no_sense_is_told(
    executable: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    write_shapes(tmp_path)
    done = compare(executable, tmp_path, *arguments)
    assert done.returncode == 2 and said in done.stderr.splitlines()[-1], done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("out/*/supernet.pt"))


def test_a_slip_is_told(executable: Path, tmp_path: Path) -> None:
    write_shapes(tmp_path)
    done = compare(executable, tmp_path, "defualt")
    assert done.returncode == 2
    assert "did you mean 'default'" in done.stderr

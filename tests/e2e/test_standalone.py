"""Networks trained alone by scripts/rank_correlation, scripts/baselines and scripts/codesign."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.shapes import write_shapes
from support.small_search import Run

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts" / "standalone.d"
TRAIN = ["--", "--batch", "16"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, executable: Path) -> Path:
    root = tmp_path_factory.mktemp("alone")
    write_shapes(root)
    line = [str(executable), "train", "--space", str(root / "shapes.toml"), *shared(root)]
    line += ["--out", str(root / "supernet"), *TRAIN[1:]]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return root


def shared(folder: Path) -> list[str]:
    return ["--data", str(folder / "data"), "--recipe", str(folder / "recipe.toml")]


def start(executable: Path, script: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "TINYNAS_EXECUTABLE": str(executable),
        "PYTHONPATH": str(ROOT / "python"),
    }
    line = [sys.executable, str(SCRIPTS / f"{script}.py"), *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(line, stdout=pipe, stderr=pipe, text=True, env=environment)


def finish(process: subprocess.Popen[str], expect: int = 0) -> tuple[str, str]:
    out, errors = process.communicate(timeout=240)
    assert process.returncode == expect, errors
    return out, errors


def ranking(executable: Path, folder: Path, *more: object) -> subprocess.Popen[str]:
    supernet = folder / "supernet" / "supernet.pt"
    options = ["--space", folder / "shapes.toml", "--supernet", supernet, "--out", folder / "rank"]
    options += ["--subnets", "4", "--band", "0", "--seeds", "2", "--epochs", "2"]
    return start(executable, "rank_correlation", *options, *more, *shared(folder), *TRAIN)


def test_rank_correlation(executable: Path, folder: Path) -> None:
    process = ranking(executable, folder)
    deadline = time.monotonic() + 120
    first: list[Path] = []
    while not first and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
        first = sorted((folder / "rank" / "trainings").glob("*/result.json"))
    process.send_signal(signal.SIGTERM)
    finish(process, 75)
    assert first, "nothing was trained"
    assert not (folder / "rank" / "ranking.json").exists()
    times = {path: path.stat().st_mtime_ns for path in first}

    out, _ = finish(ranking(executable, folder))
    assert {path: path.stat().st_mtime_ns for path in times} == times
    document: dict[str, Any] = json.loads((folder / "rank" / "ranking.json").read_text())
    assert document["networks"] == {"stratified": 4, "band": 0}
    assert document["seeds"] == 2 and document["epochs"] == 2 and document["seconds"] > 0
    trained = document["trained"]
    assert [one["macs"] for one in trained] == sorted(one["macs"] for one in trained)
    assert all(len(one["test"]) == 2 for one in trained)
    for one in trained:
        for seed in range(2):
            path = folder / "rank" / "trainings" / f"{one['id']}-{seed}" / "result.json"
            assert json.loads(path.read_text())["accuracy"]["test"] == one["test"][seed]
            assert json.loads(path.read_text())["network"]["macs"] == one["macs"]
    taus = {row["name"]: row["tau"]["stratified"] for row in document["rows"]}
    assert len(taus) == 8
    same = set()  # where all networks are equally good, there is nothing to rank
    if len({one["supernet_accuracy"] for one in trained}) == 1:
        same.add("supernet: accuracy")
    if any(len({one["test"][seed] for one in trained}) == 1 for seed in range(2)):
        same.add("ceiling: one seed by another")
    assert {name for name, found in taus.items() if found["tau"] is None} == same
    for found in (found for name, found in taus.items() if name not in same):
        assert -1 <= found["low"] <= found["tau"] <= found["high"] <= 1
    assert len(document["curves"]["validation"]) == 5
    assert "| MACs | " in out

    # Another truth of the same networks, here the same one.
    finish(ranking(executable, folder, "--beside", folder / "rank"))
    document = json.loads((folder / "rank" / "ranking.json").read_text())
    [beside] = [row for row in document["rows"] if row["name"].startswith("trained alone for 2")]
    assert beside["tau"]["stratified"]["tau"] == pytest.approx(1)
    _, errors = finish(ranking(executable, folder, "--beside", folder), 2)
    assert "ranking.json: No such file or directory; give a DIR that is finished" in errors

    # The folder belongs to its options.
    options = ["--space", folder / "shapes.toml", "--out", folder / "rank", "--epochs", "3"]
    options += ["--supernet", folder / "supernet" / "supernet.pt", "--subnets", "4", "--band", "0"]
    other = start(executable, "rank_correlation", *options, *shared(folder), *TRAIN)
    _, errors = finish(other, 2)
    assert "give the same options or another --out" in errors


def test_baselines(executable: Path, folder: Path, searched_run: Run) -> None:
    ours = folder / "ours"
    line = [str(executable), "train", "--space", str(folder / "shapes.toml"), "--subnet", "largest"]
    line += [*shared(folder), "--epochs", "2", "--out", str(ours), *TRAIN[1:]]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (folder / "small.toml").write_text(
        'name = "small"\ndescription = "of a test"\n'
        '[[layer]]\nkind = "conv"\nchannels = 8\nkernel = 3\nstride = 2\n'
        '[[layer]]\nkind = "residual"\nchannels = 8\nkernel = 3\n'
    )
    options = ["--out", folder / "baselines", "--networks", folder / "small.toml"]
    options += [f"{folder / 'shapes.toml'}:{(ours / 'subnet.json')}"]
    options += ["--learning-rates", "0.1", "1e38", "--seeds", "2", "--epochs", "2", "--ours", ours]
    options += ["--tuning-epochs", "1"]
    process = start(executable, "baselines", *options, *shared(folder), *TRAIN)
    out, errors = finish(process)
    assert "diverged" in errors
    document = json.loads((folder / "baselines" / "baselines.json").read_text())
    own, small, again = document["rows"]
    assert own["network"] == "ours" and own["difference"] is None
    assert small["learning_rate"] == again["learning_rate"] == 0.1
    assert len(small["test"]) == len(again["test"]) == 2
    assert again["macs"] == own["macs"] != small["macs"]
    mean = sum(small["test"]) / 2
    assert small["difference"]["points"] == pytest.approx(100 * (own["test"][0] - mean))
    for row in document["rows"]:
        assert 0 < row["peak_sram_bytes"] < row["flash_bytes"]
    assert "float" in out and "| ours | " in out
    # Of each network two rates tuned in one epoch, one of which diverges, and two seeds of two.
    epochs = [
        json.loads(path.read_text())["recipe"]["epochs"]
        for path in (folder / "baselines").glob("*/result.json")
    ]
    assert sorted(epochs) == [1, 1, 2, 2, 2, 2]

    # A search compares with the supernet's weights; nothing is trained again.
    options[options.index("--ours") + 1] = searched_run.folder
    out, _ = finish(start(executable, "baselines", *options, *shared(folder), *TRAIN))
    document = json.loads((folder / "baselines" / "baselines.json").read_text())
    best = searched_run.document["best"]
    assert document["rows"][0]["test_int8"] == [best["accuracy"]["test_int8"]]
    assert document["rows"][0]["flash_bytes"] == best["flash_bytes"]
    assert document["rows"][1]["test"] == small["test"]
    assert next(row for row in out.splitlines() if row.startswith("| ours | ")).endswith("| - |")


def test_codesign(executable: Path, folder: Path) -> None:
    space = folder / "shapes.toml"
    options = ["--out", folder / "codesign", "--space", space, "--hand-scaled", space]
    options += ["--supernet", folder / "supernet" / "supernet.pt", "--measurements", "4"]
    options += ["--arenas", "16", "0.5", "--learning-rates", "0.1", "--epochs", "1"]
    out, _ = finish(start(executable, "codesign", *options, *shared(folder), *TRAIN))
    rows = json.loads((folder / "codesign" / "codesign.json").read_text())["rows"]
    assert [(row["arena_kib"], row["runtime"]) for row in rows] == [
        (arena, runtime) for arena in (16, 0.5) for runtime in ("tflm", "tinyengine", "tinynas")
    ]
    large = rows[:3]
    for row in large:
        assert 0.2 < row["hand_scaled"]["test_int8"] <= 1
        assert 0.2 < row["search"]["accuracy"]["test_int8"] <= 1
        assert row["search"]["peak_sram_bytes"] <= 16 * 1024
    assert rows[3]["search"] is None and rows[3]["hand_scaled"] is None
    assert out == (folder / "codesign" / "codesign.md").read_text()
    assert out.count("none fits") >= 2
    options += ["--searches-only"]
    out, _ = finish(start(executable, "codesign", *options, *shared(folder), *TRAIN))
    again = json.loads((folder / "codesign" / "codesign.json").read_text())["rows"]
    assert [row["search"] for row in again] == [row["search"] for row in rows]
    assert all(row["hand_scaled"] is None for row in again) and "by hand" not in out


def test_genes_name_a_network_and_faults_are_told(executable: Path, folder: Path) -> None:
    def refused(*arguments: str) -> str:
        line = [str(executable), "train", "--space", str(folder / "shapes.toml"), *arguments]
        line += [*shared(folder), "--out", str(folder / "none")]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        return done.stderr

    assert "choices are 8, 10" in refused("--subnet", "resolution=9 stem.width=1")
    assert "gene stem.width of space 'shapes' is missing" in refused("--subnet", "resolution=8")
    assert "--network" in refused("--subnet", "largest", "--network", "resnet8")
    assert "'resnet8'" in refused("--network", "resnet")
    assert "--image-size" in refused("--image-size", "12")
